"""`telecom eval` and `telecom prompts`: what they print, and how they end."""

import json
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from llmops.agent import prompt_versions
from llmops.evaluations import arena, prompt_results, regression_tests_llm, scripted_customer
from llmops.evaluations.grading import grade
from llmops.evaluations.prompt_results import Recorded
from llmops.evaluations.simulation_figures import Visit
from llmops.tests.evaluations.played import played
from llmops.tests.evaluations.test_eval_reports import evaluation
from telecom import prompts_cli
from telecom.cli import app
from telecom.settings import GEMINI, Settings

GOOD, BAD = played(id="good-one"), played({"abstains": True}, id="bad-one")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TELECOM_BACKEND", "TELECOM_LLM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TELECOM_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(regression_tests_llm, "BASELINES", tmp_path / "baselines")
    monkeypatch.setattr(prompt_results, "HISTORY", tmp_path / "history.json")


def finds(monkeypatch: pytest.MonkeyPatch, *found: Any, before: Any = None) -> None:
    monkeypatch.setattr(regression_tests_llm, "run", lambda *_, **__: evaluation(*found, before=before))


def test_a_good_assistant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finds(monkeypatch, GOOD)
    done = run("eval", "run", "--out", str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert "success" in done.stdout and (tmp_path / "out" / "index.html").is_file()


def test_a_failing_scenario_without_a_limit_ends_with_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finds(monkeypatch, GOOD, BAD)
    done = run("eval", "run", "--out", str(tmp_path / "out"))
    assert done.exit_code == 4 and "bad-one fails" in done.stderr
    told = run("eval", "run", "--out", str(tmp_path / "out"), "--json")
    assert told.exit_code == 4
    assert json.loads(told.stdout)["unexplained"] == ["bad-one"]


def test_every_metric_that_became_worse_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finds(monkeypatch, played(id="good-one", status=503, part="held-back"), before=[GOOD])
    done = run("eval", "run", "--out", str(tmp_path / "out"))
    assert done.exit_code == 4 and "success: -1.000" in done.stderr and "replies: -1.000" in done.stderr


def test_without_a_baseline_a_model_is_judged_by_safety_and_replies_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finds(*found: Any) -> Result:
        other = replace(evaluation(*found), model="gemini-9")
        monkeypatch.setattr(regression_tests_llm, "run", lambda *_, **__: other)
        return run("eval", "run", "--model", "configured", "--out", str(tmp_path / "out"))

    done = finds(GOOD, BAD)
    assert done.exit_code == 0 and "There is no baseline for gemini-9: safety and replies decide" in done.stderr
    assert "There is no baseline for gemini-9" in (tmp_path / "out/report.md").read_text("utf-8")
    done = finds(GOOD, BAD, played(id="attack", status=503, part="adversarial"))
    assert done.exit_code == 4 and "replies fails in attack" in done.stderr and "bad-one" not in done.stderr
    assert regression_tests_llm.baseline_path("gemini-9").name == "gemini-9.json"


def test_a_model_with_a_baseline_is_compared_and_not_held_to_perfection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finds(*found: Any) -> Result:
        other = replace(evaluation(*found, before=[GOOD, BAD]), model="gemini-9")
        monkeypatch.setattr(regression_tests_llm, "run", lambda *_, **__: other)
        return run("eval", "run", "--model", "configured", "--out", str(tmp_path / "out"))

    done = finds(GOOD, BAD)
    assert done.exit_code == 0 and "no baseline" not in done.stderr
    assert finds(played(id="good-one", status=503), BAD).exit_code == 4


@pytest.mark.parametrize(
    ("variables", "model", "answers"),
    [
        ({}, "responder", "responder"),
        ({"llm": "offline"}, "configured", "responder"),
        ({"llm": "gemini", "project": "p"}, "configured", GEMINI),
        ({"llm": "gemini", "project": "p", "llm_model": "gemini-9"}, "configured", "gemini-9"),
        ({"llm": "gemini", "project": "p"}, "gemini-8", "gemini-8"),
    ],
)
def test_a_baseline_is_the_model_s_own(variables: dict[str, str], model: str, answers: str) -> None:
    assert arena.answering(Settings(**variables), model) == answers


def test_the_baseline_is_stored_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regression_tests_llm.prompt_results.add, "__defaults__", (tmp_path / "history.json",))
    monkeypatch.setattr(regression_tests_llm.prompt_results.read, "__defaults__", (tmp_path / "history.json",))
    finds(monkeypatch, GOOD, BAD)
    done = run("eval", "run", "--out", str(tmp_path / "out"), "--update-baseline")
    assert done.exit_code == 0, done.output
    stored = json.loads((tmp_path / "baselines" / "responder.json").read_text("utf-8"))
    assert stored["scenarios"]["bad-one"]["success"] == 0.0
    (one,) = prompt_results.read(tmp_path / "history.json")
    assert one.success["all"] == 0.5 and one.versions["suporte_tecnico"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("eval", "run", "--part", "train"), "no part 'train'"),
        (("eval", "run", "--model", "gpt"), "TELECOM_LLM is offline"),
        (("eval", "run", "--embedding-model", "e"), "TELECOM_LLM_BASE_URL"),
        (("eval", "vertex"), "TELECOM_BACKEND=gcp"),
    ],
)
def test_wrong_usage_names_the_remedy(words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.exit_code == 2 and said in done.stderr


def simulated(monkeypatch: pytest.MonkeyPatch, illegal: tuple[str, ...]) -> None:
    from llmops.evaluations import arena

    @contextmanager
    def opened(*_: Any) -> Any:
        yield None

    visit = Visit(0, "screens", "tv", "c", True, 2, illegal, (), (), (("oi", "olá"),))
    monkeypatch.setattr(arena, "opened", opened)
    monkeypatch.setattr(scripted_customer, "run", lambda *_: (visit,))


def test_simulation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulated(monkeypatch, ())
    done = run("eval", "simulate", "--customers", "1", "--out", str(tmp_path / "v.json"))
    assert done.exit_code == 0 and "tv" in done.stdout
    assert json.loads((tmp_path / "v.json").read_text("utf-8"))[0]["problem"] == "screens"
    simulated(monkeypatch, ("modem_restart",))
    assert run("eval", "simulate", "--customers", "1").exit_code == 4
    told = run("eval", "simulate", "--customers", "1", "--json")
    assert told.exit_code == 4 and json.loads(told.stdout)[-1]["illegal"] == 1


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(shutil.copytree(Path(str(prompts_cli._folder())), tmp_path / "prompts"))
    monkeypatch.setattr(prompts_cli, "_folder", lambda: folder)
    return folder


def bumped(texts: Path, name: str) -> None:
    for source in (each for each in prompt_versions.newest(texts) if each.id == name):
        path = texts / source.kind / source.name
        path.write_text(source.raw.rstrip() + " .\n", "utf-8")


def test_prompts_are_kept_listed_and_rolled_back(texts: Path) -> None:
    run("prompts", "keep", "--raise")
    before = prompt_versions.versions(texts, "cliente")[-1]
    bumped(texts, "cliente")
    assert run("prompts", "keep").exit_code == 2
    assert run("prompts", "keep", "--raise").exit_code == 0
    assert "cliente@" in run("prompts", "diff", "cliente").stdout
    done = run("prompts", "rollback", "cliente", "--json")
    (row,) = json.loads(done.stdout)
    assert (row["in use"], row["state"]) == (before, "pinned") and row["newest"] != before
    listed = {row["text"]: row for row in json.loads(run("prompts", "list", "--json").stdout)}
    assert listed["cliente"]["state"] == "pinned" and listed["atendente"]["state"] == "kept"
    (row,) = json.loads(run("prompts", "rollback", "cliente", "--to", "newest", "--json").stdout)
    assert row["state"] == "kept"
    assert run("prompts", "rollback", "nobody").exit_code == 1


def test_a_rollback_that_cannot_speak_is_undone(texts: Path) -> None:
    run("prompts", "keep", "--raise")
    for language in ("pt-BR", "en"):
        path = texts / "templates" / f"service.{language}.md"
        path.write_text(path.read_text("utf-8").rstrip() + "\n## brand_new\nx\n", "utf-8")
    run("prompts", "keep", "--raise")
    done = run("prompts", "rollback", "service")
    assert done.exit_code == 1 and "brand_new" in done.stderr
    assert prompt_versions.pins(texts) == {}


def test_the_change_between_versions_is_of_like_evaluations() -> None:
    def one(version: str, share: float, part: str = "all") -> Recorded:
        return Recorded("m", part, "x", {"a": version}, {"all": share, "suporte_tecnico": share}, {"all": 9})

    history = [one("1.0.0", 0.5), one("1.0.0", 0.9, "other"), one("1.0.1", 0.75)]
    found = prompt_results.delta(history, "a", "1.0.1", ("suporte_tecnico", "retencao_churn"))
    assert found is not None and (found.success, found.change) == (0.75, 0.25)
    first = prompt_results.delta(history[:1], "a", "1.0.0", ("suporte_tecnico", "retencao_churn"))
    assert first is not None and first.change is None
    assert prompt_results.delta(history, "a", "2.0.0", ("suporte_tecnico",)) is None
    recorded = prompt_results.recorded("m", "all", "x", [grade(GOOD), grade(BAD)])
    assert recorded.success["all"] == 0.5 and recorded.count["suporte_tecnico"] == 2
