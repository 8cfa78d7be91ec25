"""The generated world around a snapshot. Reads telco_churn_clean, writes CRM, invoices, tickets and network lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from mlops.src.feature_store_loader import resolve_snapshot
from telecom.ports import Warehouse, Write
from telecom.progress import Progress
from telecom.synthetic import world

CUSTOMERS = "telecom_silver.telco_churn_clean"
TABLES = tuple(f"telecom_bronze.{name}" for name in world.TABLES)


@dataclass(frozen=True)
class World:
    """Rows written per table."""

    snapshot_date: date
    crm_customers: int
    billing_invoices: int
    service_tickets: int
    network_lines: int


def run(warehouse: Warehouse, progress: Progress, *, snapshot_date: date | None = None, seed: int = 7) -> World:
    """Generates the world of the given (or newest) snapshot; the same seed gives the same rows.

    Raises:
        NotFound: the snapshot was not prepared.
    """
    day, customers = resolve_snapshot(warehouse, snapshot_date)
    progress.start("Generating the world around the customers", customers * len(world.TABLES))
    made = world.makers(day, seed)
    writes = [
        Write(table, _rows(warehouse, made[name], day, progress), {"snapshot_date": day})
        for table, name in zip(TABLES, world.TABLES, strict=True)
    ]
    written = warehouse.write(*writes)
    progress.stop()
    return World(day, *written)


def _rows(warehouse: Warehouse, make: world.Maker, day: date, progress: Progress) -> Iterator[pa.RecordBatch]:
    sql = f"SELECT * FROM {CUSTOMERS} WHERE snapshot_date = @snapshot_date ORDER BY customer_id"
    for batch in warehouse.stream(sql, {"snapshot_date": day}, world.CHUNK_ROWS):
        yield make(batch)
        progress.advance(batch.num_rows)
