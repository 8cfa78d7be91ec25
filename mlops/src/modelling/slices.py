"""The same measures for parts of the customer base: is the model as good, and as fair, everywhere?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops.src.modelling.metrics import Floats, Labels, roc_auc

SLICE_COLUMNS = ("contract", "internet_service", "senior_citizen", "gender")
ENOUGH_ROWS = 50
ENOUGH_OF_EACH_CLASS = 10


@dataclass(frozen=True)
class Slice:
    """One value of one column.

    Args:
        column: the slicing column.
        value: its value, as text.
        rows: customers in the slice.
        churners: of these.
        roc_auc: within the slice; NaN where only one class is present.
        recall: share of the slice's churners at or above the threshold; NaN where there are none.
        selected: share of the slice at or above the threshold.
        predicted: mean probability.
        observed: share of churners.
    """

    column: str
    value: str
    rows: int
    churners: int
    roc_auc: float
    recall: float
    selected: float
    predicted: float
    observed: float

    @property
    def calibration_gap(self) -> float:
        """Predicted less observed."""
        return self.predicted - self.observed

    @property
    def judged(self) -> bool:
        """Whether there are enough customers of both classes to hold the slice against a floor."""
        smaller = min(self.churners, self.rows - self.churners)
        return self.rows >= ENOUGH_ROWS and smaller >= ENOUGH_OF_EACH_CLASS

    def as_json(self) -> dict[str, Any]:
        """The slice as plain values, with its calibration gap."""
        return asdict(self) | {"calibration_gap": self.calibration_gap}


@dataclass(frozen=True)
class Gap:
    """Largest difference between the judged slices of one column."""

    column: str
    roc_auc: float
    recall: float
    calibration: float

    def as_json(self) -> dict[str, Any]:
        """The gap as plain values."""
        return asdict(self)


def slices(
    y: Labels, probability: Floats, threshold: float, columns: Mapping[str, npt.NDArray[Any]]
) -> tuple[Slice, ...]:
    """One `Slice` per column and value, in the order of the columns and the values' text.

    Args:
        y: 0/1 labels.
        probability: calibrated.
        threshold: decisions are `probability >= threshold`.
        columns: column name to one value per row (text, booleans or numbers).
    """
    found = []
    for column, values in columns.items():
        text = np.asarray(values).astype(str)
        for value in np.unique(text):
            rows = text == value
            found.append(_slice(column, str(value), np.asarray(y)[rows], probability[rows], threshold))
    return tuple(found)


def _slice(column: str, value: str, y: Labels, probability: Floats, threshold: float) -> Slice:
    selected = probability >= threshold
    churners = int(y.sum())
    return Slice(
        column=column,
        value=value,
        rows=len(y),
        churners=churners,
        roc_auc=roc_auc(y, probability),
        recall=float((selected & (y > 0)).sum() / churners) if churners else float("nan"),
        selected=float(selected.mean()),
        predicted=float(probability.mean()),
        observed=churners / len(y),
    )


def gaps(found: tuple[Slice, ...]) -> tuple[Gap, ...]:
    """Per column, the spread of AUC and recall and of the calibration gap over the slices large enough to judge."""
    columns = dict.fromkeys(part.column for part in found)
    return tuple(_gap(column, [p for p in found if p.column == column and p.judged]) for column in columns)


def _gap(column: str, judged: list[Slice]) -> Gap:
    if len(judged) < 2:
        return Gap(column, 0.0, 0.0, 0.0)
    spread = [np.ptp([getattr(p, name) for p in judged]) for name in ("roc_auc", "recall", "calibration_gap")]
    return Gap(column, float(spread[0]), float(spread[1]), float(spread[2]))
