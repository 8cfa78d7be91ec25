"""Tables that got further columns since some of their files were written."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.ports import Write
from telecom.settings import Settings
from telecom.tables import contract

TABLE = contract("telecom_monitoring.llm_usage")
NOW, DAY = datetime(2026, 11, 20, 12, tzinfo=UTC), date(2026, 11, 20)
NEW = ("outcome", "confidence", "guardrails", "fallbacks")


def row(batch: str, **more: Any) -> dict[str, Any]:
    given = {
        "used_on": DAY, "trace_id": batch, "session_id": "s", "model": "m", "prompt_version": "p", "intent": "i",
        "channel": "desk", "input_tokens": 1, "output_tokens": 1, "cost_usd": 0.0, "latency_ms": 1.0,
        "degraded": False, "answered_at": NOW, "batch": batch,
    }  # fmt: skip
    return given | more


@pytest.fixture
def warehouse(tmp_path: Path) -> LocalWarehouse:
    """One file as it was written before, and one of today."""
    made = LocalWarehouse(Settings(home=tmp_path))
    for batch, more in (("old", {}), ("new", {"guardrails": ["masked_cpf"], "fallbacks": [], "confidence": 0.5})):
        rows = pa.RecordBatch.from_pylist([row(batch, **more)], schema=TABLE.schema)
        made.write(Write(TABLE.table, [rows], {"batch": batch}))
    files = json.loads((tmp_path / "warehouse" / "catalog.json").read_text())["tables"][TABLE.table]
    (old,) = [tmp_path / "warehouse" / each["path"] for each in files if each["scope"] == {"batch": "old"}]
    before = old.with_name(old.name.replace("old-", "older-"))
    pq.write_table(pq.ParquetFile(old).read().drop_columns(list(NEW)), before)
    catalog = tmp_path / "warehouse" / "catalog.json"
    catalog.write_text(catalog.read_text().replace(old.name, before.name))
    return LocalWarehouse(Settings(home=tmp_path))


def test_they_are_read_with_null_in_those_columns(warehouse: LocalWarehouse) -> None:
    found = warehouse.query(f"SELECT * FROM {TABLE.table} ORDER BY trace_id")
    assert found.schema.names == TABLE.schema.names
    assert found["confidence"].to_pylist() == [0.5, None] and found["guardrails"].to_pylist() == [["masked_cpf"], None]
    hits = warehouse.query(f"SELECT hit FROM {TABLE.table}, UNNEST(guardrails) AS hit")
    assert hits["hit"].to_pylist() == ["masked_cpf"]


def test_they_are_also_where_all_files_are_older(warehouse: LocalWarehouse) -> None:
    warehouse.write(Write(TABLE.table, [], {"batch": "new"}))
    assert warehouse.query(f"SELECT confidence, fallbacks FROM {TABLE.table}").to_pylist() == [
        {"confidence": None, "fallbacks": None}
    ]


def test_rows_of_both_can_be_erased(warehouse: LocalWarehouse) -> None:
    assert warehouse.erase(TABLE.table, "trace_id = @trace", {"trace": "old"}) == 1
    assert warehouse.query(f"SELECT trace_id FROM {TABLE.table}")["trace_id"].to_pylist() == ["new"]
    assert warehouse.erase(TABLE.table, "TRUE", {}) == 1
