"""From margins to probabilities that mean what they say: Platt scaling or isotonic regression, in numpy."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mlops.src.modelling.folds import stratified_folds

Floats = npt.NDArray[np.float64]
Method = Literal["identity", "platt", "isotonic"]
CLIP = 1e-6
METHODS: tuple[Method, ...] = ("identity", "platt", "isotonic")
"""`identity` is never chosen; its loss is recorded beside the others to show what calibration was worth."""


@dataclass(frozen=True)
class Calibrator:
    """A monotone map from the margin (log-odds) to a probability in (1e-6, 1 - 1e-6).

    Args:
        method: `identity` is the sigmoid alone, `platt` the sigmoid of `slope * margin + intercept`, `isotonic`
            straight lines between knots.
        slope: of Platt, positive.
        intercept: of Platt.
        knots: margins of the isotonic map, ascending.
        levels: probabilities at the knots, not descending.
    """

    method: Method
    slope: float = 1.0
    intercept: float = 0.0
    knots: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()

    def apply(self, margin: Floats) -> Floats:
        """Calibrated probabilities of margins."""
        if self.method == "isotonic":
            probability = np.interp(margin, self.knots, self.levels)
        else:
            probability = sigmoid(self.slope * np.asarray(margin, dtype=np.float64) + self.intercept)
        return np.clip(probability, CLIP, 1.0 - CLIP)

    def as_json(self) -> dict[str, Any]:
        """The map as plain values."""
        return {
            "method": self.method,
            "slope": self.slope,
            "intercept": self.intercept,
            "knots": list(self.knots),
            "levels": list(self.levels),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Calibrator":
        """The inverse of `as_json`.

        Raises:
            ValueError: the map would not be monotone.
        """
        calibrator = cls(data["method"], data["slope"], data["intercept"], tuple(data["knots"]), tuple(data["levels"]))
        rising = np.all(np.diff(calibrator.knots) > 0) and np.all(np.diff(calibrator.levels) >= 0)
        sized = len(calibrator.knots) == len(calibrator.levels) and (data["method"] != "isotonic" or calibrator.knots)
        if data["method"] not in METHODS or calibrator.slope <= 0 or not rising or not sized:
            raise ValueError(f"not a monotone calibration: {data['method']!r}")
        return calibrator


@dataclass(frozen=True)
class CalibrationChoice:
    """The chosen calibrator and the cross-validated log loss of every method that was tried."""

    calibrator: Calibrator
    log_loss: dict[str, float]


def sigmoid(margin: Floats) -> Floats:
    """1 / (1 + exp(-margin)), without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(margin, dtype=np.float64))))


def fit_platt(margin: Floats, y: npt.NDArray[Any], steps: int = 50) -> Calibrator:
    """Slope and intercept of greatest likelihood by Newton's method, on Platt's smoothed targets (Platt, 1999)."""
    y = np.asarray(y, dtype=np.float64)
    positives, negatives = y.sum(), len(y) - y.sum()
    target = np.where(y > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.column_stack([margin, np.ones(len(margin))])
    weights = np.array([1.0, 0.0])
    for _ in range(steps):
        p = sigmoid(design @ weights)
        hessian = design.T @ (design * (p * (1 - p))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, design.T @ (target - p))
        weights = weights + np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-10:
            break
    # BLAS sums in an order that depends on processor and threads: the last digits would not be the data's.
    return Calibrator("platt", round(float(max(weights[0], 1e-3)), 9), round(float(weights[1]), 9))


def fit_isotonic(margin: Floats, y: npt.NDArray[Any]) -> Calibrator:
    """Least-squares monotone steps (pool adjacent violators), joined by straight lines between their midpoints."""
    from scipy.optimize import isotonic_regression

    order = np.argsort(margin, kind="stable")
    ascending, first = np.unique(np.asarray(margin, dtype=np.float64)[order], return_index=True)
    counts = np.diff(np.append(first, len(order)))
    means = np.add.reduceat(np.asarray(y, dtype=np.float64)[order], first) / counts
    levels = isotonic_regression(means, weights=counts).x
    starts = np.flatnonzero(np.append(True, np.diff(levels) > 0))
    weights = np.add.reduceat(counts, starts)
    knots = np.add.reduceat(ascending * counts, starts) / weights
    return Calibrator("isotonic", knots=tuple(knots.tolist()), levels=tuple(levels[starts].tolist()))


def fit_best(margin: Floats, y: npt.NDArray[Any], *, folds: int = 5, seed: int = 0) -> CalibrationChoice:
    """Platt or isotonic, by cross-validated log loss; isotonic must win by more than one standard error.

    Isotonic maps make ties, which cost AUC, and follow the noise of a small validation set: hence the handicap.

    Args:
        margin: log-odds on validation rows, which the booster has not been trained on.
        y: 0/1 labels.
        folds: of the cross-validation.
        seed: of the folds.
    """
    margin = np.asarray(margin, dtype=np.float64)
    losses = {method: np.empty(len(y)) for method in METHODS}
    for train, test in stratified_folds(y, folds, seed):
        for method in METHODS:
            p = fit(method, margin[train], y[train]).apply(margin[test])
            losses[method][test] = -np.log(np.where(y[test] > 0, p, 1 - p))
    gain = losses["platt"] - losses["isotonic"]
    best: Method = "isotonic" if gain.mean() > gain.std(ddof=1) / np.sqrt(len(y)) else "platt"
    return CalibrationChoice(fit(best, margin, y), {m: float(loss.mean()) for m, loss in losses.items()})


def fit(method: Method, margin: Floats, y: npt.NDArray[Any]) -> Calibrator:
    """Fit one method on margins and labels."""
    if method == "platt":
        return fit_platt(margin, y)
    return fit_isotonic(margin, y) if method == "isotonic" else Calibrator("identity")
