from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from mlops.src.modelling import intervals
from mlops.src.modelling.intervals import bootstrap, bootstrap_auc_difference, delong, resample_weights
from mlops.src.modelling.metrics import evaluate


def scores(rows: int = 500, seed: int = 0, noise: float = 1.0) -> tuple[Any, Any, Any]:
    """Labels and two scores that see the truth through independent noise; the second through less."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=rows)
    y = (truth + rng.normal(size=rows) > 0.8).astype(int)
    first, second = (1 / (1 + np.exp(-(truth + rng.normal(0, width, rows)))) for width in (noise, noise / 2))
    return y, first, second


def test_weights_draw_every_resample_in_full_and_do_not_depend_on_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(resample_weights(50, 20, seed=1)))
    assert whole.shape == (20, 50) and (whole.sum(axis=1) == 50).all()
    monkeypatch.setattr(intervals, "CELLS", 150)
    np.testing.assert_array_equal(np.concatenate(list(resample_weights(50, 20, seed=1))), whole)


def test_weighted_measures_equal_those_of_the_repeated_rows() -> None:
    y, p, _ = scores(80)
    p = p.round(1)
    weights = next(resample_weights(80, 1, seed=4))[0]
    rows = np.repeat(np.arange(80), weights.astype(int))
    one = {name: interval.low for name, interval in bootstrap(y, p, 0.5, resamples=1, seed=4).items()}
    assert one["roc_auc"] == pytest.approx(roc_auc_score(y[rows], p[rows]))
    assert one["pr_auc"] == pytest.approx(average_precision_score(y[rows], p[rows]))
    assert one["brier"] == pytest.approx(np.mean((p[rows] - y[rows]) ** 2))
    assert one["recall"] == pytest.approx(np.mean(p[rows][y[rows] == 1] >= 0.5))


def test_intervals_hold_the_estimate_and_repeat_with_the_seed() -> None:
    y, p, _ = scores()
    found = bootstrap(y, p, 0.5, np.where(y == 1, 3.0, -1.0), resamples=300, seed=5)
    assert found == bootstrap(y, p, 0.5, np.where(y == 1, 3.0, -1.0), resamples=300, seed=5)
    assert found != bootstrap(y, p, 0.5, np.where(y == 1, 3.0, -1.0), resamples=300, seed=6)
    assert all(part.low < part.estimate < part.high for part in found.values())
    assert found["value_per_customer"].estimate == pytest.approx(np.where(y == 1, 3.0, -1.0).mean())


def test_estimates_are_those_of_evaluate() -> None:
    y, p, _ = scores(437)
    value = np.where(y == 1, 3.0, -1.0)
    measured = evaluate(y, p, 0.5, value).as_json()
    found = bootstrap(y, p, 0.5, value, resamples=2)
    assert set(found) == set(measured) - {"rows", "prevalence"}
    for name, interval in found.items():
        assert interval.estimate == pytest.approx(measured[name]), name


def test_the_top_tenth_of_a_drawing_is_that_of_its_rows() -> None:
    y, p, _ = scores(200)
    weights = next(resample_weights(200, 1, seed=4))[0]
    rows = np.repeat(np.arange(200), weights.astype(int))
    best = rows[np.argsort(-p[rows], kind="stable")[:20]]
    drawn = bootstrap(y, p, 0.5, resamples=1, seed=4)
    assert drawn["precision_top_decile"].low == pytest.approx(y[best].mean())
    assert drawn["recall_top_decile"].low == pytest.approx(y[best].sum() / y[rows].sum())


def test_the_auc_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    truth = roc_auc_score(*scores(200_000, seed=99)[:2])
    covered = 0
    for seed in range(120):
        y, p, _ = scores(250, seed=seed)
        interval = bootstrap(y, p, 0.5, resamples=200, seed=seed, confidence=0.9)["roc_auc"]
        covered += interval.low <= truth <= interval.high
    assert 0.80 <= covered / 120 <= 0.97  # 0.90 with three standard errors of the simulation


def test_delong_agrees_with_the_paired_bootstrap() -> None:
    y, first, second = scores()
    test = delong(y, second, first)
    assert test.difference == pytest.approx(roc_auc_score(y, second) - roc_auc_score(y, first))
    interval = bootstrap_auc_difference(y, second, first, resamples=2000)
    assert interval.estimate == pytest.approx(test.difference)
    assert interval.high - interval.low == pytest.approx(test.high - test.low, rel=0.12)
    assert test.p_better < 0.01


def test_delong_of_equal_scores_is_no_better_and_mirrors() -> None:
    y, first, second = scores()
    assert delong(y, first, first).p_better == 1.0
    assert delong(y, first, first * 2).difference == 0.0
    assert delong(y, first, second).p_better == pytest.approx(1 - delong(y, second, first).p_better)


def test_delong_p_values_are_uniform_under_the_null() -> None:
    found = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        truth = rng.normal(size=200)
        y = (truth + rng.normal(size=200) > 0.5).astype(int)
        found.append(delong(y, truth + rng.normal(size=200), truth + rng.normal(size=200)).p_better)
    assert np.mean(np.array(found) < 0.1) == pytest.approx(0.1, abs=0.055)
    assert np.mean(found) == pytest.approx(0.5, abs=0.055)
