"""Customers in files: records of CSV files that name one, and words that name one anywhere.

Bytes that are not taken out stay as they are, whatever their encoding and line ends.
"""

import csv
import io
import json
import mmap
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

CUSTOMER_COLUMNS = ("customer_id", "customerID")
"""What the column with the customer's number is called, in tables and in files."""
ERASED = "[erased]"
_BYTES = "latin-1"
"""One character per byte, so that nothing is decoded; numbers of customers are ASCII."""
_BOM = "\ufeff".encode().decode(_BYTES)
_BLANKS = " \t\r\n"


@dataclass(frozen=True)
class Taken:
    """What was taken out of a CSV file: records, and the line ends in them."""

    records: int
    breaks: int


def take_customers_out(source: Path, target: Path, gone: Callable[[str], bool]) -> Taken:
    """Copies a CSV file without the records of some customers.

    Args:
        source: with a header; one without a customer's column is copied as it is.
        target: to be written.
        gone: whether the customer of this number is to be left out. Asked of every field of a record that has more or
            fewer fields than the header.
    """
    taken = breaks = 0
    with source.open(encoding=_BYTES, newline="") as lines, target.open("w", encoding=_BYTES, newline="") as kept:
        records = _records(lines)
        width, place = _copied_header(records, kept.write)
        for record in records:
            if place >= 0 and any(gone(name) for name in _names(record, width, place)):
                taken += 1
                breaks += record.count("\n") + record.count("\r")
            else:
                kept.write(record)
    return Taken(taken, breaks)


def records_of(source: Path, customer_id: str) -> list[dict[str, str]]:
    """The records of a customer in a CSV file, by the names in its header."""
    with source.open(encoding=_BYTES, newline="") as lines:
        records, header = _records(lines), list[str]()
        width, place = _copied_header(records, header.append)
        found = [record for record in records if customer_id in _names(record, width, place)] if place >= 0 else []
    names = _plain(header[-1].removeprefix(_BOM)) if found else []
    return [dict(zip(names, _plain(record), strict=False)) for record in found]


def times_in(path: Path, mention: re.Pattern[bytes]) -> int:
    """How often a file has what `mention_of` looks for."""
    if not path.stat().st_size:
        return 0
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return sum(1 for _ in mention.finditer(content))


def mention_of(words: Iterable[str]) -> re.Pattern[bytes]:
    """Finds any of the words as a whole, as UTF-8 and as JSON writes it in ASCII; blank ones are left out."""
    spellings = {form for word in words if word.strip() for form in (word, json.dumps(word)[1:-1])}
    either = "|".join(re.escape(form) for form in sorted(spellings, key=lambda form: (-len(form), form)))
    return re.compile(whole(either or r"(?!)").encode())


def whole(pattern: str) -> str:
    """A pattern for what stands for itself: not within a longer number of a customer. For Python's `re`."""
    return rf"(?<![\w-])(?:{pattern})(?![\w-]|\.\w)"


def mention_in_sql(customer_id: str) -> str:
    """The same for one number in RE2, which looks neither ahead nor behind."""
    return rf"(^|[^\w-]){re.escape(customer_id)}($|[^\w.-]|\.($|\W))"


def _records(lines: Iterable[str]) -> Iterator[str]:
    """Whole records: lines, joined while a quote is open."""
    waiting: list[str] = []
    quotes = 0
    for line in lines:
        waiting.append(line)
        quotes += line.count('"')
        if quotes % 2 == 0:
            yield "".join(waiting)
            waiting, quotes = [], 0
    if waiting:
        yield "".join(waiting)


def _copied_header(records: Iterator[str], keep: Callable[[str], object]) -> tuple[int, int]:
    """Hands on the records up to the header; tells its width and where the customer's number is (-1: nowhere)."""
    for record in records:
        keep(record)
        names = [name.strip(_BLANKS) for name in _fields(record.removeprefix(_BOM))]
        if any(names):
            return len(names), next((names.index(name) for name in CUSTOMER_COLUMNS if name in names), -1)
    return 0, -1


def _names(record: str, width: int, place: int) -> list[str]:
    fields = _fields(record)
    chosen = fields[place : place + 1] if len(fields) == width else fields
    return [field.strip(_BLANKS) for field in chosen]


def _plain(record: str) -> list[str]:
    return [field.strip(_BLANKS).encode(_BYTES).decode("utf-8", "replace") for field in _fields(record)]


def _fields(record: str) -> list[str]:
    if '"' not in record:
        return record.split(",")
    try:
        return next(csv.reader(io.StringIO(record, newline="")), [])
    except csv.Error:
        return record.split(",")
