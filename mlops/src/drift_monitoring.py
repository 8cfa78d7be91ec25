"""How a snapshot differs from what the champion was trained on.

Reads telco_churn_features and telco_churn_scored, writes feature_drift_metrics and two gauges.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime

import pyarrow as pa

from mlops.src.drift.decision import judge, overall
from mlops.src.drift.measure import FEATURES, profile_rows
from mlops.src.drift.profile import ColumnProfile, Profile
from mlops.src.drift.result import Drift
from mlops.src.feature_store_loader import resolve_snapshot
from mlops.src.modelling import bundle
from telecom.errors import ModelRejected, NotFound
from telecom.ports import Metrics, ModelRegistry, ModelVersion, Parameters, Sample, Warehouse, Write
from telecom.tables import contract

SCORED = "telecom_gold.telco_churn_scored"
METRICS_TABLE = "telecom_monitoring.feature_drift_metrics"


def check(
    warehouse: Warehouse,
    registry: ModelRegistry,
    metrics: Metrics,
    champion: ModelVersion,
    *,
    snapshot_date: date | None = None,
    now: datetime,
) -> Drift:
    """`run` for a registered model, whose bundle holds the reference, on the given snapshot or (None) the newest.

    Raises:
        NotFound: the snapshot was not prepared, or the model's bundle is gone or has no reference.
        ModelRejected: the bundle does not verify, or its reference is not of our features.
    """
    day, _ = resolve_snapshot(warehouse, snapshot_date)
    kept = bundle.load(registry.fetch(champion.name, champion.version), expected_digest=champion.digest).reference
    if not kept:
        message = f"{champion.name} version {champion.version} was registered without a reference profile."
        raise NotFound(message, "Train the model again.")
    return run(
        warehouse,
        metrics,
        reference=Profile.from_json(kept),
        model_name=champion.name,
        model_version=champion.version,
        snapshot_date=day,
        now=now,
    )


def run(
    warehouse: Warehouse,
    metrics: Metrics,
    *,
    reference: Profile,
    model_name: str,
    model_version: str,
    snapshot_date: date,
    now: datetime,
) -> Drift:
    """Measures one snapshot, replaces its rows of `feature_drift_metrics` and publishes the gauges.

    Does not raise on drift: the caller decides what `Drift.drifted` means.

    Raises:
        NotFound: the snapshot has no customers, or the reference no rows.
        ModelRejected: the reference holds a column that is no feature of ours.
    """
    pairs = _pairs(warehouse, reference, model_name, model_version, snapshot_date)
    features = judge(pairs)
    drift = Drift(
        snapshot_date=snapshot_date,
        model_name=model_name,
        model_version=model_version,
        reference_rows=reference.rows,
        current_rows=pairs[0][1].rows,
        features=features,
        score=overall(features),
        drifted=any(feature.drifted for feature in features),
    )
    warehouse.write(Write(METRICS_TABLE, [_as_batch(drift, now)], {"snapshot_date": snapshot_date}))
    metrics.publish("drift", _samples(drift))
    return drift


def _pairs(
    warehouse: Warehouse, reference: Profile, model_name: str, model_version: str, snapshot_date: date
) -> list[tuple[ColumnProfile, ColumnProfile]]:
    """Reference and current profile of each feature, and of the score if this model scored the snapshot."""
    _check_reference(reference)
    at: Parameters = {"snapshot_date": snapshot_date}
    of_snapshot = "snapshot_date = @snapshot_date"
    current = profile_rows(warehouse, [c.bins for c in reference.columns], FEATURES, of_snapshot, at)
    if not current[0].rows:
        raise NotFound(f"{FEATURES} has no customers of {snapshot_date}.", "Run `telecom prepare`.")
    pairs = list(zip(reference.columns, current, strict=True))
    if reference.score:
        of_model = f"{of_snapshot} AND model_name = @model_name AND model_version = @model_version"
        model: Parameters = {**at, "model_name": model_name, "model_version": model_version}
        (scores,) = profile_rows(warehouse, [reference.score.bins], SCORED, of_model, model)
        pairs += [(reference.score, scores)] if scores.rows else []
    return pairs


def _check_reference(reference: Profile) -> None:
    if not reference.rows or not reference.columns:
        raise NotFound("The champion's reference profile is empty.", "Train the model again.")
    known = {column.name for column in contract(FEATURES).features}
    if unknown := sorted({column.bins.name for column in reference.columns} - known):
        message = f"The reference profile has {unknown}, which are not features of {FEATURES}."
        raise ModelRejected(message, "Train the model again.")


def _as_batch(drift: Drift, now: datetime) -> pa.RecordBatch:
    shared = {
        "snapshot_date": drift.snapshot_date,
        "churn_feature_drift_score": drift.score,
        "model_name": drift.model_name,
        "model_version": drift.model_version,
        "measured_at": now,
    }
    rows = [asdict(feature) | shared for feature in drift.features]
    return pa.RecordBatch.from_pylist(rows, schema=contract(METRICS_TABLE).schema)


def _samples(drift: Drift) -> Sequence[Sample]:
    scores = {feature.feature: feature.feature_drift_score for feature in drift.features}
    each = [Sample("churn/feature_drift_score", score, {"feature": name}) for name, score in scores.items()]
    return [*each, Sample("churn/drift_score", drift.score)]
