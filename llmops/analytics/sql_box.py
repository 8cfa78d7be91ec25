"""The analysts' own SQL: one SELECT, over tables that they may read, within bounds of bytes, seconds and rows."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from datetime import time as clock
from decimal import Decimal
from typing import Any

import pyarrow as pa

from llmops.analytics.reading import first_rows, milliseconds_since
from telecom.errors import DependencyUnavailable, InputRefused, NotFound, QueryError, TelecomError
from telecom.ports import Warehouse
from telecom.serving.answers import Forbidden
from telecom.tables import Contract, contracts

PERSONAL = "read:personal"
"""The scope without which bronze, and tables that are restricted, are not read."""
MOST_ROWS = 10_000
MOST_BYTES = 8 << 20
"""Of the rows of an answer."""
MOST_SCANNED = 4 << 30
"""Bytes that a query may read."""
WHOLE = 2**53
"""Above it JavaScript's numbers skip some."""

TablesOf = Callable[[str], Sequence[str]]
"""The tables that one SELECT reads; raises QueryError for whatever is not one."""


@dataclass(frozen=True)
class ResultColumn:
    """A column of a result; `kind` is `number`, `text`, `date`, `moment`, `truth` or `other`."""

    name: str
    kind: str


@dataclass(frozen=True)
class SqlResult:
    """The first rows; `more` says that there are others. `scanned` are the bytes that it read at most."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool
    scanned: int
    ms: float
    tables: tuple[str, ...]


@dataclass(frozen=True)
class TableShown:
    """A table that may be read."""

    table: str
    description: str
    columns: tuple[tuple[str, str, str], ...]


def readable(scopes: Iterable[str]) -> tuple[Contract, ...]:
    """The tables that a caller with these scopes may read."""
    everything = PERSONAL in scopes
    return tuple(found for found in contracts().values() if everything or not _personal(found))


def tables(scopes: Iterable[str]) -> tuple[TableShown, ...]:
    """The same for people: names, columns (name, type, description)."""
    return tuple(
        TableShown(c.table, c.description, tuple((col.name, col.sql, col.description) for col in c.columns))
        for c in readable(scopes)
    )


def run(
    warehouse: Warehouse, tables_of: TablesOf, sql: str, limit: int, allowed: Iterable[str], seconds: float
) -> SqlResult:
    """The first rows of one SELECT.

    Args:
        warehouse: runs it.
        tables_of: parses it.
        sql: the SELECT, in BigQuery's dialect.
        limit: how many rows of its result are wanted.
        allowed: full names of the tables that may be read.
        seconds: that it may take.

    Raises:
        Forbidden: it reads a table that is not allowed.
        InputRefused: `wrong_sql` it cannot be run or takes too long, `too_much` it reads or returns too much.
    """
    began = time.perf_counter()
    with _told():
        read = tuple(tables_of(sql))
        if kept := sorted(set(read) - set(allowed)):
            raise Forbidden(f"This caller may not read {', '.join(kept)}.", f"It takes the scope {PERSONAL}.")
        scanned = warehouse.estimate(sql)
        if scanned > MOST_SCANNED:
            said = f"The query would read {scanned / 2**30:.1f} GiB; {MOST_SCANNED >> 30} are allowed."
            raise InputRefused("too_much", said, "Read one snapshot, or fewer columns.")
        found = first_rows(warehouse.stream(sql, None, limit + 1, seconds), limit + 1)
        schema = found[0].schema if found else warehouse.query(sql).schema
    if sum(batch.nbytes for batch in found) > MOST_BYTES:
        raise InputRefused("too_much", f"The result is larger than {MOST_BYTES >> 20} MiB.", "Select less.")
    rows = [row for batch in found for row in _rows(batch)]
    columns = tuple(ResultColumn(field.name, _kind(field.type)) for field in schema)
    more = len(rows) > limit
    return SqlResult(columns, tuple(rows[:limit]), more, scanned, milliseconds_since(began), read)


@contextmanager
def _told() -> Iterator[None]:
    """Failures of a person's own SQL, told to that person."""
    try:
        yield
    except QueryError as error:
        raise InputRefused("wrong_sql", error.message, error.remedy) from error
    except (DependencyUnavailable, InputRefused, Forbidden, NotFound):
        raise
    except TelecomError as error:
        raise InputRefused("wrong_sql", "The query needs more than there is to run it.", "Read less.") from error


def _personal(table: Contract) -> bool:
    return table.dataset == "telecom_bronze" or table.sensitivity == "restricted"


def _rows(batch: pa.RecordBatch) -> Iterable[tuple[Any, ...]]:
    columns = [[plain(value) for value in column.to_pylist()] for column in batch.columns]
    return zip(*columns, strict=True)


def plain(value: Any) -> Any:
    """A value as JSON can say it and JavaScript can keep it."""
    match value:
        case bool() | None | str() | float():
            return value
        case int():
            return value if abs(value) <= WHOLE else str(value)
        case Decimal():
            return float(value) if abs(value) <= WHOLE else str(value)
        case bytes():
            return value.hex()
        case date() | clock():
            return value.isoformat()
        case timedelta():
            return str(value)
        case list() | tuple():
            return [plain(each) for each in value]
        case dict():
            return {str(name): plain(each) for name, each in value.items()}
    return str(value)


def _kind(kind: pa.DataType) -> str:
    tests = (
        ("truth", pa.types.is_boolean),
        ("number", lambda t: pa.types.is_integer(t) or pa.types.is_floating(t) or pa.types.is_decimal(t)),
        ("text", lambda t: pa.types.is_string(t) or pa.types.is_large_string(t)),
        ("date", pa.types.is_date),
        ("moment", pa.types.is_timestamp),
    )
    return next((name for name, test in tests if test(kind)), "other")
