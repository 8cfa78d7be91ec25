"""Vertex AI Model Monitoring v2 over a registered model: Google's own look at feature drift, beside ours.

Preview (v1beta1), tabular models only, and its place in the renamed documentation is uncertain: nothing of this project
depends on it. It measures Jensen-Shannon divergence, and for categories L-infinity; it has no PSI and no KS, does not
weigh features, does not look at labels, and raises no gate. The dependable path is mlops/src/drift_monitoring.py, which
works on every backend and fills telecom_monitoring.feature_drift_metrics.

An endpoint can be watched only if it logs requests and responses to BigQuery, with all the personal data in them; ours
does not unless somebody decides so.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from google.api_core.exceptions import AlreadyExists
from google.api_core.exceptions import NotFound as Missing
from google.cloud import aiplatform_v1beta1 as preview

from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import vendor_errors
from telecom.adapters.gcp._patience import Patience
from telecom.adapters.gcp._vertex import CHANGE, READ, ended, failure, location
from telecom.errors import DependencyUnavailable
from telecom.settings import Settings
from telecom.tables import contract

PATIENCE = Patience(seconds=2 * 3_600)
CREATE_SECONDS = 900.0
JENSEN_SHANNON = "jensen_shannon_divergence"
DRIFT = "raw-feature-drift"
# BOOL counts as categorical: the divergence of two shares says more than that of a histogram over 0 and 1.
_TYPES = {"STRING": "categorical", "BOOL": "categorical", "INT64": "integer", "FLOAT64": "float"}


@dataclass(frozen=True)
class Watch:
    """Which model is watched, against what, and from which distance on an alert is raised.

    Args:
        model: registered name.
        version: registered version.
        table: contract whose features are compared, such as `telecom_gold.telco_churn_features`.
        reference: BigQuery SELECT of the rows that the version was trained on.
        threshold: Jensen-Shannon divergence, 0 to 1, above which a feature has drifted.
        thresholds: by feature, where another holds.
    """

    model: str
    version: str
    table: str
    reference: str
    threshold: float = 0.1
    thresholds: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Drifted:
    """One feature's distance from the reference, 0 to 1, and whether it is above its threshold."""

    feature: str
    distance: float
    threshold: float
    alert: bool


class VertexModelMonitoring:
    """Watches a model with a ModelMonitor of Vertex AI's; see the module for what that can and cannot do."""

    def __init__(self, settings: Settings, patience: Patience = PATIENCE) -> None:
        self._settings = settings
        self._patience = patience

    def watch(self, watch: Watch) -> str:
        """Creates the monitor of a model version, or brings it up to date; returns its resource name."""
        with vendor_errors(f"Watching {watch.model} version {watch.version}"):
            name = f"{location(self._settings)}/modelMonitors/{watch.model}-{watch.version}"
            wanted = self._monitor(watch)
            try:
                self._client.get_model_monitor(name=name, **READ)
            except Missing:
                request = preview.CreateModelMonitorRequest(
                    parent=location(self._settings),
                    model_monitor=wanted,
                    model_monitor_id=f"{watch.model}-{watch.version}",
                )
                with suppress(AlreadyExists):
                    self._client.create_model_monitor(request=request, **CHANGE).result(CREATE_SECONDS)
                return name
            wanted.name = name
            paths = ["tabular_objective", "training_dataset", "model_monitoring_schema"]
            self._client.update_model_monitor(model_monitor=wanted, update_mask={"paths": paths}, **CHANGE).result(
                CREATE_SECONDS
            )
            return name

    def check(self, monitor: str, rows: str, job_id: str) -> tuple[Drifted, ...]:
        """Compares the rows of a BigQuery SELECT with the reference, now, and waits for it.

        Args:
            monitor: as `watch` returned it.
            rows: BigQuery SELECT of the rows to look at.
            job_id: names the check; the same id again returns what the first one found.

        Returns:
            Every feature, the most distant first.

        Raises:
            DependencyUnavailable: the job failed or took too long; it is named.
        """
        with vendor_errors(f"Checking {monitor}"):
            request = preview.CreateModelMonitoringJobRequest(
                parent=monitor,
                model_monitoring_job=self._job(_of_query(rows), job_id),
                model_monitoring_job_id=job_id,
            )
            with suppress(AlreadyExists):
                self._client.create_model_monitoring_job(request=request, **CHANGE)
            name = f"{monitor}/modelMonitoringJobs/{job_id}"
            job = ended(lambda: self._client.get_model_monitoring_job(name=name, **READ), self._patience, name)
            if complaint := failure(job, job.job_execution_detail.error.message):
                raise DependencyUnavailable(f"The monitoring job {name} {complaint}", "Use: telecom drift")
            return self._found(monitor, name)

    def schedule(self, monitor: str, endpoint: str, cron: str, window: str = "1d") -> str:
        """Looks at an endpoint's logged requests again and again; a schedule of that name is kept as it is.

        Args:
            monitor: as `watch` returned it.
            endpoint: number of an endpoint that logs requests and serves the watched version.
            cron: when, as in `TZ=UTC 0 6 * * *`.
            window: how far back each check looks: a number and h, d or w.

        Returns:
            The schedule's resource name.
        """
        with vendor_errors(f"Scheduling {monitor}"):
            title = f"drift of {monitor.rsplit('/', 1)[1]}"
            asked = preview.ListSchedulesRequest(parent=location(self._settings), filter=f'display_name="{title}"')
            for known in self._schedules.list_schedules(asked, **READ):
                return str(known.name)
            logs = {"endpoints": [f"{location(self._settings)}/endpoints/{endpoint}"]}
            target = preview.ModelMonitoringInput(
                vertex_endpoint_logs=logs, time_offset={"offset": "0h", "window": window}
            )
            repeated = preview.CreateModelMonitoringJobRequest(
                parent=monitor, model_monitoring_job=self._job(target, title)
            )
            wanted = preview.Schedule(
                display_name=title,
                cron=cron,
                max_concurrent_run_count=1,
                create_model_monitoring_job_request=repeated,
            )
            made = self._schedules.create_schedule(parent=location(self._settings), schedule=wanted, **CHANGE)
            return str(made.name)

    def _monitor(self, watch: Watch) -> preview.ModelMonitor:
        fields = contract(watch.table).features
        limits = {name: {"threshold": limit} for name, limit in (watch.thresholds or {}).items()}
        drift = preview.ModelMonitoringObjectiveSpec.DataDriftSpec(
            features=[column.name for column in fields],
            categorical_metric_type=JENSEN_SHANNON,
            numeric_metric_type=JENSEN_SHANNON,
            default_categorical_alert_condition={"threshold": watch.threshold},
            default_numeric_alert_condition={"threshold": watch.threshold},
            feature_alert_conditions=limits,
        )
        model = f"{location(self._settings)}/models/{watch.model}"
        schema = [{"name": column.name, "data_type": _TYPES[column.type]} for column in fields]
        return preview.ModelMonitor(
            display_name=f"{watch.model} version {watch.version}",
            model_monitoring_target={"vertex_model": {"model": model, "model_version_id": watch.version}},
            training_dataset=_of_query(watch.reference),
            tabular_objective={"feature_drift_spec": drift},
            model_monitoring_schema={"feature_fields": schema},
        )

    def _job(self, target: preview.ModelMonitoringInput, title: str) -> preview.ModelMonitoringJob:
        return preview.ModelMonitoringJob(
            display_name=title,
            model_monitoring_spec={
                "objective_spec": {"target_dataset": target},
                "output_spec": {
                    "gcs_base_directory": {"output_uri_prefix": f"gs://{self._settings.bucket('pipelines')}/monitoring"}
                },
            },
        )

    def _found(self, monitor: str, job: str) -> tuple[Drifted, ...]:
        wanted = preview.SearchModelMonitoringStatsFilter.TabularStatsFilter(
            objective_type=DRIFT, model_monitoring_job=job, algorithm=JENSEN_SHANNON
        )
        request = preview.SearchModelMonitoringStatsRequest(
            model_monitor=monitor, stats_filter={"tabular_stats_filter": wanted}
        )
        found = [
            Drifted(
                each.tabular_stats.stats_name,
                point.current_stats.distribution_value.distribution_deviation,
                point.threshold_value,
                point.has_anomaly,
            )
            for each in self._client.search_model_monitoring_stats(request=request, **READ)
            for point in each.tabular_stats.data_points
        ]
        return tuple(sorted(found, key=lambda drifted: (-drifted.distance, drifted.feature)))

    @property
    def _client(self) -> preview.ModelMonitoringServiceClient:
        return grpc_client(preview.ModelMonitoringServiceClient, self._settings)

    @property
    def _schedules(self) -> preview.ScheduleServiceClient:
        return grpc_client(preview.ScheduleServiceClient, self._settings)


def _of_query(select: str) -> preview.ModelMonitoringInput:
    source: dict[str, Any] = {"bigquery_source": {"query": select}}
    return preview.ModelMonitoringInput(columnized_dataset=source)
