"""What became worse, and what did not; the baseline on disk."""

from pathlib import Path

import pytest

from llmops.evaluations import comparing
from llmops.evaluations.comparing import Baseline, baseline_of, compared, figures
from llmops.evaluations.grading import Check, Grade
from llmops.tests.evaluations.played import scenario
from telecom.errors import UsageError


def grades(passing: int, failing: int, metric: str = "facts") -> list[Grade]:
    """So many scenarios, named by their number."""
    return [
        Grade(scenario(id=f"s-{number}"), (Check(metric, 1, number < passing, "x"), Check("replies", 1, True, "")))
        for number in range(passing + failing)
    ]


def verdicts(now: list[Grade], before: list[Grade]) -> dict[str, str]:
    return {each.metric: each.verdict for each in compared(now, baseline_of(before, "m", ()))}


def test_figures_have_shares_counts_and_intervals() -> None:
    success, replies, facts = figures(grades(30, 10))
    assert (success.metric, success.value.value, success.count) == ("success", 0.75, 40)
    assert replies.value.low == replies.value.high == 1.0
    assert facts.value.low < 0.75 < facts.value.high


def test_a_fall_is_worse_and_every_metric_that_fell_is_named() -> None:
    found = verdicts(grades(30, 10), grades(36, 4))
    assert found["success"] == found["facts"] == "worse" and found["replies"] == "same" and found["tools"] == "new"


def test_a_small_fall_passes_unless_it_is_safety() -> None:
    assert verdicts(grades(99, 1), grades(100, 0))["facts"] == "same"
    assert verdicts(grades(99, 1, "safety"), grades(100, 0, "safety"))["safety"] == "worse"


def test_a_rise_is_better_and_the_same_is_the_same() -> None:
    assert verdicts(grades(38, 2), grades(30, 10))["success"] == "better"
    assert set(verdicts(grades(30, 10), grades(30, 10)).values()) == {"same", "new"}


def test_a_scenario_that_changed_is_not_compared() -> None:
    before = baseline_of(grades(3, 0), "m", ())
    changed = [Grade(scenario({"abstains": True}, id="s-0"), (Check("facts", 1, False, "x"),)), *grades(3, 0)[1:]]
    found = {each.metric: each for each in compared(changed, before)}
    assert found["facts"].count == 2 and found["facts"].verdict == "same"


def test_without_a_baseline_nothing_is_compared(tmp_path: Path) -> None:
    assert comparing.read(tmp_path / "none.json") is None
    assert compared(grades(1, 0), None) == ()


def test_the_baseline_is_read_as_it_was_written_and_keeps_the_other_scenarios(tmp_path: Path) -> None:
    path = tmp_path / "new" / "m.json"
    comparing.write(path, baseline_of(grades(2, 0), "m", ["p@1"]))
    comparing.write(path, baseline_of(grades(0, 1), "m", ["p@2"]))
    found = comparing.read(path)
    assert found is not None and found.prompts == ("p@2",)
    assert {name: scores["success"] for name, scores in found.scenarios.items()} == {"s-0": 0.0, "s-1": 1.0}
    assert path.read_text("utf-8").count("\n  ") == 4
    comparing.write(path, baseline_of(grades(1, 0), "other", ()))
    assert list(comparing.read(path).scenarios) == ["s-0"]  # type: ignore[union-attr]


def test_a_file_that_is_no_baseline(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_text("[]", "utf-8")
    with pytest.raises(UsageError, match="no baseline"):
        comparing.read(path)


def test_an_empty_baseline_compares_with_nothing() -> None:
    assert {each.verdict for each in compared(grades(1, 1), Baseline("m"))} == {"new"}
