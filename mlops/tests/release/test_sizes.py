"""The sample sizes do what they are for: with so many requests, the tests find the effect as often as promised."""

import numpy as np
import pytest
from scipy.special import ndtr

from mlops.src.release import comparisons, sizes

RNG = np.random.default_rng(11)
LEVEL, POWER = 0.002, 0.9


@pytest.mark.parametrize("ratio", [9.0, 1.0])
def test_shares(ratio: float) -> None:
    needed = round(sizes.for_shares(0.005, 0.02, ratio, LEVEL, POWER))
    before = RNG.binomial(round(needed * ratio), 0.005, 500)
    after = RNG.binomial(needed, 0.025, 500)
    pairs = zip(before.tolist(), after.tolist(), strict=True)
    found = [comparisons.more_often((b, round(needed * ratio)), (a, needed)).p_value <= LEVEL for b, a in pairs]
    assert np.mean(found) == pytest.approx(POWER, abs=0.05)


@pytest.mark.parametrize("ratio", [9.0, 1.0])
def test_ranks_in_buckets(ratio: float) -> None:
    shift = 0.3582  # of normals, so that one exceeds the other with probability 0.6
    edges = np.linspace(-1.5, 1.9, 6)
    shares = [np.diff([0.0, *ndtr(edges - by), 1.0]) for by in (0.0, shift)]
    pooled = (np.array(shares[0]) * ratio + shares[1]) / (1 + ratio)
    needed = round(sizes.for_ranks(0.1, ratio, LEVEL, POWER, 1 - (pooled**3).sum()))
    found = []
    for _ in range(400):
        old, new = RNG.multinomial(round(needed * ratio), shares[0]), RNG.multinomial(needed, shares[1])
        found.append(comparisons.shifted(old, new).p_value / 2 <= LEVEL)
    assert np.mean(found) == pytest.approx(POWER, abs=0.06)


def test_shapes() -> None:
    """A distribution with the same middle and wider tails."""
    first, second = np.array([0.1, 0.2, 0.4, 0.2, 0.1]), np.array([0.16, 0.2, 0.28, 0.2, 0.16])
    psi = float(((second - first) * np.log(second / first)).sum())
    needed = round(sizes.for_shapes(psi, 5, 9.0, LEVEL, POWER))
    found = []
    for _ in range(400):
        old, new = RNG.multinomial(needed * 9, first), RNG.multinomial(needed, second)
        found.append(comparisons.reshaped(old, new).p_value <= LEVEL)
    assert np.mean(found) == pytest.approx(POWER, abs=0.07)
