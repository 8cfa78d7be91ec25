"""How the newest snapshots differ from the training data, feature by feature. Reads monitoring, writes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from llmops.analytics.asking import WINDOW_DAYS, SnapshotsWanted, load_query
from telecom.ports import Parameters, Reader

FIGURES = (
    "snapshot_date", "psi", "threshold", "feature_drift_score", "drifted", "ks", "js_divergence", "adjusted_p_value",
    "mean_shift", "variance_ratio", "current_null_share", "largest_category_shift",
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """A measured snapshot; a `score` of 1 or more is drift."""

    snapshot_date: date
    score: float
    drifted: int
    reference_rows: int
    current_rows: int
    model_name: str
    model_version: str
    measured_at: datetime


@dataclass(frozen=True)
class Feature:
    """A feature's figures, one set per snapshot, the newest first; `threshold` is the PSI from which it may drift."""

    feature: str
    kind: str
    points: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Drift:
    """What was measured; features in the order of the newest snapshot's drift, the largest first."""

    snapshots: tuple[Measured, ...]
    features: tuple[Feature, ...]


def drift(reader: Reader, wanted: SnapshotsWanted, today: date) -> Drift:
    """The figures of the newest measured snapshots."""
    asked: Parameters = {"since": today - timedelta(days=WINDOW_DAYS), "today": today, "snapshots": wanted.snapshots}
    return arranged(reader.query(load_query("drift"), asked).to_pylist())


def arranged(rows: Iterable[Mapping[str, Any]]) -> Drift:
    """Rows of `drift.sql` by snapshot and by feature."""
    days: dict[date, list[Mapping[str, Any]]] = {}
    features: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        days.setdefault(row["snapshot_date"], []).append(row)
        point = {name: row[name] for name in FIGURES}
        features.setdefault((row["feature"], row["kind"]), []).append(point)
    return Drift(
        tuple(_measured(found) for found in days.values()),
        tuple(Feature(name, kind, tuple(points)) for (name, kind), points in features.items()),
    )


def _measured(rows: list[Mapping[str, Any]]) -> Measured:
    first = rows[0]
    names = ("snapshot_date", "reference_rows", "current_rows", "model_name", "model_version", "measured_at")
    drifted = sum(row["drifted"] for row in rows)
    return Measured(score=first["churn_feature_drift_score"], drifted=drifted, **{name: first[name] for name in names})
