import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from mlops.src.modelling.curves import POINTS, curves
from mlops.src.modelling.metrics import evaluate, expected_calibration_error, roc_auc
from mlops.src.modelling.slices import gaps, slices

Y = np.array([0, 0, 1, 1, 0, 1, 0, 0, 1, 0])
P = np.array([0.1, 0.4, 0.35, 0.8, 0.4, 0.9, 0.2, 0.05, 0.4, 0.6])


def test_known_answers() -> None:
    found = evaluate(Y, P, 0.5, np.full(10, 2.5))
    # 24 pairs: 0.9 and 0.8 beat all six stayers, 0.4 beats three and ties with two, 0.35 beats three.
    assert found.roc_auc == pytest.approx((6 + 6 + 4 + 3) / 24)
    assert (found.rows, found.prevalence) == (10, 0.4)
    assert found.precision == pytest.approx(2 / 3) and found.recall == 0.5
    assert found.precision_top_decile == 1.0 and found.recall_top_decile == 0.25
    assert found.value_per_customer == 2.5


def test_equal_to_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(500).round(2)  # rounding makes ties
    y = (rng.random(500) < p).astype(int)
    found = evaluate(y, p, 0.3)
    assert found.roc_auc == pytest.approx(reference.roc_auc_score(y, p))
    assert found.pr_auc == pytest.approx(reference.average_precision_score(y, p))
    assert found.brier == pytest.approx(reference.brier_score_loss(y, p))
    assert found.log_loss == pytest.approx(reference.log_loss(y, np.clip(p, 1e-15, 1 - 1e-15)))
    assert found.precision == pytest.approx(reference.precision_score(y, p >= 0.3))
    assert found.recall == pytest.approx(reference.recall_score(y, p >= 0.3))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=30))
def test_auc_is_the_share_of_pairs_in_order(rows: list[tuple[int, int]]) -> None:
    y, score = np.array(rows).T
    pairs = [np.sign(a - b) for a in score[y == 1] for b in score[y == 0]]
    found = roc_auc(y, score)
    assert math.isnan(found) if not pairs else found == pytest.approx((np.mean(pairs) + 1) / 2)


def test_one_class_only_gives_nan_not_an_error() -> None:
    found = evaluate(np.zeros(5), np.full(5, 0.2), 0.5)
    assert math.isnan(found.roc_auc) and math.isnan(found.recall) and math.isnan(found.precision)
    assert found.log_loss > 0


def test_calibration_error_of_a_known_bias() -> None:
    y = np.tile([0, 1], 500)
    assert expected_calibration_error(y, np.full(1000, 0.5)) == pytest.approx(0)
    assert expected_calibration_error(y, np.full(1000, 0.8)) == pytest.approx(0.3)


def test_slices_and_gaps() -> None:
    y = np.tile([1, 0, 0, 0], 50)
    p = np.where(y == 1, 0.7, 0.2)
    plan = np.array(["a"] * 100 + ["b"] * 96 + ["rare"] * 4)
    p[100:] -= 0.3  # the model is blind to, and too low for, "b"
    p[100:][y[100:] == 1] = -0.1 + 0.2
    found = {part.value: part for part in slices(y, p, 0.5, {"plan": plan})}
    assert list(found) == ["a", "b", "rare"]
    assert (found["a"].rows, found["a"].churners, found["a"].roc_auc, found["a"].recall) == (100, 25, 1.0, 1.0)
    assert found["b"].recall == 0.0 and found["a"].selected == 0.25
    assert found["b"].observed == 0.25 and found["b"].calibration_gap < -0.2
    assert found["a"].judged and not found["rare"].judged
    gap = gaps(tuple(found.values()))[0]
    assert gap.recall == 1.0
    assert gap.calibration == pytest.approx(found["a"].calibration_gap - found["b"].calibration_gap)


def test_slices_take_booleans_and_the_gap_of_one_slice_is_nothing() -> None:
    found = slices(Y, P, 0.5, {"senior_citizen": Y > 0})
    assert [part.value for part in found] == ["False", "True"]
    assert gaps(found)[0].roc_auc == 0.0


def test_curves_are_thin_and_keep_their_ends() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(3000)
    y = (rng.random(3000) < p).astype(int)
    found = curves(y, p)
    assert max(map(len, (found.roc, found.precision_recall, found.cumulative_gain))) <= POINTS
    assert found.roc[0] == (0.0, 0.0) and found.roc[-1] == (1.0, 1.0)
    assert found.cumulative_gain[-1] == (1.0, 1.0) and found.precision_recall[-1][1] == pytest.approx(y.mean())
    x, height = np.array(found.roc).T
    assert np.trapezoid(height, x) == pytest.approx(roc_auc(y, p), abs=2e-3)
    assert len(found.calibration) == 10 and all(abs(a - b) < 0.1 for a, b in found.calibration)
    with pytest.raises(ValueError, match="both classes"):
        curves(np.zeros(4), p[:4])
