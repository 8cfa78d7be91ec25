"""The tables laid out for a handful of rows say what they say for millions."""

import numpy as np
import pytest

from mlops.src.modelling.few_rows import FewRows
from mlops.src.modelling.tree_shap import TreeShap
from mlops.tests.modelling.test_tree_shap import document, stump, trained


@pytest.mark.parametrize("depth", [1, 3, 6])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_equals_the_blocks(depth: int, missing: float) -> None:
    booster, x = trained(depth, missing=missing)
    trees = TreeShap.from_booster(booster)
    few = FewRows(trees)
    for rows in (x[:1], x[:9], x[:0]):
        margin, contributions = few.explained(rows)
        np.testing.assert_allclose(margin, trees.margin(rows), rtol=0, atol=1e-12)
        np.testing.assert_allclose(few.margin(rows), trees.margin(rows), rtol=0, atol=1e-12)
        np.testing.assert_allclose(contributions, trees.contributions(rows), rtol=0, atol=1e-12)


def test_a_tree_without_splits_is_only_bias() -> None:
    trees = TreeShap(document([-1], [-1], [0], [0.4], [10.0]))
    margin, contributions = FewRows(trees).explained(np.zeros((2, 2), np.float32))
    np.testing.assert_allclose(margin, [trees.bias] * 2)
    assert not contributions.any()


def test_known_answer_of_a_stump() -> None:
    x = np.array([[0, 5], [0, 10], [0, np.nan]], dtype=np.float32)
    margin, contributions = FewRows(TreeShap(stump())).explained(x)
    np.testing.assert_allclose(margin, [-1, 2, -1])
    np.testing.assert_allclose(contributions, [[0, -2.25], [0, 0.75], [0, -2.25]])
