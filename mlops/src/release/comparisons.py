"""Two samples of one service's requests, compared: each test gives a p-value and how large the difference is. Pure.

All of them hold for identical revisions because requests are dealt to them at random: whatever the requests are like,
both get the same mix. What a request asks is taken to be independent of the others. How long it takes is not: requests
of the same moment wait together. Tests of latencies therefore get their samples in blocks, one per stretch of time, and
take their error from how the blocks differ.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, stdtr

from mlops.src.drift.distances import chi_square, pooled, psi
from telecom.ports import Buckets

Counts = npt.NDArray[np.int64]
Blocks = Sequence[tuple[Counts, Counts]]
"""Counts by bucket, in order of size, before and after: of each stretch of time in which both had some."""
SLOW_SHARE = 0.05


@dataclass(frozen=True)
class Compared:
    """One test: the probability of at least this difference between identical revisions, and its size.

    `size` is a difference of shares (0 to 1), a distance of the probability of superiority from one half, or a PSI.
    """

    p_value: float
    size: float


def aligned(first: Buckets, second: Buckets) -> tuple[tuple[float, ...], Counts, Counts]:
    """Counts of both at the bounds that they share; where a bound is only one's, its buckets are joined.

    Returns:
        The bounds, and two arrays of one count more. Empty samples count as zeros everywhere.
    """
    if first.bounds == second.bounds:
        return first.bounds, np.array(first.counts, dtype=np.int64), np.array(second.counts, dtype=np.int64)
    if not sum(first.counts) or not sum(second.counts):
        bounds = first.bounds if sum(first.counts) else second.bounds
        return bounds, _at(first, bounds), _at(second, bounds)
    bounds = tuple(sorted(set(first.bounds) & set(second.bounds)))
    return bounds, _at(first, bounds), _at(second, bounds)


def _at(buckets: Buckets, bounds: tuple[float, ...]) -> Counts:
    if not sum(buckets.counts):
        return np.zeros(len(bounds) + 1, dtype=np.int64)
    cumulated = np.cumsum(buckets.counts)
    ends = [int(cumulated[buckets.bounds.index(bound)]) for bound in bounds]
    edges = np.array([0, *ends, int(cumulated[-1])], dtype=np.int64)
    return edges[1:] - edges[:-1]


def more_often(before: tuple[int, int], after: tuple[int, int]) -> Compared:
    """Whether something happens more often: Fisher's exact test, one-sided (Fisher, J. R. Stat. Soc. 98, 1935).

    Args:
        before: how often, and in how many requests, at the revision in service.
        after: the same at the candidate.
    """
    # Takes most of a second to import, and a canary that its check refuses never gets here.
    from scipy.stats import hypergeom

    (seen, n), (found, m) = before, after
    p_value = float(hypergeom.sf(found - 1, n + m, seen + found, m))
    return Compared(p_value, found / m - seen / n)


def slower(blocks: Blocks) -> Compared:
    """Whether values are larger after than before: Mann-Whitney with mid-ranks, one-sided, over blocks of time.

    Returns:
        As size, the probability that a value of `after` exceeds one of `before` (ties count half), less one half.
        Values in one bucket are ties: with buckets of shares p the test is as good as on raw values of
        1 - Σ p³ times as many requests (see `resolution`).
    """
    z, superiority = _mann_whitney(*sums(blocks))
    return Compared(_student(z, dispersion_of_ranks(blocks), len(blocks)), superiority - 0.5)


def more_slow(blocks: Blocks, first: int) -> Compared:
    """Whether values lie in bucket `first` or above more often: the larger p-value of `more_often` and of blocks."""
    before, after = sums(blocks)
    compared = more_often(_share(before, first), _share(after, first))
    spread = _spread(before + after, first)
    z = compared.size * math.sqrt(_weight(before, after) / spread) if spread else 0.0
    by_blocks = _student(z, dispersion_of_slow(blocks, first), len(blocks))
    return Compared(max(compared.p_value, by_blocks), compared.size)


def dispersion_of_ranks(blocks: Blocks) -> float:
    """How many times more the blocks' probabilities of superiority differ than independent requests would make them."""
    before, after = sums(blocks)
    _, superiority = _mann_whitney(before, after)
    sizes = [(_mann_whitney(old, new)[1] - superiority, _weight(old, new)) for old, new in blocks]
    return _dispersion(sizes, resolution(before + after) / 12)


def dispersion_of_slow(blocks: Blocks, first: int) -> float:
    """The same of the shares of slow requests."""
    before, after = sums(blocks)
    gap = _gap(before, after, first)
    sizes = [(_gap(old, new, first) - gap, _weight(old, new)) for old, new in blocks]
    return _dispersion(sizes, _spread(before + after, first))


def _dispersion(sizes: Sequence[tuple[float, float]], spread: float) -> float:
    """At least 1 (Wedderburn, Biometrika 61, 1974, of overdispersed counts).

    `sizes` holds each block's distance from the mean of all and its weight nm / (n + m); `spread` is the variance of
    such a distance times the weight, for independent requests.
    """
    if len(sizes) < 2 or not spread:
        return 1.0
    return max(1.0, sum(weight * away**2 for away, weight in sizes) / spread / (len(sizes) - 1))


def _student(z: float, dispersion: float, blocks: int) -> float:
    """One-sided, from z for independent requests: Student's t with a degree of freedom per block less one."""
    return float(stdtr(blocks - 1, -z / math.sqrt(dispersion))) if blocks > 1 else 1.0


def sums(blocks: Blocks) -> tuple[Counts, Counts]:
    """All blocks together."""
    before, after = (np.sum([block[side] for block in blocks], axis=0) for side in (0, 1))
    return before, after


def _weight(before: Counts, after: Counts) -> float:
    n, m = int(before.sum()), int(after.sum())
    return n * m / (n + m)


def _spread(counts: Counts, first: int) -> float:
    found, size = _share(counts, first)
    return found / size * (1 - found / size)


def _share(counts: Counts, first: int) -> tuple[int, int]:
    return int(counts[first:].sum()), int(counts.sum())


def _gap(before: Counts, after: Counts, first: int) -> float:
    (seen, n), (found, m) = _share(before, first), _share(after, first)
    return found / m - seen / n


def shifted(before: Counts, after: Counts) -> Compared:
    """Whether values of `after` are larger or smaller: Mann-Whitney as in `slower`, two-sided, requests independent."""
    z, superiority = _mann_whitney(before, after)
    return Compared(float(2 * ndtr(-abs(z))), superiority - 0.5)


def _mann_whitney(before: Counts, after: Counts) -> tuple[float, float]:
    """The z value (continuity corrected) and the probability of superiority (Lehmann, Nonparametrics, 1975, ch. 1)."""
    n, m = int(before.sum()), int(after.sum())
    below = np.cumsum(before) - before
    wins = float((after * (below + before / 2)).sum())
    variance = n * m * (n + m + 1) / 12 * resolution(before + after)
    away = wins - n * m / 2
    z = math.copysign(max(abs(away) - 0.5, 0.0), away) / math.sqrt(variance) if variance > 0 else 0.0
    return z, wins / (n * m)


def resolution(counts: Counts) -> float:
    """What buckets leave of a rank test's efficiency, 0 (all in one) to 1: 1 - Σ (t³ - t) / (N³ - N)."""
    total = float(counts.sum())
    t = counts.astype(np.float64)
    return 1 - float((t**3 - t).sum()) / (total**3 - total) if total > 1 else 0.0


def slow_bucket(before: Counts, after: Counts) -> int:
    """The first bucket of the slow requests: those above it are as near to `SLOW_SHARE` of all as buckets allow.

    Chosen from both samples together, so that the choice cannot favour either.
    """
    both = before + after
    above = 1 - np.cumsum(both)[:-1] / both.sum()
    away = np.abs(np.log(np.maximum(above, 1e-9) / SLOW_SHARE))
    return int(np.argmin(away)) + 1


def reshaped(before: Counts, after: Counts) -> Compared:
    """Whether values are spread differently, also where neither sample is larger: chi-square, with the PSI as size."""
    cells = pooled(before, after, ordered=True)
    return Compared(chi_square(*cells)[1], psi(*cells))
