"""What one monthly loop would scan in BigQuery, and cost, at 1, 10 and 100 million customers.

Bytes are worked out, not measured: BigQuery bills the logical size of every column that a statement names, in the
partitions that it reads (https://cloud.google.com/bigquery/pricing, "data size calculation"). The sizes of strings come
from generated customers. On a real project `make smoke-gcp` asks BigQuery itself, by dry run.

    python -m benchmarks.scale
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from benchmarks import world
from mlops.src import batch_inference, data_prep_churn, evaluate_churn, train_churn
from mlops.src.config import ChurnConfig
from mlops.src.data_quality import quality_sql
from mlops.src.utils_bigquery import load_query, projection
from telecom.bootstrap import Platform
from telecom.ports import Warehouse
from telecom.progress import Silent
from telecom.settings import Settings
from telecom.synthetic.customers import write_csv
from telecom.tables import Column, Contract, contract, contracts

SIZES = (1_000_000, 10_000_000, 100_000_000)
SAMPLE = 3_000
SNAPSHOTS_KEPT = 12
DOLLARS_PER_TIB = 6.25
DOLLARS_PER_GIB_MONTH = 0.02
RAW, CLEAN = "telecom_bronze.telco_churn_raw", data_prep_churn.CLEAN
FEATURES, INPUT, SCORED = data_prep_churn.FEATURES, batch_inference.INPUT, batch_inference.SCORED
KEPT = (RAW, CLEAN, FEATURES, SCORED)
"""Tables with one partition per snapshot; the others are small beside them."""

_FIXED = {"INT64": 8, "FLOAT64": 8, "NUMERIC": 16, "BOOL": 1, "DATE": 8, "TIMESTAMP": 8}


@dataclass(frozen=True)
class Statement:
    """One statement of the loop: what it reads, the table that it fills, and whether it reads every snapshot."""

    step: str
    sql: str
    fills: str = ""
    every_snapshot: bool = False


def statements() -> Iterator[Statement]:
    """The statements of one loop over one snapshot, in order; those of a few rows are left out."""
    yield Statement("which snapshots are new", load_query("pending_snapshots"), every_snapshot=True)
    yield Statement("bronze → silver", load_query("clean"), CLEAN)
    yield Statement("checks of silver", quality_sql(contract(CLEAN)))
    yield Statement("silver → gold", load_query("features"), FEATURES)
    yield Statement("checks of gold", quality_sql(contract(FEATURES)))
    yield Statement("labelled customers", load_query("training_rows"), every_snapshot=True)
    yield Statement("their profile (twice)", load_query("training_rows"), every_snapshot=True)
    chosen = f"SELECT {projection(INPUT)} FROM {FEATURES} WHERE snapshot_date = @snapshot_date"
    yield Statement("input of scoring", chosen, INPUT)
    yield Statement("scores, loaded and put in place", f"SELECT customer_id FROM {INPUT}", SCORED)
    profile = ", ".join(column.name for column in contract(FEATURES).features)
    yield Statement("drift", f"SELECT {profile} FROM {FEATURES} WHERE snapshot_date = @snapshot_date")


def columns_named(sql: str) -> dict[str, set[str]]:
    """Columns that a statement names, by table."""
    schema: dict[str, object] = {}
    for table, rules in contracts().items():
        dataset, name = table.split(".")
        tables = schema.setdefault(dataset, {})
        assert isinstance(tables, dict)
        tables[name] = {c.name: "STRUCT<x STRING>" if c.fields else c.type for c in rules.columns}
    tree = qualify(sqlglot.parse_one(sql, read="bigquery"), schema=schema, dialect="bigquery")
    found: dict[str, set[str]] = {}
    for scope in traverse_scope(tree):
        for column in scope.columns:
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table) and source.db:
                found.setdefault(f"{source.db}.{source.name}", set()).add(column.name)
    return found


def logical_bytes(column: Column, value: Any) -> int:
    """The logical size of one cell: fixed by type, a string its UTF-8 bytes and 2, a record the sum of its fields."""
    if value is None:
        return 0
    if column.mode == "REPEATED":
        inner = column.model_copy(update={"mode": "NULLABLE"})
        return sum(logical_bytes(inner, item) for item in value)
    if column.fields:
        return sum(logical_bytes(field, value[field.name]) for field in column.fields)
    return _FIXED[column.type] if column.type in _FIXED else len(str(value).encode()) + 2


def row_bytes(warehouse: Warehouse, rules: Contract) -> Mapping[str, float]:
    """Mean logical bytes of each column, over the rows of the sample."""
    rows = warehouse.query(f"SELECT * FROM {rules.table}").to_pylist()
    # In lower case, as the SQL analyser gives names.
    return {
        c.name.lower(): sum(logical_bytes(c, row[c.name]) for row in rows) / max(len(rows), 1) for c in rules.columns
    }


def sample(folder: Path) -> Mapping[str, Mapping[str, float]]:
    """Bytes per row and column of the tables that grow with the customers, from a small generated loop."""
    ports, config = Platform(Settings(home=folder)), ChurnConfig(tuning_trials=1)
    csv = folder / "sample.csv"
    write_csv(csv, SAMPLE, world.SEED)
    world.ingest(ports, csv, world.SNAPSHOT)
    data_prep_churn.run(ports.warehouse, Silent(), now=world.NOW)
    train_churn.run(ports.warehouse, ports.registry, ports.experiments, Silent(), config, now=world.NOW)
    evaluate_churn.promote(ports.warehouse, ports.registry, ports.metrics, Silent(), config, now=world.NOW)
    batch_inference.run(ports.warehouse, ports.registry, Silent(), now=world.NOW)
    return {table: row_bytes(ports.warehouse, contract(table)) for table in (*KEPT, INPUT)}


def scanned(statement: Statement, bytes_of: Mapping[str, Mapping[str, float]]) -> float:
    """Bytes per customer that a statement scans, with those of checking its rows and of putting them in place."""
    read = sum(
        bytes_of[table][name]
        for table, names in columns_named(statement.sql).items()
        if table in bytes_of
        for name in names
    )
    read *= SNAPSHOTS_KEPT if statement.every_snapshot else 1
    if statement.fills:
        rules, sizes = contract(statement.fills), bytes_of[statement.fills]
        checked = sum(sizes[name.lower()] for name in {*rules.required, *rules.replace_by})
        read += checked + sum(sizes.values())
    return read * (2 if "twice" in statement.step else 1)


def report(bytes_of: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """The two tables of docs/mlops/scale.md, line by line."""
    yield "| statement | bytes per customer | 1 M, GiB | 10 M, GiB | 100 M, GiB |"
    yield "|---|---:|---:|---:|---:|"
    total = 0.0
    for statement in statements():
        each = scanned(statement, bytes_of)
        total += each
        yield _row(statement.step, each)
    yield _row("**one loop**", total)
    kept = SNAPSHOTS_KEPT * sum(sum(bytes_of[table].values()) for table in KEPT)
    yield _row(f"stored, {SNAPSHOTS_KEPT} snapshots", kept)
    yield ""
    yield "| dollars a month | 1 M | 10 M | 100 M |"
    yield "|---|---:|---:|---:|"
    for loops, name in ((1, "one loop a month"), (4, "one a week"), (30, "one a day")):
        yield _dollars(name, [loops * total * n / 2**40 * DOLLARS_PER_TIB for n in SIZES])
    yield _dollars("storage", [kept * n / 2**30 * DOLLARS_PER_GIB_MONTH for n in SIZES])


def _row(name: str, each: float) -> str:
    cells = " | ".join(f"{each * customers / 2**30:,.2f}" for customers in SIZES)
    return f"| {name} | {each:,.0f} | {cells} |"


def _dollars(name: str, values: list[float]) -> str:
    return f"| {name} | " + " | ".join(f"{value:,.2f}" for value in values) + " |"


def main() -> None:
    """Prints the tables."""
    with TemporaryDirectory(prefix="telecom-scale-") as folder:
        sys.stdout.write("\n".join(report(sample(Path(folder)))) + "\n")


if __name__ == "__main__":
    main()
