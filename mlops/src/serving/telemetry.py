"""What the service tells of itself: Prometheus metrics, and one log line per request without anybody's data."""

import logging
import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from mlops.src.serving.churn_answers import Scored
from mlops.src.serving.predictor import Predictor
from telecom.serving.answers import Answer

log = logging.getLogger(__name__)

SECONDS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SCORES = tuple(round(0.05 * step, 2) for step in range(1, 21))
ROUTES = ("predict", "risk")


class ScoreHistogram(Collector):
    """`churn_score`: how many probabilities fell where. Takes a whole batch at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = [0] * len(SCORES)
        self._sum = 0.0

    def add(self, probabilities: Sequence[float]) -> None:
        """Counts probabilities."""
        places = [bisect_left(SCORES, p) for p in probabilities]
        with self._lock:
            for place in places:
                self._counts[place] += 1
            self._sum += sum(probabilities)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """As Prometheus reads it: cumulative counts."""
        with self._lock:
            counts, total = list(self._counts), self._sum
        reached, buckets = 0, []
        for bound, count in zip(SCORES, counts, strict=True):
            reached += count
            buckets.append((str(bound), reached))
        family = HistogramMetricFamily("churn_score", "Calibrated probabilities that were answered.")
        family.add_metric([], [*buckets, ("+Inf", reached)], total)
        yield family


class Telemetry:
    """Counts, times and logs.

    Args:
        logged: which requests that went well get a line, too: all, none, or those whose trace is sampled.
    """

    def __init__(self, logged: Literal["all", "sampled", "failures"] = "all") -> None:
        self._logged = logged
        self._registry = CollectorRegistry()
        registry = self._registry
        self._requests = Counter("churn_requests", "Requests, by answer.", ["route", "code"], registry=registry)
        self._answers: dict[tuple[str, int], Counter] = {}
        seconds = Histogram(
            "churn_request_seconds", "From request to answer.", ["route"], buckets=SECONDS, registry=registry
        )
        self._seconds = {route: seconds.labels(route) for route in ROUTES}
        self._info = Gauge("churn_model_info", "The version in service.", ["version", "digest"], registry=registry)
        self._failures = Counter("churn_reload_failures", "Versions that were not put into service.", registry=registry)
        self._running = Gauge("churn_requests_running", "Requests being answered.", registry=registry)
        self._scores = ScoreHistogram()
        registry.register(self._scores)

    def scored(self, probabilities: Sequence[float]) -> None:
        """Counts probabilities that are about to be answered."""
        self._scores.add(probabilities)

    def answered(self, route: str, answer: Answer, seconds: float, *, sampled: bool) -> None:
        """Counts, times and logs a request."""
        status, instances = answer.status, answer.instances if isinstance(answer, Scored) else 0
        if (answers := self._answers.get((route, status))) is None:
            answers = self._answers[route, status] = self._requests.labels(route, status)
        answers.inc()
        self._seconds[route].observe(seconds)
        if status >= 400 or self._logged == "all" or (self._logged == "sampled" and sampled):
            told = {"route": route, "status": status, "ms": round(seconds * 1000, 2), "instances": instances}
            log.log(logging.ERROR if status >= 500 else logging.INFO, "Answered.", extra={"fields": told})

    def served(self, predictor: Predictor) -> None:
        """Tells the version in service."""
        self._info.clear()
        self._info.labels(predictor.version, predictor.digest).set(1)

    def reload_failed(self, _: object) -> None:
        """Counts a version that was not put into service."""
        self._failures.inc()

    def page(self, running: int) -> bytes:
        """All metrics in Prometheus' text format."""
        self._running.set(running)
        return generate_latest(self._registry)
