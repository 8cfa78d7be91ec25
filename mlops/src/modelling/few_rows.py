"""The look-up tables of `tree_shap` laid out for a handful of rows: no loop over groups, one gather for all of them.

`TreeShap` streams blocks of thousands of rows through one table after another; for a single request that is a few
hundred tiny steps. Here every group's pattern of every row is looked up at once. Same tables, same sums.
"""

import numpy as np
import numpy.typing as npt

from mlops.src.modelling.encoding import Matrix
from mlops.src.modelling.shapley import MAX_QUESTIONS, Floats
from mlops.src.modelling.tree_shap import TreeShap

Patterns = npt.NDArray[np.intp]

WORTH_IT = 64
"""Rows up to which this is the faster way; beyond, the gathered intermediate no longer fits the cache."""


class FewRows:
    """Margins and contributions of up to about `WORTH_IT` encoded rows.

    Args:
        trees: the model's tables; they are copied into flat arrays once.
    """

    def __init__(self, trees: TreeShap) -> None:
        asked, lookups = trees.questions, trees.lookups
        self._bias, self._features = trees.bias, trees.features
        self._asked = np.concatenate([np.full(len(q.thresholds), q.feature) for q in asked] or [np.empty(0, np.intp)])
        self._thresholds = np.concatenate([q.thresholds for q in asked] or [np.empty(0, np.float32)])
        self._default_left = np.concatenate([q.default_left for q in asked] or [np.empty(0, np.uint8)]).astype(bool)
        never = len(self._asked)
        rows = [[never] * (MAX_QUESTIONS - len(found.answers)) + list(found.answers) for found in lookups]
        self._group_questions = np.array(rows, dtype=np.intp).reshape(-1, MAX_QUESTIONS)
        self._weights = 1 << np.arange(MAX_QUESTIONS - 1, -1, -1)
        self._totals = np.concatenate([found.total for found in lookups] or [np.empty(0)])
        self._total_at = _starts([len(found.total) for found in lookups])
        self._values = np.concatenate([found.table.ravel() for found in lookups] or [np.empty(0)])
        self._value_at = _starts([len(found.total) for found in lookups for _ in found.features])
        self._pair_group = np.repeat(np.arange(len(lookups)), [len(found.features) for found in lookups])
        self._pair_feature = np.concatenate([np.array(found.features) for found in lookups] or [np.empty(0, np.intp)])

    def margin(self, x: Matrix) -> Floats:
        """The margin in log-odds (rows,) of an encoded matrix."""
        return self._margin(self._patterns(x))

    def explained(self, x: Matrix) -> tuple[Floats, Floats]:
        """The margin (rows,) and the contributions in log-odds (rows, features)."""
        patterns = self._patterns(x)
        found = self._values[self._value_at + patterns[:, self._pair_group]]
        contributions = np.zeros((len(x), self._features))
        for row, values in enumerate(found):
            contributions[row] = np.bincount(self._pair_feature, values, self._features)
        return self._margin(patterns), contributions

    def _margin(self, patterns: Patterns) -> Floats:
        return np.asarray(self._bias + self._totals[self._total_at + patterns].sum(axis=1))

    def _patterns(self, x: Matrix) -> Patterns:
        """Each group's position in its table (rows, groups)."""
        values = x[:, self._asked]
        answers = np.zeros((len(x), len(self._asked) + 1), dtype=np.uint8)
        np.less(values, self._thresholds, out=answers[:, :-1].view(np.bool_))
        missing = np.isnan(values)
        if missing.any():
            answers[:, :-1] |= missing & self._default_left
        return np.asarray(answers[:, self._group_questions] @ self._weights)


def _starts(lengths: list[int]) -> Patterns:
    return np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.intp) if lengths else np.empty(0, np.intp)
