"""Runs inside the image: tunes and trains a tiny model on made-up customers, and writes it to the given folder."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mlops.src.modelling import bundle
from mlops.src.modelling.encoding import FeatureSpec, encode
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.threshold import EconomicsConfig
from mlops.src.modelling.trainer import Labelled, library_versions, train
from mlops.src.modelling.tuning import TuningConfig, tune

ROWS = 600


def column(feature: FeatureSpec, random: np.random.Generator) -> Any:
    """Values that the feature allows."""
    if feature.kind == "bool":
        return random.random(ROWS) < 0.5
    if feature.kind == "category":
        return np.array(feature.categories)[random.integers(0, len(feature.categories), ROWS)]
    return random.integers(1, 73, ROWS)


def customers(random: np.random.Generator) -> tuple[Any, Any]:
    """Encoded customers, who leave by contract."""
    columns = {feature.name: column(feature, random) for feature in CHURN_FEATURES}
    risk = np.where(columns["contract"] == "Month-to-month", 0.7, 0.15)
    return encode(pa.table(columns), CHURN_FEATURES), (random.random(ROWS) < risk).astype(int)


def main() -> None:
    """Writes the model; the folder is the argument."""
    x, y = customers(np.random.default_rng(7))
    half, charges = ROWS // 2, np.full(ROWS // 2, 70.0)
    names = [f"c{n}" for n in range(half)]
    tuned = tune(x[:half], y[:half], CHURN_FEATURES, names, TuningConfig(trials=2))
    trained = train(
        Labelled(x[:half], y[:half], charges),
        Labelled(x[half:], y[half:], charges),
        CHURN_FEATURES,
        EconomicsConfig(),
        tuned.params,
        tuned.rounds,
    )
    made = bundle.Provenance("0" * 64, 0, tuned.params, tuned.rounds, library_versions())
    bundle.save(trained.model, Path(sys.argv[1]), made, {})


if __name__ == "__main__":
    main()
