"""Labelled customers for AutoML suites, written into the table that a search reads."""

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from telecom.bootstrap import Platform
from telecom.ports import Write
from telecom.tables import contract

TABLE = "telecom_gold.telco_churn_training"
FEATURES = tuple(column.name for column in contract(TABLE).features)
SPLITS = ("train", "train", "validation", "test")


def customers(count: int = 400, flip_test: bool = False) -> list[dict[str, Any]]:
    """Customers who leave by tenure and contract, half of them to train on."""
    rng = np.random.default_rng(1)
    columns = {c.name: _drawn(c, rng, count) for c in contract(TABLE).features}
    margin = 3 - 0.1 * columns["tenure_months"] - 1.5 * (columns["contract"] != "Month-to-month")
    left = rng.random(count) < 1 / (1 + np.exp(-margin))
    rows = []
    for n in range(count):
        split = SPLITS[n % 4]
        row = {name: values[n].item() for name, values in columns.items()}
        row |= {"customer_id": f"c{n:04d}", "snapshot_date": date(2026, 10, 31), "split": split}
        rows.append(row | {"churned": bool(left[n]) != (flip_test and split == "test")})
    return rows


def _drawn(column: Any, rng: np.random.Generator, count: int) -> Any:
    if column.values:
        return np.array(column.values)[rng.integers(0, len(column.values), count)]
    if column.type == "BOOL":
        return rng.random(count) < 0.4
    whole = rng.integers(1, 60, count)
    return whole if column.type == "INT64" else np.round(whole * 1.5, 2)


def store(platform: Platform, rows: list[dict[str, Any]]) -> None:
    platform.warehouse.write(Write(TABLE, [pa.RecordBatch.from_pylist(rows, schema=contract(TABLE).schema)], {}))
