"""Names, parameters and the environment that a request carries."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.src import utils_vertex
from mlops.src.config import ChurnConfig
from mlops.src.pipelines.environment import day, environment_of, moment, open_world
from mlops.src.pipelines.requests import Clock, make_request
from mlops.src.pipelines.steps import failed_step
from telecom.errors import UsageError
from telecom.pipeline_runs import JOB_ID
from telecom.settings import Settings

NOW = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)


def test_job_ids_tell_pipeline_and_time() -> None:
    assert utils_vertex.job_id("churn-retraining", NOW) == "churn-retraining-20261120063000"
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-3)))
    assert utils_vertex.job_id("churn", elsewhere) == "churn-20261120063000"


@given(st.text(max_size=200))
def test_job_ids_are_always_acceptable(name: str) -> None:
    assert JOB_ID.fullmatch(utils_vertex.job_id(name, NOW))


@given(st.text(max_size=200))
def test_labels_are_always_acceptable(text: str) -> None:
    found = utils_vertex.label(text)
    assert len(found) <= 63 and set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-")
    assert utils_vertex.label(found) == found


def test_labels_without_a_value_are_left_out() -> None:
    assert utils_vertex.labels("dev", pipeline="Churn loop!", who="é") == {
        "app": "telecom-ml-llmops",
        "env": "dev",
        "pipeline": "churn-loop",
    }


def test_the_environment_goes_there_and_back(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "it's", threads=2, memory_gb=0.5)
    config = ChurnConfig(seed=3, tuning_trials=1)
    carried = environment_of(settings, config)
    assert all(isinstance(value, str) for value in carried.values())
    world = open_world(carried, NOW.isoformat())
    assert (world.platform.settings, world.config, world.now) == (settings, config, NOW)


def test_only_settings_travel_and_to_the_cloud_none_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TELECOM_SECRET_OF_OTHERS", "s3cret")
    settings = Settings(backend="gcp", project="p", home=tmp_path, threads=4, region="europe-west1")
    assert environment_of(settings, ChurnConfig()) == {
        "TELECOM_BACKEND": "gcp",
        "TELECOM_PROJECT": "p",
        "TELECOM_REGION": "europe-west1",
    }


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"TELECOM_BAKEND": "local"}, "TELECOM_BAKEND"),
        ({"TELECOM_CHURN_SEEED": "1"}, "TELECOM_CHURN_SEEED"),
        ({"PATH": "/"}, "PATH"),
        ({"TELECOM_BACKEND": "moon"}, "TELECOM_BACKEND = 'moon'"),
        ({"TELECOM_CHURN_SEED": "many"}, "TELECOM_CHURN_SEED = 'many'"),
    ],
)
def test_an_environment_that_cannot_be_meant_is_refused(environment: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        open_world(environment, NOW.isoformat())


def test_moments_and_days() -> None:
    assert moment("2026-11-20T03:30:00-03:00") == NOW
    assert (day(""), day("2026-11-20")) == (None, date(2026, 11, 20))
    for text in ("yesterday", "2026-11-20T06:30:00"):
        with pytest.raises(UsageError, match="run_date"):
            moment(text)
    with pytest.raises(UsageError, match="snapshot_date"):
        day("20.11.2026")


def test_a_request_is_complete(tmp_path: Path) -> None:
    settings, config = Settings(home=tmp_path), ChurnConfig()
    request = make_request("churn-automl", settings, config, Clock(NOW), {"minutes": "2"}, tmp_path)
    assert request.job_id == "churn-automl-20261120063000" == request.parameters["job_id"]
    assert request.parameters["minutes"] == 2 and request.parameters["run_date"] == NOW.isoformat()
    assert request.spec == tmp_path / "churn-automl.yaml" and request.labels["pipeline"] == "churn-automl"
    image = "x/y@sha256:" + "1" * 64
    with_image = settings.model_copy(update={"image": image})
    assert image in make_request("churn", with_image, config, Clock(NOW, "a"), {}, tmp_path).spec.read_text("utf-8")


@pytest.mark.parametrize("given_by_hand", ["environment", "run_date", "job_id"])
def test_what_follows_from_the_run_cannot_be_given(given_by_hand: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=given_by_hand):
        make_request("churn", Settings(home=tmp_path), ChurnConfig(), Clock(NOW), {given_by_hand: "x"}, tmp_path)


def test_the_failed_step_is_read_from_the_orchestrators_words() -> None:
    said = "The DAG failed because some tasks failed. The failed tasks are: [train, evaluate].; Job (project_id = p)"
    assert failed_step(said) == "train"
    assert failed_step("Job was cancelled") == "" == failed_step("")
