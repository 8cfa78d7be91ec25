"""Two people in every table that the contracts describe, in the lake, among the records, online."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from telecom import privacy
from telecom.bootstrap import Platform
from telecom.ports import FeatureGroup, Record, Write
from telecom.privacy_places import rows_of
from telecom.tables import Column, Contract, contracts

NOW, DAY = datetime(2026, 11, 20, 12, tzinfo=UTC), date(2026, 11, 20)
ANA, RUI = "7590-VHVEG", "0002-RUI"
NAMES = {ANA: "Ana Conceição Uniqué", RUI: "Rui Lima Pereira"}
FEATURES = "telecom_gold.telco_churn_features"
SAMPLES = {
    "INT64": 1, "FLOAT64": 0.5, "BOOL": True, "DATE": DAY, "TIMESTAMP": NOW, "NUMERIC": Decimal("1"), "STRING": "x",
}  # fmt: skip


def stores(platform: Platform) -> privacy.Stores:
    p = platform
    return privacy.Stores(p.warehouse, p.objects, p.features, p.records, p.events, p.documents, p.workfiles)


def value(table: Contract, column: Column, who: str) -> Any:
    if column.mode == "REPEATED":
        return []
    if column.type == "RECORD":
        return {field.name: value(table, field, who) for field in column.fields}
    if column.name in ("customer_id", "customerID"):
        return who
    if column.name == "trace_id":
        return f"trace-{who}"
    own = {"full_name": NAMES[who], "email": f"{who.lower()}@example.org", "record": json.dumps(["a", f" {who} "])}
    return own.get(column.name) or (column.values[0] if column.values else SAMPLES[column.type])


def row(table: Contract, who: str) -> dict[str, Any]:
    return {column.name: value(table, column, who) for column in table.columns}


def personal() -> list[Contract]:
    named = {rows.table for rows in rows_of(ANA)}
    return [table for name, table in contracts().items() if name in named]


def fill(platform: Platform) -> None:
    """Two people in every table, in the lake, among the records, online."""
    for table in personal():
        scope = {name: row(table, ANA)[name] for name in table.replace_by}
        batch = pa.RecordBatch.from_pylist([row(table, ANA), row(table, RUI)], schema=table.schema)
        platform.warehouse.write(Write(table.table, [batch], scope))
    platform.features.register(FeatureGroup("telco_churn", FEATURES, "customer_id", ("tenure_months",)))
    platform.features.sync("telco_churn", DAY)
    for who in (ANA, RUI):
        record = Record(f"s-{who}", {"turns": [["Oi", who, "x"]]}, who, datetime.now(UTC) + timedelta(days=1))
        platform.records.change("session", record.key, lambda _, record=record: record)


def put(platform: Platform, key: str, text: str, folder: Path) -> None:
    (folder / "file").write_bytes(text.encode())
    platform.objects.put(folder / "file", key)


def leave_behind(home: Path) -> None:
    """What runs and killed processes leave in a home folder."""
    files = {
        "pipelines/run-1/run.log": f"{ANA} {NAMES[ANA]} failed\nother\n",
        "pipelines/run-1/state.json": json.dumps({"name": NAMES[ANA]}),
        "generated/x.csv": f"customerID,name\n{ANA},{NAMES[ANA]}\n{RUI},Rui\n",
        "lake/bronze/.part.csv.999999": f"customerID\n{ANA}\n",
        "warehouse/.staging/dead/telecom_gold/x.parquet": ANA,
        "warehouse/.spill/duckdb_temp_0.tmp": ANA,
        "warehouse/telecom_gold/telco_churn_scored/orphan-1.parquet": ANA,
        "features/.telco_churn.sqlite.999999": ANA,
        "traffic/captured.bin": f"\0{ANA}\0",
    }
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
