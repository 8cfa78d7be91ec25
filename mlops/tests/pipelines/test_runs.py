"""Each pipeline, once for real on this machine, through the command."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
QUICK = {"TELECOM_CHURN_TUNING_TRIALS": "1", "TELECOM_CHURN_TUNING_ROWS": "1000"}
DAY = "2026-10-31"


@dataclass(frozen=True)
class Pipelines:
    """The command in a home of its own, and what it printed."""

    home: Path

    def __call__(self, *words: str, code: int = 0) -> tuple[str, str]:
        environment: Mapping[str, str] = {**os.environ, **QUICK, "TELECOM_HOME": str(self.home)}
        command = [sys.executable, "-m", "telecom", *words]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=self.home.parent)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout, done.stderr

    def run(self, name: str, *words: str, code: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self("pipeline", "run", name, *words, "--json", code=code)[0])
        return found

    def rows(self, sql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self("query", sql, "--format", "json")[0])
        return found


@dataclass(frozen=True)
class Done:
    """Four runs, one after the other."""

    pipelines: Pipelines
    retraining: dict[str, Any]
    churn: dict[str, Any]
    enough: dict[str, Any]
    automl: dict[str, Any]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Trained because there is no champion; the loop on the same data; nothing more to do; AutoML."""
    pipelines = Pipelines(tmp_path_factory.mktemp("pipelines") / "home's folder")
    csv = str(pipelines.home.parent / "customers.csv")
    pipelines("synth", "--customers", "1500", "--out", csv)
    pipelines("ingest", "--csv", csv, "--snapshot-date", DAY)
    return Done(
        pipelines,
        pipelines.run("churn-retraining", "--job-id", "first"),
        pipelines.run("churn", "--csv", csv, "--snapshot-date", DAY, "--job-id", "loop"),
        pipelines.run("churn-retraining"),
        pipelines.run("churn-automl", "--param", "minutes=0.03"),
    )


def states(run: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["state"] for step in run["steps"]}


def of(run: dict[str, Any], state: str) -> set[str]:
    return {name for name, found in states(run).items() if found == state}


def test_a_model_is_trained_where_there_is_none(done: Done) -> None:
    assert of(done.retraining, "skipped") == {"nothing-to-do", "keep-champion", "deploy-online"}
    assert of(done.retraining, "failed") == set() and "promote" in of(done.retraining, "succeeded")


def test_the_loop_scores_with_the_champion_that_was_kept(done: Done) -> None:
    assert of(done.churn, "skipped") == {"promote", "deploy-online", "batch-only"}
    assert of(done.churn, "failed") == set()
    order = [step["name"] for step in done.churn["steps"] if step["state"] == "succeeded"]
    wanted = "ingest prepare features data-state train evaluate keep-champion score drift record-outcome"
    assert order == wanted.split()
    figures = {step["name"]: step["metrics"] for step in done.churn["steps"]}
    assert figures["ingest"]["accepted"] == figures["score"]["rows"] == 1500
    assert 0.7 < figures["evaluate"]["test_auc"] < 0.95 and figures["drift"]["drifted"] == 0
    (scored,) = done.pipelines.rows("SELECT COUNT(*) AS n FROM telecom_gold.telco_churn_scored")
    assert scored["n"] == 1500


def test_with_a_young_champion_nothing_is_done(done: Done) -> None:
    assert of(done.enough, "succeeded") == {"data-state", "retraining-need", "nothing-to-do", "record-outcome"}


def test_automl_is_compared(done: Done) -> None:
    assert of(done.automl, "succeeded") == {"prepare", "data-state", "compare-automl", "record-outcome"}


def test_every_outcome_is_recorded(done: Done) -> None:
    rows = done.pipelines.rows("SELECT pipeline, job_id, state FROM telecom_monitoring.pipeline_runs")
    assert {(row["job_id"], row["state"]) for row in rows} >= {("first", "succeeded"), ("loop", "succeeded")}
    assert {row["pipeline"] for row in rows} == {"churn", "churn-retraining", "churn-automl"}


def test_a_job_id_is_run_once(done: Done) -> None:
    again = done.pipelines.run("churn", "--job-id", "loop")
    assert again == done.churn | {"already": True}


def test_a_refused_gate_fails_the_step_and_is_the_exit_code(tmp_path: Path) -> None:
    pipelines = Pipelines(tmp_path / "home")
    pipelines("synth", "--customers", "200", "--out", str(tmp_path / "cents.csv"), "--drift", "unit_change")
    words = ("pipeline", "run", "churn", "--csv", str(tmp_path / "cents.csv"), "--job-id", "cents")
    out, said = pipelines(*words, code=4)
    assert "The step prepare failed." in said and "total_near_tenure_times_monthly" in said and "Traceback" not in said
    assert "skipped" in out
    (row,) = pipelines.rows("SELECT job_id, state, failed_step, message FROM telecom_monitoring.pipeline_runs")
    assert (row["job_id"], row["state"], row["failed_step"]) == ("cents", "failed", "prepare")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "nothing"), "churn-retraining"),
        (("run", "churn", "--param", "colour"), "KEY=VALUE"),
        (("run", "churn", "--param", "colour=red"), "'colour' is not a parameter"),
        (("run", "churn", "--deploy", "it's"), "batch, online"),
        (("run", "churn", "--snapshot-date", "today"), "not a day"),
        (("run", "churn", "--job-id", "Not_This"), "job id"),
        (("submit", "churn"), "telecom pipeline run churn"),
        (("compile", "churn", "--image", "churn:latest"), "digest"),
    ],
)
def test_wrong_usage_is_said(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    assert said in Pipelines(tmp_path / "home")("pipeline", *words, code=2)[1]


def test_compile_writes_where_it_is_told(tmp_path: Path) -> None:
    out = Pipelines(tmp_path / "home")(
        "pipeline", "compile", "churn", "--out", str(tmp_path / "a" / "b.yaml"), "--json"
    )
    told = json.loads(out[0])
    assert Path(told["file"]).read_text("utf-8").startswith("# PIPELINE DEFINITION\n# Name: churn\n")
