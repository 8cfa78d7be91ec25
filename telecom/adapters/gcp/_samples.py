"""What Cloud Monitoring knows of each revision: answers by status code, latencies, and the scores that were given.

Cloud Run counts requests and latencies itself, failures of its own included. The scores are the service's histogram,
which the Managed Service for Prometheus sidecar brings; without it there are none. Figures are some minutes behind.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

from google.cloud.monitoring_v3 import Aggregation, ListTimeSeriesRequest, MetricServiceClient

from telecom.adapters._traffic import tally_of
from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import DEADLINE, IDEMPOTENT
from telecom.ports import Buckets, Tally
from telecom.settings import Settings

LEAST_SECONDS = 60
MILLISECONDS = 1e-3


@dataclass(frozen=True)
class _Query:
    """Sums of one metric by labels; the first label names the revision."""

    metric: str
    resource: str
    where: Mapping[str, str]
    by: tuple[str, ...]


def of_cloud_run(settings: Settings, service: str, name: str, since: datetime) -> dict[str, Tally]:
    """By revision of the Cloud Run service `name`; `service` opens the names of our own metrics."""
    here = {"resource.labels.service_name": name, "resource.labels.location": settings.region}
    revision, own = "resource.labels.revision_name", "metric.labels.revision_name"
    run, kind = "run.googleapis.com", "cloud_run_revision"
    prometheus = f"prometheus.googleapis.com/{service}_score/histogram"
    return _tallies(
        settings,
        since,
        codes=_Query(f"{run}/request_count", kind, here, (revision, "metric.labels.response_code")),
        seconds=_Query(f"{run}/request_latencies", kind, here, (revision,)),
        scores=_Query(prometheus, "prometheus_target", {"resource.labels.namespace": name}, (own,)),
    )


def of_endpoint(settings: Settings, since: datetime) -> dict[str, Tally]:
    """By id of the models that are deployed to our Vertex AI endpoint; it tells no scores."""
    online, kind = "aiplatform.googleapis.com/prediction/online", "aiplatform.googleapis.com/Endpoint"
    here = {"resource.labels.endpoint_id": settings.endpoint, "resource.labels.location": settings.region}
    deployed = "metric.labels.deployed_model_id"
    total = {"metric.labels.latency_type": "total"}
    return _tallies(
        settings,
        since,
        codes=_Query(f"{online}/response_count", kind, here, (deployed, "metric.labels.response_code")),
        seconds=_Query(f"{online}/prediction_latencies", kind, here | total, (deployed,)),
        scores=None,
    )


def _tallies(
    settings: Settings, since: datetime, *, codes: _Query, seconds: _Query, scores: _Query | None
) -> dict[str, Tally]:
    now = datetime.now(UTC)
    if (now - since).total_seconds() < LEAST_SECONDS:
        return {}
    counted: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for labels, points in _series(settings, codes, since, now):
        counted[labels[0]][labels[1]] += sum(point.int64_value for point in points)
    slow = {labels[0]: _buckets(points, MILLISECONDS) for labels, points in _series(settings, seconds, since, now)}
    given = {
        labels[0]: _buckets(points, 1.0) for labels, points in (_series(settings, scores, since, now) if scores else ())
    }
    return {
        name: tally_of(found, slow.get(name, Buckets()), given.get(name, Buckets())) for name, found in counted.items()
    }


def _series(settings: Settings, query: _Query, since: datetime, now: datetime) -> Iterator[tuple[list[str], list[Any]]]:
    """The labels asked for and the values of every series, summed over everything else."""
    terms = {"metric.type": query.metric, "resource.type": query.resource, **query.where}
    request = ListTimeSeriesRequest(
        name=f"projects/{settings.project}",
        filter=" AND ".join(f'{name} = "{value}"' for name, value in terms.items()),
        interval={"start_time": since, "end_time": now},
        aggregation=Aggregation(
            alignment_period={"seconds": math.ceil((now - since).total_seconds())},
            per_series_aligner=Aggregation.Aligner.ALIGN_DELTA,
            cross_series_reducer=Aggregation.Reducer.REDUCE_SUM,
            group_by_fields=query.by,
        ),
    )
    client = grpc_client(MetricServiceClient, settings)
    for series in client.list_time_series(request=request, retry=IDEMPOTENT, timeout=DEADLINE):
        found = {"resource": series.resource.labels, "metric": series.metric.labels}
        labels = [found[name.split(".")[0]].get(name.rpartition(".")[2], "") for name in query.by]
        yield labels, [point.value for point in series.points]


def _buckets(points: Sequence[Any], unit: float) -> Buckets:
    """The distributions of all points together; `unit` turns their bounds into ours."""
    distributions = [point.distribution_value for point in points if point.distribution_value.count]
    if not distributions:
        return Buckets()
    bounds = tuple(bound * unit for bound in _bounds(distributions[0].bucket_options))
    counts = [0] * (len(bounds) + 1)
    for distribution in distributions:
        for position, count in enumerate(distribution.bucket_counts):
            counts[position] += count
    return Buckets(bounds, tuple(counts))


def _bounds(options: Any) -> Sequence[float]:
    if exponential := options.exponential_buckets if options.HasField("exponential_buckets") else None:
        powers = accumulate(
            [exponential.growth_factor] * exponential.num_finite_buckets, initial=1.0, func=lambda a, b: a * b
        )
        return [exponential.scale * power for power in powers]
    if linear := options.linear_buckets if options.HasField("linear_buckets") else None:
        return [linear.offset + linear.width * step for step in range(linear.num_finite_buckets + 1)]
    return list(options.explicit_buckets.bounds)
