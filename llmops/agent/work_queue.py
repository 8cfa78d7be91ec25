"""The retention desk's work queue: customers by what their leaving would cost. Reads gold and CRM, writes nothing."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from llmops.agent.turn import Principal
from llmops.tools.churn_tool import MAXIMUM_AGE_DAYS
from llmops.tools.scored import MONTHS, Reason, reasons
from telecom.errors import InputRefused
from telecom.passages import folded
from telecom.ports import Reader
from telecom.queries import read_query

QUERIES = Path(__file__).parent / "queries"
MOST, WORDS = 100, 4
LAST = "LIMIT 100 OFFSET 0"


class Wanted(BaseModel):
    """Which part of the queue: filters, all of which must hold, and the page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    segment: Literal["", "low", "medium", "high"] = ""
    contract: Literal["", "Month-to-month", "One year", "Two year"] = ""
    city: str = Field("", max_length=80)
    reason: str = Field("", pattern=r"^([a-z][a-z0-9_]{0,63})?$", description="a feature that raises the risk")
    search: str = Field("", max_length=80, description="parts of a name or of a customer's number, in any order")
    limit: int = Field(20, ge=1, le=MOST)
    offset: int = Field(0, ge=0, le=1_000_000)


@dataclass(frozen=True)
class Waiting:
    """A customer. `expected_loss` is the chance of leaving times twelve monthly charges, in BRL."""

    customer_id: str
    name: str | None
    city: str | None
    state: str | None
    contract: str | None
    risk_segment: str
    churn_probability: float
    monthly_charges: float
    expected_loss: float
    top_reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Page:
    """One page of the queue; `total` counts all that the filters let through."""

    snapshot_date: date | None
    total: int
    limit: int
    offset: int
    customers: tuple[Waiting, ...]


def wanted_of(query: bytes) -> Wanted:
    """The filters and the page that a query string names.

    Raises:
        InputRefused: it names something unknown, twice, or with a value that cannot be meant.
    """
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a name stands twice")
        return Wanted.model_validate(dict(pairs))
    except ValidationError as error:
        names = ", ".join(sorted({str(fault["loc"][0])[:40] for fault in error.errors()}))
        raise InputRefused("wrong_filter", f"These filters cannot be meant: {names}.", _known()) from error
    except ValueError as error:
        raise InputRefused("wrong_filter", "The filters cannot be read.", _known()) from error


def page(warehouse: Reader, who: Principal, wanted: Wanted, today: date) -> Page:
    """The customers whom somebody may see, those first whose leaving would cost most. Old scores are left out."""
    numbers = "" if who.customers is None else f",{','.join(sorted(who.customers))},"
    found = warehouse.query(
        read_query(QUERIES, "work_queue").replace(LAST, f"LIMIT {wanted.limit:d} OFFSET {wanted.offset:d}"),
        {
            **wanted.model_dump(include={"segment", "contract", "reason"}),
            **_words(wanted.search),
            "city": folded(" ".join(wanted.city.split())),
            "everybody": who.customers is None,
            "allowed": numbers,
            "months": MONTHS,
            "since": today - timedelta(days=MAXIMUM_AGE_DAYS),
            "today": today,
        },
    ).to_pylist()
    return Page(
        snapshot_date=found[0]["snapshot_date"] if found else None,
        total=found[0]["found"] if found else 0,
        limit=wanted.limit,
        offset=wanted.offset,
        customers=tuple(map(_waiting, found)),
    )


def _words(search: str) -> dict[str, str]:
    """What `work_queue.sql` looks for; of more words than it has room for, the last ones must stand together."""
    said = folded(search).split(maxsplit=WORDS - 1)
    return {
        f"word_{place + 1}": " ".join(word.split()) for place, word in enumerate([*said, *[""] * (WORDS - len(said))])
    }


def _waiting(row: dict[str, Any]) -> Waiting:
    return Waiting(
        customer_id=row["customer_id"],
        name=row["full_name"],
        city=row["city"],
        state=row["state"],
        contract=row["contract"],
        risk_segment=row["risk_segment"],
        churn_probability=row["churn_probability"],
        monthly_charges=row["monthly_charges"],
        expected_loss=round(row["expected_loss"], 2),
        top_reasons=reasons(row["top_reasons"]),
    )


def _known() -> str:
    return f"Known are {', '.join(Wanted.model_fields)}."
