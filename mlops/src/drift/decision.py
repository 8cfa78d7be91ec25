"""From two profiles to a verdict: distances per column, correction for many columns, and one score."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, log, sqrt

import numpy as np

from mlops.src.drift import distances
from mlops.src.drift.distances import Counts
from mlops.src.drift.profile import ColumnProfile, Kind

ALPHA = 0.01
PSI_FLOOR = 0.1
CHANCE_LEVEL = 0.001


@dataclass(frozen=True)
class FeatureDrift:
    """How one column of a snapshot differs from the reference: a row of `feature_drift_metrics`.

    `feature_drift_score` is min(psi / threshold, ln adjusted_p_value / ln ALPHA): at least 1 exactly when
    `drifted`. Shares are in 0..1, `mean_shift` is in reference standard deviations; None where a figure does
    not exist.
    """

    feature: str
    kind: Kind
    psi: float
    ks: float | None
    chi_square: float
    js_divergence: float
    p_value: float
    adjusted_p_value: float
    mean_shift: float | None
    variance_ratio: float | None
    reference_null_share: float
    current_null_share: float
    largest_category_shift: float | None
    threshold: float
    feature_drift_score: float
    drifted: bool
    reference_rows: int
    current_rows: int


def judge(pairs: Sequence[tuple[ColumnProfile, ColumnProfile]]) -> tuple[FeatureDrift, ...]:
    """Compares each (reference, current) pair; decides with p-values corrected over all of them."""
    found = [_compare(reference, current) for reference, current in pairs]
    adjusted = distances.holm([drift.p_value for drift in found])
    return tuple(_decide(drift, p) for drift, p in zip(found, adjusted, strict=True))


def overall(features: Sequence[FeatureDrift]) -> float:
    """The snapshot's one figure: the largest `feature_drift_score`."""
    return max(drift.feature_drift_score for drift in features)


def _compare(reference: ColumnProfile, current: ColumnProfile) -> FeatureDrift:
    ordered = reference.bins.ordered
    cells = distances.pooled(_cells(reference), _cells(current), ordered=ordered)
    statistic, p_value = distances.chi_square(*cells)
    chance = distances.psi_by_chance(len(cells[0]), reference.rows, current.rows, CHANCE_LEVEL)
    return FeatureDrift(
        feature=reference.bins.name,
        kind=reference.bins.kind,
        psi=distances.psi(*cells),
        ks=distances.ks(np.array(reference.counts), np.array(current.counts)) if ordered else None,
        chi_square=statistic,
        js_divergence=distances.js_divergence(*cells),
        p_value=p_value,
        adjusted_p_value=1.0,
        mean_shift=_mean_shift(reference, current),
        variance_ratio=_variance_ratio(reference, current),
        reference_null_share=reference.null_share,
        current_null_share=current.null_share,
        largest_category_shift=None if ordered else _largest_shift(reference, current),
        threshold=max(PSI_FLOOR, chance),
        feature_drift_score=0.0,
        drifted=False,
        reference_rows=reference.rows,
        current_rows=current.rows,
    )


def _decide(drift: FeatureDrift, adjusted: float) -> FeatureDrift:
    certainty = log(adjusted) / log(ALPHA) if adjusted > 0 else inf
    score = abs(min(drift.psi / drift.threshold, certainty))
    return replace(drift, adjusted_p_value=adjusted, feature_drift_score=score, drifted=score >= 1)


def _cells(profile: ColumnProfile) -> Counts:
    """The counts with NULL as a last bin of its own."""
    return np.array([*profile.counts, profile.nulls])


def _mean_shift(reference: ColumnProfile, current: ColumnProfile) -> float | None:
    if reference.mean is None or current.mean is None or not reference.variance:
        return None
    return (current.mean - reference.mean) / sqrt(reference.variance)


def _variance_ratio(reference: ColumnProfile, current: ColumnProfile) -> float | None:
    return current.variance / reference.variance if reference.variance and current.variance is not None else None


def _largest_shift(reference: ColumnProfile, current: ColumnProfile) -> float:
    """Largest change of one category's share of all rows; a category never seen in training counts."""
    apart = np.array(current.counts) / current.rows - np.array(reference.counts) / reference.rows
    return float(np.abs(apart).max())
