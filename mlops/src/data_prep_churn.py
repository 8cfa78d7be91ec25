"""Bronze to silver to gold. Reads telco_churn_raw, writes telco_churn_clean and telco_churn_features."""

from dataclasses import dataclass
from datetime import date, datetime

from mlops.src import data_quality
from mlops.src.utils_bigquery import load_query
from telecom.errors import NotFound
from telecom.ports import Reader, Warehouse, Write
from telecom.progress import Progress

RAW = "telecom_bronze.telco_churn_raw"
CLEAN = "telecom_silver.telco_churn_clean"
FEATURES = "telecom_gold.telco_churn_features"


@dataclass(frozen=True)
class Prepared:
    """Snapshots that were prepared, oldest first, the gold rows written and the checks that were made."""

    snapshots: tuple[date, ...]
    rows: int
    checks: int


def pending(warehouse: Warehouse) -> tuple[date, ...]:
    """Snapshots with a file that is not in the silver table yet, oldest first."""
    return tuple(warehouse.query(load_query("pending_snapshots"))["snapshot_date"].to_pylist())


def received(warehouse: Warehouse) -> tuple[date, ...]:
    """All snapshots in the bronze table, oldest first."""
    found = warehouse.query(f"SELECT DISTINCT snapshot_date FROM {RAW} ORDER BY snapshot_date")
    return tuple(found["snapshot_date"].to_pylist())


def prepare_snapshot(warehouse: Warehouse, snapshot_date: date, now: datetime) -> tuple[int, int]:
    """Prepares one snapshot; running it again gives the same rows.

    Returns:
        Gold rows and checks made.

    Raises:
        GateRefused: the silver or gold rows would break their contract; that table keeps what it had.
    """
    _, clean = _replace(warehouse, CLEAN, "clean", snapshot_date, now)
    rows, gold = _replace(warehouse, FEATURES, "features", snapshot_date, now)
    return rows, clean + gold


def _replace(warehouse: Warehouse, table: str, query: str, snapshot_date: date, now: datetime) -> tuple[int, int]:
    """Writes what the query gives for the snapshot, if it keeps the contract; returns rows and checks."""
    at = {"snapshot_date": snapshot_date}
    results: list[data_quality.CheckResult] = []

    def inspect(reader: Reader) -> None:
        results.extend(data_quality.measure(reader, table, snapshot_date))
        data_quality.gate(table, results)

    try:
        (rows,) = warehouse.write(Write(table, load_query(query), at, at), inspect=inspect)
    finally:
        if results:
            data_quality.record(warehouse, table, snapshot_date, now, results)
    return rows, len(results)


def run(
    warehouse: Warehouse,
    progress: Progress,
    *,
    now: datetime,
    snapshot_date: date | None = None,
    every: bool = False,
) -> Prepared:
    """Prepares the given snapshot, or every one, or (by default) those that have a new file.

    Raises:
        NotFound: nothing was ingested for what was asked.
        GateRefused: a snapshot breaks its contract; earlier ones stay prepared.
    """
    known = received(warehouse)
    if not known or (snapshot_date and snapshot_date not in known):
        wanted = f"snapshot {snapshot_date}" if snapshot_date else "snapshot at all"
        raise NotFound(f"No {wanted} in {RAW}.", "Ingest a file first: telecom ingest --csv FILE")
    todo = (snapshot_date,) if snapshot_date else known if every else pending(warehouse)
    progress.start("Preparing snapshots", len(todo))
    rows = checks = 0
    for day in todo:
        written, made = prepare_snapshot(warehouse, day, now)
        rows, checks = rows + written, checks + made
        progress.advance(1)
    progress.stop()
    return Prepared(todo, rows, checks)
