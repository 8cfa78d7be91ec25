"""Errors about SQL: they point at the token of the SQL that the person wrote."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from telecom.errors import QueryError, TelecomError

_NAMED_BY_DUCKDB = (
    re.compile(r'Referenced column "(?P<name>[^"]+)" not found'),
    re.compile(r'Referenced table "(?P<name>[^"]+)" not found'),
    re.compile(r"Function with name (?P<name>\w+) does not exist", re.IGNORECASE),
    re.compile(r"matches the given name and argument types '(?P<name>\w+)\("),
    re.compile(r"Could not convert string '(?P<name>[^']+)'"),
    re.compile(r'syntax error at or near "(?P<name>[^"]+)"'),
    re.compile(r'column "(?P<name>[^"]+)" must appear in the GROUP BY'),
    re.compile(r'does not have a column named "(?P<name>[^"]+)"'),
)


def point_at(sql: str, token: str, message: str) -> QueryError:
    """A QueryError whose message shows the line of `sql` with a caret under the first whole `token`."""
    found = re.search(rf"(?<![\w.]){re.escape(token)}(?!\w)", sql, re.IGNORECASE) or re.search(
        re.escape(token), sql, re.IGNORECASE
    )
    return QueryError(message if found is None or not token else f"{message}\n{caret(sql, *found.span())}")


@contextmanager
def vendor_errors(sql: str) -> Iterator[None]:
    """Translates whatever DuckDB or Arrow raise about `sql`; the system's own errors pass.

    Raises:
        QueryError: the SQL, or the data under it, is at fault.
        TelecomError: the engine is.
    """
    try:
        yield
    except (duckdb.OperationalError, duckdb.InternalError) as error:
        raise TelecomError(
            f"The local engine failed: {error}", "Is the disk full or TELECOM_MEMORY_GB too small?"
        ) from error
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        # Arrow's reader reports what DuckDB raises between two batches as an OSError that has no number.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise explain(sql, str(error)) from error


def one_name_each(sql: str, names: Iterable[str]) -> None:
    """Checks the columns of a result.

    Raises:
        QueryError: two have one name, whatever their case; BigQuery refuses that too.
    """
    name, times = Counter(name.lower() for name in names).most_common(1)[0]
    if times > 1:
        raise point_at(sql, name, f"Two columns of the result are called {name!r}. Rename one with AS.")


def explain(sql: str, vendor_message: str) -> QueryError:
    """DuckDB's complaint in terms of the BigQuery text: its first line, and the token it names, underlined."""
    headline = vendor_message.split("\n\nLINE ")[0].split("\n\tCandidate functions")[0].strip()
    headline = re.sub(r"^[\w ]+ Error: ", "", headline)
    if headline.startswith("Division by zero"):
        return QueryError(f"{headline.split('. Use ')[0]}.", "SAFE_DIVIDE(a, b) gives NULL there.")
    for pattern in _NAMED_BY_DUCKDB:
        if match := pattern.search(vendor_message):
            return point_at(sql, match["name"], headline)
    return QueryError(headline)


def offset(sql: str, line: int, column: int) -> int:
    """The place in `sql` of a column (counted from 0) of a line (counted from 1)."""
    starts = [0, *(m.end() for m in re.finditer("\n", sql))]
    return min(starts[min(line, len(starts)) - 1] + column, len(sql))


def caret(sql: str, start: int, end: int) -> str:
    """The line of `sql` that holds `start`, and below it carets up to `end`."""
    line_start = sql.rfind("\n", 0, start) + 1
    line = sql[line_start:].split("\n", 1)[0]
    number = sql.count("\n", 0, start) + 1
    lead = f"line {number}, column {start - line_start + 1}: "
    width = max(1, min(end, line_start + len(line)) - start)
    return f"{lead}{line}\n{' ' * (len(lead) + start - line_start)}{'^' * width}"
