"""Each test against another implementation, and what its p-values do where there is no difference."""

import numpy as np
import pytest
from scipy import stats

from mlops.src.release import comparisons
from mlops.src.release.comparisons import aligned, more_often, resolution, shifted, slow_bucket, slower
from telecom.ports import Buckets

RNG = np.random.default_rng(3)


def test_more_often_is_fishers_test() -> None:
    found = more_often((12, 900), (9, 100))
    assert found.p_value == pytest.approx(stats.fisher_exact([[9, 91], [12, 888]], "greater").pvalue)
    assert found.size == pytest.approx(0.09 - 12 / 900)


def test_shifted_is_mann_whitney_on_the_buckets() -> None:
    before, after = RNG.integers(0, 6, 400), RNG.integers(1, 7, 90)
    counts = [np.bincount(sample, minlength=7) for sample in (before, after)]
    expected = stats.mannwhitneyu(after, before, alternative="two-sided", method="asymptotic")
    found = shifted(*counts)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert found.size + 0.5 == pytest.approx(expected.statistic / (400 * 90))


def test_all_values_in_one_bucket_say_nothing() -> None:
    assert shifted(np.array([0, 50, 0]), np.array([0, 9, 0])) == comparisons.Compared(1.0, 0.0)
    assert resolution(np.array([0, 59, 0])) == 0.0


def test_resolution_is_what_a_rank_test_keeps() -> None:
    assert resolution(np.full(10, 1000)) == pytest.approx(1 - 10 * 0.1**3, abs=1e-6)
    assert resolution(np.ones(100, dtype=int)) == pytest.approx(1.0)


def test_bounds_that_only_one_side_has_are_joined() -> None:
    first = Buckets((1.0, 2.0, 4.0), (1, 2, 3, 4))
    second = Buckets((2.0, 3.0, 4.0), (10, 20, 30, 40))
    bounds, old, new = aligned(first, second)
    assert bounds == (2.0, 4.0)
    assert old.tolist() == [3, 3, 4] and new.tolist() == [10, 50, 40]
    bounds, old, new = aligned(Buckets(), second)
    assert bounds == second.bounds and old.tolist() == [0, 0, 0, 0] and new.tolist() == [10, 20, 30, 40]


def test_the_slow_bucket_has_about_a_twentieth_above_it() -> None:
    counts = np.array([500, 300, 130, 50, 20])
    first = slow_bucket(counts, counts)
    assert counts[first:].sum() / counts.sum() == pytest.approx(0.07)


def blocks(count: int, noise: float, factor: float = 1.0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Latency counts whose speed varies from block to block, each revision's on its own."""
    bounds = np.array([0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02])

    def counted(requests: int, by: float) -> np.ndarray:
        seconds = 0.003 * by * np.exp(noise * RNG.standard_normal() + 0.5 * RNG.standard_normal(requests))
        return np.bincount(np.searchsorted(bounds, seconds), minlength=len(bounds) + 1)

    return [(counted(450, 1.0), counted(50, factor)) for _ in range(count)]


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_requests_that_wait_together_are_not_taken_for_many(noise: float) -> None:
    """With noise that is shared within a block, one in twenty p-values is below 0.05 and hardly one below 0.001."""
    p_values = [slower(blocks(12, noise)).p_value for _ in range(300)]
    assert np.mean(np.array(p_values) < 0.05) < 0.085
    assert np.mean(np.array(p_values) < 0.001) < 0.01


def test_a_plain_test_would_take_them_for_many() -> None:
    alarms = sum(shifted(*comparisons.sums(blocks(12, 0.3))).p_value < 0.001 for _ in range(50))
    assert alarms > 15


def test_slowness_is_found_in_spite_of_noise() -> None:
    assert slower(blocks(30, 0.1, factor=1.5)).p_value < 1e-6
    counts = blocks(30, 0.1, factor=1.5)
    assert comparisons.more_slow(counts, slow_bucket(*comparisons.sums(counts))).p_value < 1e-4


def test_one_block_proves_nothing() -> None:
    assert slower(blocks(1, 0.0, factor=9.0)).p_value == 1.0
