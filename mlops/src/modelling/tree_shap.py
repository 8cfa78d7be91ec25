"""Exact TreeSHAP contributions of a booster, in blocks of rows and without a loop over rows.

The model is turned into look-up tables once (`shapley`). A block of rows then answers each distinct question of the
ensemble once, packs the answers of a group into one byte per row, and adds the table entries of that byte.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops.src.modelling.encoding import Matrix
from mlops.src.modelling.shapley import Floats, Group, expected_margin, grouped, table_of
from mlops.src.modelling.trees import Condition, parse

BLOCK_ROWS = 8192
"""Rows per block, a multiple of 8: the answers and sums of one block stay in the processor's cache."""


@dataclass(frozen=True)
class Lookup:
    """One group, ready to score: rows of the answer matrix, features, their table, its sum over features."""

    answers: tuple[int, ...]
    features: tuple[int, ...]
    table: Floats
    total: Floats


@dataclass(frozen=True)
class Questions:
    """All questions about one feature: the slice of the answer matrix they fill."""

    feature: int
    rows: slice
    thresholds: Matrix
    default_left: npt.NDArray[np.uint8]


class TreeShap:
    """Contributions of every feature to the margin, equal to xgboost's `pred_contribs` up to its float32.

    Args:
        document: the model as parsed JSON (`save_raw("json")`).

    Attributes:
        bias: the expected margin (log-odds); bias plus a row's contributions is that row's margin.
        features: number of model inputs.
        questions: the distinct questions of the ensemble, by feature.
        lookups: the groups, with their tables.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        ensemble = parse(document)
        groups = grouped(ensemble)
        conditions = sorted({question for group in groups for question in group.questions})
        self.bias = expected_margin(ensemble)
        self.features = ensemble.feature_count
        self._count = len(conditions)
        self.questions = _by_feature(conditions)
        row = {condition: i for i, condition in enumerate(conditions)}
        self.lookups = tuple(_lookup(group, row) for group in groups)

    @classmethod
    def from_booster(cls, booster: Any) -> "TreeShap":
        """Tables of a trained `xgboost.Booster`."""
        return cls(json.loads(booster.save_raw("json")))

    def contributions(self, x: Matrix, threads: int = 2) -> Floats:
        """Contributions in log-odds (rows, features) of an encoded matrix; NaN is a missing value."""
        out = np.empty((len(x), self.features))

        def fill(start: int) -> None:
            block = _block(x, start)
            sums = np.zeros_like(block, dtype=np.float64)
            found = np.empty(block.shape[1])
            for lookup, index in self._matched(block):
                for feature, values in zip(lookup.features, lookup.table, strict=True):
                    np.take(values, index, out=found, mode="clip")
                    sums[feature] += found
            out[start : start + BLOCK_ROWS] = sums.T

        _over_blocks(fill, len(x), threads)
        return out

    def margin(self, x: Matrix, threads: int = 2) -> Floats:
        """The margin in log-odds (rows,), equal to xgboost's up to its float32."""
        out = np.full(len(x), self.bias)

        def fill(start: int) -> None:
            target = out[start : start + BLOCK_ROWS]
            found = np.empty_like(target)
            for lookup, index in self._matched(_block(x, start)):
                np.take(lookup.total, index, out=found, mode="clip")
                target += found

        _over_blocks(fill, len(x), threads)
        return out

    def _matched(self, block: Matrix) -> Iterator[tuple[Lookup, npt.NDArray[np.intp]]]:
        """Each group with the table position of every row; the array is reused from group to group."""
        answers = self._answers(block)
        pattern = np.empty_like(answers[0]) if self._count else np.empty(0, dtype=np.uint64)
        index = np.empty(block.shape[1], dtype=np.intp)
        for lookup in self.lookups:
            np.copyto(pattern, answers[lookup.answers[0]])
            for row in lookup.answers[1:]:
                np.add(pattern, pattern, out=pattern)
                np.bitwise_or(pattern, answers[row], out=pattern)
            np.copyto(index, pattern.view(np.uint8)[: len(index)])
            yield lookup, index

    def _answers(self, block: Matrix) -> npt.NDArray[np.uint64]:
        """1 where the answer is "left", a byte per row, seen as 64-bit words so that eight rows shift at once."""
        padded = -(-block.shape[1] // 8) * 8
        answers = np.zeros((self._count, padded), dtype=np.uint8)
        for asked in self.questions:
            column = block[asked.feature]
            target = answers[asked.rows, : len(column)]
            np.less(column[None, :], asked.thresholds[:, None], out=target.view(np.bool_))
            missing = np.isnan(column)
            if missing.any():
                target |= asked.default_left[:, None] & missing.view(np.uint8)[None, :]
        return answers.view(np.uint64)


def _block(x: Matrix, start: int) -> Matrix:
    return np.ascontiguousarray(x[start : start + BLOCK_ROWS].T, dtype=np.float32)


def _over_blocks(fill: Callable[[int], None], rows: int, threads: int) -> None:
    """Call `fill` with the first row of every block; numpy lets go of the interpreter inside a block."""
    starts = range(0, rows, BLOCK_ROWS)
    if len(starts) <= 1 or threads == 1:
        for start in starts:
            fill(start)
        return
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(fill, start) for start in starts]:
            future.result()


def _by_feature(conditions: list[Condition]) -> tuple[Questions, ...]:
    parts = []
    for feature in sorted({condition.feature for condition in conditions}):
        rows = [i for i, condition in enumerate(conditions) if condition.feature == feature]
        asked = [conditions[i] for i in rows]
        thresholds = np.array([condition.threshold for condition in asked], dtype=np.float32)
        default_left = np.array([condition.default_left for condition in asked], dtype=np.uint8)
        parts.append(Questions(feature, slice(rows[0], rows[-1] + 1), thresholds, default_left))
    return tuple(parts)


def _lookup(group: Group, row: dict[Condition, int]) -> Lookup:
    table = table_of(group)
    return Lookup(tuple(row[question] for question in group.questions), group.features, table, table.sum(axis=0))
