import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from mlops.src.drift import distances

REFERENCE, CURRENT = np.array([500, 300, 200]), np.array([300, 300, 400])
COUNTS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=25)


def as_arrays(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    reference, current = np.array(pairs).T
    reference[0] += 1
    current[-1] += 1
    return reference, current


def test_psi_by_hand() -> None:
    # (0.3 - 0.5) ln 0.6 + 0 + (0.4 - 0.2) ln 2 = 0.2408; half a row per bin moves it by less than 1 %.
    assert distances.psi(REFERENCE, CURRENT) == pytest.approx(0.24079, rel=0.01)
    assert distances.psi(REFERENCE * 10**6, CURRENT * 10**6) == pytest.approx(0.2407946, rel=1e-6)


def test_psi_of_a_vanished_bin_is_finite() -> None:
    assert 5 < distances.psi(np.array([1000, 0]), np.array([0, 1000])) < 20


def test_jensen_shannon_against_scipy() -> None:
    expected = jensenshannon(REFERENCE, CURRENT, base=2) ** 2
    assert distances.js_divergence(REFERENCE, CURRENT) == pytest.approx(expected, rel=1e-12)
    assert distances.js_divergence(np.array([5, 0]), np.array([0, 9])) == 1.0


def test_chi_square_against_scipy() -> None:
    expected = stats.chi2_contingency(np.array([REFERENCE, CURRENT]), correction=False)
    statistic, p_value = distances.chi_square(REFERENCE, CURRENT)
    assert statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert p_value == pytest.approx(expected.pvalue, rel=1e-9)


def test_chi_square_of_one_bin_finds_nothing() -> None:
    assert distances.chi_square(np.array([40]), np.array([70])) == (0.0, 1.0)


def test_ks_at_every_value_is_scipys() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=300), rng.normal(0.3, 1.2, size=200)
    edges = np.unique([*a, *b])
    counts = [np.bincount(np.searchsorted(edges, x, side="right"), minlength=len(edges) + 1) for x in (a, b)]
    assert distances.ks(*counts) == pytest.approx(stats.ks_2samp(a, b).statistic, abs=1e-12)


def test_ks_needs_values_on_both_sides() -> None:
    assert distances.ks(np.array([0, 0]), np.array([3, 4])) is None


def test_psi_by_chance_is_a_scaled_chi_square_quantile() -> None:
    expected = stats.chi2.ppf(0.999, 19) * (1 / 4930 + 1 / 500)
    assert distances.psi_by_chance(20, 4930, 500, 0.001) == pytest.approx(expected, rel=1e-9)


def test_psi_by_chance_holds_under_resampling() -> None:
    rng = np.random.default_rng(11)
    share = np.full(20, 0.05)
    drawn = [distances.psi(rng.multinomial(4930, share), rng.multinomial(500, share)) for _ in range(4000)]
    exceeded = np.mean(np.array(drawn) > distances.psi_by_chance(20, 4930, 500, 0.05))
    assert 0.03 < exceeded < 0.08


def test_holm_by_hand() -> None:
    assert distances.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert distances.holm([0.9, 0.5]) == (1.0, 1.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values: list[float]) -> None:
    ranked = sorted(p_values)
    kept = [p > 0.05 / (len(ranked) - rank) for rank, p in enumerate(ranked)]
    rejected = kept.index(True) if True in kept else len(kept)
    adjusted = sorted(distances.holm(p_values))
    assert [a <= 0.05 * (1 + 1e-12) for a in adjusted] == [rank < rejected for rank in range(len(ranked))]


def test_sparse_neighbours_join_and_dense_ones_do_not() -> None:
    reference, current = np.array([0, 900, 2, 900, 1, 0]), np.array([1, 90, 1, 110, 0, 0])
    joined = distances.pooled(reference, current, ordered=True)
    assert [part.tolist() for part in joined] == [[900, 903], [91, 111]]


def test_only_rare_categories_join() -> None:
    reference, current = np.array([1, 900, 2, 800]), np.array([1, 90, 3, 70])
    joined = distances.pooled(reference, current, ordered=False)
    assert [part.tolist() for part in joined] == [[900, 803], [90, 74]]


def test_a_new_category_keeps_its_own_bin() -> None:
    joined = distances.pooled(np.array([900, 800, 0]), np.array([80, 80, 70]), ordered=False)
    assert len(joined[0]) == 3


@given(COUNTS, st.booleans())
def test_pooling_keeps_all_rows_and_leaves_no_sparse_bin(pairs: list[tuple[int, int]], ordered: bool) -> None:
    reference, current = as_arrays(pairs)
    joined = distances.pooled(reference, current, ordered=ordered)
    assert joined[0].sum() == reference.sum() and joined[1].sum() == current.sum()
    smaller = min(reference.sum(), current.sum()) / (reference.sum() + current.sum())
    expected = (joined[0] + joined[1]) * smaller
    assert len(expected) == 1 or expected.min() >= distances.LEAST_EXPECTED * (1 - 1e-9)


@given(COUNTS)
def test_distances_stay_in_their_ranges(pairs: list[tuple[int, int]]) -> None:
    cells = as_arrays(pairs)
    assert distances.psi(*cells) >= 0
    assert 0 <= distances.js_divergence(*cells) <= 1
    assert 0 <= distances.ks(*cells) <= 1
    assert distances.psi(*cells) == pytest.approx(distances.psi(*cells[::-1]), abs=1e-12)
