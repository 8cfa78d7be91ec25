"""Model Monitoring v2: the monitor's definition, checks on demand that find what moved, schedules."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from mlops.tests.labelled import put
from telecom.adapters.gcp._patience import Patience
from telecom.adapters.gcp.registry import VertexRegistry
from telecom.adapters.gcp.warehouse import BigQueryWarehouse
from telecom.errors import DependencyUnavailable, NotFound
from telecom.settings import Settings
from telecom.tables import contract
from tests.loopback.cloud import Cloud

# Only where a test asks for it: the preview's client takes a second that not every test process has to spend.
if TYPE_CHECKING:
    from telecom.adapters.gcp.monitoring import VertexModelMonitoring, Watch

NAME = "telco-churn"
IMAGE = "us-central1-docker.pkg.dev/telecom-test/telecom/churn@sha256:" + "0" * 64
PARENT = "projects/telecom-test/locations/us-central1"
TABLE = "telecom_gold.telco_churn_features"
BEFORE, AFTER = date(2026, 11, 20), date(2026, 12, 20)
MONITOR = f"{PARENT}/modelMonitors/{NAME}-1"


def of(day: date) -> str:
    return f"SELECT * FROM {TABLE} WHERE snapshot_date = DATE '{day}'"


def watched(day: date = BEFORE, threshold: float = 0.2, version: str = "1", **thresholds: float) -> "Watch":
    from telecom.adapters.gcp.monitoring import Watch

    return Watch(NAME, version, TABLE, of(day), threshold=threshold, thresholds=thresholds)


@pytest.fixture
def monitoring(gcp_settings: Settings, tmp_path: Path) -> "VertexModelMonitoring":
    """A registered version and two snapshots: tenures shrink, contracts move a little."""
    from telecom.adapters.gcp.monitoring import VertexModelMonitoring

    settings = gcp_settings.model_copy(update={"image": IMAGE, "home": tmp_path / "home"})
    (tmp_path / "manifest.json").write_text("{}")
    VertexRegistry(settings).register(NAME, tmp_path, "0" * 64, {})
    for day, tenures, yearly in ((BEFORE, range(0, 60), 20), (AFTER, range(0, 30), 16)):
        rows = [
            {"customer_id": str(n), "tenure_months": tenure, "contract": "One year" if n < yearly else "Two year"}
            for n, tenure in enumerate(tenures)
        ]
        put(BigQueryWarehouse(settings), TABLE, rows, snapshot_date=day)
    return VertexModelMonitoring(settings)


def test_the_monitor_watches_every_input_of_the_model(monitoring: "VertexModelMonitoring", cloud: Cloud) -> None:
    assert monitoring.watch(watched(contract=0.05)) == MONITOR
    monitor = cloud.grpc.store[MONITOR]
    target = monitor.model_monitoring_target.vertex_model
    assert (target.model, target.model_version_id) == (f"{PARENT}/models/{NAME}", "1")
    fields = {field.name: field.data_type for field in monitor.model_monitoring_schema.feature_fields}
    assert list(fields) == [column.name for column in contract(TABLE).features]
    kinds = [fields[name] for name in ("tenure_months", "total_charges", "contract", "partner")]
    assert kinds == ["integer", "float", "categorical", "categorical"]
    drift = monitor.tabular_objective.feature_drift_spec
    assert drift.numeric_metric_type == drift.categorical_metric_type == "jensen_shannon_divergence"
    assert drift.default_numeric_alert_condition.threshold == 0.2
    assert drift.feature_alert_conditions["contract"].threshold == 0.05
    assert monitor.training_dataset.columnized_dataset.bigquery_source.query == of(BEFORE)


def test_watching_again_brings_it_up_to_date(monitoring: "VertexModelMonitoring", cloud: Cloud) -> None:
    monitoring.watch(watched(contract=0.05))
    monitoring.watch(watched(AFTER, 0.3))
    assert len(cloud.grpc.requests("CreateModelMonitor")) == 1
    monitor = cloud.grpc.store[MONITOR]
    drift = monitor.tabular_objective.feature_drift_spec
    assert drift.default_numeric_alert_condition.threshold == 0.3 and not drift.feature_alert_conditions
    assert monitor.training_dataset.columnized_dataset.bigquery_source.query == of(AFTER)


def test_a_check_finds_what_moved(monitoring: "VertexModelMonitoring", cloud: Cloud) -> None:
    found = monitoring.check(monitoring.watch(watched(contract=0.05)), of(AFTER), "drift-20261220")
    by_name = {each.feature: each for each in found}
    assert [each.feature for each in found if each.alert] == ["tenure_months"]
    assert found[0] == by_name["tenure_months"] and by_name["tenure_months"].distance > 0.2
    assert 0 < by_name["contract"].distance < by_name["contract"].threshold == 0.05
    assert by_name["partner"].distance == 0
    (job,) = cloud.grpc.requests("CreateModelMonitoringJob")
    spec = job.model_monitoring_job.model_monitoring_spec
    directory = spec.output_spec.gcs_base_directory.output_uri_prefix
    assert directory == "gs://telecom-test-dev-pipelines/monitoring"


def test_the_same_check_again_is_the_same_job(monitoring: "VertexModelMonitoring", cloud: Cloud) -> None:
    monitor = monitoring.watch(watched(contract=0.05))
    cloud.fail("CreateModelMonitoringJob", kind="half")
    with pytest.raises(DependencyUnavailable):
        monitoring.check(monitor, of(AFTER), "drift-1")
    assert monitoring.check(monitor, of(AFTER), "drift-1") == monitoring.check(monitor, of(AFTER), "drift-1")
    jobs = [name for name in cloud.grpc.store if "/modelMonitoringJobs/" in name]
    assert jobs == [f"{MONITOR}/modelMonitoringJobs/drift-1"]


def test_a_check_that_fails_is_named(monitoring: "VertexModelMonitoring", cloud: Cloud) -> None:
    from google.cloud.aiplatform_v1beta1 import types

    monitor = monitoring.watch(watched(contract=0.05))

    @cloud.grpc.on("GetModelMonitoringJob")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        detail = {"error": {"message": "no rows"}}
        state = types.JobState.JOB_STATE_FAILED
        return types.ModelMonitoringJob(name=request.name, state=state, job_execution_detail=detail)

    with pytest.raises(DependencyUnavailable, match="modelMonitoringJobs/drift-2 ended as failed: no rows"):
        monitoring.check(monitor, of(AFTER), "drift-2")


def test_a_check_that_takes_too_long_is_given_up(monitoring: "VertexModelMonitoring", cloud: Cloud) -> None:
    from google.cloud.aiplatform_v1beta1 import types

    monitor = monitoring.watch(watched(contract=0.05))

    @cloud.grpc.on("GetModelMonitoringJob")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        return types.ModelMonitoringJob(name=request.name, state=types.JobState.JOB_STATE_RUNNING)

    from telecom.adapters.gcp.monitoring import VertexModelMonitoring

    impatient = VertexModelMonitoring(cloud.settings(), Patience(0.05, first=0.01))
    with pytest.raises(DependencyUnavailable, match="did not finish"):
        impatient.check(monitor, of(AFTER), "drift-3")


def test_an_endpoint_is_looked_at_on_a_schedule(monitoring: "VertexModelMonitoring", cloud: Cloud) -> None:
    monitor = monitoring.watch(watched(contract=0.05))
    first = monitoring.schedule(monitor, "123456789", "TZ=UTC 0 6 * * *")
    assert monitoring.schedule(monitor, "123456789", "TZ=UTC 0 6 * * *") == first
    (made,) = cloud.grpc.requests("CreateSchedule")
    schedule = made.schedule
    assert (schedule.cron, schedule.max_concurrent_run_count) == ("TZ=UTC 0 6 * * *", 1)
    job = schedule.create_model_monitoring_job_request
    assert job.parent == MONITOR
    target = job.model_monitoring_job.model_monitoring_spec.objective_spec.target_dataset
    assert list(target.vertex_endpoint_logs.endpoints) == [f"{PARENT}/endpoints/123456789"]
    assert (target.time_offset.offset, target.time_offset.window) == ("0h", "1d")


def test_only_registered_versions_are_watched(monitoring: "VertexModelMonitoring") -> None:
    with pytest.raises(NotFound, match="version 8"):
        monitoring.watch(watched(version="8"))
