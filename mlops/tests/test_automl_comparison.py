"""Somebody else's model beside the champion: same customers, same figures, and no word too many."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mlops.src import automl_comparison, train_churn, training_data
from mlops.src.automl_comparison import RESULTS, TRAINING, Comparison
from mlops.src.config import ChurnConfig
from mlops.src.evaluate_churn import FIGURES, load_model
from mlops.src.model_versions import CHAMPION, MODEL
from mlops.src.modelling.metrics import roc_auc
from mlops.tests.labelled import Forgetful, Registry, labelled
from telecom.bootstrap import Platform
from telecom.errors import NotFound, TelecomError
from telecom.ports import AutoMlResult, AutoMlTask
from telecom.progress import Silent
from telecom.settings import Settings
from telecom.tables import contract

NOW = datetime(2026, 12, 2, tzinfo=UTC)
CONFIG = ChurnConfig(tuning_trials=1, git_commit="test")


@dataclass
class Stage:
    """A trained champion and the customers it was trained on; never changed by a test that does not say so."""

    platform: Platform
    registry: Registry
    data: training_data.TrainingData


@dataclass
class Oracle:
    """Implements `telecom.ports.AutoMl` with probabilities that a test gives."""

    probability: dict[str, float]
    tasks: list[AutoMlTask] = field(default_factory=list)

    def search(self, task: AutoMlTask) -> AutoMlResult:
        self.tasks.append(task)
        names = list(reversed(self.probability))
        table = pa.table({task.key: names, "probability": [self.probability[name] for name in names]})
        return AutoMlResult("an oracle", 3, table)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    home = tmp_path_factory.mktemp("automl")
    platform, registry = Platform(Settings(home=home / "home")), Registry(root=home)
    labelled(platform.warehouse, customers=900)
    made = train_churn.run(platform.warehouse, registry, Forgetful(), Silent(), CONFIG, now=NOW)
    registry.point(MODEL, CHAMPION, made.version)
    registry.frozen = True
    return Stage(platform, registry, training_data.load(platform.warehouse, most=CONFIG.training_rows))


def compare(stage: Stage, probability: Any, **differing: Any) -> Comparison:
    oracle = Oracle(dict(zip(stage.data.test.ids, np.asarray(probability, dtype=float).tolist(), strict=True)))
    arguments = {"registry": stage.registry, "automl": oracle, "now": NOW, "minutes": 2.0} | differing
    return automl_comparison.run(stage.platform.warehouse, progress=Silent(), config=CONFIG, **arguments)


def champions(stage: Stage) -> Any:
    return load_model(stage.registry, stage.registry.known[0]).predict(stage.data.test.x)


def rows(stage: Stage, table: str) -> list[dict[str, Any]]:
    return stage.platform.warehouse.query(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5").to_pylist()


def test_the_champions_own_predictions_are_no_different(stage: Stage) -> None:
    found = compare(stage, champions(stage))
    assert all(ours == theirs or ours != ours for _, ours, theirs in found.table())
    assert (found.difference.estimate, found.difference.low, found.difference.high) == (0, 0, 0)
    assert found.headline().endswith("difference +0.000 [+0.000, +0.000], too small to tell from chance")
    assert found.same_data and found.champion_version == "1" and found.test_customers == 300


def test_the_truth_is_better_and_its_opposite_worse(stage: Stage) -> None:
    better, worse = (compare(stage, p) for p in (stage.data.test.y, 1 - stage.data.test.y))
    assert better.metrics["automl"].roc_auc == 1.0 and better.difference.low > 0
    assert "better on these customers" in better.headline()
    assert worse.metrics["automl"].roc_auc == 0.0 and "worse on these customers" in worse.headline()


def test_a_small_lead_is_not_called_one(stage: Stage) -> None:
    rng = np.random.default_rng(3)
    nudged = np.clip(champions(stage) + 0.001 * stage.data.test.y + rng.normal(0, 0.01, 300), 0, 1)
    found = compare(stage, nudged)
    assert found.difference.low < 0 < found.difference.high
    assert found.headline().endswith("too small to tell from chance")


def test_figures_are_those_of_the_evaluation(stage: Stage) -> None:
    found = compare(stage, champions(stage))
    table = found.table()
    assert [label for label, *_ in table] == [label for _, label in FIGURES]
    assert table[0][1] == pytest.approx(roc_auc(stage.data.test.y, champions(stage)))
    assert dict(found.summary())["found"] == "an oracle"
    low, estimate, high = (getattr(found.intervals["roc_auc"], end) for end in ("low", "estimate", "high"))
    assert low < estimate < high and estimate == pytest.approx(found.metrics["automl"].roc_auc)


def test_the_search_is_given_the_trainers_rows_and_splits(stage: Stage) -> None:
    oracle = Oracle(dict(zip(stage.data.test.ids, stage.data.test.y.tolist(), strict=True)))
    compare(stage, stage.data.test.y, automl=oracle)
    compare(stage, stage.data.test.y)
    (task,) = oracle.tasks
    assert (task.table, task.key, task.label, task.split) == (TRAINING, "customer_id", "churned", "split")
    assert (task.minutes, task.seed) == (2.0, CONFIG.seed)
    assert task.features == tuple(column.name for column in contract(TRAINING).features)
    written = stage.platform.warehouse.query(f"SELECT customer_id, split, churned FROM {TRAINING}").to_pylist()
    expected = {
        (name, split, bool(left))
        for split in ("train", "validation", "test")
        for name, left in zip(getattr(stage.data, split).ids, getattr(stage.data, split).y, strict=True)
    }
    assert len(written) == 900 and {tuple(row.values()) for row in written} == expected


def test_figures_are_recorded_once_and_not_under_the_models_name(stage: Stage) -> None:
    probability = np.clip(champions(stage) + 0.01, 0, 1)
    compare(stage, probability)
    before = rows(stage, RESULTS)
    compare(stage, probability)
    assert rows(stage, RESULTS) == before
    assert {row["model_name"] for row in before} == {"automl", "champion"}
    digest = max(before, key=lambda row: row["evaluated_at"])["model_digest"]
    (gap,) = [r for r in before if r["metric"] == "roc_auc_difference" and r["model_digest"] == digest]
    assert gap["lower"] <= gap["value"] <= gap["upper"] and gap["customers"] == 300


def test_another_champions_data_is_said(stage: Stage, tmp_path: Path) -> None:
    known = stage.registry.known[0]
    elsewhere = Registry([_with_notes(known, {"data_digest": "other"})], stage.registry.folders, frozen=True)
    found = compare(stage, champions(stage), registry=elsewhere)
    assert not found.same_data and found.headline().endswith("; the champion learned from other rows")


def test_without_a_champion_nothing_is_searched(stage: Stage) -> None:
    oracle = Oracle({})
    with pytest.raises(NotFound, match="no champion"):
        compare(stage, stage.data.test.y, registry=Registry(), automl=oracle)
    assert oracle.tasks == []


def test_predictions_must_be_of_the_test_customers() -> None:
    def table(names: list[str], values: list[float]) -> pa.Table:
        return pa.table({"customer_id": names, "probability": values})

    ids = ("a", "b")
    assert automl_comparison.aligned(table(["b", "a"], [0.2, 0.1]), ids).tolist() == [0.1, 0.2]
    for wrong in (["a"], ["a", "b", "b"], ["a", "c"]):
        with pytest.raises(TelecomError, match="among the 2 test customers"):
            automl_comparison.aligned(table(wrong, [0.5] * len(wrong)), ids)
    for value in (1.1, -0.1, float("nan")):
        with pytest.raises(TelecomError, match="no probabilities"):
            automl_comparison.aligned(table(["a", "b"], [0.5, value]), ids)


def _with_notes(version: Any, notes: dict[str, str]) -> Any:
    from dataclasses import replace

    return replace(version, notes=notes)
