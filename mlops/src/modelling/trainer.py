"""Training: one booster, its calibration and threshold, and the baselines it has to beat."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mlops.src.modelling.calibration import CalibrationChoice, Calibrator, fit_best
from mlops.src.modelling.churn_model import ChurnModel
from mlops.src.modelling.encoding import FeatureSpec, Matrix
from mlops.src.modelling.folds import Rows
from mlops.src.modelling.metrics import Floats, Labels
from mlops.src.modelling.threshold import EconomicsConfig, ThresholdChoice, choose_threshold

DEFAULT_PARAMS: Mapping[str, float | int] = {
    "max_depth": 3,
    "eta": 0.03,
    "min_child_weight": 8.0,
    "subsample": 0.5,
    "colsample_bytree": 0.65,
    "colsample_bynode": 0.45,
    "reg_lambda": 4.0,
    "reg_alpha": 1.2,
}
"""The middle of the plateau that cross-validation found; `tuning` starts from it."""
DEFAULT_ROUNDS = 400


@dataclass(frozen=True)
class Labelled:
    """Encoded rows with labels (0/1) and the exact monthly charges that the economics need."""

    x: Matrix
    y: Labels
    monthly_charges: Floats


@dataclass(frozen=True)
class Trained:
    """A model with the evidence of how its calibration and threshold were chosen."""

    model: ChurnModel
    calibration: CalibrationChoice
    threshold: ThresholdChoice


def training_order(customer_ids: pa.Array | pa.ChunkedArray) -> Rows:
    """Row numbers in the byte order of the ids: training on rows in this order is reproducible."""
    return np.asarray(pc.sort_indices(customer_ids).to_numpy(), dtype=np.intp)


def fit(
    x: Matrix,
    y: Labels,
    features: tuple[FeatureSpec, ...],
    params: Mapping[str, Any] = DEFAULT_PARAMS,
    rounds: int = DEFAULT_ROUNDS,
    seed: int = 0,
) -> Any:
    """Train an `xgboost.Booster`; equal input gives equal bytes on any number of processors.

    Args:
        x: encoded rows, in `training_order`.
        y: 0/1 labels.
        features: names and monotone directions of the columns.
        params: of xgboost; objective, constraints, threads and seed are set here.
        rounds: trees.
        seed: of row and column sampling.
    """
    import xgboost

    data = xgboost.DMatrix(x, label=y, feature_names=[f.name for f in features], nthread=1)
    return xgboost.train(booster_params(features, params, seed), data, rounds)


def booster_params(features: tuple[FeatureSpec, ...], params: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The complete parameters of xgboost. One thread: sums of histograms depend on how rows are dealt to threads."""
    return {
        **params,
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "tree_method": "hist",
        "monotone_constraints": tuple(feature.monotone for feature in features),
        "nthread": 1,
        "seed": seed,
        "verbosity": 1,
    }


def train(
    training: Labelled,
    validation: Labelled,
    features: tuple[FeatureSpec, ...],
    economics: EconomicsConfig,
    params: Mapping[str, Any] = DEFAULT_PARAMS,
    rounds: int = DEFAULT_ROUNDS,
    seed: int = 0,
) -> Trained:
    """Train on the training rows; calibrate, and then choose the threshold, on the validation rows.

    Args:
        training: rows in `training_order`.
        validation: other customers.
        features: of the columns of both.
        economics: the business case of the threshold.
        params: of xgboost.
        rounds: trees.
        seed: of training and of the calibration's folds.
    """
    booster = fit(training.x, training.y, features, params, rounds, seed)
    raw = ChurnModel.from_booster(booster, features, Calibrator("identity"), 0.5, economics)
    margin = raw.margin(validation.x)
    calibration = fit_best(margin, validation.y, seed=seed)
    probability = calibration.calibrator.apply(margin)
    threshold = choose_threshold(validation.y, probability, validation.monthly_charges, economics)
    model = ChurnModel(raw.booster_json, features, calibration.calibrator, threshold.threshold, economics)
    return Trained(model, calibration, threshold)


def library_versions() -> dict[str, str]:
    """Versions of what computes; `xgboost` whichever of its two distributions is installed."""
    found = {}
    for name in ("numpy", "pyarrow", "xgboost", "xgboost-cpu", "optuna", "scipy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
