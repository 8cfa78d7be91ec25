"""The bound customer's rows: BigQuery SQL from `queries/*.sql`, the newest snapshot at or before the turn's day."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from llmops.tools.context import ToolContext
from telecom.errors import DependencyUnavailable
from telecom.ports import Scalar
from telecom.queries import read_query

QUERIES = Path(__file__).parent / "queries"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WINDOW_DAYS = 400
"""How far back a snapshot may lie. A bound in days lets BigQuery leave out the partitions beyond it."""


def load_query(name: str) -> str:
    """The SQL of `queries/<name>.sql`.

    Raises:
        NotFound: there is no such file.
    """
    return read_query(QUERIES, name)


def customer_rows(
    context: ToolContext, name: str, *, window_days: int = WINDOW_DAYS, **parameters: Scalar
) -> list[dict[str, Any]]:
    """Rows of one of our queries for the customer of the session.

    Args:
        context: names the customer and the day; nothing else may.
        name: the query.
        window_days: how old the snapshot may be.
        parameters: further parameters of the query.
    """
    bound: Mapping[str, Scalar] = {
        **parameters,
        "customer_id": context.customer_id,
        "since": context.today - timedelta(days=window_days),
        "today": context.today,
    }
    return as_rows(context.warehouse.query(load_query(name), bound))


def check_filled(context: ToolContext, name: str) -> None:
    """Lets pass where `queries/<name>.sql` counts rows; asked where a customer has none of theirs.

    Raises:
        DependencyUnavailable: there are none of anybody: the table is missing, or was not loaded.
    """
    bound = {"since": context.today - timedelta(days=WINDOW_DAYS), "today": context.today}
    found = as_rows(context.warehouse.query(load_query(name), bound))
    if not found or not found[0]["rows_there"]:
        raise DependencyUnavailable(f"The table that {name} counts has no rows.", "Load the extracts of that day.")


def as_rows(table: pa.Table) -> list[dict[str, Any]]:
    """A small table as rows; moments in UTC. Arrow makes Python's moments one by one, at twenty times the cost."""
    columns = [_values(column) for column in table.columns]
    return [dict(zip(table.column_names, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(column: pa.ChunkedArray) -> list[Any]:
    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist())
    micros = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64()).to_pylist()
    return [None if each is None else EPOCH + timedelta(microseconds=each) for each in micros]
