"""Batch scoring without reasons: table to table, beside reading, predicting and writing with pandas and XGBoost.

Imports are outside the clock on both sides, loading the model is inside.
"""

from pathlib import Path
from typing import Any

from benchmarks.measuring import Bench, Measured, Took, timed

NAME = "pandas-scored.parquet"
TOLERANCE = 2e-6
"""XGBoost adds its trees in float32; a probability then differs from ours by up to about 1e-6."""


def ours(bench: Bench) -> Measured:
    """`telecom score --no-reasons`."""
    return scored(bench, with_reasons=False)


def scored(bench: Bench, *, with_reasons: bool) -> Measured:
    """The product's batch scoring, with the registry's libraries already imported."""
    from benchmarks import world
    from mlops.src.model_versions import champion

    world.without_pandas()
    champion(world.platform(bench).registry)
    took, done = timed(lambda: world.score(bench, with_reasons=with_reasons))
    return Measured(took, done.rows, found={"high": done.high, "medium": done.medium, "low": done.low})


def alternative(bench: Bench) -> Measured:
    """The plain path: read_parquet, predict_proba, to_parquet."""
    import pandas as pd
    from xgboost import XGBClassifier

    from benchmarks import world
    from mlops.src.data_prep_churn import FEATURES

    model, features = bundle_folder(bench) / "model.json", model_features(bench)
    gold = world.table_file(bench.platform, FEATURES)

    def run() -> int:
        classifier = XGBClassifier()
        classifier.load_model(model)
        rows = pd.read_parquet(gold, columns=["customer_id", "snapshot_date", "monthly_charges", *features])
        inputs = rows[list(features)].copy()
        for name, categories in features.items():
            if categories:
                inputs[name] = pd.Categorical(inputs[name], categories=categories).codes
        rows = rows[["customer_id", "snapshot_date", "monthly_charges"]]
        rows = rows.assign(churn_probability=classifier.predict_proba(inputs)[:, 1])
        rows.to_parquet(bench.scratch(NAME), index=False, compression="zstd", compression_level=1)
        return len(rows)

    took, count = timed(run)
    return Measured(took, count)


def compare(bench: Bench) -> Measured:
    """XGBoost's probabilities, calibrated as ours are, against the scored table."""
    import numpy as np
    import pyarrow.parquet as pq

    from benchmarks import world
    from mlops.src.batch_inference import SCORED

    names = ["customer_id", "churn_probability"]
    mine = pq.read_table(world.table_file(bench.platform, SCORED), columns=names).sort_by("customer_id")
    theirs = pq.read_table(bench.scratch(NAME), columns=names).sort_by("customer_id")
    if mine["customer_id"].to_pylist() != theirs["customer_id"].to_pylist():
        return Measured(Took(), mine.num_rows, found={"complaints": ["other customers were scored"]})
    raw = theirs["churn_probability"].to_numpy().astype(np.float64)
    expected = load(bench).calibrator.apply(np.log(raw / (1 - raw)))
    apart = float(np.abs(mine["churn_probability"].to_numpy() - expected).max())
    complaints = [] if apart <= TOLERANCE else [f"probabilities differ by up to {apart:.2g}"]
    return Measured(Took(), mine.num_rows, found={"complaints": complaints, "largest difference": apart})


def load(bench: Bench) -> Any:
    """The champion."""
    from mlops.src.modelling import bundle

    return bundle.load(bundle_folder(bench)).model


def bundle_folder(bench: Bench) -> Path:
    """The champion's files."""
    from benchmarks import world
    from mlops.src.model_versions import MODEL, champion

    registry = world.platform(bench).registry
    return registry.fetch(MODEL, champion(registry).version)


def model_features(bench: Bench) -> dict[str, tuple[str, ...]]:
    """The model's inputs in order, each with its ordered categories (none for numbers and flags)."""
    return {feature.name: feature.categories for feature in load(bench).features}
