"""How good the model is on a labelled Telco CSV: cross-validated, beside its baselines, and on permuted labels.

    python -m benchmarks.quality --csv Telco-Customer-Churn.csv

The file goes through the project's own ingestion and preparation; every model is fitted inside the fold.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mlops.src import data_ingestion, data_prep_churn, training_data
from mlops.src.modelling.baselines import LogisticRegression
from mlops.src.modelling.encoding import Matrix
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.folds import stratified_folds
from mlops.src.modelling.metrics import Floats, Labels, brier_terms, roc_auc
from mlops.src.modelling.trainer import DEFAULT_PARAMS, DEFAULT_ROUNDS, fit
from telecom.bootstrap import Platform
from telecom.progress import Silent
from telecom.settings import Settings

FOLDS = 5
SHUFFLES = 3
Learner = Callable[[Matrix, Labels, Matrix, int], Floats]


@dataclass(frozen=True)
class Quality:
    """Means over folds and shuffles, and the standard deviation over shuffles of the AUC."""

    auc: float
    brier: float
    auc_spread: float


def load(csv: Path) -> tuple[Matrix, Labels]:
    """Every labelled customer of a CSV, as the model sees them, in the order of their ids."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with TemporaryDirectory(prefix="telecom-quality-") as home:
        ports = Platform(Settings(home=Path(home)))
        data_ingestion.run(ports.warehouse, ports.objects, Silent(), csv=str(csv), snapshot_date=now.date(), now=now)
        data_prep_churn.run(ports.warehouse, Silent(), now=now)
        data = training_data.load(ports.warehouse, most=10**9)
    parts = (data.train, data.validation, data.test)
    order = np.argsort(np.concatenate([np.array(part.ids) for part in parts]))
    return np.concatenate([p.x for p in parts])[order], np.concatenate([p.y for p in parts])[order]


def ours(x: Matrix, y: Labels, unseen: Matrix, seed: int) -> Floats:
    """The shipped booster with its default parameters, before calibration."""
    return _boosted(x, y, unseen, seed, DEFAULT_PARAMS, DEFAULT_ROUNDS)


def untuned(x: Matrix, y: Labels, unseen: Matrix, seed: int) -> Floats:
    """XGBoost as it comes: depth 6, eta 0.3, 100 trees, no monotone constraints."""
    import xgboost

    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1, "seed": seed}, xgboost.DMatrix(x, y), 100)
    return np.asarray(booster.inplace_predict(unseen), dtype=np.float64)


def logistic(x: Matrix, y: Labels, unseen: Matrix, seed: int) -> Floats:
    """The logistic regression that the promotion gate uses."""
    return LogisticRegression.fit(x, y, CHURN_FEATURES).predict(unseen)


def _boosted(x: Matrix, y: Labels, unseen: Matrix, seed: int, params: Mapping[str, Any], rounds: int) -> Floats:
    booster = fit(x, y, CHURN_FEATURES, params, rounds, seed)
    return np.asarray(booster.inplace_predict(unseen), dtype=np.float64)


def cross_validate(x: Matrix, y: Labels, learner: Learner, shuffles: int = SHUFFLES) -> Quality:
    """Mean AUC and Brier score over stratified folds and shuffles; seeds 0, 1, …"""
    areas, errors = [], []
    for seed in range(shuffles):
        for train, test in stratified_folds(y, FOLDS, seed):
            p = learner(x[train], y[train], x[test], seed)
            areas.append(roc_auc(y[test], p))
            errors.append(float(brier_terms(y[test], p).mean()))
    by_shuffle = np.reshape(areas, (shuffles, FOLDS)).mean(axis=1)
    return Quality(float(np.mean(areas)), float(np.mean(errors)), float(by_shuffle.std()))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, required=True, help="labelled Telco CSV")
    x, y = load(parser.parse_args().csv)
    print(f"{len(y):,} customers, {y.mean():.1%} left; {SHUFFLES} x {FOLDS} folds")
    learners: dict[str, Learner] = {"this model": ours, "logistic regression": logistic, "untuned XGBoost": untuned}
    for name, learner in learners.items():
        found = cross_validate(x, y, learner)
        print(f"{name:<22} AUC {found.auc:.4f} (± {found.auc_spread:.4f} over shuffles)   Brier {found.brier:.4f}")
    permuted = [cross_validate(x, np.random.default_rng(seed).permutation(y), ours, 1).auc for seed in range(3)]
    print(f"{'labels permuted':<22} AUC {min(permuted):.3f} to {max(permuted):.3f}")


if __name__ == "__main__":
    main()
