"""The pipelines for real on this machine, through the command: one whole loop, and what is quick of the others."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops.src.pipelines import steps
from tests.e2e.conftest import DAY, Telecom

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
RECORDED = "SELECT pipeline, job_id, state, failed_step, message FROM telecom_monitoring.pipeline_runs"


@dataclass(frozen=True)
class Done:
    """Runs in one home, one after the other, and what the command printed of them."""

    telecom: Telecom
    churn: dict[str, Any]
    shown: str
    enough: dict[str, Any]
    automl: dict[str, Any]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The loop, which trains the first champion; nothing more to do; another search."""
    telecom = Telecom(tmp_path_factory.mktemp("pipelines") / "home's folder")
    csv = str(telecom.home.parent / "customers.csv")
    telecom("synth", "--customers", "1500", "--out", csv)
    words = ("pipeline", "run", "churn", "--csv", csv, "--snapshot-date", DAY, "--job-id", "loop")
    return Done(
        telecom,
        telecom.json(*words),
        telecom(*words),
        telecom.json("pipeline", "run", "churn-retraining", "--snapshot-date", DAY),
        telecom.json("pipeline", "run", "churn-automl", "--param", "minutes=0.03"),
    )


def of(run: dict[str, Any], state: str) -> set[str]:
    return {step["name"] for step in run["steps"] if step["state"] == state}


def notes(run: dict[str, Any]) -> dict[str, str]:
    return {step["name"]: step["note"] for step in run["steps"] if step["note"]}


def test_the_loop_promotes_the_first_model_and_scores_with_it(done: Done) -> None:
    assert of(done.churn, "failed") == set()
    listed = [(step["name"], step["state"] == "skipped") for step in done.churn["steps"]]
    order = "ingest prepare features data-state train evaluate promote deploy-online batch-only keep-champion score"
    wanted = [*order.split(), "drift", "record-outcome"]
    assert [name for name, _ in listed] == wanted
    assert {name for name, skipped in listed if skipped} == {"deploy-online", "keep-champion"}
    figures = {step["name"]: step["metrics"] for step in done.churn["steps"]}
    assert list(figures["ingest"]) == ["read", "accepted", "refused"]
    assert figures["ingest"]["accepted"] == figures["score"]["rows"] == 1500
    assert 0.7 < figures["evaluate"]["test_auc"] < 0.95 and figures["drift"]["drifted"] == 0
    (scored,) = done.telecom.query("SELECT COUNT(*) AS n FROM telecom_gold.telco_churn_scored")
    assert scored["n"] == 1500


def test_reasons_are_told(done: Done) -> None:
    assert "AUC is 0." in notes(done.churn)["evaluate"]
    assert "looks like the training data" in notes(done.churn)["drift"]
    assert notes(done.enough)["retraining-need"].startswith("enough: ")
    assert notes(done.enough)["nothing-to-do"].startswith("The champion stays in service. ")
    assert "AUC" in notes(done.automl)["compare-automl"]
    assert "looks like the training data" in done.shown


def test_a_job_id_is_run_once(done: Done) -> None:
    csv = str(done.telecom.home.parent / "customers.csv")
    again = ("pipeline", "run", "churn", "--snapshot-date", DAY, "--job-id", "loop")
    assert done.telecom.json(*again, "--csv", csv) == done.churn | {"already": True}
    assert "csv was " in done.telecom(*again, code=2)


def test_with_a_young_champion_nothing_is_done(done: Done) -> None:
    assert of(done.enough, "succeeded") == {"data-state", "retraining-need", "nothing-to-do", "record-outcome"}


def test_automl_is_compared(done: Done) -> None:
    assert of(done.automl, "succeeded") == {"prepare", "data-state", "compare-automl", "record-outcome"}


def test_the_champion_can_be_kept(done: Done) -> None:
    environment, now = {"TELECOM_HOME": str(done.telecom.home)}, datetime.now(UTC).isoformat()
    assert steps.keep_champion(environment, now, "9", "keep: it is worse.") == "1"


def test_every_outcome_is_recorded(done: Done) -> None:
    found = {(row["pipeline"], row["state"]) for row in done.telecom.query(RECORDED)}
    assert found == {(name, "succeeded") for name in ("churn", "churn-retraining", "churn-automl")}


def test_a_refused_gate_fails_the_step_and_is_the_exit_code(tmp_path: Path) -> None:
    telecom = Telecom(tmp_path / "home")
    telecom("synth", "--customers", "200", "--out", str(tmp_path / "cents.csv"), "--drift", "unit_change")
    telecom("ingest", "--csv", str(tmp_path / "cents.csv"), "--snapshot-date", DAY)
    said = telecom("pipeline", "run", "churn-retraining", "--job-id", "cents", code=4)
    assert said.index("✗ prepare") < said.index("total_near_tenure_times_monthly") < said.index("✓ record-outcome")
    assert said.count("total_near_tenure_times_monthly") == 1 and "Traceback" not in said
    assert said.startswith(f"→ Job cents; what the steps say: {telecom.home / 'pipelines' / 'cents' / 'run.log'}")
    assert "There is no champion yet." in said and "skipped" in said
    (row,) = telecom.query(RECORDED)
    assert (row["job_id"], row["state"], row["failed_step"]) == ("cents", "failed", "prepare")
    assert "total_near_tenure_times_monthly" in telecom(
        "pipeline", "run", "churn-retraining", "--job-id", "cents", code=4
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "nothing"), "churn-retraining"),
        (("run", "churn", "--param", "colour"), "KEY=VALUE"),
        (("run", "churn", "--param", "colour=red"), "'colour' is not a parameter"),
        (("run", "churn", "--csv", "~nouser/x.csv"), "nobody's home"),
        (("run", "churn", "--csv", "{{$.x}}"), "placeholder"),
        (("run", "churn", "--deploy", "it's"), "batch, online"),
        (("run", "churn", "--snapshot-date", "today"), "not a day"),
        (("run", "churn", "--job-id", "Not_This"), "job id"),
        (("submit", "churn"), "telecom pipeline run churn"),
        (("compile", "churn", "--image", "churn:latest"), "digest"),
    ],
)
def test_wrong_usage_is_said(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    shown = Telecom(tmp_path / "home")("pipeline", *words, code=2)
    assert said in shown and "environment" not in shown and "Traceback" not in shown


def test_compile_writes_where_it_is_told(tmp_path: Path) -> None:
    out = str(tmp_path / "a" / "b.yaml")
    told = Telecom(tmp_path / "home").json("pipeline", "compile", "churn", "--out", out)
    assert Path(told["file"]).read_text("utf-8").startswith("# PIPELINE DEFINITION\n# Name: churn\n")
    assert told["image"] == "none; runs on this machine only"
