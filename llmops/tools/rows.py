"""The bound customer's rows: BigQuery SQL from `queries/*.sql`, the newest snapshot at or before the turn's day."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from llmops.tools.cached_reader import CachedReader
from llmops.tools.context import ToolContext
from llmops.tools.plain_rows import as_rows
from telecom.errors import DependencyUnavailable
from telecom.ports import Scalar
from telecom.queries import read_query

QUERIES = Path(__file__).parent / "queries"
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
) -> Sequence[Mapping[str, Any]]:
    """Rows of one of our queries for the customer of the session; others may hold the same ones.

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
    return _asked(context, name, bound)


def check_filled(context: ToolContext, name: str) -> None:
    """Lets pass where `queries/<name>.sql` counts rows; asked where a customer has none of theirs.

    Raises:
        DependencyUnavailable: there are none of anybody: the table is missing, or was not loaded.
    """
    bound = {"since": context.today - timedelta(days=WINDOW_DAYS), "today": context.today}
    found = _asked(context, name, bound)
    if not found or not found[0]["rows_there"]:
        raise DependencyUnavailable(f"The table that {name} counts has no rows.", "Load the extracts of that day.")


def _asked(context: ToolContext, name: str, bound: Mapping[str, Scalar]) -> Sequence[Mapping[str, Any]]:
    reader, sql = context.warehouse, load_query(name)
    return reader.rows(sql, bound) if isinstance(reader, CachedReader) else as_rows(reader.query(sql, bound))
