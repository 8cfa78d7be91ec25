"""Names, parameters and the environment that a request carries."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.src import utils_vertex
from mlops.src.config import ChurnConfig
from mlops.src.pipelines import validation
from mlops.src.pipelines.environment import day, environment_of, moment, open_world
from mlops.src.pipelines.requests import Clock, make_request
from mlops.src.pipelines.steps import failed_step
from telecom.adapters.local.pipelines import LocalPipelines
from telecom.errors import UsageError
from telecom.pipeline_runs import JOB_ID
from telecom.ports import PipelineRequest
from telecom.settings import Settings
from tests.contracts import small_pipelines as small

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
    assert type(request.parameters["minutes"]) is float
    assert request.parameters["minutes"] == 2 and request.parameters["run_date"] == NOW.isoformat()
    assert request.spec == tmp_path / "churn-automl.yaml" and request.labels["pipeline"] == "churn-automl"
    image = "x/y@sha256:" + "1" * 64
    with_image = settings.model_copy(update={"image": image})
    assert image in make_request("churn", with_image, config, Clock(NOW, "a"), {}, tmp_path).spec.read_text("utf-8")


def test_a_whole_number_of_minutes_runs(tmp_path: Path) -> None:
    path = small.compiled(small.halving, tmp_path)
    minutes = validation.parameter_from(validation.read_spec(path), "minutes", "2")
    pipelines = LocalPipelines(Settings(home=tmp_path / "home"))
    assert pipelines.start(PipelineRequest(path, "job-1", {"minutes": minutes})).state == "succeeded"


@pytest.mark.parametrize(("given_by_hand", "minutes"), [({}, 90.0), ({"minutes": 75}, 75.0)])
def test_the_search_takes_as_long_as_is_set(given_by_hand: dict[str, int], minutes: float, tmp_path: Path) -> None:
    config = ChurnConfig(automl_minutes=90)
    for settings in (Settings(home=tmp_path), Settings(backend="gcp", project="p")):
        request = make_request("churn-automl", settings, config, Clock(NOW), given_by_hand, tmp_path)
        assert request.parameters["minutes"] == minutes
    assert "minutes" not in make_request("churn", Settings(home=tmp_path), config, Clock(NOW), {}, tmp_path).parameters


@pytest.mark.parametrize(
    ("name", "given_by_hand", "said"),
    [
        ("churn-automl", {}, "60 minutes"),
        ("churn-automl", {"minutes": "59.5"}, "not 59.5"),
        ("churn", {"csv": "/data/october.csv"}, "'/data/october.csv' is not in Cloud Storage"),
    ],
)
def test_what_the_cloud_does_not_take_is_refused_here(
    name: str, given_by_hand: dict[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=said):
        make_request(name, Settings(backend="gcp", project="p"), ChurnConfig(), Clock(NOW), given_by_hand, tmp_path)
    make_request(name, Settings(home=tmp_path), ChurnConfig(), Clock(NOW), given_by_hand, tmp_path)


def test_files_in_a_bucket_are_taken(tmp_path: Path) -> None:
    csv = {"csv": "gs://b/x.csv"}
    request = make_request("churn", Settings(backend="gcp", project="p"), ChurnConfig(), Clock(NOW), csv, tmp_path)
    assert request.parameters["csv"] == "gs://b/x.csv"


def test_no_setting_can_be_taken_for_a_placeholder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="environment holds"):
        make_request("churn", Settings(home=tmp_path / "{{$"), ChurnConfig(), Clock(NOW), {}, tmp_path)


@pytest.mark.parametrize("given_by_hand", ["environment", "run_date", "job_id"])
def test_what_follows_from_the_run_cannot_be_given(given_by_hand: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=given_by_hand):
        make_request("churn", Settings(home=tmp_path), ChurnConfig(), Clock(NOW), {given_by_hand: "x"}, tmp_path)


def test_the_failed_step_is_read_from_the_orchestrators_words() -> None:
    said = "The DAG failed because some tasks failed. The failed tasks are: [train, evaluate].; Job (project_id = p)"
    assert failed_step(said) == "train"
    assert failed_step("Job was cancelled") == "" == failed_step("")
