"""Gathers what the report shows.

Reads scores, drift, labelled customers, the registry and the lake's file names; writes one HTML page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from mlops.src import evaluate_churn, training_data
from mlops.src.config import ChurnConfig
from mlops.src.data_prep_churn import CLEAN
from mlops.src.demo_data import GENERATED
from mlops.src.evaluate_churn import FIGURES, Evaluation
from mlops.src.model_versions import MODEL, champion, listing
from mlops.src.modelling import bundle
from mlops.src.modelling.baselines import LogisticRegression
from mlops.src.modelling.churn_model import ChurnModel
from mlops.src.modelling.curves import curves
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.intervals import bootstrap
from mlops.src.modelling.slices import Slice, gaps
from mlops.src.modelling.threshold import choose_threshold
from mlops.src.report import page, view
from mlops.src.training_data import Part, TrainingData
from mlops.src.utils_bigquery import load_query
from telecom.errors import NotFound
from telecom.ports import ModelRegistry, ModelVersion, Objects, Parameters, Warehouse
from telecom.progress import Progress
from telecom.tables import contract

LOWER_IS_BETTER = ("brier", "log_loss", "ece")
BINS = 50
SLICE_RESAMPLES = 400


@dataclass(frozen=True)
class Reported:
    """The page, and what it is about."""

    page: Path
    snapshot_date: date
    customers: int
    model_version: str


def run(
    warehouse: Warehouse,
    registry: ModelRegistry,
    objects: Objects,
    progress: Progress,
    config: ChurnConfig,
    *,
    out: Path,
    now: datetime,
    snapshot_date: date | None = None,
) -> Reported:
    """Writes `out/index.html` for the given or newest scored snapshot, in the place of an older page.

    Raises:
        NotFound: nothing was scored, or there is no champion.
        ModelRejected: the champion's files do not verify.
    """
    scored = warehouse.query(load_query("scored_snapshot"), {"snapshot_date": snapshot_date}).to_pylist()
    if not scored:
        raise NotFound("No scored snapshot to report on.", "Run: telecom score")
    day, customers = scored[0]["snapshot_date"], int(scored[0]["customers"])
    version = champion(registry)
    if scored[0]["model_version"] != version.version:
        raise NotFound(
            f"Snapshot {day} was scored by version {scored[0]['model_version']}; the champion is {version.version}.",
            f"Run: telecom score --snapshot-date {day}",
        )
    loaded = bundle.load(registry.fetch(MODEL, version.version), expected_digest=version.digest)
    progress.start("Drawing the report")
    config = config.model_copy(update=loaded.model.economics.as_json())
    data = training_data.load(warehouse, most=config.training_rows)
    found = evaluate_churn.compare(data, registry, version, config)
    content = view.ReportData(
        generated_at=now,
        snapshot_date=day,
        customers=customers,
        test_customers=found.test_customers,
        known=_known_outcomes(warehouse, day, loaded),
        generated_customers=generated(warehouse, objects, day),
        identity=_identity(version, loaded, len(listing(registry))),
        metrics=_metrics(found),
        curves=_curves(data, loaded.model),
        economics=_economics(data.test, loaded.model),
        gate=_gate(found),
        slices=tuple(_slice(part, data.test, loaded.model, config.seed) for part in found.slices),
        gaps=tuple((gap.column, gap.roc_auc) for gap in gaps(found.slices)),
        reasons=_reasons(warehouse, day, customers, data.test, loaded.model),
        drift=_drift(warehouse, day, version.version),
        segments=_segments(warehouse, day, loaded.model),
        histogram=_histogram(warehouse, day),
        queue=_queue(warehouse, day, loaded.model),
        boundaries=(("low", 0.0), *loaded.model.segment_bounds.items()),
    )
    path = page.write(content, out)
    progress.stop()
    return Reported(path, day, customers, version.version)


def generated(warehouse: Warehouse, objects: Objects, day: date) -> bool:
    """Whether a file that the snapshot rests on came from a demo's generator, by the name that the lake keeps."""
    sql = f"SELECT DISTINCT source_digest FROM {CLEAN} WHERE snapshot_date = @snapshot_date"
    held = warehouse.query(sql, {"snapshot_date": day})["source_digest"].to_pylist()
    digests = tuple(digest[:16] for digest in held)
    names = (key.rpartition("/")[2] for key in objects.keys(f"bronze/churn/snapshot_date={day.isoformat()}/"))
    return any(GENERATED in name and name.startswith(digests) for name in names)


def _known_outcomes(warehouse: Warehouse, day: date, loaded: bundle.Bundle) -> view.KnownOutcomes:
    """How many of the scored customers are no prediction: their outcome is known, some even taught the model."""
    taught = day.isoformat() in loaded.manifest["notes"]["snapshots"]
    (row,) = warehouse.query(load_query("report_known"), {"snapshot_date": day}).to_pylist()
    return view.KnownOutcomes(row["known"], row["train"] if taught else 0)


def _identity(version: ModelVersion, loaded: bundle.Bundle, registered: int) -> view.Identity:
    manifest, notes = loaded.manifest, loaded.manifest["notes"]
    return view.Identity(
        model_name=version.name,
        model_version=version.version,
        model_digest=version.digest,
        data_digest=manifest["training_data_digest"],
        git_commit=notes["git_commit"],
        trained_at=datetime.fromisoformat(notes["trained_at"]),
        registered_versions=registered,
        seed=manifest["seed"],
        features=tuple(feature["name"] for feature in manifest["features"]),
        parameters=tuple((name, f"{value:.4g}") for name, value in sorted(manifest["params"].items())),
        library_versions=tuple(sorted(manifest["libraries"].items())),
        training_rows=notes["training_rows"],
        validation_rows=notes["validation_rows"],
        test_rows=notes["test_rows"],
        churn_rate=notes["churn_rate"],
        training_snapshots=tuple(date.fromisoformat(day) for day in notes["snapshots"]),
    )


def _metrics(found: Evaluation) -> tuple[view.MetricRow, ...]:
    rows = []
    for name, label in FIGURES:
        values = [_known(getattr(found.metrics[m], name)) for m in ("logistic regression", "majority")]
        interval = found.intervals.get(name)
        ends = (interval.low, interval.high) if interval else (float("nan"), float("nan"))
        better = "lower" if name in LOWER_IS_BETTER else "higher"
        measured = float(getattr(found.metrics["candidate"], name))
        rows.append(view.MetricRow(label, better, measured, *ends, *values))
    return tuple(rows)


def _curves(data: TrainingData, model: ChurnModel) -> view.Curves:
    test = data.test
    probability = model.predict(test.x)
    regression = LogisticRegression.fit(data.train.x, data.train.y, CHURN_FEATURES).predict(test.x)
    ours, theirs = curves(test.y, probability), curves(test.y, regression)
    value = choose_threshold(test.y, probability, test.monthly_charges, model.economics).curve
    per_bin = len(test.y) // len(ours.calibration)
    return view.Curves(
        roc=ours.roc,
        roc_baseline=theirs.roc,
        precision_recall=ours.precision_recall,
        precision_recall_baseline=theirs.precision_recall,
        calibration=tuple((predicted, observed, per_bin) for predicted, observed in ours.calibration),
        gain=ours.cumulative_gain,
        value=value,
    )


def _economics(test: Part, model: ChurnModel) -> view.Economics:
    treated = model.predict(test.x) >= model.threshold
    value = model.economics.realised_value(test.y, treated, test.monthly_charges)
    return view.Economics(
        threshold=model.threshold,
        value_per_customer=float(value.mean()),
        treated_share=float(treated.mean()),
        horizon_months=model.economics.horizon_months,
        offer_cost=model.economics.offer_cost,
        save_rate=model.economics.save_rate,
        margin=model.economics.gross_margin,
    )


def _gate(found: Evaluation) -> view.Gate:
    decision = found.decision
    return view.Gate(
        promote=decision.promote,
        already_champion=found.already_champion,
        reasons=decision.reasons,
        checks=tuple(view.CheckRow(c.name, c.passed, c.sentence) for c in decision.checks),
        noise_promotion_probability=decision.noise_promotion_probability,
        noise_method=decision.noise_method,
    )


def _slice(part: Slice, test: Part, model: ChurnModel, seed: int) -> view.SliceRow:
    rows = test.columns[part.column].astype(str) == part.value
    ends: tuple[float | None, float | None] = (None, None)
    if part.judged:
        drawn = bootstrap(
            test.y[rows], model.predict(test.x[rows]), model.threshold, resamples=SLICE_RESAMPLES, seed=seed
        )["roc_auc"]
        ends = (_known(drawn.low), _known(drawn.high))
    return view.SliceRow(
        column=part.column,
        value=part.value,
        customers=part.rows,
        churn_rate=part.observed,
        mean_probability=part.predicted,
        auc=_known(part.roc_auc) if part.judged else None,
        auc_lower=ends[0],
        auc_upper=ends[1],
        recall=_known(part.recall) if part.judged else None,
    )


def _reasons(
    warehouse: Warehouse, day: date, customers: int, test: Part, model: ChurnModel
) -> tuple[view.ReasonRow, ...]:
    contributions = model.trees.contributions(test.x)
    told = warehouse.query(load_query("report_reasons"), {"snapshot_date": day}).to_pylist()
    share = {row["feature"]: row["customers"] / customers for row in told}
    table = contract("telecom_gold.telco_churn_features")
    rows = [
        view.ReasonRow(
            feature=feature.name,
            label=table.column(feature.name).reason,
            mean_absolute=float(np.abs(contributions[:, position]).mean()),
            mean_signed=float(contributions[:, position].mean()),
            share_as_reason=share.get(feature.name, 0.0),
        )
        for position, feature in enumerate(model.features)
    ]
    return tuple(sorted(rows, key=lambda row: -row.mean_absolute))


def _drift(warehouse: Warehouse, day: date, version: str) -> view.Drift | None:
    found = warehouse.query(load_query("report_drift"), {"snapshot_date": day, "model_version": version}).to_pylist()
    if not found:
        return None
    first = found[0]
    return view.Drift(
        score=first["churn_feature_drift_score"],
        drifted=any(row["drifted"] for row in found),
        reference_rows=first["reference_rows"],
        current_rows=first["current_rows"],
        rows=tuple(_drift_row(row) for row in found),
    )


def _drift_row(row: Mapping[str, Any]) -> view.DriftRow:
    names = ("feature", "kind", "psi", "threshold", "ks", "adjusted_p_value", "mean_shift", "drifted")
    return view.DriftRow(**{name: row[name] for name in names}, null_share=row["current_null_share"])


def _segments(warehouse: Warehouse, day: date, model: ChurnModel) -> tuple[view.SegmentRow, ...]:
    at: Parameters = {"snapshot_date": day, "horizon_months": model.economics.horizon_months}
    return tuple(view.SegmentRow(**row) for row in warehouse.query(load_query("report_segments"), at).to_pylist())


def _histogram(warehouse: Warehouse, day: date) -> tuple[tuple[float, int], ...]:
    found = warehouse.query(load_query("report_histogram"), {"snapshot_date": day}).to_pylist()
    counts = {row["bin"]: row["customers"] for row in found}
    return tuple((bin_ / BINS, counts.get(bin_, 0)) for bin_ in range(BINS))


def _queue(warehouse: Warehouse, day: date, model: ChurnModel) -> tuple[view.QueueRow, ...]:
    at: Parameters = {"snapshot_date": day, "horizon_months": model.economics.horizon_months}
    return tuple(
        view.QueueRow(
            customer_id=row["customer_id"],
            probability=row["churn_probability"],
            segment=row["risk_segment"],
            monthly_charges=row["monthly_charges"],
            expected_loss=row["expected_loss"],
            reasons=tuple((r["feature"], r["value"], r["contribution"]) for r in row["top_reasons"]),
        )
        for row in warehouse.query(load_query("report_queue"), at).to_pylist()
    )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
