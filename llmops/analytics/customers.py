"""Scored customers of one snapshot, page by page or all of them as batches. Reads gold, writes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from llmops.analytics.asking import WINDOW_DAYS, CustomersWanted, Filters, load_query, ordered, parameters_of
from llmops.tools.scored import MONTHS, Reason, reasons
from telecom.errors import NotFound
from telecom.ports import Reader, Warehouse

PLACE = "LIMIT 50 OFFSET 0"
EXPORTED = (
    "snapshot_date", "customer_id", "churn_probability", "risk_segment", "monthly_charges", "expected_loss", "contract",
    "internet_service", "tenure_band", "tenure_months", "top_reasons", "model_version",
)  # fmt: skip
"""Columns of an export."""


@dataclass(frozen=True)
class Snapshot:
    """A scored snapshot: how many customers, by which version, when."""

    snapshot_date: date
    customers: int
    model_version: str
    scored_at: datetime


@dataclass(frozen=True)
class Customer:
    """A scored customer. `expected_loss` is the chance of leaving times twelve monthly charges.

    What comes from the features is None where the snapshot has none of this customer.
    """

    customer_id: str
    churn_probability: float
    risk_segment: str
    monthly_charges: float
    expected_loss: float
    contract: str | None
    plan: str | None
    tenure_band: str | None
    tenure_months: int | None
    top_reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class CustomersPage:
    """One page; `total` counts all that the filters let through, `snapshots` are those that can be asked for."""

    snapshot_date: date | None
    snapshots: tuple[Snapshot, ...]
    total: int
    limit: int
    offset: int
    customers: tuple[Customer, ...]


def snapshots(reader: Reader, today: date) -> tuple[Snapshot, ...]:
    """The scored snapshots, the newest first."""
    window = {"since": today - timedelta(days=WINDOW_DAYS), "today": today}
    return tuple(Snapshot(**row) for row in reader.query(load_query("snapshots"), window).to_pylist())


def page(reader: Reader, wanted: CustomersWanted, today: date) -> CustomersPage:
    """One page of customers.

    Raises:
        NotFound: the snapshot that is named was not scored.
    """
    known = snapshots(reader, today)
    day = chosen(known, wanted.snapshot)
    if day is None:
        return CustomersPage(None, (), 0, wanted.limit, wanted.offset, ())
    given = parameters_of(wanted, day, MONTHS)
    (counted,) = reader.query(load_query("customers_count"), given).to_pylist()
    sql = ordered(load_query("customers_page"), wanted.sort)
    sql = sql.replace(PLACE, f"LIMIT {wanted.limit:d} OFFSET {wanted.offset:d}")
    found = reader.query(sql, given).to_pylist() if wanted.offset < counted["customers"] else []
    return CustomersPage(day, known, counted["customers"], wanted.limit, wanted.offset, tuple(map(_customer, found)))


def export(warehouse: Warehouse, filters: Filters, day: date, seconds: float) -> Iterator[pa.RecordBatch]:
    """All customers that the filters let through, sorted, in batches."""
    sql = ordered(load_query("customers_export"), filters.sort)
    return warehouse.stream(sql, parameters_of(filters, day, MONTHS), seconds=seconds)


def chosen(known: tuple[Snapshot, ...], day: date | None) -> date | None:
    """The snapshot that is meant: the named one or the newest; None where nothing was scored yet.

    Raises:
        NotFound: the one that is named was not scored.
    """
    days = [snapshot.snapshot_date for snapshot in known]
    if day is not None and day not in days:
        raise NotFound(f"There is no scored snapshot of {day}.", "Leave it out for the newest.")
    return day or (days[0] if days else None)


def _customer(row: dict[str, Any]) -> Customer:
    return Customer(
        customer_id=row["customer_id"],
        churn_probability=row["churn_probability"],
        risk_segment=row["risk_segment"],
        monthly_charges=row["monthly_charges"],
        expected_loss=round(row["expected_loss"], 2),
        contract=row["contract"],
        plan=row["internet_service"],
        tenure_band=row["tenure_band"],
        tenure_months=row["tenure_months"],
        top_reasons=reasons(row["top_reasons"]),
    )
