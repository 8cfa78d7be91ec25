"""The reference of metrics: what services declare, and what jobs publish."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from llmops.agent.telemetry import Telemetry as OfAssistant
from mlops.src.evaluate_churn import FIGURES
from mlops.src.serving.dispatcher_gauges import Gauges
from mlops.src.serving.telemetry import Telemetry as OfChurn
from tools.markdown import cell, code, names, page, table

JOB_GAUGES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "churn/drift_score": ((), "the largest of all features and the score; 1 or more is drift"),
    "churn/feature_drift_score": (("feature",), "the same of one feature"),
    "churn/online_alerts": ((), "figures of the online evaluation whose verdict is bad"),
    "churn/pipeline_failed": (("pipeline",), "how the last run ended: 0 succeeded, 1 failed or cancelled"),
    "churn/pipeline_seconds": (("pipeline",), "how long it took"),
    "churn/score_psi": (("part",), "scores of the last day beside those of training"),
    "churn/weekly_auc": (("end",), "AUC of a week's known outcomes, and the ends of its interval"),
    "ci/coverage": (("of",), "share of the lines, and of the branches, that the last tests of main took; 0 to 1"),
    "ci/test_seconds": ((), "what they took, all added up"),
    "ci/tests": (("outcome",), "how many passed, failed and were skipped"),
}
"""Labels and meaning; a test holds them against the code."""


def metrics_page() -> str:
    """All metrics, by who emits them."""
    lines = [
        "Services show Prometheus metrics on `/metrics`; a sidecar brings them to Cloud Monitoring, with the service's",
        "name as `namespace`. Jobs publish gauges: on one machine as text files below `TELECOM_HOME`, on Google Cloud",
        "as `custom.googleapis.com/NAME`, with the labels `job` and `env` added. What alerts look at is in the",
        "[runbooks](../operations/runbooks.md).",
    ]
    for title, registry in _services():
        lines += ["", f"## {title}", "", *table(("metric", "kind", "labels", "is"), _declared(registry))]
    rows = [(code(name), names(labels) or "–", cell(words)) for name, (labels, words) in sorted(gauges().items())]
    lines += ["", "## Jobs", "", *table(("gauge", "labels", "is"), rows)]
    return page("Metrics", "the services' telemetry and tools/metrics_page.py", lines)


def gauges() -> Mapping[str, tuple[tuple[str, ...], str]]:
    """What jobs publish: labels and meaning by name."""
    tested = {f"churn/test_{name}": (("model_version",), f"{words}, on the test customers") for name, words in FIGURES}
    return {**JOB_GAUGES, **tested}


def _services() -> Iterator[tuple[str, CollectorRegistry]]:
    yield "Assistant", OfAssistant()._registry
    yield "Churn service", OfChurn()._registry
    yield "Dispatcher", Gauges().registry


def _declared(registry: CollectorRegistry) -> list[tuple[str, str, str, str]]:
    rows = []
    for collector in set(registry._collector_to_names):
        labels = tuple(getattr(collector, "_labelnames", ()))
        for family in _families(collector):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            rows.append((code(name), family.type, names(labels) or "–", cell(family.documentation).rstrip(".")))
    return sorted(rows)


def _families(collector: Collector) -> Iterable[Metric]:
    return collector.describe() if hasattr(collector, "describe") else collector.collect()
