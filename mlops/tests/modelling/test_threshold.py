import numpy as np
import pytest

from mlops.src.modelling.threshold import GRID, EconomicsConfig, choose_threshold

CASE = EconomicsConfig(horizon_months=10, offer_cost=30.0, save_rate=0.5, gross_margin=0.4)  # stake: 2 x charge


def test_known_values() -> None:
    y, charges = np.array([1, 0, 1]), np.array([50.0, 50.0, 10.0])
    treated = np.array([True, True, False])
    np.testing.assert_allclose(CASE.realised_value(y, treated, charges), [70, -30, 0])
    np.testing.assert_allclose(CASE.expected_value(np.array([0.3, 0.5, 0.5]), charges), [0, 20, -20])
    assert CASE.break_even(50.0) == pytest.approx(0.3)


def test_the_choice_is_the_best_of_all_thresholds_by_brute_force() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(400)
    y, charges = (rng.random(400) < p).astype(int), rng.uniform(20, 110, 400)
    values = [CASE.realised_value(y, p >= t, charges).mean() for t in GRID]
    found = choose_threshold(y, p, charges, CASE)
    np.testing.assert_allclose([value for _, value in found.curve], values, atol=1e-9)
    assert found.value_per_customer == pytest.approx(max(values))
    assert found.treated_share == pytest.approx(np.mean(p >= found.threshold))
    assert found.value_of_treating_all == pytest.approx(CASE.realised_value(y, p >= 0, charges).mean())


def test_a_calibrated_score_lands_near_the_break_even_probability() -> None:
    rng = np.random.default_rng(1)
    p = rng.random(200_000)
    found = choose_threshold((rng.random(200_000) < p).astype(int), p, np.full(200_000, 50.0), CASE)
    assert found.threshold == pytest.approx(CASE.break_even(50.0), abs=0.04)


def test_among_equals_the_fewest_offers() -> None:
    y, p = np.array([0, 1]), np.array([0.105, 0.905])
    assert choose_threshold(y, p, np.full(2, 50.0), CASE).threshold == 0.905


def test_an_offer_that_never_pays_is_made_to_nobody() -> None:
    dear = EconomicsConfig(offer_cost=1e6)
    found = choose_threshold(np.array([0, 1]), np.array([0.2, 0.8]), np.full(2, 50.0), dear)
    assert found.threshold == GRID[-1] and found.value_per_customer == 0 and found.treated_share == 0


@pytest.mark.parametrize(
    "wrong", [{"save_rate": 0.0}, {"gross_margin": 1.2}, {"horizon_months": 0}, {"offer_cost": -1.0}]
)
def test_nonsense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"must lie|makes no sense"):
        EconomicsConfig(**wrong)  # type: ignore[arg-type]
