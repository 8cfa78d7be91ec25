"""Hyper-parameter search: Optuna's TPE over the plateau that works, scored by cross-validated log loss."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops.src.modelling.encoding import FeatureSpec, Matrix
from mlops.src.modelling.folds import Rows, stratified_folds
from mlops.src.modelling.metrics import Floats, Labels
from mlops.src.modelling.trainer import DEFAULT_PARAMS, booster_params


@dataclass(frozen=True)
class TuningConfig:
    """How long and how widely to search.

    Args:
        trials: parameter sets tried; the first is `DEFAULT_PARAMS`.
        folds: of the cross-validation, the same for all trials.
        max_rounds: most trees a model may have.
        patience: rounds without improvement of a fold after which it stops.
        max_rows: rows used; more are thinned by hash of their key.
        threads: folds trained at once; each training uses one thread, so results do not depend on it.
    """

    trials: int = 25
    folds: int = 4
    max_rounds: int = 400
    patience: int = 40
    max_rows: int = 20_000
    threads: int = 2


@dataclass(frozen=True)
class Trial:
    """One parameter set at its best number of rounds: log loss (nats) of each fold."""

    params: Mapping[str, Any]
    rounds: int
    fold_losses: tuple[float, ...]

    @property
    def log_loss(self) -> float:
        """Mean over the folds."""
        return float(np.mean(self.fold_losses))

    def as_json(self) -> dict[str, Any]:
        """The trial as plain values."""
        return asdict(self) | {"log_loss": self.log_loss}


@dataclass(frozen=True)
class Tuned:
    """The chosen parameters and rounds, and every trial in order."""

    params: Mapping[str, Any]
    rounds: int
    history: tuple[Trial, ...]


@dataclass(frozen=True)
class _Fold:
    """One fold as xgboost holds it; binned once, used by every trial."""

    train: Any
    test: Any


def tune(
    x: Matrix,
    y: Labels,
    features: tuple[FeatureSpec, ...],
    keys: Iterable[str],
    config: TuningConfig | None = None,
    seed: int = 0,
    on_trial: Callable[[], None] | None = None,
) -> Tuned:
    """Search parameters and rounds on training rows.

    Args:
        x: encoded rows, in `training_order`.
        y: 0/1 labels.
        features: of the columns.
        keys: one stable key per row (customer id); decides which rows are kept when there are too many.
        config: of the search; None is `TuningConfig()`.
        seed: of folds, sampling and search.
        on_trial: called after each trial, to show progress.
    """
    config = config or TuningConfig()
    rows = thinned(keys, len(y), config.max_rows)
    folds = _folds(np.ascontiguousarray(x[rows]), np.asarray(y)[rows], features, config, seed)
    study = _study(seed)
    study.enqueue_trial(dict(DEFAULT_PARAMS))
    history = []
    for _ in range(config.trials):
        trial = study.ask()
        params = suggest(trial)
        scored = _cross_validate(folds, params, booster_params(features, params, seed), config)
        study.tell(trial, scored.log_loss)
        history.append(scored)
        if on_trial:
            on_trial()
    best = choose(history)
    return Tuned(best.params, best.rounds, tuple(history))


def choose(history: list[Trial]) -> Trial:
    """The trial of least log loss, or the first one where the gain over it is within one (paired) standard error."""
    first, best = history[0], min(history, key=lambda trial: trial.log_loss)
    gain = np.subtract(first.fold_losses, best.fold_losses)
    return best if gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)) else first


def _folds(x: Matrix, y: Labels, features: tuple[FeatureSpec, ...], config: TuningConfig, seed: int) -> list[_Fold]:
    import xgboost

    names = [feature.name for feature in features]

    def data(rows: Rows) -> Any:
        return xgboost.DMatrix(x[rows], label=y[rows], feature_names=names, nthread=1)

    return [_Fold(data(train), data(test)) for train, test in stratified_folds(y, config.folds, seed)]


def _study(seed: int) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(direction="minimize", sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=8))


def suggest(trial: Any) -> dict[str, Any]:
    """The search space. Depth stays at 3 or less: scoring and explaining cost grows with it, accuracy does not."""
    return {
        "max_depth": trial.suggest_int("max_depth", 2, 3),
        "eta": trial.suggest_float("eta", 0.025, 0.08, log=True),
        "min_child_weight": trial.suggest_float("min_child_weight", 2.0, 20.0, log=True),
        "subsample": trial.suggest_float("subsample", 0.4, 0.9),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.4, 1.0),
        "colsample_bynode": trial.suggest_float("colsample_bynode", 0.3, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 0.5, 20.0, log=True),
        "reg_alpha": trial.suggest_float("reg_alpha", 0.01, 4.0, log=True),
    }


def _cross_validate(
    folds: list[_Fold], params: Mapping[str, Any], complete: Mapping[str, Any], config: TuningConfig
) -> Trial:
    """Log loss of one parameter set at the rounds where the mean over folds is lowest.

    A fold that stopped early keeps its last value, so that a lucky early minimum of one fold does not decide.
    """
    with ThreadPoolExecutor(config.threads) as pool:
        curves = list(pool.map(lambda fold: _curve(fold, complete, config), folds))
    length = max(map(len, curves))
    losses = np.array([np.append(curve, np.full(length - len(curve), curve[-1])) for curve in curves])
    best = int(np.argmin(losses.mean(axis=0)))
    return Trial(dict(params), best + 1, tuple(losses[:, best].tolist()))


def _curve(fold: _Fold, params: Mapping[str, Any], config: TuningConfig) -> Floats:
    """Log loss on the test rows of a fold after each round."""
    import xgboost

    seen: dict[str, dict[str, list[float]]] = {}
    xgboost.train(
        dict(params),
        fold.train,
        config.max_rounds,
        evals=[(fold.test, "test")],
        early_stopping_rounds=config.patience,
        evals_result=seen,
        verbose_eval=False,
    )
    return np.array(seen["test"]["logloss"])


def thinned(keys: Iterable[str], rows: int, most: int) -> npt.NDArray[np.intp]:
    """At most `most` row numbers, ascending: those whose keys hash lowest (a newcomer displaces one)."""
    if rows <= most:
        return np.arange(rows)
    hashes = [int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) for key in keys]
    return np.sort(np.argsort(np.array(hashes, dtype=np.uint64), kind="stable")[:most])
