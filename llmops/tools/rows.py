"""The bound customer's rows: BigQuery SQL from `queries/*.sql`, the newest snapshot at or before the turn's day."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from llmops.tools.context import ToolContext
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
    found: list[dict[str, Any]] = context.warehouse.query(load_query(name), bound).to_pylist()
    return found
