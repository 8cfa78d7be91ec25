import itertools
import json
import math
from typing import Any

import numpy as np
import pytest
import xgboost

from mlops.src.modelling import tree_shap
from mlops.src.modelling.shapley import MAX_QUESTIONS, grouped, leaf_shapley
from mlops.src.modelling.tree_shap import TreeShap
from mlops.src.modelling.trees import parse
from telecom.errors import ModelRejected


def document(left: list[int], right: list[int], feature: list[int], threshold: list[float], cover: list[float]) -> Any:
    """A model of one tree, in xgboost's layout."""
    tree = {
        "left_children": left,
        "right_children": right,
        "split_indices": feature,
        "split_conditions": threshold,
        "sum_hessian": cover,
        "default_left": [1] * len(left),
        "split_type": [0] * len(left),
    }
    return {
        "learner": {
            "gradient_booster": {"name": "gbtree", "model": {"trees": [tree]}},
            "objective": {"name": "binary:logistic"},
            "learner_model_param": {"base_score": "[5E-1]", "num_feature": "2"},
        }
    }


def stump() -> Any:
    return document([1, -1, -1], [2, -1, -1], [1, 0, 0], [10.0, -1.0, 2.0], [4.0, 1.0, 3.0])


def chain(depth: int) -> Any:
    """A tree that asks `depth` questions in a row, each on the right of the one before."""
    left, right, threshold, cover = [], [], [], []
    for level in range(depth):
        left += [2 * level + 1, -1]
        right += [2 * level + 2, -1]
        threshold += [float(level), 1.0]
        cover += [float(2 * (depth - level)), 1.0]
    return document([*left, -1], [*right, -1], [0] * (2 * depth + 1), [*threshold, 2.0], [*cover, 1.0])


def trained(depth: int, *, features: int = 6, missing: float = 0.1, seed: int = 0, **params: Any) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(500, features)).round(1).astype(np.float32)
    y = (x[:, 0] * x[:, 1] + x[:, 2] + rng.normal(size=500) > 0).astype(int)
    x[rng.random(x.shape) < missing] = np.nan
    settings = {"max_depth": depth, "eta": 0.3, "objective": "binary:logistic", "nthread": 1, "seed": seed} | params
    return xgboost.train(settings, xgboost.DMatrix(x, y), 15), x


def test_known_answer_of_a_stump() -> None:
    shap = TreeShap(stump())
    x = np.array([[0, 5], [0, 10], [0, np.nan]], dtype=np.float32)
    # Expected value (1 * -1 + 3 * 2) / 4 = 1.25; all of the difference belongs to feature 1; missing goes left.
    np.testing.assert_allclose(shap.contributions(x), [[0, -2.25], [0, 0.75], [0, -2.25]])
    assert shap.bias == pytest.approx(1.25)
    np.testing.assert_allclose(shap.margin(x), [-1, 2, -1])


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_closed_form_equals_the_definition(m: int) -> None:
    shares = np.random.default_rng(m).random(m)
    found = leaf_shapley(shares)
    for column, answers in enumerate(itertools.product([0, 1], repeat=m)):
        met = answers[::-1]  # bit 0 of the column is the first feature
        for i in range(m):
            others = [j for j in range(m) if j != i]
            expected = 0.0
            for size in range(m):
                for known in itertools.combinations(others, size):
                    weight = math.factorial(size) * math.factorial(m - size - 1) / math.factorial(m)
                    rest = math.prod(met[j] if j in known else shares[j] for j in others)
                    expected += weight * rest * (met[i] - shares[i])
            assert found[i, column] == pytest.approx(expected)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_equals_xgboost(depth: int, missing: float) -> None:
    booster, x = trained(depth, missing=missing, seed=depth)
    shap = TreeShap.from_booster(booster)
    native = booster.predict(xgboost.DMatrix(x), pred_contribs=True)
    found = shap.contributions(x)
    np.testing.assert_allclose(found, native[:, :-1], atol=1e-4)
    assert shap.bias == pytest.approx(float(native[0, -1]), abs=1e-4)
    margin = booster.predict(xgboost.DMatrix(x), output_margin=True)
    np.testing.assert_allclose(found.sum(axis=1) + shap.bias, margin, atol=1e-5)
    np.testing.assert_allclose(shap.margin(x), margin, atol=1e-5)


def test_equals_xgboost_with_repeated_features_missing_only_at_scoring_and_parallel_trees() -> None:
    booster, x = trained(4, features=3, missing=0.0, num_parallel_tree=2, base_score=0.3)
    x[::3, 0] = np.nan
    native = booster.predict(xgboost.DMatrix(x), pred_contribs=True)
    np.testing.assert_allclose(TreeShap.from_booster(booster).contributions(x), native[:, :-1], atol=1e-4)


def test_blocks_and_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    booster, x = trained(3)
    shap = TreeShap.from_booster(booster)
    whole = shap.contributions(x), shap.margin(x)
    monkeypatch.setattr(tree_shap, "BLOCK_ROWS", 48)
    for threads in (1, 2):
        np.testing.assert_array_equal(shap.contributions(x, threads), whole[0])
        np.testing.assert_array_equal(shap.margin(x, threads), whole[1])
    np.testing.assert_array_equal(shap.contributions(x[:1]), whole[0][:1])
    assert shap.contributions(x[:0]).shape == (0, 6)


def test_groups_hold_every_leaf_once_and_stay_small() -> None:
    booster, _ = trained(5)
    ensemble = parse(json.loads(booster.save_raw("json")))
    groups = grouped(ensemble)
    assert all(len(group.questions) <= MAX_QUESTIONS for group in groups)
    with_path = [leaf for tree in ensemble.trees for leaf in tree if leaf.path]
    assert sorted(map(repr, (leaf for group in groups for leaf in group.leaves))) == sorted(map(repr, with_path))


def test_a_tree_without_splits_is_only_bias() -> None:
    shap = TreeShap(document([-1], [-1], [0], [0.25], [1.0]))
    x = np.zeros((3, 2), dtype=np.float32)
    np.testing.assert_array_equal(shap.contributions(x), np.zeros((3, 2)))
    np.testing.assert_allclose(shap.margin(x), 0.25)


def test_a_path_of_eight_questions_is_explained_and_one_of_nine_refused() -> None:
    x = np.linspace(-1, 9, 30, dtype=np.float32)[:, None].repeat(2, axis=1)
    shap = TreeShap(chain(8))
    np.testing.assert_allclose(shap.margin(x), np.where(x[:, 0] < 7, 1.0, 2.0))
    with pytest.raises(ModelRejected, match="9 questions"):
        TreeShap(chain(9))


@pytest.mark.parametrize("damage", ["booster", "objective", "categories", "cycle", "layout"])
def test_other_models_are_refused(damage: str) -> None:
    model = stump()
    learner = model["learner"]
    tree = learner["gradient_booster"]["model"]["trees"][0]
    if damage == "booster":
        learner["gradient_booster"]["name"] = "dart"
    elif damage == "objective":
        learner["objective"]["name"] = "reg:squarederror"
    elif damage == "categories":
        tree["split_type"] = [1, 0, 0]
    elif damage == "cycle":
        tree["left_children"][0] = 0
    else:
        del tree["sum_hessian"]
    with pytest.raises(ModelRejected):
        TreeShap(model)
