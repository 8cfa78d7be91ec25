"""Batch prediction and the custom job: what is asked of Vertex AI, what is asked once only, and what comes of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import grpc
import pyarrow as pa
import pytest
from google.cloud.aiplatform_v1 import types

from mlops.src import batch_inference
from mlops.src.batch_inference import INPUT, SCORED
from mlops.src.config import ChurnConfig
from mlops.src.model_versions import MODEL
from mlops.src.modelling import bundle
from mlops.src.modelling.bundle import Provenance
from mlops.src.modelling.calibration import Calibrator
from mlops.src.modelling.churn_model import ChurnModel
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.threshold import EconomicsConfig
from mlops.src.modelling.trainer import fit
from mlops.tests.labelled import FEATURES, put
from mlops.tests.modelling.conftest import World, make_world
from telecom.adapters.gcp._patience import Patience
from telecom.adapters.gcp.batch import CustomScoring, VertexBatchPredictor
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.bootstrap import Platform
from telecom.errors import DependencyUnavailable, NotFound, TelecomError, UsageError
from telecom.ports import BatchRequest, Write
from telecom.progress import Silent
from telecom.settings import Settings
from telecom.tables import contract
from tests.loopback.cloud import Cloud

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
IMAGE = "us-central1-docker.pkg.dev/telecom-test/telecom/churn@sha256:" + "0" * 64
PARENT = "projects/telecom-test/locations/us-central1"
CUSTOMERS = 200
VERTEX = ChurnConfig(batch_mode="vertex", batch_machine="n2-highcpu-8", batch_replicas=3)
QUICK = Patience(seconds=0.3, first=0.01)
Predicted = Callable[..., None]


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(CUSTOMERS, seed=4)


@pytest.fixture(scope="module")
def model(world: World) -> ChurnModel:
    booster = fit(world.x, world.y, CHURN_FEATURES, rounds=60, seed=3)
    return ChurnModel.from_booster(booster, CHURN_FEATURES, Calibrator("platt", 1.1, -0.1), 0.4, EconomicsConfig())


@pytest.fixture
def platform(gcp_settings: Settings, tmp_path: Path, model: ChurnModel, world: World) -> Platform:
    """A registered champion and one prepared snapshot."""
    settings = gcp_settings.model_copy(update={"image": IMAGE, "home": tmp_path / "home", "service_account": "s@p.iam"})
    platform = Platform(settings)
    bundle.save(model, tmp_path / "model", Provenance("d" * 64, 3, {}, 60, {}), {})
    version = platform.registry.register(MODEL, tmp_path / "model", model.digest, {}).version
    platform.registry.point(MODEL, "champion", version)
    prepare(platform, world)
    return platform


@pytest.fixture
def request_(platform: Platform) -> BatchRequest:
    selected = f"SELECT {', '.join(contract(INPUT).schema.names)} FROM {FEATURES}"
    platform.warehouse.write(Write(INPUT, selected, {}))
    return BatchRequest(MODEL, "1", INPUT, "customer_id", ("snapshot_date", "monthly_charges"), "n2-standard-4", 1)


def prepare(platform: Platform, world: World, charge: float = 50.0) -> None:
    rows = world.table.append_column("monthly_charges", pa.array([charge] * CUSTOMERS)).to_pylist()
    put(platform.warehouse, FEATURES, rows, snapshot_date=DAY)


def score(platform: Platform, config: ChurnConfig | None = VERTEX, **more: Any) -> batch_inference.Scored:
    p = platform
    given: dict[str, Any] = {"snapshot_date": DAY, "batch": p.batch, "config": config, "now": NOW}
    return batch_inference.run(p.warehouse, p.registry, Silent(), **(given | more))


def scored(platform: Platform) -> list[dict[str, Any]]:
    return platform.warehouse.query(f"SELECT * FROM {SCORED} ORDER BY customer_id").to_pylist()


def jobs(cloud: Cloud) -> list[Any]:
    return cloud.grpc.requests("CreateBatchPredictionJob")


def instead(cloud: Cloud, **changes: Any) -> None:
    """Batch prediction jobs that end as told, without any work."""

    @cloud.grpc.on("GetBatchPredictionJob")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        job = cloud.grpc.store[request.name]
        for name, value in changes.items():
            setattr(job, name, value)
        return job


def answering(cloud: Cloud, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    """Jobs that succeed with changed predictions: rows of `key` and `prediction`."""
    work = cloud.grpc._permanent["GetBatchPredictionJob"]

    @cloud.grpc.on("GetBatchPredictionJob")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        job = work(request, context)
        table = f"telecom_staging.{job.output_info.bigquery_output_table}"
        rows = cloud.bigquery.engine.rows(table)
        changed = pa.Table.from_pylist(change(rows.to_pylist()), schema=rows.schema)
        cloud.bigquery.engine.create(table, cloud.bigquery.engine.tables[table]["schema"]["fields"])
        cloud.bigquery.engine.append(table, changed)
        return job


def test_batch_prediction_scores_as_this_process_does(platform: Platform) -> None:
    inside = score(platform, None)
    ours = scored(platform)
    outside = score(platform)
    theirs = scored(platform)
    assert inside == outside and inside.rows == CUSTOMERS == len(theirs)
    assert len({row["risk_segment"] for row in ours}) > 1
    for mine, other in zip(ours, theirs, strict=True):
        assert mine["churn_probability"] == pytest.approx(other["churn_probability"], abs=1e-9)
        for reason, theirs_ in zip(mine["top_reasons"], other["top_reasons"], strict=True):
            assert reason["contribution"] == pytest.approx(theirs_["contribution"], abs=1e-9)
            assert (reason["feature"], reason["value"]) == (theirs_["feature"], theirs_["value"])
        left_out = ("churn_probability", "top_reasons")
        assert {k: v for k, v in mine.items() if k not in left_out} == {
            k: v for k, v in other.items() if k not in left_out
        }


def test_reasons_can_be_left_out(platform: Platform, cloud: Cloud) -> None:
    score(platform, with_reasons=False)
    assert all(row["top_reasons"] == [] for row in scored(platform))
    (job,) = jobs(cloud)
    assert dict(job.batch_prediction_job.model_parameters) == {"reasons": False}


def test_the_request_is_what_the_documentation_asks_for(platform: Platform, cloud: Cloud) -> None:
    score(platform)
    (call,) = cloud.grpc.calls_of("CreateBatchPredictionJob")
    job = call.request.batch_prediction_job
    assert call.routing == {"parent": PARENT} and call.deadline is not None and call.deadline < 61
    assert job.model == f"{PARENT}/models/{MODEL}@1"
    assert job.input_config.bigquery_source.input_uri == f"bq://telecom-test.{INPUT}"
    assert job.output_config.bigquery_destination.output_uri == "bq://telecom-test.telecom_staging"
    assert (job.instance_config.instance_type, job.instance_config.key_field) == ("object", "customer_id")
    assert list(job.instance_config.excluded_fields) == ["snapshot_date", "monthly_charges"]
    assert not job.instance_config.included_fields
    resources = job.dedicated_resources
    assert (resources.machine_spec.machine_type, resources.max_replica_count) == ("n2-highcpu-8", 3)
    assert job.service_account == "s@p.iam"
    assert {k: v for k, v in job.labels.items() if k != "telecom_request"} == {"app": "telecom-ml-llmops", "env": "dev"}
    assert all(len(value) <= 63 for value in job.labels.values())
    (listed,) = cloud.grpc.requests("ListBatchPredictionJobs")
    assert listed.filter == f'labels.telecom_request="{job.labels["telecom_request"]}"'


def test_a_repetition_finds_the_job_of_the_first_attempt(
    platform: Platform, cloud: Cloud, request_: BatchRequest, world: World
) -> None:
    predictor = VertexBatchPredictor(platform.settings, platform.warehouse)
    first = predictor.predict(request_)
    assert predictor.predict(request_) == first
    assert len(jobs(cloud)) == 1
    prepare(platform, world, charge=51.0)
    assert score(platform).rows == CUSTOMERS
    assert len(jobs(cloud)) == 2, "other rows, another job"
    predictor.predict(replace(request_, parameters={"reasons": False}))
    assert len(jobs(cloud)) == 3, "another request, another job"


def test_a_lost_answer_is_no_second_job(platform: Platform, cloud: Cloud, request_: BatchRequest) -> None:
    cloud.fail("CreateBatchPredictionJob", kind="half")
    predictor = VertexBatchPredictor(platform.settings, platform.warehouse)
    with pytest.raises(DependencyUnavailable, match="does not answer"):
        predictor.predict(request_)
    predictor.predict(request_)
    assert len(jobs(cloud)) == 1


def test_looking_at_a_job_is_repeated(platform: Platform, cloud: Cloud, request_: BatchRequest) -> None:
    cloud.fail("GetBatchPredictionJob", times=2)
    VertexBatchPredictor(platform.settings, platform.warehouse).predict(request_)
    assert len(jobs(cloud)) == 1 and len(cloud.grpc.requests("GetBatchPredictionJob")) == 3


def test_predictions_that_expired_are_made_again(platform: Platform, cloud: Cloud, request_: BatchRequest) -> None:
    predictor = VertexBatchPredictor(platform.settings, platform.warehouse)
    cloud.bigquery.engine.drop(predictor.predict(request_))
    predictor.predict(request_)
    assert len(jobs(cloud)) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": types.JobState.JOB_STATE_FAILED, "error": {"message": "no quota"}}, "ended as failed: no quota"),
        ({"state": types.JobState.JOB_STATE_CANCELLED}, "ended as cancelled: no reason given"),
        ({"state": types.JobState.JOB_STATE_EXPIRED}, "ended as expired"),
        ({"state": types.JobState.JOB_STATE_PARTIALLY_SUCCEEDED}, "ended as partially succeeded"),
        (
            {"state": types.JobState.JOB_STATE_SUCCEEDED, "completion_stats": {"failed_count": 7}},
            "left 7 rows without a prediction",
        ),
        (
            {"state": types.JobState.JOB_STATE_SUCCEEDED, "completion_stats": {"incomplete_count": 4}},
            "left 4 rows without a prediction",
        ),
        (
            {"state": types.JobState.JOB_STATE_SUCCEEDED, "partial_failures": [{"message": "container died"}]},
            "container died",
        ),
        ({"state": types.JobState.JOB_STATE_SUCCEEDED}, "names no table"),
    ],
)
def test_a_job_that_went_wrong_is_named(
    platform: Platform, cloud: Cloud, request_: BatchRequest, changes: dict[str, Any], said: str
) -> None:
    instead(cloud, **changes)
    predictor = VertexBatchPredictor(platform.settings, platform.warehouse)
    with pytest.raises(DependencyUnavailable, match=said) as raised:
        predictor.predict(request_)
    assert f"{PARENT}/batchPredictionJobs/" in raised.value.message
    with pytest.raises(DependencyUnavailable):
        predictor.predict(request_)
    assert len(jobs(cloud)) == 2, "a job that failed is not waited for again"


def test_a_failed_job_leaves_the_scores_as_they_were(platform: Platform, cloud: Cloud) -> None:
    score(platform, None)
    before = scored(platform)
    instead(cloud, state=types.JobState.JOB_STATE_FAILED)
    with pytest.raises(DependencyUnavailable, match="ended as failed"):
        score(platform, now=datetime(2026, 11, 22, tzinfo=UTC))
    assert scored(platform) == before


def test_a_job_that_takes_too_long_goes_on_without_us(platform: Platform, cloud: Cloud, request_: BatchRequest) -> None:
    instead(cloud, state=types.JobState.JOB_STATE_RUNNING)
    predictor = VertexBatchPredictor(platform.settings, platform.warehouse, patience=QUICK)
    for _ in range(2):
        with pytest.raises(DependencyUnavailable, match=r"did not finish within 0\.3 s"):
            predictor.predict(request_)
    assert len(jobs(cloud)) == 1 and len(cloud.grpc.requests("GetBatchPredictionJob")) > 4


def test_progress_is_told(platform: Platform, cloud: Cloud, request_: BatchRequest) -> None:
    told: list[Any] = []

    class Voice(Silent):
        def start(self, what: str, total: int | None = None) -> None:
            told.append((what, total))

        def advance(self, units: int) -> None:
            told.append(units)

    VertexBatchPredictor(platform.settings, platform.warehouse, Voice()).predict(request_)
    assert told == [("Vertex AI predicts with version 1", CUSTOMERS), CUSTOMERS]


def test_an_unknown_version_is_not_found(platform: Platform, request_: BatchRequest) -> None:
    predictor = VertexBatchPredictor(platform.settings, platform.warehouse)
    with pytest.raises(NotFound, match=f"{MODEL}@7"):
        predictor.predict(replace(request_, version="7"))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda rows: rows[1:], id="one is missing"),
        pytest.param(lambda rows: [*rows, rows[0]], id="one is there twice"),
        pytest.param(lambda rows: [*rows[1:], rows[1]], id="one is missing and another there twice"),
        pytest.param(lambda rows: [rows[0] | {"prediction": None}, *rows[1:]], id="NULL"),
        pytest.param(lambda rows: [rows[0] | {"prediction": "{}"}, *rows[1:]], id="empty"),
        pytest.param(
            lambda rows: [rows[0] | {"prediction": '{"churn_probability": "x", "risk_segment": "low"}'}, *rows[1:]],
            id="no number",
        ),
        pytest.param(
            lambda rows: [rows[0] | {"prediction": '{"churn_probability": 1.5, "risk_segment": "low"}'}, *rows[1:]],
            id="no probability",
        ),
        pytest.param(
            lambda rows: [rows[0] | {"prediction": '{"churn_probability": 0.5, "risk_segment": "so-so"}'}, *rows[1:]],
            id="no segment",
        ),
    ],
)
def test_incomplete_predictions_write_nothing(platform: Platform, cloud: Cloud, change: Any) -> None:
    answering(cloud, change)
    with pytest.raises(DependencyUnavailable, match=r"valid predictions .* not one for each of 200; nothing was"):
        score(platform)
    assert scored(platform) == []


def test_predictions_that_are_no_json_write_nothing(platform: Platform, cloud: Cloud) -> None:
    answering(cloud, lambda rows: [rows[0] | {"prediction": "{broken"}, *rows[1:]])
    with pytest.raises(TelecomError):
        score(platform)
    assert scored(platform) == []


def test_rows_of_other_customers_do_no_harm(platform: Platform, cloud: Cloud) -> None:
    answering(cloud, lambda rows: [*rows, {"key": "stranger", "prediction": rows[0]["prediction"]}])
    assert score(platform).rows == CUSTOMERS


def test_awkward_values_survive_the_journey(platform: Platform, cloud: Cloud) -> None:
    reason = {"feature": "contract", "value": 'l\'été "√" {a: [1]} \\n', "contribution": 1e-300}
    answer = {"churn_probability": 0.1 + 0.2, "risk_segment": "low", "top_reasons": [reason] * 3}
    answering(cloud, lambda rows: [row | {"prediction": json.dumps(answer)} for row in rows])
    score(platform)
    (row, *_) = scored(platform)
    assert row["churn_probability"] == 0.1 + 0.2 and row["top_reasons"] == [reason] * 3


def test_a_backend_without_batch_prediction_says_so(tmp_path: Path, platform: Platform) -> None:
    with pytest.raises(UsageError, match="BATCH_MODE is 'vertex', and this backend has no batch"):
        score(platform, batch=None)


def test_local_platforms_have_none(tmp_path: Path) -> None:
    local = Platform(Settings(home=tmp_path))
    assert local.batch is None and isinstance(local.warehouse, LocalWarehouse)


def test_the_script_mode_runs_our_command_line(platform: Platform, cloud: Cloud) -> None:
    name = CustomScoring(platform.settings).run(DAY, "n2-standard-8", {"TELECOM_CHURN_SEED": "9"})
    (call,) = cloud.grpc.calls_of("CreateCustomJob")
    job = call.request.custom_job
    (pool,) = job.job_spec.worker_pool_specs
    assert name == f"{PARENT}/customJobs/{name.rsplit('/', 1)[1]}" and call.routing == {"parent": PARENT}
    container = pool.container_spec
    assert container.image_uri == IMAGE and list(container.command) == ["telecom"]
    assert list(container.args) == ["score", "--snapshot-date", "2026-11-20"]
    environment = {each.name: each.value for each in container.env}
    assert environment["TELECOM_BACKEND"] == "gcp" and environment["TELECOM_PROJECT"] == "telecom-test"
    assert environment["TELECOM_CHURN_SEED"] == "9" and "TELECOM_HOME" not in environment
    assert (pool.machine_spec.machine_type, pool.replica_count) == ("n2-standard-8", 1)
    assert job.job_spec.service_account == "s@p.iam" and job.labels["env"] == "dev"
    assert job.job_spec.scheduling.timeout.total_seconds() == 6 * 3_600
    assert job.job_spec.scheduling.disable_retries, "a machine that fails is not started again behind our back"
    (listed,) = cloud.grpc.requests("ListCustomJobs")
    assert listed.filter == f'labels.telecom_request="{job.labels["telecom_request"]}"'


def test_a_script_under_way_is_not_started_again(platform: Platform, cloud: Cloud) -> None:
    scoring = CustomScoring(platform.settings)
    cloud.fail("CreateCustomJob", kind="half")
    with pytest.raises(DependencyUnavailable):
        scoring.run(DAY, "n2-standard-8")
    scoring.run(DAY, "n2-standard-8")
    assert len(cloud.grpc.requests("CreateCustomJob")) == 1
    scoring.run(DAY, "n2-standard-8")
    assert len(cloud.grpc.requests("CreateCustomJob")) == 2, "one that has ended is another matter"


def test_a_script_that_fails_is_named(platform: Platform, cloud: Cloud) -> None:
    @cloud.grpc.on("GetCustomJob")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        state = types.JobState.JOB_STATE_FAILED
        return types.CustomJob(name=request.name, state=state, error={"message": "exit code 5"})

    with pytest.raises(DependencyUnavailable, match=r"customJobs/\d+ ended as failed: exit code 5"):
        CustomScoring(platform.settings).run(DAY, "n2-standard-8")


def test_a_script_needs_an_image(gcp_settings: Settings) -> None:
    with pytest.raises(UsageError, match="TELECOM_IMAGE is empty"):
        CustomScoring(gcp_settings).run(DAY, "n2-standard-8")
