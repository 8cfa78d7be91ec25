"""A search for a model on one machine: several learners of scikit-learn, tuned within a time box."""

import hashlib
import os
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from telecom.absent import let_in
from telecom.errors import MissingExtra, UsageError
from telecom.ports import AutoMlResult, AutoMlTask, Warehouse
from telecom.settings import Settings
from telecom.tables import contract

MOST_ROWS = 50_000
"""Training rows that a trial sees at most, so that no step takes long; the rest are left out by the key's hash."""
ROWS_PER_THREAD = 5_000
"""With fewer rows each, threads wait for each other more than they work."""
FEWEST = 10
"""Rows of each label that the train and validation splits need."""


class LocalAutoMl:
    """Implements `telecom.ports.AutoMl` with histogram boosting, forests and logistic regression.

    Training rows teach, validation rows choose model and calibration, test rows are only predicted. The time box cuts
    the number of trials and nothing else: the same rows, seed, threads and number of trials give the same predictions.
    It may be exceeded by one step of a fit, and by the first trial, which is always finished.

    Args:
        settings: `threads` bounds the processors used.
        warehouse: holds the task's table.
        clock: seconds that only ever grow.
    """

    def __init__(
        self, settings: Settings, warehouse: Warehouse, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._warehouse = warehouse
        self._clock = clock

    def search(self, task: AutoMlTask) -> AutoMlResult:
        """Tries learners for `task.minutes` and predicts the test rows with the best one.

        Raises:
            UsageError: the time box is empty, or a split has too few rows of a label.
            NotFound: the table has no such column.
            MissingExtra: scikit-learn or Optuna is not installed.
        """
        if not task.minutes > 0:
            raise UsageError(f"A search of {task.minutes:g} minutes finds nothing.", "Give it more than 0 minutes.")
        deadline = self._clock() + task.minutes * 60
        # Only here is scikit-learn used, which the command keeps out.
        let_in()
        try:
            from telecom.adapters.local._learners import Columns, Sample
            from telecom.adapters.local._model_search import search
        except ModuleNotFoundError as error:
            raise MissingExtra(
                f"The package {error.name!r} is not installed.",
                "Install it with: pip install 'telecom-ml-llmops[automl]'",
            ) from error
        train, validation, test = self._splits(task)
        columns = Columns.of(train, task.features)

        def sample(rows: pa.Table) -> Sample:
            y = rows[task.label].cast(pa.int8()).to_numpy().astype(np.int64)
            return Sample(columns.ordinal(rows), columns.wide(rows), y)

        found = search(
            sample(train),
            sample(validation),
            columns.categorical,
            seed=task.seed,
            threads=self._threads(train.num_rows),
            going=lambda: self._clock() < deadline,
        )
        predicted = {task.key: test[task.key], "probability": pa.array(found.probability(sample(test)))}
        return AutoMlResult(found.description, found.tried, pa.table(predicted))

    def _threads(self, rows: int) -> int:
        return max(1, min(self._settings.threads or os.cpu_count() or 1, rows // ROWS_PER_THREAD))

    def _splits(self, task: AutoMlTask) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Rows of train (thinned), validation and test, each in the order of the key."""
        names = (task.key, *task.features, task.label, task.split)
        for name in names:
            contract(task.table).column(name)
        rows = self._warehouse.query(f"SELECT {', '.join(names)} FROM {task.table} ORDER BY {task.key}")
        train, validation, test = (
            rows.filter(pc.equal(rows[task.split], split)) for split in ("train", "validation", "test")
        )
        for split, part in (("train", train), ("validation", validation)):
            _check(task, split, part)
        if not test.num_rows:
            raise UsageError(f"{task.table} has no test rows to predict.", "Prepare more labelled customers.")
        return _thinned(train, task.key), validation, test


def _check(task: AutoMlTask, split: str, rows: pa.Table) -> None:
    left = pc.sum(rows[task.label]).as_py() or 0
    if min(left, rows.num_rows - left) < FEWEST:
        raise UsageError(
            f"The {split} split of {task.table} has {left} rows with the label and {rows.num_rows - left} without; "
            f"{FEWEST} of each are needed.",
            "Ingest and prepare more labelled customers.",
        )


def _thinned(rows: pa.Table, key: str) -> pa.Table:
    """At most `MOST_ROWS` rows, those whose keys hash lowest, in their order."""
    if rows.num_rows <= MOST_ROWS:
        return rows
    keys = (str(value).encode() for value in rows[key].to_pylist())
    hashes = np.array([int.from_bytes(hashlib.blake2b(each, digest_size=8).digest()) for each in keys], dtype=np.uint64)
    return rows.take(np.sort(np.argsort(hashes, kind="stable")[:MOST_ROWS]))
