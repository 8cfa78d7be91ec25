"""Gauges in Cloud Monitoring: `churn/auc` is the custom metric `custom.googleapis.com/churn/auc`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from google.cloud.monitoring_v3 import MetricServiceClient, Point, TimeInterval, TimeSeries, TypedValue

from telecom.adapters._gauges import check_gauges
from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import DEADLINE, LATER, ONCE, vendor_errors
from telecom.errors import DependencyUnavailable
from telecom.ports import Sample
from telecom.settings import Settings

DOMAIN = "custom.googleapis.com"
SERIES_PER_CALL = 200
NOT_AT_ONCE = "Publish again, ten seconds later at the soonest: some of the points may have arrived."


class CloudMonitoringMetrics:
    """Implements `telecom.ports.Metrics`: one point per series at the time of publishing, labels `job` and `env` added.

    Metric descriptors come into being with their first point. Monitoring takes a series' points five seconds apart at
    the soonest.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def publish(self, job: str, samples: Sequence[Sample]) -> None:
        """Adds a point to every sample's series, 200 series per call; of two samples of one series the later counts.

        Raises:
            UsageError: a value is not finite, or a name is none; nothing was sent.
            DependencyUnavailable: Cloud Monitoring does not answer, or does not let us in.
        """
        check_gauges(samples)
        now = datetime.now(UTC)
        latest = {(sample.metric, *sorted(sample.labels.items())): sample for sample in samples}
        series = [self._series(job, sample, now) for sample in latest.values()]
        client = grpc_client(MetricServiceClient, self._settings)
        name = f"projects/{self._settings.project}"
        for start in range(0, len(series), SERIES_PER_CALL):
            part = series[start : start + SERIES_PER_CALL]
            with _publishing(job):
                # Not repeated: a point that arrived, its answer lost, would be refused the second time.
                client.create_time_series(name=name, time_series=part, retry=ONCE, timeout=DEADLINE)

    def _series(self, job: str, sample: Sample, now: datetime) -> TimeSeries:
        labels = {**sample.labels, "job": job, "env": self._settings.env}
        value = TypedValue(double_value=sample.value)
        return TimeSeries(
            metric={"type": f"{DOMAIN}/{sample.metric}", "labels": labels},
            resource={"type": "global", "labels": {"project_id": self._settings.project}},
            points=[Point(interval=TimeInterval(end_time=now), value=value)],
        )


@contextmanager
def _publishing(job: str) -> Iterator[None]:
    """As `vendor_errors`, which takes every call for one that is safe to repeat at once."""
    try:
        with vendor_errors(f"Publishing the gauges of {job!r}", NOT_AT_ONCE):
            yield
    except DependencyUnavailable as error:
        if error.remedy != LATER:
            raise
        raise DependencyUnavailable(error.message, NOT_AT_ONCE) from error
