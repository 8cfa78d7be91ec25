"""Rows of the tables that only grow, on their way there: checked against the contract before anybody relies on them.

An event table is one whose rows are replaced by `batch`: the set of rows that an adapter writes together. Whoever adds
a row leaves that column out.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import pyarrow as pa

from telecom.errors import UsageError
from telecom.tables import Column, Contract, contract

BATCH = "batch"
EXACT: Mapping[str, type] = {
    "STRING": str,
    "INT64": int,
    "FLOAT64": float,
    "BOOL": bool,
    "DATE": date,
    "TIMESTAMP": datetime,
}


def event_contract(table: str) -> Contract:
    """The contract of an event table.

    Raises:
        NotFound: there is no such table.
        UsageError: it is not one to which rows are added.
    """
    found = contract(table)
    if found.replace_by != (BATCH,):
        raise UsageError(
            f"{table} is not a table to which rows are added.", f"Rows are replaced by {found.replace_by}."
        )
    return found


def new_batch(now: datetime) -> str:
    """A name for a set of rows, never given before: the hour in which it was begun, and chance."""
    return f"{now:%Y%m%dT%H}-{uuid.uuid4().hex[:12]}"


def checked_rows(table: str, rows: Sequence[Mapping[str, Any]], batch: str) -> pa.RecordBatch:
    """The rows in the contract's types and order, with the batch that they belong to.

    Raises:
        UsageError: a column is missing or unknown, or a value is not one that the contract allows.
    """
    described = event_contract(table)
    named = [{**row, BATCH: batch} for row in rows]
    for row in named:
        if unknown := row.keys() - set(described.schema.names):
            raise UsageError(
                f"{table} has no columns {sorted(unknown)}.", f"It has {', '.join(described.schema.names)}."
            )
        for column in described.columns:
            _check(table, column, row.get(column.name))
    try:
        return pa.RecordBatch.from_pylist([_as_text(row) for row in named], schema=described.schema)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise UsageError(f"A row for {table} does not have the contract's types: {error}.") from error


def plain_rows(table: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows as `checked_rows` has them, without a batch, as Python's values; raises as it does.

    Values of exactly the types that Arrow would give back need no way through Arrow.
    """
    columns = _columns(table)
    if not all(_is_exact(columns.get(name), value) for row in rows for name, value in row.items()):
        found: list[dict[str, Any]] = checked_rows(table, rows, "").to_pylist()
        return found
    for row in rows:
        for column in columns.values():
            _check(table, column, row.get(column.name))
    return [_as_text(row) for row in rows]


@lru_cache
def _columns(table: str) -> dict[str, Column]:
    return {column.name: column for column in event_contract(table).columns if column.name != BATCH}


def _is_exact(column: Column | None, value: object) -> bool:
    """Whether Arrow would give the value back as it is."""
    if column is None or (column.mode == "REPEATED") != (type(value) is list):
        return False
    if type(value) is list:
        return column.type == "STRING" and all(type(each) is str and each.isascii() for each in value)
    small = type(value) is not int or -(2**63) <= value < 2**63
    return value is None or (type(value) is EXACT.get(column.type) and small)


def _check(table: str, column: Column, value: Any) -> None:
    place = f"{table}.{column.name}"
    if value is None:
        if column.mode == "REQUIRED":
            raise UsageError(f"{place} is REQUIRED, and a row to be added has no value for it.")
        return
    if isinstance(value, datetime) and (value.tzinfo is None or column.type == "DATE"):
        raise UsageError(f"{place} = {value} is no {column.type}.", "Give moments their time zone, and days as dates.")
    if column.values and value not in column.values:
        raise UsageError(f"{place} = {value!r} is none of {', '.join(column.values)}.")
    if column.pattern and not re.fullmatch(column.pattern, str(value)):
        raise UsageError(f"{place} = {value!r} does not match {column.pattern!r}.")
    if isinstance(value, int | float) and not _within(column, value):
        raise UsageError(f"{place} = {value!r} is out of bounds.", f"From {column.minimum} to {column.maximum}.")


def _within(column: Column, value: float) -> bool:
    low, high = column.minimum, column.maximum
    return (low is None or value >= low) and (high is None or value <= high)


def _as_text(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without halves of characters, which what clients send may hold and no table takes."""
    return {k: v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for k, v in row.items()}
