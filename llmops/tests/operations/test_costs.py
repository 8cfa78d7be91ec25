"""The cost rule: at which rise it fires, at which volume it keeps quiet; the SQL's windows; the command."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from llmops.operations.costs import RULE, Window, judge, run
from telecom.bootstrap import Platform
from telecom.cli import app
from telecom.settings import Settings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MANY = RULE.messages


@pytest.mark.parametrize(
    ("cost", "fires"), [(1.19, False), (1.2, False), (1.21, True), (0.5, False), (1.2000001, True), (50.0, True)]
)
def test_it_fires_above_a_fifth_more(cost: float, fires: bool) -> None:
    found = judge(Window(MANY, cost), Window(MANY, 1.0))
    assert found.fires is fires and found.rise == pytest.approx(cost - 1)


def test_a_fifth_more_to_the_cent_does_not_fire_by_rounding() -> None:
    assert not judge(Window(1000, 0.37 * 1.2), Window(1000, 0.37)).fires
    assert (
        judge(Window(1000, 0.37 * 1.21), Window(1000, 0.37)).fires
        and not judge(Window(1000, 0.37 * 1.19), Window(1000, 0.37)).fires
    )


def test_it_is_the_cost_per_message_that_counts() -> None:
    assert not judge(Window(5 * MANY, 5.5), Window(MANY, 1.0)).fires, "five times the messages at a tenth more each"
    assert judge(Window(MANY, 0.9), Window(2 * MANY, 1.0)).fires, "less in all, and four fifths more for each"


@pytest.mark.parametrize(("recent", "before"), [(MANY - 1, MANY), (MANY, MANY - 1), (0, MANY), (MANY, 0), (0, 0)])
def test_few_messages_say_nothing(recent: int, before: int) -> None:
    found = judge(Window(recent, 99.0 if recent else 0.0), Window(before, 1.0 if before else 0.0))
    assert not found.fires and f"fewer than {MANY}" in found.sentence


def test_from_no_cost_to_some() -> None:
    found = judge(Window(MANY, 0.01), Window(MANY, 0.0))
    assert found.fires and found.rise is None and "nothing before" in found.sentence
    assert not judge(Window(MANY, 0.0), Window(MANY, 0.0)).fires
    assert judge(Window(MANY, 0.0), Window(MANY, 1.0)).rise == -1


def usage(at: datetime, cost: float, number: int, model: str = "m") -> dict[str, Any]:
    return {
        "used_on": at.date(), "trace_id": f"{at.isoformat()}-{number}", "session_id": "s", "model": model,
        "prompt_version": "p", "intent": "bill", "channel": "desk", "input_tokens": 1, "output_tokens": 1,
        "cost_usd": cost, "latency_ms": 1.0, "degraded": False, "answered_at": at,
    }  # fmt: skip


def filled(home: Path, recent: float, before: float) -> Platform:
    platform = Platform(Settings(home=home))
    rows = [usage(NOW - timedelta(minutes=n), recent, n) for n in range(MANY)]
    rows += [usage(NOW - DAY - timedelta(minutes=n), before, n) for n in range(MANY)]
    rows += [usage(NOW + timedelta(seconds=1), 99.0, 0), usage(NOW - 2 * DAY, 99.0, 0)]  # outside of both
    platform.events.add("telecom_monitoring.llm_usage", rows)
    platform.events.flush()
    return platform


def test_the_windows_are_24_hours_each_and_do_not_overlap(tmp_path: Path) -> None:
    found = run(filled(tmp_path, 0.002, 0.001).warehouse, NOW)
    assert found.verdict.recent == Window(MANY, pytest.approx(0.002 * MANY))  # type: ignore[arg-type]
    assert found.verdict.before == Window(MANY, pytest.approx(0.001 * MANY))  # type: ignore[arg-type]
    assert found.verdict.fires and found.recent_by_model.keys() == found.before_by_model.keys() == {"m"}
    assert run(Platform(Settings(home=tmp_path / "none")).warehouse, NOW).verdict.recent == Window(0, 0.0)


@pytest.mark.parametrize(("recent", "code"), [(0.00119, 0), (0.00121, 4)])
def test_the_command_ends_with_4_when_it_fires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recent: float, code: int
) -> None:
    filled(tmp_path, recent, 0.001)
    monkeypatch.setenv("TELECOM_HOME", str(tmp_path))
    ended = CliRunner().invoke(app, ["costs", "--at", "2026-11-20T12:00", "--json"])
    assert ended.exit_code == code, ended.output
    told = json.loads(ended.stdout)
    assert told["verdict"]["fires"] is (code == 4) and told["recent_by_model"]["m"]["messages"] == MANY
    assert CliRunner().invoke(app, ["costs", "--at", "2026-11-20T12:00"]).exit_code == code
    assert CliRunner().invoke(app, ["costs", "--at", "noon"]).exit_code == 2
