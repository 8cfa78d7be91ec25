"""The model card of a small model: what is recorded stands there, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops.src import model_card
from mlops.src.model_versions import MODEL
from mlops.src.modelling import bundle
from mlops.src.modelling.calibration import Calibrator
from mlops.src.modelling.churn_model import ChurnModel
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.threshold import EconomicsConfig
from mlops.src.modelling.trainer import fit
from mlops.tests.labelled import DRIFT, RESULTS, Registry, put
from mlops.tests.modelling.conftest import make_world
from telecom.bootstrap import Platform
from telecom.errors import ModelRejected, NotFound
from telecom.ports import ModelVersion

NOTES = {
    "git_commit": "c" * 40,
    "trained_at": "2026-11-01T12:00:00+00:00",
    "training_rows": 400,
    "validation_rows": 100,
    "test_rows": 1100,
    "churn_rate": 0.265,
    "snapshots": ["2026-10-31"],
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("model") / "bundle"
    world = make_world(300, 3)
    booster = fit(world.x, world.y, CHURN_FEATURES, rounds=5, seed=3)
    model = ChurnModel.from_booster(booster, CHURN_FEATURES, Calibrator("platt", 1.0, 0.0), 0.4, EconomicsConfig())
    bundle.save(model, folder, bundle.Provenance("d" * 64, 3, {}, 5, {"numpy": "2.0"}, NOTES), {})
    return folder, model.digest


@pytest.fixture
def registry(trained: tuple[Path, str]) -> Registry:
    version = ModelVersion(MODEL, "7", trained[1], datetime(2026, 11, 1, tzinfo=UTC), ("champion",), {})
    return Registry([version], {"7": trained[0]})


def evaluated(platform: Platform, digest: str) -> None:
    figures: list[dict[str, Any]] = [
        {"metric": "roc_auc", "value": 0.8612, "lower": 0.8311, "upper": 0.8857, "customers": 1100},
        {"metric": "roc_auc", "value": 0.8571, "model_name": "majority", "model_version": "", "customers": 1100},
        {"metric": "recall", "slice": "gender=Female", "value": 0.6533, "customers": 386},
    ]
    plain = {"model_name": MODEL, "model_version": "7", "slice": "all", "lower": None, "upper": None}
    put(platform.warehouse, RESULTS, [plain | row for row in figures], model_digest=digest)


def made(platform: Platform, registry: Registry) -> str:
    return model_card.run(platform.warehouse, registry, platform.objects).text


def test_it_says_what_is_recorded(platform: Platform, registry: Registry) -> None:
    evaluated(platform, registry.known[0].digest)
    text = made(platform, registry)
    assert text.startswith(f"# Model card: {MODEL}, version 7\n") and registry.known[0].digest in text
    assert "| ROC AUC | 0.861 [0.831, 0.886] | 0.857 |" in text and "| Brier score | – | – |" in text
    assert "| gender=Female | 386 | – | – | – | 0.653 |" in text
    assert "On 1,100 test customers" in text and "Snapshots: 2026-10-31. 26.5% of the customers left." in text
    assert all(f"| `{feature.name}` |" in text for feature in CHURN_FEATURES) and "`gender`" not in text
    assert "No snapshot was compared" in text and "generated customers" not in text


def test_the_same_state_gives_the_same_card(platform: Platform, registry: Registry) -> None:
    evaluated(platform, registry.known[0].digest)
    assert made(platform, registry) == made(platform, registry)


def test_drift_of_this_version_is_told(platform: Platform, registry: Registry) -> None:
    evaluated(platform, registry.known[0].digest)
    for version, score in (("7", 2.5), ("6", 9.0)):
        row = {"model_version": version, "feature": f"f{version}", "churn_feature_drift_score": score, "drifted": True}
        put(platform.warehouse, DRIFT, [row], snapshot_date=datetime(2026, 11, int(version), tzinfo=UTC).date())
    assert "Snapshot 2026-11-07 has drifted (score 2.50" in made(platform, registry)


def test_what_is_missing_is_named(platform: Platform, registry: Registry) -> None:
    with pytest.raises(NotFound, match="Version 7 has no recorded figures"):
        made(platform, registry)
    with pytest.raises(NotFound, match="no champion"):
        made(platform, Registry())


def test_a_model_that_does_not_verify_gets_no_card(platform: Platform, registry: Registry) -> None:
    registry.known = [replace(registry.known[0], digest="e" * 64)]
    with pytest.raises(ModelRejected):
        made(platform, registry)
