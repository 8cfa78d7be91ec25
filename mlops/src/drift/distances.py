"""How far two columns of counts lie apart. Pure; both arrays are one-dimensional with the same bins."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, chdtri

Counts = npt.NDArray[np.integer[Any]]
Shares = npt.NDArray[np.float64]

LEAST_EXPECTED = 5.0
PSEUDO_COUNT = 0.5


def psi(reference: Counts, current: Counts) -> float:
    """Population stability index, at least 0: Σ (q - p) ln(q / p) (Siddiqi, Credit Risk Scorecards, 2006).

    Half a row is added to each bin (Jeffreys' prior): an empty bin costs much, not infinitely much.
    """
    p, q = _smoothed(reference), _smoothed(current)
    return float(((q - p) * np.log(q / p)).sum())


def psi_by_chance(bins: int, reference_rows: int, current_rows: int, level: float) -> float:
    """The PSI that two samples of one population exceed with probability `level`.

    PSI is then about chi-square(bins - 1) · (1/n + 1/m) (Yurdakul, Statistical Properties of PSI, 2018).
    """
    return float(chdtri(max(bins - 1, 1), level)) * (1 / reference_rows + 1 / current_rows)


def js_divergence(reference: Counts, current: Counts) -> float:
    """Jensen-Shannon divergence in bits, 0 to 1 (Lin, IEEE Trans. Inf. Theory 37, 1991)."""
    p, q = reference / reference.sum(), current / current.sum()
    middle = (p + q) / 2
    return float(np.clip((_kl(p, middle) + _kl(q, middle)) / 2, 0.0, 1.0))


def ks(reference: Counts, current: Counts) -> float | None:
    """Largest difference of the two cumulated shares, at the bin edges; None where one sample has no value.

    A lower bound of the Kolmogorov-Smirnov distance of the raw values.
    """
    if not reference.sum() or not current.sum():
        return None
    apart = np.cumsum(reference) / reference.sum() - np.cumsum(current) / current.sum()
    return float(min(np.abs(apart).max(), 1.0))


def chi_square(reference: Counts, current: Counts) -> tuple[float, float]:
    """Pearson's statistic of homogeneity of two samples, and its p-value.

    With one bin there is nothing to tell apart: 0 and 1. Bins must be filled; see `pooled`.
    """
    total = reference + current
    if len(total) < 2:
        return 0.0, 1.0
    share = current.sum() / total.sum()
    statistic = float((((current - share * total) ** 2) / (share * (1 - share) * total)).sum())
    return statistic, float(chdtrc(len(total) - 1, statistic))


def pooled(reference: Counts, current: Counts, *, ordered: bool) -> tuple[Counts, Counts]:
    """Joins sparse bins until the smaller sample may expect `LEAST_EXPECTED` rows in each (Cochran, 1954).

    Ordered bins join their neighbours; others are first sorted by their rows, so that only rare ones join.
    Which bins join depends on the sum of the two samples alone, never on their difference.
    """
    total = reference + current
    expected = total * (min(reference.sum(), current.sum()) / total.sum())
    order = np.arange(len(total)) if ordered else np.argsort(-total, kind="stable")
    starts = _group_starts(expected[order])
    return np.add.reduceat(reference[order], starts), np.add.reduceat(current[order], starts)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """P-values adjusted for being many, in the order given (Holm, Scand. J. Stat. 6, 1979)."""
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return tuple(adjusted)


def _group_starts(expected: Shares) -> list[int]:
    """First positions of runs that hold enough; what remains at the end joins the last run."""
    starts, held = [0], 0.0
    for position, share in enumerate(expected):
        if held >= LEAST_EXPECTED and expected[position:].sum() >= LEAST_EXPECTED:
            starts.append(position)
            held = 0.0
        held += share
    return starts


def _smoothed(counts: Counts) -> Shares:
    filled = counts + PSEUDO_COUNT
    return np.asarray(filled / filled.sum(), dtype=np.float64)


def _kl(p: Shares, q: Shares) -> float:
    seen = p > 0
    return float((p[seen] * np.log2(p[seen] / q[seen])).sum())
