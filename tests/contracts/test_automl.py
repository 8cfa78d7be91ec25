"""What every AutoMl promises."""

from dataclasses import replace

import numpy as np
import pytest

from telecom.bootstrap import Platform
from telecom.errors import NotFound, UsageError
from telecom.ports import AutoMlResult, AutoMlTask
from tests.loopback.automl_rows import FEATURES, TABLE, customers, store

pytestmark = pytest.mark.backends("local", "gcp")

MINUTES = {"local": 0.02, "gcp": 60.0}


@pytest.fixture
def task(platform: Platform, request: pytest.FixtureRequest) -> AutoMlTask:
    backend = platform.settings.backend
    if backend == "gcp":
        from tests.loopback import vertex_automl

        vertex_automl.serve(request.getfixturevalue("cloud"))
    store(platform, customers())
    return AutoMlTask(TABLE, "customer_id", FEATURES, "churned", "split", MINUTES[backend], 3)


def search(platform: Platform, task: AutoMlTask) -> AutoMlResult:
    return platform.automl.search(task)


def test_every_test_row_is_predicted_once(platform: Platform, task: AutoMlTask) -> None:
    found = search(platform, task)
    tested = [row["customer_id"] for row in customers() if row["split"] == "test"]
    assert found.predictions.schema.names == ["customer_id", "probability"]
    assert found.predictions["customer_id"].to_pylist() == tested
    assert all(0 <= p <= 1 for p in found.predictions["probability"].to_pylist())
    assert found.tried >= 1 and found.description


def test_it_learns_what_there_is_to_learn(platform: Platform, task: AutoMlTask) -> None:
    found = dict(zip(*search(platform, task).predictions.to_pydict().values(), strict=True))
    left = {row["customer_id"]: row["churned"] for row in customers() if row["split"] == "test"}
    ranks = [(found[a] > found[b]) + 0.5 * (found[a] == found[b]) for a in left for b in left if left[a] > left[b]]
    assert np.mean(ranks) > 0.75


def test_the_answers_of_the_test_rows_teach_nothing(platform: Platform, task: AutoMlTask) -> None:
    task = replace(task, minutes=60.0 if platform.settings.backend == "gcp" else 1e-9)
    before = search(platform, task)
    store(platform, customers(flip_test=True))
    assert search(platform, task).predictions == before.predictions


def test_no_time_is_refused(platform: Platform, task: AutoMlTask) -> None:
    with pytest.raises(UsageError, match="minutes"):
        search(platform, replace(task, minutes=0.0))


def test_unknown_columns_are_named(platform: Platform, task: AutoMlTask) -> None:
    for wrong in (replace(task, features=("shoe_size",)), replace(task, key="shoe_size")):
        with pytest.raises(NotFound, match="no column 'shoe_size'"):
            search(platform, wrong)
