"""A small made-up customer base with a known churn mechanism, and one model trained on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mlops.src.modelling.calibration import Calibrator
from mlops.src.modelling.churn_model import ChurnModel
from mlops.src.modelling.encoding import FeatureSpec, encode
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.threshold import EconomicsConfig
from mlops.src.modelling.trainer import fit


@dataclass(frozen=True)
class World:
    table: pa.Table
    x: Any
    y: Any
    truth: Any
    charges: Any


def _column(feature: FeatureSpec, rows: int, rng: np.random.Generator) -> Any:
    if feature.kind == "bool":
        return rng.random(rows) < 0.4
    if feature.kind == "category":
        return np.array(feature.categories)[rng.integers(0, len(feature.categories), rows)]
    if feature.name in ("tenure_months", "months_to_renewal"):
        return rng.integers(1, 73, rows)
    return np.round(rng.gamma(2.0, 30.0, rows), 2)


def make_world(rows: int, seed: int = 0) -> World:
    rng = np.random.default_rng(seed)
    columns = {feature.name: _column(feature, rows, rng) for feature in CHURN_FEATURES}
    table = pa.table({"customer_id": [f"C{i:06d}" for i in range(rows)], **columns})
    commitment = np.select([columns["contract"] == "One year", columns["contract"] == "Two year"], [1.5, 2.5], 0.0)
    margin = 1.5 - 0.05 * columns["tenure_months"] - commitment + 1.2 * (columns["internet_service"] == "Fiber optic")
    truth = 1 / (1 + np.exp(-margin))
    y = (rng.random(rows) < truth).astype(int)
    return World(table, encode(table, CHURN_FEATURES), y, truth, columns["monthly_charge_level"])


@pytest.fixture(scope="session")
def world_of() -> Callable[..., World]:
    return make_world


@pytest.fixture(scope="session")
def world() -> World:
    return make_world(1500)


@pytest.fixture(scope="session")
def booster(world: World) -> Any:
    return fit(world.x, world.y, CHURN_FEATURES, rounds=60, seed=3)


@pytest.fixture(scope="session")
def model(booster: Any) -> ChurnModel:
    return ChurnModel.from_booster(booster, CHURN_FEATURES, Calibrator("platt", 1.1, -0.1), 0.4, EconomicsConfig())
