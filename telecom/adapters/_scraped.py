"""What a service's own /metrics page tells of a revision, as a tally. The names begin with the service's name."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from prometheus_client.parser import text_string_to_metric_families

from telecom.adapters._traffic import tally_of
from telecom.errors import DependencyUnavailable
from telecom.ports import Buckets, Tally

NOT_BUSINESS = frozenset({"/healthz", "/readyz", "/metrics"})


@dataclass(frozen=True)
class Scraped:
    """A tally since the process started, and the model version in service (empty where the page has none)."""

    tally: Tally
    model_version: str


def scraped(service: str, page: str) -> Scraped:
    """Reads a page in Prometheus' text format.

    Raises:
        DependencyUnavailable: it is no such page.
    """
    try:
        samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    except ValueError as error:
        raise DependencyUnavailable(f"The /metrics page of {service} cannot be read: {error}.") from error
    business = [s for s in samples if s.labels.get("route") not in NOT_BUSINESS]
    codes: Counter[str] = Counter()
    for sample in business:
        if sample.name == f"{service}_requests_total":
            codes[sample.labels["code"]] += int(sample.value)
    seconds, scores = (
        _buckets((s.labels["le"], s.value) for s in business if s.name == f"{service}_{name}_bucket")
        for name in ("request_seconds", "score")
    )
    versions = [s.labels.get("version", "") for s in samples if s.name == f"{service}_model_info" and s.value]
    return Scraped(tally_of(codes, seconds, scores), versions[-1] if versions else "")


def _buckets(cumulated: Iterable[tuple[str, float]]) -> Buckets:
    """Of all series together, from (upper bound, observations up to it)."""
    found: Counter[float] = Counter()
    for bound, count in cumulated:
        found[float(bound)] += int(count)
    bounds = sorted(found)
    return Buckets(tuple(bounds[:-1]), tuple(_steps(found[bound] for bound in bounds)) or (0,))


def _steps(cumulated: Iterable[int]) -> Iterator[int]:
    return (after - before for before, after in pairwise((0, *cumulated)))
