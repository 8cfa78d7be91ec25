from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.drift_world import Columns
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.ports import Warehouse, Write
from telecom.settings import Settings
from telecom.tables import contract

FEATURES = "telecom_gold.telco_churn_features"
SCORED = "telecom_gold.telco_churn_scored"

FILLER = {
    "STRING": "",
    "INT64": 0,
    "FLOAT64": 0.0,
    "BOOL": False,
    "DATE": None,
    "TIMESTAMP": datetime(2026, 1, 1, tzinfo=UTC),
}

WriteFeatures = Callable[..., None]
WriteScores = Callable[..., None]


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return LocalWarehouse(Settings(home=tmp_path, threads=1))


@pytest.fixture
def write_features(warehouse: Warehouse) -> WriteFeatures:
    def write(columns: Columns, snapshot_date: date, split: str = "train") -> None:
        n = len(columns["tenure_months"])
        rows = {c.name: [FILLER[c.type]] * n for c in contract(FEATURES).columns}
        rows |= {name: values.tolist() for name, values in columns.items()}
        rows |= {"snapshot_date": [snapshot_date] * n, "split": [split] * n}
        rows["customer_id"] = [f"C{i:06d}" for i in range(n)]
        batch = pa.RecordBatch.from_pydict(rows, schema=contract(FEATURES).schema)
        warehouse.write(Write(FEATURES, [batch], {"snapshot_date": snapshot_date}))

    return write


@pytest.fixture
def write_scores(warehouse: Warehouse) -> WriteScores:
    def write(scores: np.ndarray, snapshot_date: date, version: str = "7") -> None:
        n = len(scores)
        rows = {
            "customer_id": [f"C{i:06d}" for i in range(n)],
            "snapshot_date": [snapshot_date] * n,
            "churn_probability": scores,
            "risk_segment": ["low"] * n,
            "top_reasons": [[]] * n,
            "monthly_charges": [50.0] * n,
            "model_name": ["churn"] * n,
            "model_version": [version] * n,
            "scored_at": [datetime(2026, 3, 1, tzinfo=UTC)] * n,
        }
        batch = pa.RecordBatch.from_pydict(rows, schema=contract(SCORED).schema)
        warehouse.write(Write(SCORED, [batch], {"snapshot_date": snapshot_date}))

    return write
