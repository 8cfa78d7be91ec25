"""Somebody else's search for a model, compared with the champion on the same test customers.

Reads labelled customers and the champion; writes telco_churn_training and rows of model_metrics under the name automl.
The registry stays as it is: nothing that a search finds is ever promoted.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops.src import training_data
from mlops.src.config import ChurnConfig
from mlops.src.evaluate_churn import FIGURES, RESULTS, intervals, load_model
from mlops.src.model_versions import champion
from mlops.src.modelling.churn_model import ChurnModel
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.gate_checks import Scored
from mlops.src.modelling.intervals import Interval, bootstrap_auc_difference
from mlops.src.modelling.metrics import Metrics, evaluate
from mlops.src.training_data import TrainingData
from telecom.errors import TelecomError
from telecom.ports import AutoMl, AutoMlResult, AutoMlTask, ModelRegistry, ModelVersion, Warehouse, Write
from telecom.progress import Progress
from telecom.tables import contract

TRAINING = "telecom_gold.telco_churn_training"
AUTOML = "automl"
KEY, LABEL, SPLIT = "customer_id", "churned", "split"
DIFFERENCE = "roc_auc_difference"


@dataclass(frozen=True)
class Comparison:
    """What the search found beside the champion.

    Args:
        champion_version: which the search was compared with.
        description: the best model found, in words.
        tried: models that the search tried.
        same_data: whether the champion learned from the same rows; otherwise the search had others to learn from.
        metrics: of `champion` and `automl` on the same test customers, deciding at the champion's threshold.
        intervals: of the found model's figures, 95 %.
        difference: AUC of the found model less the champion's, with the paired 95 % bootstrap interval.
        test_customers: on whom all of it rests.
    """

    champion_version: str
    description: str
    tried: int
    same_data: bool
    metrics: Mapping[str, Metrics]
    intervals: Mapping[str, Interval]
    difference: Interval
    test_customers: int

    def table(self) -> list[tuple[str, float, float]]:
        """One row per figure: its name, the champion's value, the found model's."""
        champion_s, found = self.metrics["champion"], self.metrics[AUTOML]
        return [(label, getattr(champion_s, name), getattr(found, name)) for name, label in FIGURES]

    def headline(self) -> str:
        """The outcome in one line, saying no more than the interval of the difference says."""
        ours, theirs = (self.metrics[name].roc_auc for name in ("champion", AUTOML))
        gap = self.difference
        measured = (
            f"AutoML AUC {theirs:.3f}, champion {ours:.3f} on {self.test_customers:,} test customers: "
            f"difference {gap.estimate:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]"
        )
        return f"{measured}, {_verdict(gap)}{'' if self.same_data else '; the champion learned from other rows'}"

    def summary(self) -> list[tuple[str, str]]:
        """The comparison as pairs for people."""
        return [
            ("champion", f"version {self.champion_version}"),
            ("found", self.description),
            ("tried", f"{self.tried:,} models"),
            ("same rows to learn from", "yes" if self.same_data else "no"),
            ("outcome", self.headline()),
        ]


def run(
    warehouse: Warehouse,
    registry: ModelRegistry,
    automl: AutoMl,
    progress: Progress,
    config: ChurnConfig,
    *,
    now: datetime,
    minutes: float,
) -> Comparison:
    """Searches for so many minutes and compares what was found with the champion.

    Raises:
        NotFound: there is no champion, or nobody is labelled.
        UsageError: too few are labelled, or the backend's search does not take so few (or many) minutes.
        TelecomError: the search did not predict every test customer once.
    """
    version = champion(registry)
    progress.start("Reading labelled customers")
    data = training_data.load(warehouse, most=config.training_rows)
    model = load_model(registry, version)
    warehouse.write(Write(TRAINING, _rows(data), {}))
    progress.start(f"Searching for a model, about {minutes:g} minutes")
    features = tuple(feature.name for feature in CHURN_FEATURES)
    found = automl.search(AutoMlTask(TRAINING, KEY, features, LABEL, SPLIT, minutes, config.seed))
    progress.start("Comparing on the test customers")
    comparison = compare(data, model, version, found, config)
    _record(warehouse, comparison, version, _digest(data, found), now)
    progress.stop()
    return comparison


def compare(
    data: TrainingData, model: ChurnModel, version: ModelVersion, found: AutoMlResult, config: ChurnConfig
) -> Comparison:
    """The found model and the champion on the test customers, both deciding at the champion's threshold."""
    ours = Scored(model.predict(data.test.x), model.threshold)
    theirs = Scored(aligned(found.predictions, data.test.ids), model.threshold)
    return Comparison(
        version.version,
        found.description,
        found.tried,
        version.notes.get("data_digest") == data.digest,
        {"champion": _measured(data, ours, config), AUTOML: _measured(data, theirs, config)},
        intervals(data, theirs, config),
        bootstrap_auc_difference(data.test.y, theirs.probability, ours.probability, seed=config.seed),
        len(data.test.ids),
    )


def aligned(predictions: pa.Table, ids: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """The predicted probabilities in the order of the ids.

    Raises:
        TelecomError: somebody was left out, predicted twice or is a stranger; or a value is no probability.
    """
    found = dict(zip(predictions[KEY].to_pylist(), predictions["probability"].to_pylist(), strict=True))
    if predictions.num_rows != len(ids) or set(found) != set(ids):
        said = f"The search predicted {predictions.num_rows:,} rows, {len(set(found) & set(ids)):,} of them"
        raise TelecomError(f"{said} among the {len(ids):,} test customers.", "Run the comparison again.")
    values = np.array([found[name] for name in ids], dtype=np.float64)
    if not ((values >= 0) & (values <= 1)).all():
        raise TelecomError("The search predicted values that are no probabilities (0 to 1).")
    return values


def _verdict(gap: Interval) -> str:
    if gap.low > 0:
        return "better on these customers"
    if gap.high < 0:
        return "worse on these customers"
    return "too small to tell from chance"


def _rows(data: TrainingData) -> Iterator[pa.RecordBatch]:
    """The very rows that the champion's trainer would learn from, in its splits."""
    names = contract(TRAINING).schema.names
    for part in (data.train, data.validation, data.test):
        yield from part.table.select(names).to_batches()


def _measured(data: TrainingData, scored: Scored, config: ChurnConfig) -> Metrics:
    test = data.test
    value = config.economics.realised_value(test.y, scored.probability >= scored.threshold, test.monthly_charges)
    return evaluate(test.y, scored.probability, scored.threshold, value)


def _digest(data: TrainingData, found: AutoMlResult) -> str:
    """What stands for the found model's digest: its files are not ours."""
    probability = aligned(found.predictions, data.test.ids)
    return hashlib.sha256(f"{data.digest}\n{found.description}\n".encode() + probability.tobytes()).hexdigest()


def _record(warehouse: Warehouse, comparison: Comparison, version: ModelVersion, digest: str, now: datetime) -> None:
    common = {
        "evaluated_on": now.date(),
        "evaluated_at": now,
        "model_digest": digest,
        "slice": "all",
        "customers": comparison.test_customers,
    }
    rows = [common | row for row in _figures(comparison, version) if np.isfinite(row["value"])]
    batch = pa.RecordBatch.from_pylist(rows, schema=contract(RESULTS).schema)
    warehouse.write(Write(RESULTS, [batch], {"model_digest": digest}))


def _figures(comparison: Comparison, version: ModelVersion) -> Iterator[dict[str, Any]]:
    for model, metrics in comparison.metrics.items():
        found = model == AUTOML
        for name, _ in FIGURES:
            ends = comparison.intervals.get(name) if found else None
            yield {
                "model_name": model,
                "model_version": "" if found else version.version,
                "metric": name,
                "value": getattr(metrics, name),
                "lower": ends.low if ends else None,
                "upper": ends.high if ends else None,
            }
    gap = comparison.difference
    between = {"metric": DIFFERENCE, "value": gap.estimate, "lower": gap.low, "upper": gap.high}
    yield {"model_name": AUTOML, "model_version": ""} | between
