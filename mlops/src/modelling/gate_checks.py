"""What the promotion gate demands of a candidate, one named check per demand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops.src.modelling.intervals import (
    AucDifference,
    Interval,
    auc_interval,
    bootstrap_auc_difference,
    delong,
    mean_interval,
)
from mlops.src.modelling.metrics import (
    Floats,
    Labels,
    brier_terms,
    expected_calibration_error,
    log_loss_terms,
    roc_auc,
)
from mlops.src.modelling.slices import Slice, slices
from mlops.src.modelling.threshold import EconomicsConfig


@dataclass(frozen=True)
class GateConfig:
    """What the gate demands. AUC and calibration are fractions of 1; value is currency per customer.

    Comparisons with a baseline, a champion or within a slice rest on few customers: they block only what the 95 %
    interval of the difference shows to be worse than tolerated, so that chance alone rarely keeps a sound model out.

    Args:
        min_auc: floor of the candidate.
        leak_auc: above it the candidate is suspected of having seen the answer.
        max_ece: ceiling of the calibration error.
        baseline_tolerance: how far below the logistic regression's AUC is still accepted.
        slice_auc: floor within every slice large enough to judge.
        slice_tolerance: how far below the champion's AUC in a slice is still accepted.
        calibration_tolerance: how much worse than the champion's Brier score is still accepted.
        ece_tolerance: how much worse than the champion's ECE is still accepted.
        value_tolerance: how much less value per customer than the champion's is still accepted.
        significance: one-sided error of "better than the champion".
        resamples: of the paired bootstrap.
        permutations: decisions under noise, at least 200.
        max_noise: highest accepted chance that noise alone would have been promoted.
        max_rows: test rows used; more are thinned at random with the seed.
        seed: of everything drawn here.
    """

    min_auc: float = 0.75
    leak_auc: float = 0.90
    max_ece: float = 0.06
    baseline_tolerance: float = 0.005
    slice_auc: float = 0.60
    slice_tolerance: float = 0.05
    calibration_tolerance: float = 0.001
    ece_tolerance: float = 0.02
    value_tolerance: float = 2.0
    significance: float = 0.05
    resamples: int = 1000
    permutations: int = 200
    max_noise: float = 0.10
    max_rows: int = 10_000
    seed: int = 0


@dataclass(frozen=True)
class Scored:
    """One model's calibrated probabilities of the test rows, and the threshold it decides with."""

    probability: Floats
    threshold: float

    def rows(self, kept: npt.NDArray[np.intp]) -> "Scored":
        """The same model on some of the rows."""
        return Scored(self.probability[kept], self.threshold)


@dataclass(frozen=True)
class Evidence:
    """The same test rows, seen by all.

    Args:
        y: 0/1 labels.
        candidate: the model that wants in.
        champion: the model in use, or None.
        logistic: probabilities of the logistic regression.
        majority: the training share of churners, for every row.
        monthly_charges: exact.
        economics: the business case.
        columns: slice column to one value per row.
    """

    y: Labels
    candidate: Scored
    champion: Scored | None
    logistic: Floats
    majority: Floats
    monthly_charges: Floats
    economics: EconomicsConfig
    columns: Mapping[str, npt.NDArray[Any]]

    def rows(self, kept: npt.NDArray[np.intp]) -> "Evidence":
        """The same evidence on some of the rows."""
        return replace(
            self,
            y=self.y[kept],
            candidate=self.candidate.rows(kept),
            champion=self.champion and self.champion.rows(kept),
            logistic=self.logistic[kept],
            majority=self.majority[kept],
            monthly_charges=self.monthly_charges[kept],
            columns={name: np.asarray(values)[kept] for name, values in self.columns.items()},
        )

    def swapped(self, mask: npt.NDArray[np.bool_]) -> "Evidence":
        """Candidate and champion with their predictions exchanged on the masked rows."""
        if self.champion is None:
            return self
        ours, theirs = self.candidate.probability, self.champion.probability
        return replace(
            self,
            candidate=replace(self.candidate, probability=np.where(mask, theirs, ours)),
            champion=replace(self.champion, probability=np.where(mask, ours, theirs)),
        )


@dataclass(frozen=True)
class Check:
    """One demand: what was measured, what was demanded, and the sentence that says so."""

    name: str
    passed: bool
    measured: float
    limit: float
    sentence: str


def checks(evidence: Evidence, config: GateConfig) -> Iterator[Check]:
    """All checks, cheapest and most decisive first: under noise the first failure ends the run."""
    if evidence.champion is not None:
        yield from _better(evidence, evidence.champion, config)
    yield from _floors(evidence, config)
    yield from _slice_floors(evidence, config)
    if evidence.champion is not None:
        yield from _no_worse(evidence, evidence.champion, config)


def at_least(name: str, what: str, measured: float, limit: float) -> Check:
    """A check that passes from the limit upwards."""
    return Check(name, measured >= limit, measured, limit, f"{what} is {measured:.4f}; at least {limit:.4f} is asked.")


def at_most(name: str, what: str, measured: float, limit: float) -> Check:
    """A check that passes up to the limit."""
    return Check(name, measured <= limit, measured, limit, f"{what} is {measured:.4f}; at most {limit:.4f} is allowed.")


def _better(evidence: Evidence, champion: Scored, config: GateConfig) -> Iterator[Check]:
    """A higher AUC than the champion's on the same rows, by DeLong's test and by the paired bootstrap."""
    ours, theirs = evidence.candidate.probability, champion.probability
    test = delong(evidence.y, ours, theirs)
    if np.array_equal(ours, theirs):
        yield Check("better", False, 0.0, 0.0, "The candidate is no better: it repeats the champion's predictions.")
        return
    sentence = (
        f"AUC {test.first:.4f} against the champion's {test.second:.4f}: "
        f"one-sided p {test.p_better:.4f}; at most {config.significance:.4f} is allowed."
    )
    yield Check("better", test.p_better <= config.significance, test.p_better, config.significance, sentence)
    interval = bootstrap_auc_difference(
        evidence.y,
        ours,
        theirs,
        resamples=config.resamples,
        seed=config.seed,
        confidence=1 - 2 * config.significance,
    )
    yield at_least("better_bootstrap", "Lower end of the bootstrapped AUC difference", interval.low, 0.0)


def _floors(evidence: Evidence, config: GateConfig) -> Iterator[Check]:
    """Absolute limits and the two baselines."""
    y, p = evidence.y, evidence.candidate.probability
    auc, ece = roc_auc(y, p), expected_calibration_error(y, p)
    yield at_least("min_auc", "AUC", auc, config.min_auc)
    yield at_most("leak", "AUC (beyond this a leak is suspected)", auc, config.leak_auc)
    yield at_most("ece", "Calibration error", ece, max(config.max_ece, chance_ece(p, config.seed)))
    against = delong(y, p, evidence.logistic)
    yield not_below("logistic", "AUC less the logistic regression's", against, -config.baseline_tolerance)
    for name, terms in (("log loss", log_loss_terms), ("Brier score", brier_terms)):
        ours, limit = float(terms(y, p).mean()), float(terms(y, evidence.majority).mean())
        yield at_most(f"majority_{name.split()[0].lower()}", f"{name} beside the majority's", ours, limit)


def _slice_floors(evidence: Evidence, config: GateConfig) -> Iterator[Check]:
    for part, rows in _judged(evidence):
        label = f"{part.column}={part.value}"
        found = auc_interval(evidence.y[rows], evidence.candidate.probability[rows])
        yield not_below(f"slice:{label}", f"AUC where {label}", found, config.slice_auc)


def _no_worse(evidence: Evidence, champion: Scored, config: GateConfig) -> Iterator[Check]:
    """Calibration, value and every slice: not worse than the champion by more than the tolerance."""
    y, ours, theirs = evidence.y, evidence.candidate, champion
    brier = mean_interval(brier_terms(y, theirs.probability) - brier_terms(y, ours.probability))
    yield not_below("brier", "Brier score gained on the champion", brier, -config.calibration_tolerance)
    ece = [expected_calibration_error(y, model.probability) for model in (ours, theirs)]
    yield at_most("ece_champion", "Calibration error beside the champion's", ece[0], ece[1] + config.ece_tolerance)
    value = mean_interval(_values(evidence, ours) - _values(evidence, theirs))
    yield not_below("value", "Value per customer gained on the champion", value, -config.value_tolerance)
    for part, rows in _judged(evidence):
        label = f"{part.column}={part.value}"
        against = delong(y[rows], ours.probability[rows], theirs.probability[rows])
        name, what = f"slice_champion:{label}", f"AUC less the champion's where {label}"
        yield not_below(name, what, against, -config.slice_tolerance)


def not_below(name: str, what: str, found: Interval | AucDifference, limit: float) -> Check:
    """A check that fails only if the whole interval lies below the limit."""
    estimate = found.difference if isinstance(found, AucDifference) else found.estimate
    ends = f"{estimate:.4f} [{found.low:.4f}, {found.high:.4f}]"
    return Check(name, found.high >= limit, estimate, limit, f"{what} is {ends}; the interval must reach {limit:.4f}.")


def chance_ece(probability: Floats, seed: int, draws: int = 200) -> float:
    """The calibration error that a perfectly calibrated model of these probabilities stays under in 95 % of cases."""
    rng = np.random.default_rng(seed)
    drawn = rng.random((draws, len(probability))) < probability
    return float(np.quantile([expected_calibration_error(y, probability) for y in drawn.astype(float)], 0.95))


def _judged(evidence: Evidence) -> list[tuple[Slice, npt.NDArray[np.bool_]]]:
    """The slices that are large enough, each with the mask of its rows."""
    model = evidence.candidate
    found = slices(evidence.y, model.probability, model.threshold, evidence.columns)
    return [
        (part, np.asarray(evidence.columns[part.column]).astype(str) == part.value) for part in found if part.judged
    ]


def _values(evidence: Evidence, model: Scored) -> Floats:
    treated = model.probability >= model.threshold
    return evidence.economics.realised_value(evidence.y, treated, evidence.monthly_charges)
