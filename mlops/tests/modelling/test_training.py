import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mlops.src.modelling.baselines import LogisticRegression, majority
from mlops.src.modelling.encoding import FeatureSpec
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.metrics import roc_auc
from mlops.src.modelling.threshold import EconomicsConfig
from mlops.src.modelling.trainer import DEFAULT_PARAMS, Labelled, fit, library_versions, train, training_order
from mlops.src.modelling.tuning import Trial, TuningConfig, choose, thinned, tune

REPOSITORY = Path(__file__).parents[3]
DIGEST = """
import sys
from telecom.absent import HEAVY, keep_out
keep_out(*HEAVY)  # as the command does
import numpy as np, pyarrow as pa
from mlops.src.modelling.encoding import FeatureSpec
from mlops.src.modelling.threshold import EconomicsConfig
from mlops.src.modelling.trainer import Labelled, train, training_order
rng = np.random.default_rng(0)
ids = np.array(["äZ-a"[i % 4] + str(i) for i in range(600)])
x = rng.normal(size=(600, 4)).astype(np.float32)
y = (x[:, 0] + rng.normal(size=600) > 0.5).astype(int)
shuffled = np.random.default_rng(int(sys.argv[1])).permutation(600)
ids, x, y = ids[shuffled], x[shuffled], y[shuffled]
order = training_order(pa.array(ids))
data = Labelled(x[order], y[order], np.full(600, 70.0))
features = tuple(FeatureSpec(name, "number") for name in "abcd")
print(train(data, data, features, EconomicsConfig(), rounds=20, seed=5).model.digest)
"""


def digest(seed: int, **environment: str) -> str:
    command = [sys.executable, "-c", DIGEST, str(seed)]
    done = subprocess.run(
        command, env=os.environ | environment, cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_digest_depends_on_data_and_seed_alone() -> None:
    first = digest(1, OMP_NUM_THREADS="1", TZ="Asia/Tokyo", LANG="C", LC_ALL="C")
    second = digest(2, OMP_NUM_THREADS="4", TZ="America/Sao_Paulo", LANG="pt_BR.UTF-8", PYTHONHASHSEED="7")
    assert len(first) == 64 and first == second


def test_the_digest_changes_with_seed_data_and_threshold(world: Any) -> None:
    def trained(seed: int, y: Any, cost: float = 60.0) -> str:
        data = Labelled(world.x, y, world.charges)
        economics = EconomicsConfig(offer_cost=cost)
        return train(data, data, CHURN_FEATURES, economics, rounds=8, seed=seed).model.digest

    other = world.y.copy()
    other[0] = 1 - other[0]
    found = {trained(1, world.y), trained(2, world.y), trained(1, other), trained(1, world.y, cost=1e6)}
    assert len(found) == 4 and trained(1, world.y) in found


def test_training_order_is_by_bytes() -> None:
    assert training_order(pa.array(["b", "a", "B", "é"])).tolist() == [2, 1, 0, 3]


def test_permuted_labels_teach_nothing(world_of: Callable[..., Any]) -> None:
    # The labels to be predicted are permuted too: monotone directions are knowledge, and a model that has learnt
    # nothing else still ranks better than chance against true labels.
    world = world_of(6000, seed=1)
    noise = np.random.default_rng(0).permutation(world.y)
    halves = [Labelled(world.x[rows], noise[rows], world.charges[rows]) for rows in np.array_split(np.arange(6000), 2)]
    model = train(halves[0], halves[0], CHURN_FEATURES, EconomicsConfig(), rounds=100).model
    assert 0.45 <= roc_auc(halves[1].y, model.predict(halves[1].x)) <= 0.55
    assert roc_auc(halves[0].y, model.predict(halves[0].x)) > 0.55  # it did learn the noise by heart


def test_a_planted_mechanism_is_found(world_of: Callable[..., Any]) -> None:
    world, validation, fresh = (world_of(2500, seed=seed) for seed in (1, 2, 3))
    found = train(
        Labelled(world.x, world.y, world.charges),
        Labelled(validation.x, validation.y, validation.charges),
        CHURN_FEATURES,
        EconomicsConfig(),
        rounds=300,
    )
    probability = found.model.predict(fresh.x)
    assert roc_auc(fresh.y, probability) > roc_auc(fresh.y, fresh.truth) - 0.015
    assert np.abs(probability - fresh.truth).mean() < 0.06
    assert found.threshold.value_per_customer >= max(0.0, found.threshold.value_of_treating_all)


def test_monotone_directions_hold(world: Any, booster: Any, model: Any) -> None:
    for position, feature in enumerate(CHURN_FEATURES):
        if feature.monotone:
            levels = np.unique(world.x[:, position])[:12]
            rows = np.repeat(world.x[:20], len(levels), axis=0)
            rows[:, position] = np.tile(levels, 20)
            steps = np.diff(model.margin(rows).reshape(20, -1), axis=1) * feature.monotone
            assert steps.min() >= -1e-9, feature.name


def test_our_margin_is_the_boosters(world: Any, booster: Any, model: Any) -> None:
    native = booster.inplace_predict(world.x, predict_type="margin")
    np.testing.assert_allclose(model.margin(world.x), native, atol=1e-5)


def test_logistic_regression_equals_scikit_learn(world: Any) -> None:
    from sklearn.linear_model import LogisticRegression as Reference

    features = tuple(FeatureSpec(f.name, "number") for f in CHURN_FEATURES)
    standard = (world.x - world.x.mean(axis=0, dtype=float)) / world.x.std(axis=0, dtype=float)
    expected = Reference(C=1.0, tol=1e-8, max_iter=1000).fit(standard, world.y).predict_proba(standard)[:, 1]
    np.testing.assert_allclose(LogisticRegression.fit(world.x, world.y, features).predict(world.x), expected, atol=1e-4)


def test_logistic_regression_takes_missing_values_and_constant_columns(world: Any) -> None:
    x = world.x.copy()
    x[:, 0] = 1.0
    x[::4, 3] = np.nan
    probability = LogisticRegression.fit(x, world.y, CHURN_FEATURES).predict(x)
    assert np.isfinite(probability).all() and roc_auc(world.y, probability) > 0.75


def test_majority_is_the_training_share() -> None:
    assert majority(np.array([0, 0, 0, 1]), 2).tolist() == [0.25, 0.25]


def test_tuning_repeats_and_starts_from_the_defaults(world: Any) -> None:
    ids = world.table["customer_id"].to_pylist()
    one = TuningConfig(trials=3, folds=3, max_rounds=30, patience=5, max_rows=600, threads=1)
    two = TuningConfig(trials=3, folds=3, max_rounds=30, patience=5, max_rows=600, threads=2)
    found = tune(world.x, world.y, CHURN_FEATURES, ids, one, seed=4)
    assert found == tune(world.x, world.y, CHURN_FEATURES, ids, two, seed=4)
    assert found.history[0].params == pytest.approx(dict(DEFAULT_PARAMS))
    assert len(found.history) == 3 and 1 <= found.rounds <= 30
    assert all(trial.params["max_depth"] <= 3 for trial in found.history)


def test_a_gain_within_the_noise_does_not_displace_the_defaults() -> None:
    first = Trial({"eta": 1}, 1, (0.40, 0.42, 0.41))
    lucky = Trial({"eta": 2}, 1, (0.37, 0.44, 0.41))
    sound = Trial({"eta": 3}, 1, (0.39, 0.41, 0.40))
    assert choose([first, lucky]) is first
    assert choose([first, lucky, sound]) is sound


def test_thinning_keeps_customers_by_hash_not_by_place() -> None:
    keys = [f"C{i}" for i in range(500)]
    kept = {keys[i] for i in thinned(keys, 500, 100)}
    assert len(kept) == 100
    assert {keys[::-1][i] for i in thinned(keys[::-1], 500, 100)} == kept
    assert len({(["new", *keys])[i] for i in thinned(["new", *keys], 501, 100)} - kept) <= 1
    assert thinned(keys, 500, 500).tolist() == list(range(500))


def test_versions_name_the_computing_libraries() -> None:
    assert {"numpy", "pyarrow"} <= set(library_versions())


def test_fit_takes_one_thread_whatever_the_caller_says(world: Any, booster: Any) -> None:
    again = fit(world.x, world.y, CHURN_FEATURES, {**DEFAULT_PARAMS, "nthread": 8}, rounds=60, seed=3)
    assert again.save_raw("json") == booster.save_raw("json")
