"""What a model must beat: always the average, and a plain logistic regression."""

from dataclasses import dataclass

import numpy as np

from mlops.src.modelling.calibration import sigmoid
from mlops.src.modelling.encoding import FeatureSpec, Matrix
from mlops.src.modelling.metrics import Floats, Labels

RIDGE = 1.0


@dataclass(frozen=True)
class LogisticRegression:
    """Logistic regression on standardised numbers and one-hot categories; a missing value counts as the mean.

    Args:
        features: of the matrix columns.
        mean: of the design columns.
        scale: standard deviation of the design columns (1 where they do not vary).
        weights: per design column; the intercept comes last.
    """

    features: tuple[FeatureSpec, ...]
    mean: Floats
    scale: Floats
    weights: Floats

    @classmethod
    def fit(cls, x: Matrix, y: Labels, features: tuple[FeatureSpec, ...]) -> "LogisticRegression":
        """Ridge-penalised maximum likelihood by Newton's method on 0/1 labels."""
        design = _one_hot(x, features)
        mean = np.nan_to_num(np.nanmean(design, axis=0))
        deviation = np.nan_to_num(np.nanstd(design, axis=0))
        scale = np.where(deviation > 1e-12, deviation, 1.0)
        standard = _standard(design, mean, scale)
        penalty = RIDGE * np.eye(standard.shape[1])
        penalty[-1, -1] = 0.0
        weights = np.zeros(standard.shape[1])
        for _ in range(30):
            p = sigmoid(standard @ weights)
            hessian = standard.T @ (standard * (p * (1 - p))[:, None]) + penalty + 1e-9 * np.eye(len(weights))
            step = np.linalg.solve(hessian, standard.T @ (y - p) - penalty @ weights)
            weights = weights + np.clip(step, -2.0, 2.0)
            if np.abs(step).max() < 1e-8:
                break
        return cls(features, mean, scale, weights)

    def predict(self, x: Matrix) -> Floats:
        """Probability of churn (rows,)."""
        return sigmoid(_standard(_one_hot(x, self.features), self.mean, self.scale) @ self.weights)


def majority(y_train: Labels, rows: int) -> Floats:
    """The share of churners in training, for everybody."""
    return np.full(rows, float(np.mean(y_train)))


def _one_hot(x: Matrix, features: tuple[FeatureSpec, ...]) -> Floats:
    columns = []
    for position, feature in enumerate(features):
        values = x[:, position].astype(np.float64)
        if feature.kind != "category":
            columns.append(values)
            continue
        for code in range(1, len(feature.categories)):
            columns.append(np.where(np.isnan(values), np.nan, values == code))
    return np.column_stack(columns)


def _standard(design: Floats, mean: Floats, scale: Floats) -> Floats:
    standard = np.nan_to_num((design - mean) / scale)
    return np.column_stack([standard, np.ones(len(design))])
