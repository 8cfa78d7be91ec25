import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops.src.modelling.calibration import CLIP, Calibrator, fit_best, fit_isotonic, fit_platt, sigmoid
from mlops.src.modelling.folds import stratified_folds

MARGINS = st.lists(st.floats(-50, 50), min_size=2, max_size=40)


def drawn(slope: float, intercept: float, rows: int = 4000, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    margin = rng.normal(0, 1.5, rows)
    return margin, (rng.random(rows) < sigmoid(slope * margin + intercept)).astype(int)


def test_platt_finds_the_planted_line() -> None:
    found = fit_platt(*drawn(0.6, -0.8, rows=40_000))
    assert found.slope == pytest.approx(0.6, abs=0.05)
    assert found.intercept == pytest.approx(-0.8, abs=0.05)


def test_isotonic_equals_scikit_learn_at_the_data() -> None:
    from sklearn.isotonic import IsotonicRegression

    margin, y = drawn(1.0, 0.0, rows=300)
    levels = IsotonicRegression().fit(margin, y).predict(margin)
    found = fit_isotonic(margin, y)
    assert set(np.round(found.levels, 9)) == set(np.round(levels, 9))
    assert np.abs(found.apply(margin) - levels).mean() < 0.05  # lines instead of steps


@given(MARGINS, st.floats(0.01, 5), st.floats(-5, 5))
def test_platt_is_monotone_and_inside_the_unit_interval(margins: list[float], slope: float, intercept: float) -> None:
    p = Calibrator("platt", slope, intercept).apply(np.sort(margins))
    assert (np.diff(p) >= 0).all() and p.min() >= CLIP and p.max() <= 1 - CLIP


@given(MARGINS, st.integers(0, 1000))
def test_isotonic_is_monotone_and_inside_the_unit_interval(margins: list[float], seed: int) -> None:
    y = np.random.default_rng(seed).integers(0, 2, len(margins))
    calibrator = fit_isotonic(np.array(margins), y)
    p = calibrator.apply(np.linspace(-60, 60, 200))
    assert (np.diff(p) >= 0).all() and p.min() >= CLIP and p.max() <= 1 - CLIP
    assert Calibrator.from_json(json.loads(json.dumps(calibrator.as_json()))) == calibrator


def test_a_calibrated_margin_is_left_nearly_alone() -> None:
    choice = fit_best(*drawn(1.0, 0.0, rows=4000))
    assert choice.calibrator.method == "platt"
    assert choice.calibrator.slope == pytest.approx(1.0, abs=0.15)
    assert choice.calibrator.intercept == pytest.approx(0.0, abs=0.15)
    assert set(choice.log_loss) == {"identity", "platt", "isotonic"}


def test_a_distorted_margin_is_straightened_by_platt() -> None:
    assert fit_best(*drawn(0.4, 1.0)).calibrator.method == "platt"


def test_a_step_is_straightened_by_isotonic() -> None:
    margin, _ = drawn(1.0, 0.0, rows=6000)
    y = (np.random.default_rng(2).random(6000) < np.where(margin > 1, 0.9, 0.3)).astype(int)
    assert fit_best(margin, y).calibrator.method == "isotonic"


@pytest.mark.parametrize(
    "changes",
    [
        {"slope": -1.0},
        {"method": "pickle"},
        {"method": "isotonic"},
        {"method": "isotonic", "knots": [0.0, 1.0], "levels": [0.9, 0.1]},
        {"method": "isotonic", "knots": [1.0, 0.0], "levels": [0.1, 0.9]},
        {"method": "isotonic", "knots": [0.0, 1.0], "levels": [0.1]},
    ],
)
def test_a_map_that_is_not_monotone_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="monotone"):
        Calibrator.from_json(Calibrator("platt").as_json() | changes)


def test_folds_share_every_class_and_cover_every_row_once() -> None:
    y = np.array([1] * 13 + [0] * 37)
    folds = stratified_folds(y, 5, seed=1)
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(50))
    assert {int(y[test].sum()) for _, test in folds} <= {2, 3}
    assert all(not set(train) & set(test) for train, test in folds)
    with pytest.raises(ValueError, match="13 rows with label 1"):
        stratified_folds(y, 14, seed=1)
