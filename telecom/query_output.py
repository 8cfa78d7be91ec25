"""Rows of a query for people and for other programs: a table, CSV, or one JSON array."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

import pyarrow as pa

from telecom import console
from telecom.ports import Warehouse


def run(warehouse: Warehouse, sql: str, output: str, limit: int | None) -> None:
    """Prints the result of one SELECT to stdout; all rows unless `limit` is given.

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
    listed = [tuple(_cell(value) for value in row) for row in rows]
    console.print_table("", names, listed)
    console.stderr().print(f"{len(listed):,} row{'' if len(listed) == 1 else 's'}", style="dim")


def _cell(value: Any) -> Any:
    return json.dumps(console.plain(value), ensure_ascii=False) if isinstance(value, list | dict) else value


def _csv(names: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([("" if value is None else _cell(value)) for value in row] for row in rows)


def _json(names: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    separator = "["
    for row in rows:
        document = {name: console.plain(value) for name, value in zip(names, row, strict=True)}
        sys.stdout.write(separator + json.dumps(document, ensure_ascii=False))
        separator = ",\n "
    sys.stdout.write("]\n" if separator != "[" else "[]\n")
