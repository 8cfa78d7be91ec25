"""Gauges on one machine: one Prometheus text file per job, as node_exporter's textfile collector reads them."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from telecom.adapters._gauges import check_gauges
from telecom.adapters.local._files import beside
from telecom.ports import Sample
from telecom.settings import Settings


class LocalMetrics:
    """Implements `telecom.ports.Metrics` below `<home>/metrics`."""

    def __init__(self, settings: Settings) -> None:
        self._root = settings.home / "metrics"

    def publish(self, job: str, samples: Sequence[Sample]) -> None:
        """Replaces the job's gauges. `churn/auc` becomes `churn_auc`; every sample of a metric has the same labels.

        Raises:
            UsageError: a value is not finite, or a name is none; the gauges stay as they were.
        """
        check_gauges(samples)
        registry = CollectorRegistry()
        gauges: dict[str, Gauge] = {}
        for sample in samples:
            name = sample.metric.replace("/", "_")
            if name not in gauges:
                gauges[name] = Gauge(name, f"Set by the job {job}.", sorted(sample.labels), registry=registry)
            gauge = gauges[name]
            (gauge.labels(**sample.labels) if sample.labels else gauge).set(sample.value)
        with beside(self._root / f"{job}.prom") as part:
            part.write_bytes(generate_latest(registry))
