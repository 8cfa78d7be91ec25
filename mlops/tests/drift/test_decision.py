from math import isfinite

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.src.drift.decision import ALPHA, PSI_FLOOR, FeatureDrift, judge, overall
from mlops.src.drift.profile import Bins, ColumnProfile

BOOL = Bins("flag", "bool", categories=("false", "true"))
NUMBER = Bins("amount", "number", edges=(0.0, 10.0, 20.0))
CATEGORY = Bins("plan", "category", categories=("a", "b"))


def column(bins: Bins, counts: tuple[int, ...], nulls: int = 0, **moments: float) -> ColumnProfile:
    return ColumnProfile(bins, sum(counts) + nulls, nulls, counts, **moments)


def one(reference: ColumnProfile, current: ColumnProfile) -> FeatureDrift:
    return judge([(reference, current)])[0]


def test_the_same_distribution_is_no_drift() -> None:
    found = one(column(BOOL, (3000, 1000)), column(BOOL, (1500, 500)))
    assert (found.drifted, found.feature_drift_score, found.p_value) == (False, 0.0, 1.0)


def test_large_and_certain_is_drift() -> None:
    found = one(column(BOOL, (3000, 1000)), column(BOOL, (1000, 1000)))
    assert found.drifted
    assert found.threshold == PSI_FLOOR
    assert found.feature_drift_score == pytest.approx(found.psi / PSI_FLOOR)
    assert found.largest_category_shift == pytest.approx(0.25)


def test_certain_but_small_is_no_drift() -> None:
    found = one(column(BOOL, (500_000, 500_000)), column(BOOL, (510_000, 490_000)))
    assert found.adjusted_p_value < ALPHA
    assert not found.drifted and found.feature_drift_score < 0.1


def test_large_but_uncertain_is_no_drift_and_the_threshold_says_why() -> None:
    found = one(column(BOOL, (3000, 1000)), column(BOOL, (12, 10)))
    assert found.psi > PSI_FLOOR
    assert found.threshold > 0.4
    assert not found.drifted and 0 < found.feature_drift_score < 1


def test_many_columns_ask_for_more_certainty() -> None:
    suspect = (column(BOOL, (2000, 2000)), column(BOOL, (62, 98)))
    still = (column(BOOL, (3000, 1000)), column(BOOL, (120, 40)))
    assert judge([suspect])[0].adjusted_p_value < ALPHA
    assert judge([suspect, *[still] * 20])[0].adjusted_p_value > ALPHA


def test_nulls_are_a_bin_of_their_own() -> None:
    found = one(column(NUMBER, (0, 500, 500, 0)), column(NUMBER, (0, 350, 350, 0), nulls=300))
    assert found.drifted
    assert found.current_null_share == 0.3
    assert found.ks == 0.0


def test_a_column_of_nothing_but_nulls_is_drift() -> None:
    found = one(column(NUMBER, (0, 500, 500, 0), mean=9.0, variance=20.0), column(NUMBER, (0, 0, 0, 0), nulls=900))
    assert found.drifted
    assert (found.ks, found.mean_shift, found.variance_ratio) == (None, None, None)


def test_nothing_but_nulls_on_both_sides_is_no_drift() -> None:
    empty = Bins("amount", "number")
    found = one(column(empty, (0,), nulls=900), column(empty, (0,), nulls=300))
    assert (found.drifted, found.psi, found.chi_square, found.p_value) == (False, 0.0, 0.0, 1.0)


def test_a_constant_that_stays_is_no_drift_and_one_that_moves_is() -> None:
    constant = Bins("amount", "number", edges=(7.0, np.nextafter(7.0, 8.0)))
    reference = column(constant, (0, 5000, 0), mean=7.0, variance=0.0)
    assert not one(reference, column(constant, (0, 700, 0), mean=7.0, variance=0.0)).drifted
    moved = one(reference, column(constant, (0, 0, 700), mean=9.0, variance=0.0))
    assert moved.drifted
    assert (moved.mean_shift, moved.variance_ratio) == (None, None)


def test_a_new_category_is_drift() -> None:
    found = one(column(CATEGORY, (3000, 2000, 0)), column(CATEGORY, (500, 300, 200)))
    assert found.drifted
    assert found.largest_category_shift == pytest.approx(0.2)


def test_moments_are_in_units_of_the_reference() -> None:
    reference = column(NUMBER, (0, 50, 50, 0), mean=10.0, variance=4.0)
    found = one(reference, column(NUMBER, (0, 40, 60, 0), mean=11.0, variance=9.0))
    assert found.mean_shift == pytest.approx(0.5)
    assert found.variance_ratio == pytest.approx(2.25)


def test_the_overall_score_is_the_largest() -> None:
    still = (column(BOOL, (3000, 1000)), column(BOOL, (1500, 500)))
    moved = (column(BOOL, (3000, 1000)), column(BOOL, (1000, 1000)))
    features = judge([still, moved, still])
    assert overall(features) == features[1].feature_drift_score > 1


COUNT = st.integers(0, 3000)


@given(st.lists(st.tuples(*[COUNT] * 10), min_size=1, max_size=4))
def test_a_score_of_one_is_the_verdict_and_every_figure_is_finite(rows: list[tuple[int, ...]]) -> None:
    pairs = [
        (column(NUMBER, row[:4], row[4] + 1, mean=1.0, variance=2.0), column(NUMBER, row[5:9], row[9] + 1))
        for row in rows
    ]
    for found in judge(pairs):
        assert found.drifted == (found.feature_drift_score >= 1)
        assert found.drifted == (found.psi >= found.threshold and found.adjusted_p_value <= ALPHA)
        assert all(isfinite(x) and x >= 0 for x in (found.psi, found.chi_square, found.threshold))
        assert 0 <= found.p_value <= found.adjusted_p_value <= 1
