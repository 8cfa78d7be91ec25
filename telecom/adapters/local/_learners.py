"""The learners of the local model search: what each may be set to, and how it is fitted within a time box.

Loaded only when a search runs: scikit-learn comes with the extra `automl`.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

Floats = npt.NDArray[np.float64]
Going = Callable[[], bool]
STEP = {"max_iter": 100, "n_estimators": 10}
"""Trees that are grown between two looks at the clock: boosting's are small."""
DEEPEST = 12
MOST_CATEGORIES = 250
"""Histogram boosting takes no more values of one category than that; longer lists count as numbers."""


class TimeUp(Exception):
    """The time box ended in the middle of a fit."""


@dataclass(frozen=True)
class Columns:
    """How columns become numbers: the categories of each text column, as the training rows have them."""

    names: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, table: pa.Table, names: tuple[str, ...]) -> "Columns":
        """Learns the categories from training rows."""
        texts = (name for name in names if pa.types.is_string(table.schema.field(name).type))
        return cls(names, {name: tuple(sorted(pc.unique(table[name]).drop_null().to_pylist())) for name in texts})

    @property
    def categorical(self) -> list[bool]:
        """Which columns of `ordinal` are categories."""
        return [0 < len(self.categories.get(name, ())) <= MOST_CATEGORIES for name in self.names]

    def ordinal(self, table: pa.Table) -> Floats:
        """One column each (rows, columns): numbers as they are, categories by number, NaN where NULL or never seen."""
        return np.asarray(np.column_stack([self._numbers(table, name) for name in self.names]), dtype=np.float64)

    def wide(self, table: pa.Table) -> Floats:
        """Numbers as they are, then one 0/1 column per category (rows, more columns)."""
        numbers = [self._numbers(table, name) for name in self.names if name not in self.categories]
        coded = ((self._numbers(table, name), len(known)) for name, known in self.categories.items())
        flags = ((codes == value).astype(np.float64) for codes, count in coded for value in range(count))
        return np.asarray(np.column_stack([*numbers, *flags]), dtype=np.float64)

    def _numbers(self, table: pa.Table, name: str) -> Floats:
        column = table[name].combine_chunks()
        if name in self.categories:
            column = pc.index_in(column, value_set=pa.array(self.categories[name], pa.string()), skip_nulls=True)
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.uint8())
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


@dataclass(frozen=True)
class Sample:
    """Rows in both forms, and 0/1 labels."""

    ordinal: Floats
    wide: Floats
    y: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fitted:
    """A model that is ready: its words for people, and probabilities of leaving for rows in the form that it reads."""

    words: str
    estimator: Any
    reads_wide: bool

    def probability(self, sample: Sample) -> Floats:
        """One per row, in 0..1; rounded, since threads add up in any order."""
        x = sample.wide if self.reads_wide else sample.ordinal
        return np.asarray(np.round(self.estimator.predict_proba(x)[:, 1], 9), dtype=np.float64)


@dataclass(frozen=True)
class Job:
    """What every learner is given: training rows, which columns are categories, seed, threads, and the clock."""

    train: Sample
    categorical: list[bool]
    seed: int
    threads: int
    going: Going


def logistic(trial: Any, job: Job) -> Fitted:
    """Logistic regression on scaled columns, optionally with splines of the numbers."""
    strength = trial.suggest_float("logistic_c", 1e-3, 100.0, log=True)
    splines = trial.suggest_categorical("logistic_splines", [False, True])
    curves = [SplineTransformer(n_knots=5, degree=3, include_bias=False)] if splines else []
    steps = (SimpleImputer(strategy="median", keep_empty_features=True), *curves, StandardScaler())
    model = make_pipeline(*steps, LogisticRegression(C=strength, max_iter=200))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(job.train.wide, job.train.y)
    return Fitted(f"logistic regression (C {strength:.3g}{', splines' if splines else ''})", model, reads_wide=True)


def boosting(trial: Any, job: Job) -> Fitted:
    """Gradient-boosted trees on histograms, categories taken as such."""
    rate = trial.suggest_float("boosting_rate", 0.02, 0.2, log=True)
    trees = trial.suggest_int("boosting_trees", 50, 400, step=25)
    leaves = trial.suggest_int("boosting_leaves", 4, 31)
    model = HistGradientBoostingClassifier(
        learning_rate=rate,
        max_leaf_nodes=leaves,
        min_samples_leaf=trial.suggest_int("boosting_leaf", 10, 100, log=True),
        l2_regularization=trial.suggest_float("boosting_l2", 1e-3, 10.0, log=True),
        categorical_features=job.categorical,
        early_stopping=False,
        warm_start=True,
        random_state=job.seed,
    )
    _grow(model, "max_iter", trees, job)
    return Fitted(f"gradient boosting ({trees} trees of {leaves} leaves, rate {rate:.3g})", model, reads_wide=False)


def random_forest(trial: Any, job: Job) -> Fitted:
    """Trees on bootstrap samples."""
    return _forest(trial, job, "forest", RandomForestClassifier)


def extra_trees(trial: Any, job: Job) -> Fitted:
    """Trees that cut at random places."""
    return _forest(trial, job, "extra", ExtraTreesClassifier)


Learner = Callable[[Any, Job], Fitted]
LEARNERS: dict[str, Learner] = {
    "logistic": logistic,
    "boosting": boosting,
    "random_forest": random_forest,
    "extra_trees": extra_trees,
}
"""In the order in which each is tried once before the search chooses; the quickest first."""


def _forest(trial: Any, job: Job, prefix: str, kind: type[Any]) -> Fitted:
    trees = trial.suggest_int(f"{prefix}_trees", 100, 300, step=25)
    leaf = trial.suggest_int(f"{prefix}_leaf", 3, 50, log=True)
    share = trial.suggest_float(f"{prefix}_features", 0.15, 0.8)
    model = kind(min_samples_leaf=leaf, max_features=share, n_jobs=job.threads, warm_start=True, random_state=job.seed)
    _grow(model, "n_estimators", trees, job)
    model.set_params(n_jobs=1)
    words = "random forest" if kind is RandomForestClassifier else "extra trees"
    return Fitted(f"{words} ({trees} trees, leaves of {leaf}, {share:.0%} of the features)", model, reads_wide=False)


def _grow(model: Any, size: str, trees: int, job: Job) -> None:
    """Grows to so many trees, a few at a time.

    Raises:
        TimeUp: the clock said so in between.
    """
    for grown in range(0, trees, STEP[size]):
        if grown and not job.going():
            raise TimeUp
        model.set_params(**{size: min(grown + STEP[size], trees)})
        model.fit(job.train.ordinal, job.train.y)
