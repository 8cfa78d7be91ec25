"""The header line against the contract: which column stands where."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from mlops.src.intake.received import DELIMITERS
from telecom.errors import InputRefused
from telecom.tables import Column, Contract

ORIGIN = ("snapshot_date", "source_digest", "source_row", "ingested_at")
LABEL = "Churn"
_REMEDY = "Send the columns of the contract; only {label!r} may be left out."


def file_columns(contract: Contract) -> tuple[Column, ...]:
    """The columns that a file carries: all but those that ingestion adds."""
    return tuple(column for column in contract.columns if column.name not in ORIGIN)


def read_header(name: str, line: str, columns: Sequence[Column]) -> tuple[str, ...]:
    """The column names in file order, without surrounding blanks; the order is free, the names are exact.

    Raises:
        InputRefused: broken_quotes, wrong_delimiter, duplicated_columns, missing_columns, extra_columns.
    """
    expected = [column.name for column in columns]
    found = _split(name, line)
    _check_delimiter(name, line, found, expected)
    if twice := [column for column, times in Counter(found).items() if times > 1]:
        raise InputRefused(
            "duplicated_columns",
            f"The header of {name!r} names {_listed(twice)} more than once.",
            "Keep one of each.",
        )
    extra = [column for column in found if column not in expected]
    if missing := [column for column in expected if column not in found and column != LABEL]:
        raise InputRefused(
            "missing_columns",
            f"The header of {name!r} lacks {_listed(missing)}.{_likeness(missing, extra)}",
            _REMEDY.format(label=LABEL),
        )
    if extra:
        raise InputRefused(
            "extra_columns",
            f"The header of {name!r} has {_listed(extra)}, unknown to the contract.{_likeness(expected, extra)}",
            _REMEDY.format(label=LABEL),
        )
    return found


def _split(name: str, line: str) -> tuple[str, ...]:
    try:
        fields = next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise InputRefused(
            "broken_quotes",
            f"The header of {name!r} cannot be read: {error}.",
            "Mend the quotes in the first line.",
        ) from error
    return tuple(field.strip() for field in fields)


def _check_delimiter(name: str, line: str, found: Sequence[str], expected: Sequence[str]) -> None:
    known = {_plain(column) for column in expected}
    for mark in DELIMITERS[1:]:
        fields = [_plain(field) for field in line.split(mark)]
        if len(known.intersection(fields)) > max(1, len(known.intersection(_plain(field) for field in found))):
            raise InputRefused(
                "wrong_delimiter",
                f"The columns of {name!r} are separated by {mark!r}, not by a comma.",
                "Export it with commas between the fields.",
            )


def _likeness(wanted: Iterable[str], extra: Iterable[str]) -> str:
    """A hint where a name differs in case, blanks or punctuation only."""
    by_plain = {_plain(name): name for name in wanted}
    pairs = [f"{name!r} should be {by_plain[_plain(name)]!r}" for name in extra if _plain(name) in by_plain]
    return f" Names are exact: {', '.join(pairs[:5])}." if pairs else ""


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:80]) for name in names[:10])
    return shown if len(names) <= 10 else f"{shown} and {len(names) - 10} more"
