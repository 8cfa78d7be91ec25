"""What is kept of a finished pipeline run."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlops.src import pipeline_outcome
from mlops.src.pipeline_outcome import RUNS, STATES, Outcome, clean
from telecom.bootstrap import Platform
from telecom.errors import UsageError
from telecom.tables import contract

START = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
NOW = START + timedelta(seconds=90.5)


def record(platform: Platform, **differing: Any) -> Outcome:
    arguments = {
        "pipeline": "churn",
        "job_id": "churn-1",
        "state": "succeeded",
        "failed_step": None,
        "message": None,
        "started_at": START,
        "now": NOW,
    }
    return pipeline_outcome.run(platform.warehouse, platform.metrics, **(arguments | differing))


def rows(platform: Platform) -> list[dict[str, Any]]:
    return platform.warehouse.query(f"SELECT * FROM {RUNS} ORDER BY job_id").to_pylist()


def gauges(platform: Platform, pipeline: str = "churn") -> str:
    return (platform.settings.home / "metrics" / f"pipeline-{pipeline}.prom").read_text()


def test_a_run_is_recorded(platform: Platform) -> None:
    outcome = record(platform)
    assert (outcome.seconds, outcome.failed) == (90.5, False)
    (row,) = rows(platform)
    assert row == {
        "started_on": START.date(),
        "pipeline": "churn",
        "job_id": "churn-1",
        "state": "succeeded",
        "failed_step": None,
        "message": None,
        "seconds": 90.5,
        "started_at": START,
        "finished_at": NOW,
    }
    assert 'churn_pipeline_failed{pipeline="churn"} 0.0' in gauges(platform)
    assert 'churn_pipeline_seconds{pipeline="churn"} 90.5' in gauges(platform)


@pytest.mark.parametrize("state", ["FAILED", "failed", "CANCELLED"])
def test_a_failure_is_said_and_raises_the_gauge(platform: Platform, state: str) -> None:
    assert record(platform, state=state, failed_step="train", message="No\n  customers.").failed
    (row,) = rows(platform)
    assert (row["state"], row["failed_step"], row["message"]) == (state.lower(), "train", "No customers.")
    assert 'churn_pipeline_failed{pipeline="churn"} 1.0' in gauges(platform)


def test_a_repetition_takes_the_place_of_the_first(platform: Platform) -> None:
    record(platform, state="failed", failed_step="train", message="x")
    record(platform, job_id="churn-2")
    record(platform)
    assert [(row["job_id"], row["state"]) for row in rows(platform)] == [
        ("churn-1", "succeeded"),
        ("churn-2", "succeeded"),
    ]


def test_pipelines_do_not_overwrite_each_others_gauges(platform: Platform) -> None:
    record(platform, state="failed")
    record(platform, pipeline="churn-retraining", job_id="r-1")
    assert "1.0" in gauges(platform) and 'failed{pipeline="churn-retraining"} 0.0' in gauges(
        platform, "churn-retraining"
    )


def test_an_unknown_state_is_refused(platform: Platform) -> None:
    with pytest.raises(UsageError, match="'RUNNING'"):
        record(platform, state="RUNNING")
    assert rows(platform) == []


def test_clocks_that_disagree_give_no_negative_time(platform: Platform) -> None:
    assert record(platform, now=START - timedelta(seconds=3)).seconds == 0.0


def test_blank_words_are_none(platform: Platform) -> None:
    outcome = record(platform, failed_step="", message="  \n")
    assert (outcome.failed_step, outcome.message) == (None, None)


def test_messages_are_short_and_name_nobody() -> None:
    assert clean("x" * 500) == "x" * 500
    assert clean("x" * 501) == "x" * 499 + "…"
    said = "Customer 7590-VHVEG (ana.b+1@mail.example.com, CPF 123.456.789-09 or 12345678909) failed in job 42."
    assert clean(said) == "Customer <customer> (<e-mail>, CPF <number> or <number>) failed in job 42."
    assert clean("y" * 495 + " a@b.example") == "y" * 495 + " <e-…", "masked before it is cut"


def test_the_states_are_the_contracts() -> None:
    assert contract(RUNS).column("state").values == STATES
