"""Evaluated models with what they were compared with, what they scored, and the runs that made them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from llmops.analytics.asking import WINDOW_DAYS, load_query
from llmops.analytics.customers import Snapshot, snapshots
from telecom.ports import Reader

GATE = "gate_passed"
"""Metric of 1 or 0: whether the promotion gate let the version through."""


@dataclass(frozen=True)
class Figure:
    """A figure on the test customers, with its 95 % interval where there is one."""

    value: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True)
class Version:
    """One evaluated version.

    `beside` are the models of the same evaluation (the champion of that day, the baselines), by name. `gate` is
    `passed`, `refused`, or empty where it was not recorded. `scored_from` and `scored_until` are the first and last
    snapshot that it scored, None where it scored none of those known.
    """

    model_name: str
    model_version: str
    model_digest: str
    evaluated_at: datetime
    customers: int
    figures: Mapping[str, Figure]
    beside: Mapping[str, Mapping[str, float]]
    gate: str
    scored_from: date | None
    scored_until: date | None


@dataclass(frozen=True)
class Models:
    """Versions, the newest first; parts of the customers of the newest; pipeline runs; the model in service by day."""

    versions: tuple[Version, ...]
    slices: tuple[Mapping[str, Any], ...]
    runs: tuple[Mapping[str, Any], ...]
    online: tuple[Mapping[str, Any], ...]


def models(reader: Reader, today: date) -> Models:
    """All of it."""
    window = {"since": today - timedelta(days=WINDOW_DAYS), "today": today}
    rows = {
        name: reader.query(load_query(name), window).to_pylist()
        for name in ("models", "model_slices", "pipeline_runs", "online")
    }
    return Models(
        versions=versions(rows["models"], snapshots(reader, today)),
        slices=tuple(rows["model_slices"]),
        runs=tuple(rows["pipeline_runs"]),
        online=tuple(rows["online"]),
    )


def versions(rows: Iterable[Mapping[str, Any]], scored: Iterable[Snapshot]) -> tuple[Version, ...]:
    """Rows of `models.sql` by evaluation. The model under evaluation is the one whose figures have intervals."""
    evaluations: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        evaluations.setdefault(row["model_digest"], []).append(row)
    days: dict[str, list[date]] = {}
    for snapshot in scored:
        days.setdefault(snapshot.model_version, []).append(snapshot.snapshot_date)
    found = (_version(told, days) for told in evaluations.values())
    return tuple(version for version in found if version)


def f1(precision: float, recall: float) -> float:
    """The harmonic mean of both; 0 where both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _version(rows: list[Mapping[str, Any]], days: Mapping[str, list[date]]) -> Version | None:
    ours = next((row for row in rows if row["lower"] is not None), None)
    if ours is None:
        return None
    by_model: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        by_model.setdefault(row["model_name"], {})[row["metric"]] = row
    told = by_model.pop(ours["model_name"])
    gate = told.pop(GATE, None)
    scored = days.get(ours["model_version"], [])
    return Version(
        **{name: ours[name] for name in ("model_name", "model_version", "model_digest", "evaluated_at", "customers")},
        figures=_with_f1({name: Figure(row["value"], row["lower"], row["upper"]) for name, row in told.items()}),
        beside={name: {metric: row["value"] for metric, row in found.items()} for name, found in by_model.items()},
        gate="" if gate is None else "passed" if gate["value"] else "refused",
        scored_from=min(scored, default=None),
        scored_until=max(scored, default=None),
    )


def _with_f1(figures: dict[str, Figure]) -> dict[str, Figure]:
    if {"precision", "recall"} <= figures.keys():
        return figures | {"f1": Figure(f1(figures["precision"].value, figures["recall"].value))}
    return figures
