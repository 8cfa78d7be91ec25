"""How sure the measures are: seeded bootstrap intervals, and DeLong's test for two AUCs on the same rows."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from mlops.src.modelling.metrics import (
    Floats,
    Labels,
    Ranking,
    area_under_roc,
    average_precision,
    brier_terms,
    log_loss_terms,
    top_rows,
    weighted_calibration_error,
)

CELLS = 2_000_000
"""Resampled rows held at once (16 MB of float64)."""


@dataclass(frozen=True)
class Interval:
    """An estimate and its percentile bootstrap interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class AucDifference:
    """AUC of two scores on the same rows.

    Args:
        first: AUC of the first score.
        second: AUC of the second score.
        difference: first - second.
        standard_error: of the difference, by DeLong.
        p_better: one-sided p value of "the first is no better"; 1.0 where the scores rank alike.
        low: lower end of the two-sided interval.
        high: upper end.
    """

    first: float
    second: float
    difference: float
    standard_error: float
    p_better: float
    low: float
    high: float


def resample_weights(rows: int, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each row is drawn (chunk, rows), in chunks; the same for the same seed whatever the chunk size."""
    rng = np.random.default_rng(seed)
    chunk = max(1, CELLS // rows)
    for start in range(0, resamples, chunk):
        size = min(chunk, resamples - start)
        drawn = rng.integers(0, rows, size=(size, rows)) + rows * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows).astype(np.float64)


def bootstrap(
    y: Labels,
    probability: Floats,
    threshold: float,
    value: Floats | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[str, Interval]:
    """Percentile intervals of every measure of `metrics.evaluate` but rows and prevalence.

    The ten bins of the calibration error are those of the rows as given, not of each drawing.

    Args:
        y: 0/1 labels.
        probability: calibrated.
        threshold: decisions are `probability >= threshold`.
        value: realised value per customer (currency); left out where None.
        resamples: drawings of all rows with replacement.
        seed: of the drawings.
        confidence: of the two-sided interval.
    """
    y = np.asarray(y, dtype=np.float64)
    ranking = Ranking.of(y, probability)
    treated = (probability >= threshold).astype(np.float64)
    means = {"brier": brier_terms(y, probability), "log_loss": log_loss_terms(y, probability)}
    if value is not None:
        means["value_per_customer"] = np.asarray(value, dtype=np.float64)

    def measures(weights: Floats) -> dict[str, Floats]:
        caught, alarms = ranking.curves(weights)
        hits, top_hits = weights @ (treated * y), ranking.hits_in_top(weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = {
                "roc_auc": area_under_roc(caught, alarms),
                "pr_auc": average_precision(caught, alarms),
                "ece": weighted_calibration_error(y, probability, weights),
                "precision": hits / (weights @ treated),
                "recall": hits / (weights @ y),
                "precision_top_decile": top_hits / top_rows(len(y)),
                "recall_top_decile": top_hits / (weights @ y),
            }
        return found | {name: weights @ terms / len(y) for name, terms in means.items()}

    estimates = measures(np.ones((1, len(y))))
    draws = [measures(weights) for weights in resample_weights(len(y), resamples, seed)]
    return {
        name: _interval(float(estimates[name][0]), np.concatenate([draw[name] for draw in draws]), confidence)
        for name in estimates
    }


def bootstrap_auc_difference(
    y: Labels, first: Floats, second: Floats, *, resamples: int = 1000, seed: int = 0, confidence: float = 0.95
) -> Interval:
    """Paired percentile interval of AUC(first) - AUC(second): both scores see the same resampled rows."""
    rankings = (Ranking.of(y, first), Ranking.of(y, second))

    def difference(weights: Floats) -> Floats:
        areas = [area_under_roc(*ranking.curves(weights)) for ranking in rankings]
        return np.asarray(areas[0] - areas[1])

    draws = np.concatenate([difference(weights) for weights in resample_weights(len(y), resamples, seed)])
    return _interval(float(difference(np.ones((1, len(y))))[0]), draws, confidence)


def _interval(estimate: float, draws: Floats, confidence: float) -> Interval:
    known = draws[~np.isnan(draws)]
    if not len(known):
        return Interval(estimate, float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(estimate, float(low), float(high))


def delong(y: Labels, first: Floats, second: Floats, confidence: float = 0.95) -> AucDifference:
    """Test and interval of AUC(first) - AUC(second) on the same rows.

    DeLong, DeLong and Clarke-Pearson, Biometrics 1988, with mid-ranks after Sun and Xu, IEEE SPL 2014.
    """
    positive = np.asarray(y) > 0
    placements = [_placements(positive, np.asarray(score, dtype=np.float64)) for score in (first, second)]
    areas = [float(of_positives.mean()) for of_positives, _ in placements]
    gap = areas[0] - areas[1]
    variance = sum(float(np.var(a - b, ddof=1)) / len(a) for a, b in zip(placements[0], placements[1], strict=True))
    error = math.sqrt(variance)
    if error < 1e-12:
        return AucDifference(areas[0], areas[1], gap, 0.0, 1.0, gap, gap)
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * error
    p_better = 0.5 * math.erfc(gap / error / math.sqrt(2))
    return AucDifference(areas[0], areas[1], gap, error, p_better, gap - reach, gap + reach)


def auc_interval(y: Labels, score: Floats, confidence: float = 0.95) -> Interval:
    """AUC of one score with DeLong's interval."""
    up, down = _placements(np.asarray(y) > 0, np.asarray(score, dtype=np.float64))
    error = math.sqrt(float(np.var(up, ddof=1)) / len(up) + float(np.var(down, ddof=1)) / len(down))
    return _normal(float(up.mean()), error, confidence)


def mean_interval(values: Floats, confidence: float = 0.95) -> Interval:
    """A mean with its normal interval; for paired differences per row."""
    return _normal(float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values)), confidence)


def _normal(estimate: float, error: float, confidence: float) -> Interval:
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * error
    return Interval(estimate, estimate - reach, estimate + reach)


def _placements(positive: npt.NDArray[np.bool_], score: Floats) -> tuple[Floats, Floats]:
    """Share of stayers below each churner, and of churners above each stayer; ties count half."""
    ups, downs = score[positive], score[~positive]
    ranks, up_ranks, down_ranks = (_mid_ranks(part) for part in (score, ups, downs))
    return (ranks[positive] - up_ranks) / len(downs), 1.0 - (ranks[~positive] - down_ranks) / len(ups)


def _mid_ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], dtype=np.float64)
