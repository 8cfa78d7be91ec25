from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mlops.src.modelling.calibration import sigmoid
from mlops.src.modelling.gate import decide
from mlops.src.modelling.gate_checks import Evidence, GateConfig, Scored
from mlops.src.modelling.threshold import EconomicsConfig

QUICK = GateConfig(resamples=150, permutations=60, max_ece=0.2, ece_tolerance=0.1, min_auc=0.75)


def evidence(rows: int = 900, seed: int = 0, *, ours: float = 0.2, theirs: float | None = 0.2) -> Evidence:
    """Candidate and champion see the same truth, each through noise of its own width."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1.2, 1.9, rows)
    y = (rng.random(rows) < sigmoid(margin)).astype(int)

    def score(width: float) -> Any:
        return sigmoid(margin + rng.normal(0, width, rows))

    return Evidence(
        y=y,
        candidate=Scored(score(ours), 0.4),
        champion=None if theirs is None else Scored(score(theirs), 0.4),
        logistic=score(0.3),
        majority=np.full(rows, 0.28),
        monthly_charges=np.full(rows, 70.0),
        economics=EconomicsConfig(),
        columns={"gender": rng.choice(["Female", "Male"], rows)},
    )


def failed(found: Any) -> set[str]:
    return {check.name for check in found.checks if not check.passed}


def test_a_clearly_better_candidate_is_promoted() -> None:
    found = decide(evidence(3000, ours=0.1, theirs=1.5), QUICK)
    assert found.promote and failed(found) == set()
    assert found.noise_method == "swap" and 0 < found.noise_promotion_probability <= 0.1
    assert any("champion" in reason for reason in found.reasons)


def test_identical_predictions_are_no_better() -> None:
    case = evidence()
    found = decide(replace(case, champion=case.candidate), QUICK)
    assert not found.promote and "no better" in found.reasons[0]
    assert found.noise_promotion_probability == pytest.approx(1 / 61)


def test_a_worse_candidate_is_refused_with_its_reasons() -> None:
    found = decide(evidence(3000, ours=1.5, theirs=0.1), QUICK)
    assert not found.promote
    assert {"better", "brier"} <= failed(found) and len(found.reasons) == len(failed(found))


def test_noise_is_promoted_no_more_often_than_the_gate_says() -> None:
    config = replace(QUICK, permutations=60, max_noise=1.0)
    decisions = [decide(evidence(300, seed=seed), config) for seed in range(40)]
    said = np.mean([found.noise_promotion_probability for found in decisions])
    assert 0.0165 <= said <= 0.08  # nominal 0.05, less what the other checks take
    assert sum(found.promote for found in decisions) <= 6  # binomial(40, 0.05): 0.3 % beyond


def test_the_first_model_needs_only_floors_and_baselines() -> None:
    found = decide(evidence(theirs=None), QUICK)
    assert found.promote and found.noise_method == "labels"
    assert found.noise_promotion_probability == pytest.approx(1 / 61)
    assert not any(check.name in ("better", "brier") for check in found.checks)


def test_a_model_that_learnt_nothing_is_not_a_first_model() -> None:
    case = evidence(theirs=None)
    blind = Scored(np.random.default_rng(0).permutation(case.candidate.probability), 0.4)
    assert {"min_auc", "logistic", "majority_log"} <= failed(decide(replace(case, candidate=blind), QUICK))


def test_too_good_is_suspected_of_a_leak() -> None:
    case = evidence(theirs=None)
    seen = Scored(np.clip(0.8 * case.y + 0.2 * case.candidate.probability, 0.01, 0.99), 0.4)
    assert failed(decide(replace(case, candidate=seen), QUICK)) == {"leak"}


def test_a_slice_below_its_floor_is_named() -> None:
    case = evidence(2000, theirs=None)
    women = case.columns["gender"] == "Female"
    probability = case.candidate.probability.copy()
    probability[women] = np.random.default_rng(1).permutation(probability[women])
    found = decide(replace(case, candidate=Scored(probability, 0.4)), QUICK)
    assert "slice:gender=Female" in failed(found) and "slice:gender=Male" not in failed(found)


def test_a_miscalibrated_candidate_is_refused() -> None:
    case = evidence(2000, ours=0.1, theirs=0.6)
    bold = Scored(case.candidate.probability**0.3, 0.4)
    assert {"ece", "brier"} <= failed(decide(replace(case, candidate=bold), replace(QUICK, max_ece=0.06)))


def test_a_candidate_that_costs_money_is_refused() -> None:
    case = evidence(3000, ours=0.1, theirs=1.2)
    timid = replace(case, candidate=replace(case.candidate, threshold=0.99))
    assert failed(decide(timid, QUICK)) == {"value"}


def test_many_rows_are_thinned_and_the_answer_repeats() -> None:
    case = evidence(3000, ours=0.1, theirs=1.5)
    config = replace(QUICK, max_rows=1000, permutations=10)
    first = decide(case, config)
    assert first == decide(case, config)
    assert first.checks[0].measured != decide(case, replace(config, max_rows=3000)).checks[0].measured
    assert set(first.as_json()) >= {"promote", "reasons", "checks"}
