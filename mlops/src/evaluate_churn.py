"""Candidate against champion on the same customers.

Reads labelled test customers and two registered models; writes model_metrics and gauges; `promote` moves the alias.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from mlops.src import training_data
from mlops.src.config import ChurnConfig
from mlops.src.model_versions import CHALLENGER, CHAMPION, MODEL, find
from mlops.src.modelling import bundle
from mlops.src.modelling.baselines import LogisticRegression, majority
from mlops.src.modelling.churn_model import ChurnModel
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.gate import Decision, decide
from mlops.src.modelling.gate_checks import Evidence, Scored
from mlops.src.modelling.intervals import Interval, bootstrap
from mlops.src.modelling.metrics import Metrics, evaluate
from mlops.src.modelling.slices import Slice, slices
from mlops.src.training_data import TrainingData
from telecom.errors import NotFound
from telecom.ports import Metrics as Gauges
from telecom.ports import ModelRegistry, ModelVersion, Sample, Warehouse, Write
from telecom.progress import Progress
from telecom.tables import contract

RESULTS = "telecom_monitoring.model_metrics"
FIGURES = (
    ("roc_auc", "ROC AUC"),
    ("pr_auc", "PR AUC"),
    ("brier", "Brier score"),
    ("log_loss", "Log loss"),
    ("ece", "Calibration error (ECE)"),
    ("precision", "Precision at the threshold"),
    ("recall", "Recall at the threshold"),
    ("precision_top_decile", "Precision in the top 10 %"),
    ("recall_top_decile", "Recall in the top 10 %"),
    ("value_per_customer", "Value per customer"),
)


@dataclass(frozen=True)
class Judged:
    """One model on the test customers: probabilities, the threshold it decides with, and its figures."""

    name: str
    scored: Scored
    metrics: Metrics


@dataclass(frozen=True)
class Evaluation:
    """What the comparison found. `intervals` are the candidate's, 95 %."""

    candidate_version: str
    champion_version: str | None
    already_champion: bool
    decision: Decision
    models: tuple[str, ...]
    metrics: Mapping[str, Metrics]
    intervals: Mapping[str, Interval]
    slices: tuple[Slice, ...]
    test_customers: int

    def table(self) -> list[tuple[Any, ...]]:
        """One row per figure: its name, then the value of each model."""
        return [(label, *(getattr(self.metrics[m], name) for m in self.models)) for name, label in FIGURES]

    def headline(self) -> str:
        """The outcome in one line."""
        interval = self.intervals["roc_auc"]
        measured = f"test AUC {interval.estimate:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
        if self.already_champion:
            return f"version {self.candidate_version} is champion already, {measured}"
        verdict = "promoted" if self.decision.promote else f"kept out ({self.decision.reasons[0]})"
        return f"version {self.candidate_version} {verdict}, {measured}"

    def summary(self) -> list[tuple[str, Any]]:
        """The decision as pairs for people."""
        chance = self.decision.noise_promotion_probability
        return [
            ("candidate", f"version {self.candidate_version}"),
            ("champion", f"version {self.champion_version}" if self.champion_version else "none yet"),
            ("promote", "already champion" if self.already_champion else self.decision.promote),
            ("because", " ".join(self.decision.reasons)),
            ("noise alone would be promoted", f"in at most {chance:.1%} of cases"),
            ("test customers", self.test_customers),
        ]


def run(
    warehouse: Warehouse,
    registry: ModelRegistry,
    gauges: Gauges,
    progress: Progress,
    config: ChurnConfig,
    *,
    now: datetime,
) -> Evaluation:
    """Judges the challenger (or, when there is none, the champion itself) and records its figures.

    Raises:
        NotFound: nothing was trained yet.
    """
    progress.start("Comparing on the test customers")
    data = training_data.load(warehouse, most=config.training_rows)
    candidate = find(registry, CHALLENGER) or find(registry, CHAMPION)
    if candidate is None:
        raise NotFound(f"{MODEL} has neither challenger nor champion.", "Run: telecom train")
    found = compare(data, registry, candidate, config)
    _record(warehouse, gauges, found, candidate, now)
    progress.stop()
    return found


def promote(
    warehouse: Warehouse,
    registry: ModelRegistry,
    gauges: Gauges,
    progress: Progress,
    config: ChurnConfig,
    *,
    now: datetime,
) -> Evaluation:
    """`run`, and if the gate says yes the challenger becomes champion."""
    found = run(warehouse, registry, gauges, progress, config, now=now)
    if found.decision.promote and not found.already_champion:
        registry.point(MODEL, CHAMPION, found.candidate_version)
    return found


def compare(data: TrainingData, registry: ModelRegistry, candidate: ModelVersion, config: ChurnConfig) -> Evaluation:
    """Candidate, champion and both baselines on the test customers, and the gate's decision."""
    present = find(registry, CHAMPION)
    same = present is not None and present.version == candidate.version
    champion = None if present is None or same else load_model(registry, present)
    model = load_model(registry, candidate)
    judged = list(judge(data, model, champion, config))
    by_name = {j.name: j for j in judged}
    evidence = Evidence(
        data.test.y,
        by_name["candidate"].scored,
        by_name["champion"].scored if champion else None,
        by_name["logistic regression"].scored.probability,
        by_name["majority"].scored.probability,
        data.test.monthly_charges,
        config.economics,
        data.test.columns,
    )
    scored = by_name["candidate"].scored
    return Evaluation(
        candidate.version,
        present.version if present else None,
        same,
        decide(evidence, config.gate),
        tuple(by_name),
        {j.name: j.metrics for j in judged},
        intervals(data, scored, config),
        slices(data.test.y, scored.probability, scored.threshold, data.test.columns),
        len(data.test.y),
    )


def load_model(registry: ModelRegistry, version: ModelVersion) -> ChurnModel:
    """The verified model of a version.

    Raises:
        ModelRejected: its files are not those that were registered.
    """
    return bundle.load(registry.fetch(MODEL, version.version), expected_digest=version.digest).model


def judge(data: TrainingData, model: ChurnModel, champion: ChurnModel | None, config: ChurnConfig) -> Iterator[Judged]:
    """The candidate, the champion if there is another one, and the baselines, on the test customers."""
    test, train = data.test, data.train
    regression = LogisticRegression.fit(train.x, train.y, CHURN_FEATURES)
    entries = [("candidate", model.predict(test.x), model.threshold)]
    entries += [("champion", champion.predict(test.x), champion.threshold)] if champion else []
    entries += [
        ("logistic regression", regression.predict(test.x), model.threshold),
        ("majority", majority(train.y, len(test.y)), model.threshold),
    ]
    for name, probability, threshold in entries:
        value = config.economics.realised_value(test.y, probability >= threshold, test.monthly_charges)
        yield Judged(name, Scored(probability, threshold), evaluate(test.y, probability, threshold, value))


def intervals(data: TrainingData, scored: Scored, config: ChurnConfig) -> dict[str, Interval]:
    """95 % bootstrap intervals of one model's figures on the test customers."""
    test = data.test
    value = config.economics.realised_value(test.y, scored.probability >= scored.threshold, test.monthly_charges)
    return bootstrap(test.y, scored.probability, scored.threshold, value, seed=config.seed)


def _record(warehouse: Warehouse, gauges: Gauges, found: Evaluation, candidate: ModelVersion, now: datetime) -> None:
    schema = contract(RESULTS).schema
    rows = [row for row in _rows(found, candidate, now) if np.isfinite(row["value"])]
    batch = pa.RecordBatch.from_pylist(rows, schema=schema)
    warehouse.write(Write(RESULTS, [batch], {"model_digest": candidate.digest}))
    measured = found.metrics["candidate"]
    labels = {"model_version": candidate.version}
    values = ((name, getattr(measured, name)) for name, _ in FIGURES)
    gauges.publish("evaluate", [Sample(f"churn/test_{name}", v, labels) for name, v in values if np.isfinite(v)])


def _rows(found: Evaluation, candidate: ModelVersion, now: datetime) -> Iterator[dict[str, Any]]:
    common = {"evaluated_on": now.date(), "evaluated_at": now, "model_digest": candidate.digest}
    for model, metrics in found.metrics.items():
        ours = model == "candidate"
        who: dict[str, Any] = {
            "model_name": MODEL if ours else model,
            "model_version": {"candidate": candidate.version, "champion": found.champion_version}.get(model) or "",
        }
        for name, _ in FIGURES:
            ends = found.intervals.get(name) if ours else None
            yield (
                common
                | who
                | {
                    "metric": name,
                    "slice": "all",
                    "value": getattr(metrics, name),
                    "lower": ends.low if ends else None,
                    "upper": ends.high if ends else None,
                    "customers": metrics.rows,
                }
            )
    who = {"model_name": MODEL, "model_version": candidate.version, "lower": None, "upper": None}
    passed = {"metric": "gate_passed", "slice": "all", "value": float(found.decision.promote)}
    yield common | who | passed | {"customers": found.test_customers}
    for part in found.slices:
        for name in ("roc_auc", "recall", "predicted", "observed"):
            named = {"metric": name, "slice": f"{part.column}={part.value}", "customers": part.rows}
            yield common | who | named | {"value": getattr(part, name)}
