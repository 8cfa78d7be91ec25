"""Customers by risk segment, contract, plan and tenure, snapshot by snapshot. Reads gold and silver, writes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from llmops.analytics.asking import SnapshotsWanted, load_query
from llmops.analytics.customers import snapshots
from llmops.tools.scored import MONTHS
from telecom.ports import Parameters, Reader

DIMENSIONS = ("segment", "contract", "plan", "tenure")
ALL = "all"
SUMS = ("customers", "probability", "expected_loss", "labelled", "churned")


@dataclass(frozen=True)
class Part:
    """Customers of a snapshot who share a value (`all`: everybody).

    `expected_loss` is the sum over them of chance times twelve monthly charges. `observed_churn` is the share that
    left among the `labelled`, of whom it is known; None where there are none.
    """

    snapshot_date: date
    value: str
    customers: int
    mean_probability: float
    expected_loss: float
    labelled: int
    observed_churn: float | None


@dataclass(frozen=True)
class Segments:
    """Parts of the newest snapshots; `by` has one list for each dimension and one for `all`."""

    snapshots: tuple[date, ...]
    by: Mapping[str, tuple[Part, ...]]


def segments(reader: Reader, wanted: SnapshotsWanted, today: date) -> Segments:
    """All parts of the newest snapshots."""
    days = [snapshot.snapshot_date for snapshot in snapshots(reader, today)[: wanted.snapshots]]
    if not days:
        return Segments((), dict.fromkeys((ALL, *DIMENSIONS), ()))
    bounds: Parameters = {"since": min(days), "until": max(days), "months": MONTHS}
    cells = reader.query(load_query("segments"), bounds).to_pylist()
    return Segments(tuple(days), {name: rolled_up(cells, name) for name in (ALL, *DIMENSIONS)})


def rolled_up(cells: Iterable[Mapping[str, Any]], dimension: str) -> tuple[Part, ...]:
    """Cells of `segments.sql` added up by one dimension (or `all`), by snapshot and value."""
    sums: dict[tuple[date, str], dict[str, float]] = {}
    for cell in cells:
        value = ALL if dimension == ALL else cell[dimension] or "unknown"
        into = sums.setdefault((cell["snapshot_date"], value), dict.fromkeys(SUMS, 0))
        for name in SUMS:
            into[name] += cell[name]
    return tuple(_part(day, value, found) for (day, value), found in sorted(sums.items()))


def _part(day: date, value: str, found: Mapping[str, float]) -> Part:
    labelled = int(found["labelled"])
    return Part(
        snapshot_date=day,
        value=value,
        customers=int(found["customers"]),
        mean_probability=found["probability"] / found["customers"],
        expected_loss=round(found["expected_loss"], 2),
        labelled=labelled,
        observed_churn=found["churned"] / labelled if labelled else None,
    )
