"""Customers with known labels and scores, written straight into the tables, and a registry that is a list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mlops.src.model_versions import MODEL
from telecom.errors import NotFound
from telecom.ports import ModelVersion, Run, Scalar, Warehouse, Write
from telecom.tables import Column, contract

RAW = "telecom_bronze.telco_churn_raw"
CLEAN = "telecom_silver.telco_churn_clean"
FEATURES = "telecom_gold.telco_churn_features"
SCORED = "telecom_gold.telco_churn_scored"
RESULTS = "telecom_monitoring.model_metrics"
DRIFT = "telecom_monitoring.feature_drift_metrics"
DAY = date(2026, 10, 31)
TOLD = datetime(2026, 12, 1, tzinfo=UTC)
SPLITS = ("train", "validation", "test")
PLAIN: Mapping[str, Any] = {
    "STRING": "x",
    "INT64": 1,
    "FLOAT64": 1.0,
    "BOOL": False,
    "DATE": DAY,
    "TIMESTAMP": TOLD,
}


def _plain(column: Column) -> Any:
    return [] if column.mode == "REPEATED" else column.values[0] if column.values else PLAIN[column.type]


def put(warehouse: Warehouse, table: str, rows: Iterable[Mapping[str, Any]], **replace_by: Scalar) -> None:
    """Writes rows whose other columns hold something plain."""
    schema = contract(table).schema
    plain = {column.name: _plain(column) for column in contract(table).columns}
    batch = pa.RecordBatch.from_pylist([{**plain, **replace_by, **row} for row in rows], schema=schema)
    warehouse.write(Write(table, [batch], replace_by))


def labelled(warehouse: Warehouse, customers: int = 300, day: date = DAY, seed: int = 0, told: datetime = TOLD) -> None:
    """Customers of one prepared snapshot who leave by tenure and contract, a third of them in each split."""
    rng = np.random.default_rng(seed)
    tenure = rng.integers(1, 72, customers)
    contracts = np.array(["Month-to-month", "One year", "Two year"])[rng.integers(0, 3, customers)]
    risk = 1 / (1 + np.exp(0.08 * (tenure - 42) + 1.0 * (contracts != "Month-to-month")))
    left = rng.random(customers) < risk
    rows = [
        {
            "customer_id": f"c{n:05d}",
            "customerID": f"c{n:05d}",
            "split": SPLITS[n % 3],
            "tenure_months": int(tenure[n]),
            "contract": str(contracts[n]),
            "churned": bool(left[n]),
            "Churn": "Yes" if left[n] else "No",
            "ingested_at": told,
        }
        for n in range(customers)
    ]
    names = {table: set(contract(table).schema.names) for table in (RAW, CLEAN, FEATURES)}
    of = {table: [{k: v for k, v in row.items() if k in names[table]} for row in rows] for table in names}
    put(warehouse, RAW, of[RAW], snapshot_date=day, source_digest="d1")
    put(warehouse, CLEAN, of[CLEAN], snapshot_date=day)
    put(warehouse, FEATURES, of[FEATURES], snapshot_date=day)


def scored(
    warehouse: Warehouse,
    probabilities: Mapping[str, float],
    version: str = "1",
    day: date = DAY,
    at: datetime = TOLD - timedelta(days=30),
) -> None:
    """Scores of one snapshot."""
    rows = [
        {
            "customer_id": name,
            "churn_probability": value,
            "model_name": MODEL,
            "model_version": version,
            "scored_at": at,
        }
        for name, value in probabilities.items()
    ]
    put(warehouse, SCORED, rows, snapshot_date=day)


@dataclass
class Registry:
    """Implements `telecom.ports.ModelRegistry`; `frozen` refuses every change."""

    known: list[ModelVersion] = field(default_factory=list)
    folders: dict[str, Path] = field(default_factory=dict)
    frozen: bool = False
    root: Path | None = None

    def register(self, name: str, bundle: Path, digest: str, notes: Mapping[str, str]) -> ModelVersion:
        self._may_change()
        made = ModelVersion(name, str(len(self.known) + 1), digest, TOLD, (), dict(notes))
        self.known.insert(0, made)
        if self.root:
            self.folders[made.version] = bundle.rename(self.root / made.version)
        return made

    def point(self, name: str, alias: str, version: str) -> None:
        self._may_change()
        others = [replace(v, aliases=tuple(a for a in v.aliases if a != alias)) for v in self.known]
        self.known = [replace(v, aliases=(*v.aliases, alias)) if v.version == version else v for v in others]

    def versions(self, name: str) -> tuple[ModelVersion, ...]:
        return tuple(self.known)

    def champions(self, name: str) -> tuple[str, ...]:
        return tuple(v.version for v in self.known if "champion" in v.aliases)

    def fetch(self, name: str, version: str) -> Path:
        if version not in self.folders:
            raise NotFound(f"No version {version}.")
        return self.folders[version]

    def _may_change(self) -> None:
        if self.frozen:
            raise AssertionError("nobody may touch the registry here")


class Forgetful:
    """Implements `telecom.ports.Experiments` and remembers nothing."""

    def record(self, run: Run) -> str:
        return run.name
