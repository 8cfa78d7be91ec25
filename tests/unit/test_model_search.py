"""The local model search: its time box, what it repeats exactly, and how it reads columns. The clock is a list."""

import itertools
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from telecom.adapters.local import _learners, _model_search, automl
from telecom.adapters.local._learners import LEARNERS, Columns, Fitted, Job, Sample, TimeUp
from telecom.adapters.local._model_search import search
from telecom.adapters.local.automl import LocalAutoMl
from telecom.errors import MissingExtra, UsageError
from telecom.ports import AutoMlTask, Parameters
from telecom.settings import Settings

TABLE = "telecom_gold.telco_churn_training"
FEATURES = ("tenure_months", "contract", "partner")
TASK = AutoMlTask(TABLE, "customer_id", FEATURES, "churned", "split", 1.0, 3)


def rows(count: int = 240) -> pa.Table:
    rng = np.random.default_rng(2)
    tenure = rng.integers(0, 60, count)
    contracts = np.array(["Month-to-month", "One year", "Two year"])[rng.integers(0, 3, count)]
    margin = 2 - 0.08 * tenure - (contracts != "Month-to-month")
    columns: Mapping[str, Any] = {
        "customer_id": [f"c{n:04d}" for n in range(count)],
        "tenure_months": tenure,
        "contract": contracts,
        "partner": rng.random(count) < 0.5,
        "churned": rng.random(count) < 1 / (1 + np.exp(-margin)),
        "split": [("train", "validation", "test")[n % 3] for n in range(count)],
    }
    return pa.table(dict(columns))


class Shelf:
    """Implements `telecom.ports.Warehouse` with one table that it answers every query with."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        return self.table

    def stream(self, *_: Any) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError

    def write(self, *_: Any, **__: Any) -> tuple[int, ...]:
        raise NotImplementedError


def samples(count: int = 240) -> tuple[Sample, Sample]:
    table = rows(count)
    columns = Columns.of(table, FEATURES)
    y = np.asarray(table["churned"].to_pylist(), dtype=np.int64)
    whole = Sample(columns.ordinal(table), columns.wide(table), y)
    return tuple(Sample(whole.ordinal[part::2], whole.wide[part::2], y[part::2]) for part in (0, 1))  # type: ignore[return-value]


def ticks(allowed: int) -> Callable[[], bool]:
    """True so many times."""
    left = itertools.chain([True] * allowed, itertools.repeat(False))
    return lambda: next(left)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every learner is a logistic regression of a strength of its own; returns their names as they are tried."""
    tried: list[str] = []

    def learner(name: str) -> Callable[[Any, Job], Fitted]:
        def fit(trial: Any, job: Job) -> Fitted:
            tried.append(name)
            return _learners.logistic(trial, job)

        return fit

    monkeypatch.setattr(_model_search, "LEARNERS", {name: learner(name) for name in LEARNERS})
    return tried


def test_each_learner_is_tried_once_before_the_search_chooses(quick: list[str]) -> None:
    found = search(*samples(), [False] * 3, seed=1, threads=1, going=ticks(5))
    assert quick[:4] == list(LEARNERS) and found.tried == len(quick) == 6


@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_the_box_cuts_the_number_of_trials_and_the_first_is_always_finished(quick: list[str], allowed: int) -> None:
    assert search(*samples(), [False] * 3, seed=1, threads=1, going=ticks(allowed)).tried == allowed + 1


def test_more_than_so_many_trials_are_never_made(quick: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_model_search, "MOST_TRIALS", 3)
    assert search(*samples(), [False] * 3, seed=1, threads=1, going=lambda: True).tried == 3


def test_a_trial_that_time_cuts_short_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(trial: Any, job: Job) -> Fitted:
        raise TimeUp

    monkeypatch.setitem(_model_search.LEARNERS, "boosting", endless)
    found = search(*samples(), [False] * 3, seed=1, threads=1, going=lambda: True)
    assert found.tried == 1 and "logistic regression" in found.description


@pytest.mark.parametrize("name", LEARNERS)
def test_growing_stops_between_two_steps_when_time_is_up(name: str) -> None:
    import optuna

    train, _ = samples()
    fitted: list[int] = []

    def going() -> bool:
        fitted.append(1)
        return len(fitted) < 3

    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=5)).ask()
    job = Job(train, [False, True, False], 1, 1, going)
    if name == "logistic":
        assert LEARNERS[name](trial, job).reads_wide
        return
    with pytest.raises(TimeUp), threadpool_limits(limits=1):
        LEARNERS[name](trial, job)
    assert len(fitted) == 3


def test_the_same_number_of_trials_gives_the_same_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_model_search, "MOST_TRIALS", 5)
    train, validation = samples()
    slow = ticks(1_000)
    first, again = (
        search(train, validation, [False, True, False], seed=4, threads=1, going=going)
        for going in (lambda: True, slow)
    )
    assert first.description == again.description and first.tried == 5
    assert np.array_equal(first.probability(validation), again.probability(validation))


def test_threads_do_not_change_a_forest() -> None:
    train, validation = samples()
    probabilities = []
    for threads in (1, 2):
        import optuna

        trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=5)).ask()
        forest = LEARNERS["random_forest"](trial, Job(train, [False, True, False], 1, threads, lambda: True))
        probabilities.append(forest.probability(validation))
    assert np.array_equal(*probabilities)


def test_calibration_is_kept_only_where_it_helps() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.05, 0.95, 2_000)
    y = (rng.random(2_000) < truth).astype(np.int64)
    squeezed = 0.4 + 0.2 * truth
    _, helps = _model_search._validated(squeezed, y, seed=0)
    loss, helps_not = _model_search._validated(truth, y, seed=0)
    assert helps and not helps_not
    assert loss == pytest.approx(-np.log(np.where(y == 1, truth, 1 - truth)).mean(), abs=1e-9)


def test_columns_become_numbers() -> None:
    table = pa.table(
        {"n": pa.array([1, None]), "flag": [True, None], "kind": pa.array(["b", "a"]), "same": pa.array(["x", None])}
    )
    columns = Columns.of(table, ("n", "flag", "kind", "same"))
    assert columns.categorical == [False, False, True, True]
    unseen = pa.table({"n": [7], "flag": [False], "kind": ["c"], "same": pa.array([None], pa.string())})
    np.testing.assert_array_equal(columns.ordinal(table), [[1, 1, 1, 0], [np.nan, np.nan, 0, np.nan]])
    np.testing.assert_array_equal(columns.ordinal(unseen), [[7, 0, np.nan, np.nan]])
    np.testing.assert_array_equal(columns.wide(table), [[1, 1, 0, 1, 1], [np.nan, np.nan, 1, 0, 0]])
    np.testing.assert_array_equal(columns.wide(unseen), [[7, 0, 0, 0, 0]])


def test_the_clock_of_the_adapter_is_the_box() -> None:
    seconds = itertools.count(0.0, 20.0)
    found = LocalAutoMl(Settings(threads=1), Shelf(rows()), clock=lambda: next(seconds)).search(TASK)
    assert found.tried <= 3 and "logistic regression" in found.description
    assert found.predictions.num_rows == 80


def test_too_few_rows_are_refused() -> None:
    table = rows(60)
    with pytest.raises(UsageError, match=r"train split .* 10 of each are needed"):
        LocalAutoMl(Settings(), Shelf(table.slice(0, 20))).search(TASK)
    kept = table.filter(pa.array([split != "test" for split in rows()["split"].to_pylist()][:60]))
    big = pa.concat_tables([rows().filter(pa.array([n % 3 != 2 for n in range(240)])), kept.slice(0, 0)])
    with pytest.raises(UsageError, match="no test rows"):
        LocalAutoMl(Settings(), Shelf(big)).search(TASK)


def test_many_training_rows_are_thinned_by_their_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automl, "MOST_ROWS", 50)
    table = rows()
    kept = automl._thinned(table, "customer_id")["customer_id"].to_pylist()
    assert len(kept) == 50 and kept == sorted(kept)
    fewer = automl._thinned(table.slice(1), "customer_id")["customer_id"].to_pylist()
    assert len(set(kept) ^ set(fewer)) <= 2


def test_without_scikit_learn_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("_learners", "_model_search"):
        monkeypatch.delitem(sys.modules, f"telecom.adapters.local.{module}")
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(MissingExtra, match=r"sklearn.* pip install 'telecom-ml-llmops\[automl\]'"):
        LocalAutoMl(Settings(), Shelf(rows())).search(TASK)
