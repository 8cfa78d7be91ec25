"""How good probabilities are: ranking (ROC and PR AUC), calibration (Brier, log loss, ECE) and use (precision, recall).

All measures come from two reductions that also take integer row weights, so that a bootstrap is one matrix product:
`Ranking` holds everything that depends only on the order of the scores, and is built once per set of scores.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[Any]
ECE_BINS = 10
TOP_SHARE = 0.10


@dataclass(frozen=True)
class Metrics:
    """Measures of one set of probabilities; NaN where only one class is present.

    Args:
        rows: number of customers.
        prevalence: share of churners.
        roc_auc: probability that a churner is ranked above a stayer (ties count half).
        pr_auc: average precision.
        brier: mean squared error of the probability.
        log_loss: mean negative log-likelihood (nats).
        ece: expected calibration error over ten bins of equal numbers of customers.
        precision: share of churners among those at or above the threshold (NaN where there are none).
        recall: share of churners at or above the threshold.
        precision_top_decile: share of churners among the tenth of the customers with the highest scores.
        recall_top_decile: share of churners in that tenth.
        value_per_customer: mean realised value of treating from the threshold on (currency), if values were given.
    """

    rows: int
    prevalence: float
    roc_auc: float
    pr_auc: float
    brier: float
    log_loss: float
    ece: float
    precision: float
    recall: float
    precision_top_decile: float
    recall_top_decile: float
    value_per_customer: float

    def as_json(self) -> dict[str, float]:
        """The measures as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Ranking:
    """Labels in descending order of score, and the last position of each run of equal scores."""

    order: npt.NDArray[np.intp]
    positive: Floats
    ends: npt.NDArray[np.intp]

    @classmethod
    def of(cls, y: Labels, score: Floats) -> "Ranking":
        """Sort once; scores may be probabilities or margins."""
        order = np.argsort(-np.asarray(score), kind="stable")
        ordered = np.asarray(score)[order]
        ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
        return cls(order, np.asarray(y, dtype=np.float64)[order], ends)

    def curves(self, weights: Floats) -> tuple[Floats, Floats]:
        """Weighted true and false positives (…, runs) down to each run, of weights (…, rows) in row order."""
        ordered = weights[..., self.order]
        caught = np.cumsum(ordered * self.positive, axis=-1)[..., self.ends]
        return caught, np.cumsum(ordered, axis=-1)[..., self.ends] - caught

    def hits_in_top(self, weights: Floats) -> Floats:
        """Weighted positives (…) among the `top_rows` highest scores; the row on the border counts in part."""
        ordered = weights[..., self.order]
        before = np.cumsum(ordered, axis=-1) - ordered
        taken = np.clip(top_rows(len(self.order)) - before, 0.0, ordered)
        return np.asarray(taken @ self.positive)


def top_rows(rows: int) -> int:
    """How many customers the top tenth has; at least one."""
    return max(1, round(TOP_SHARE * rows))


def area_under_roc(caught: Floats, alarms: Floats) -> Any:
    """Area by trapezoids, so that ties count half."""
    before_caught = _shifted(caught)
    area = ((caught + before_caught) / 2 * (alarms - _shifted(alarms))).sum(axis=-1)
    return _ratio(area, caught[..., -1] * alarms[..., -1])


def average_precision(caught: Floats, alarms: Floats) -> Any:
    """Precision at each run of scores, weighted by the recall it adds."""
    precision = _ratio(caught, caught + alarms, empty=0.0)
    return _ratio(((caught - _shifted(caught)) * precision).sum(axis=-1), caught[..., -1])


def roc_auc(y: Labels, score: Floats) -> float:
    """ROC AUC of scores in any monotone scale; NaN where only one class is present."""
    return float(area_under_roc(*Ranking.of(y, score).curves(np.ones(len(score)))))


def brier_terms(y: Labels, probability: Floats) -> Floats:
    """Squared error per row; the mean is the Brier score."""
    return np.asarray((probability - y) ** 2, dtype=np.float64)


def log_loss_terms(y: Labels, probability: Floats) -> Floats:
    """Negative log-likelihood per row, with probabilities kept 1e-15 from 0 and 1."""
    p = np.clip(probability, 1e-15, 1 - 1e-15)
    return np.asarray(-np.where(np.asarray(y) > 0, np.log(p), np.log1p(-p)), dtype=np.float64)


def expected_calibration_error(y: Labels, probability: Floats, bins: int = ECE_BINS) -> float:
    """Mean |observed - predicted| over bins of equal numbers of rows, weighted by size."""
    return float(weighted_calibration_error(y, probability, np.ones(len(probability)), bins))


def weighted_calibration_error(y: Labels, probability: Floats, weights: Floats, bins: int = ECE_BINS) -> Floats:
    """`expected_calibration_error` (…) of rows that count `weights` (…, rows) times, in the bins of the rows alone."""
    order = np.argsort(probability, kind="stable")
    errors = (weights * (np.asarray(y) - probability))[..., order]
    each, more = divmod(len(order), bins)
    starts = [number * each + min(number, more) for number in range(min(bins, len(order)))]
    return np.asarray(np.abs(np.add.reduceat(errors, starts, axis=-1)).sum(axis=-1) / weights.sum(axis=-1))


def evaluate(y: Labels, probability: Floats, threshold: float, value: Floats | None = None) -> Metrics:
    """All measures of one set of probabilities.

    Args:
        y: 0/1 labels.
        probability: of churn, calibrated.
        threshold: decisions are `probability >= threshold`.
        value: realised value per customer (currency) of the decisions, from `EconomicsConfig.realised_value`.
    """
    y = np.asarray(y, dtype=np.float64)
    caught, alarms = Ranking.of(y, probability).curves(np.ones(len(y)))
    treated = probability >= threshold
    top = np.argsort(-probability, kind="stable")[: top_rows(len(y))]
    return Metrics(
        rows=len(y),
        prevalence=float(y.mean()),
        roc_auc=float(area_under_roc(caught, alarms)),
        pr_auc=float(average_precision(caught, alarms)),
        brier=float(brier_terms(y, probability).mean()),
        log_loss=float(log_loss_terms(y, probability).mean()),
        ece=expected_calibration_error(y, probability),
        precision=float(_ratio(y[treated].sum(), treated.sum())),
        recall=float(_ratio(y[treated].sum(), y.sum())),
        precision_top_decile=float(y[top].mean()),
        recall_top_decile=float(_ratio(y[top].sum(), y.sum())),
        value_per_customer=float("nan") if value is None else float(value.mean()),
    )


def _shifted(values: Floats) -> Floats:
    """The values one run earlier, starting from 0."""
    return np.concatenate([np.zeros_like(values[..., :1]), values[..., :-1]], axis=-1)


def _ratio(above: Any, below: Any, empty: float = float("nan")) -> Any:
    """Above / below, and `empty` where below is 0."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64))
    return np.divide(above, below, out=np.full(above.shape, empty), where=below != 0)
