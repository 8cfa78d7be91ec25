"""Stratified, seeded folds."""

from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]


def stratified_folds(y: npt.NDArray[Any], folds: int, seed: int) -> list[tuple[Rows, Rows]]:
    """Train and test rows of each fold, ascending; every class is shuffled and dealt out in turn.

    Raises:
        ValueError: a class has fewer rows than there are folds.
    """
    fold_of = np.empty(len(y), dtype=np.intp)
    rng = np.random.default_rng(seed)
    for label in np.unique(y):
        rows = np.flatnonzero(y == label)
        if len(rows) < folds:
            raise ValueError(f"{len(rows)} rows with label {label} are too few for {folds} folds")
        fold_of[rng.permutation(rows)] = np.arange(len(rows)) % folds
    return [(np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)) for fold in range(folds)]
