"""What a query string may ask of the analysts' pages, strictly, and the SQL that answers it."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from telecom.errors import InputRefused
from telecom.queries import read_query

QUERIES = Path(__file__).parent / "queries"
MATCHING = "customers_matching"
WINDOW_DAYS = 800
"""How far back the pages look. A bound in days lets BigQuery leave out the partitions beyond it."""
MOST_ROWS = 200

Sort = Literal[
    "churn_probability", "-churn_probability", "expected_loss", "-expected_loss", "monthly_charges", "-monthly_charges",
    "tenure_months", "-tenure_months", "contract", "-contract", "customer_id", "-customer_id",
]  # fmt: skip
"""A column; with `-` the largest first."""


class Query(BaseModel):
    """Known names with values that can be meant, and no other."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Filters(Query):
    """Which customers of which snapshot (none: the newest), and in which order; all filters must hold."""

    snapshot: date | None = Field(None, description="day of the snapshot; left out: the newest")
    segment: Literal["", "low", "medium", "high"] = ""
    contract: Literal["", "Month-to-month", "One year", "Two year"] = ""
    plan: Literal["", "No", "DSL", "Fiber optic"] = Field("", description="internet access")
    tenure: Literal["", "0-6", "7-12", "13-24", "25-48", "49+"] = Field("", description="band of months as a customer")
    reason: str = Field("", pattern=r"^([a-z][a-z0-9_]{0,63})?$", description="a feature that raises the risk")
    search: str = Field("", max_length=64, description="part of a customer's number")
    min_probability: float = Field(0.0, ge=0, le=1)
    max_probability: float = Field(1.0, ge=0, le=1)
    sort: Sort = "-churn_probability"


class CustomersWanted(Filters):
    """One page of them."""

    limit: int = Field(50, ge=1, le=MOST_ROWS)
    offset: int = Field(0, ge=0, le=100_000_000)


class SnapshotsWanted(Query):
    """How many snapshots, the newest first."""

    snapshots: int = Field(6, ge=1, le=24)


class DaysWanted(Query):
    """How many days back, today included."""

    days: int = Field(30, ge=1, le=400)


class ModelsWanted(Query):
    """Nothing more."""


Wanted = TypeVar("Wanted", bound=Query)


def wanted_of(kind: type[Wanted], query: bytes) -> Wanted:
    """What a query string asks for.

    Raises:
        InputRefused: it names something unknown, twice, or with a value that cannot be meant.
    """
    known = f"Known are {', '.join(kind.model_fields)}." if kind.model_fields else "There are no filters."
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a name stands twice")
        return kind.model_validate({name: value for name, value in pairs if value or name != "snapshot"})
    except ValidationError as error:
        names = ", ".join(sorted({str(fault["loc"][0])[:40] for fault in error.errors()}))
        raise InputRefused("wrong_filter", f"These filters cannot be meant: {names}.", known) from error
    except ValueError as error:
        raise InputRefused("wrong_filter", "The filters cannot be read.", known) from error


@cache
def load_query(name: str) -> str:
    """The SQL of `queries/<name>.sql`, with what it takes in.

    Raises:
        NotFound: there is no such file.
    """
    sql = read_query(QUERIES, name)
    return sql.replace("{matching}", read_query(QUERIES, MATCHING).strip()) if "{matching}" in sql else sql


def ordered(sql: str, sort: str) -> str:
    """The SQL in another order than the one of its file; customers alike are in the order of their numbers."""
    column, way = sort.removeprefix("-"), "DESC" if sort.startswith("-") else "ASC"
    return sql.replace("ORDER BY churn_probability DESC, customer_id", f"ORDER BY {column} {way}, customer_id")


def parameters_of(filters: Filters, snapshot: date, months: int) -> dict[str, Any]:
    """What `customers_matching.sql` names."""
    texts = filters.model_dump(include={"segment", "contract", "plan", "tenure", "reason", "search"})
    return {
        **texts,
        "search": filters.search.strip(),
        "least": filters.min_probability,
        "most": filters.max_probability,
        "snapshot_date": snapshot,
        "months": months,
    }
