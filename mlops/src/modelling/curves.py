"""Curves for the report, thinned to what a plot can show."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops.src.modelling.metrics import ECE_BINS, Floats, Labels, Ranking

POINTS = 200
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Curves:
    """Points (x, y) of each curve, at most 200.

    Args:
        roc: false positive rate, true positive rate.
        precision_recall: recall, precision.
        calibration: mean predicted, observed share, over ten bins of equal numbers of customers.
        cumulative_gain: share of customers treated (highest scores first), share of churners reached.
    """

    roc: Points
    precision_recall: Points
    calibration: Points
    cumulative_gain: Points


def curves(y: Labels, probability: Floats) -> Curves:
    """All curves of one set of probabilities; both classes must be present.

    Raises:
        ValueError: only one class is present.
    """
    if not 0 < np.sum(y) < len(y):
        raise ValueError("curves need customers of both classes")
    caught, alarms = Ranking.of(y, probability).curves(np.ones(len(y)))
    recall, fallout = caught / caught[-1], alarms / alarms[-1]
    return Curves(
        roc=_thin(np.append(0.0, fallout), np.append(0.0, recall)),
        precision_recall=_thin(recall, caught / (caught + alarms)),
        calibration=_calibration(y, probability),
        cumulative_gain=_thin(np.append(0.0, caught + alarms) / len(y), np.append(0.0, recall)),
    )


def _thin(x: Floats, y: Floats) -> Points:
    """At most `POINTS` points, evenly spread over the curve's steps, with both ends."""
    kept: npt.NDArray[Any] = np.unique(np.linspace(0, len(x) - 1, min(POINTS, len(x))).round().astype(int))
    return tuple(zip(x[kept].tolist(), y[kept].tolist(), strict=True))


def _calibration(y: Labels, probability: Floats) -> Points:
    order = np.argsort(probability, kind="stable")
    bins = [part for part in np.array_split(order, ECE_BINS) if len(part)]
    return tuple((float(probability[part].mean()), float(np.asarray(y)[part].mean())) for part in bins)
