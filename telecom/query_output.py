"""Rows of a query for people and for other programs: a table, CSV, or one JSON array."""

import csv
import json
import math
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, Any

import pyarrow as pa

from telecom import console
from telecom.ports import Warehouse


@dataclass(frozen=True)
class Estimate:
    """What a query would read at most; on Google Cloud also what is billed for, in bytes."""

    bytes: int


def run(warehouse: Warehouse, sql: str, output: str, limit: int | None) -> None:
    """Prints the result of one SELECT to stdout, whole or not at all; all rows unless `limit` is given.

    Raises:
        QueryError: the SQL cannot be run; the message points at the token.
    """
    batches = warehouse.stream(sql)
    first = next(batches, None)
    names = first.schema.names if first is not None else warehouse.query(sql).schema.names
    rows = islice(_rows(chain([first] if first is not None else [], batches)), limit)
    {"table": _table, "csv": _csv, "json": _json}[output](names, rows)


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _table(names: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    listed = [tuple(_shown(value) for value in row) for row in rows]
    console.print_rows(names, listed)
    console.stderr().print(f"{len(listed):,} row{'' if len(listed) == 1 else 's'}", style="dim")


def _shown(value: Any) -> str:
    """A value for people as it is: nothing separates thousands, since a number may be a year or an identifier."""
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.4f}" if value == 0 or abs(value) >= 0.0001 else f"{value:.4g}"
    return console.text(value if value is None else str(_cell(value)))


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(console.plain(value), ensure_ascii=False) if isinstance(value, list | dict) else value


def _csv(names: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    with _whole() as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([("" if value is None else _cell(value)) for value in row] for row in rows)


def _json(names: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    separator = "["
    with _whole() as sink:
        for row in rows:
            document = {name: console.plain(value) for name, value in zip(names, row, strict=True)}
            sink.write(separator + json.dumps(document, ensure_ascii=False))
            separator = ",\n "
        sink.write("]\n" if separator != "[" else "[]\n")


@contextmanager
def _whole() -> Iterator[IO[str]]:
    """Somewhere to write to that reaches stdout only when nothing went wrong: a query may fail at its last row."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as spool:
        yield spool
        spool.seek(0)
        shutil.copyfileobj(spool, sys.stdout)
