"""DuckDB's errors, told of the BigQuery SQL that the person wrote."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from telecom.adapters._bigquery_sql import point_at
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


def explain(sql: str, vendor_message: str) -> QueryError:
    """DuckDB's complaint in terms of the BigQuery text: its first line, and the token it names, underlined."""
    said = headline(vendor_message)
    if said.startswith("Division by zero"):
        return QueryError(f"{said.split('. Use ')[0]}.", "SAFE_DIVIDE(a, b) gives NULL there.")
    token = named(vendor_message)
    return point_at(sql, token, said) if token else QueryError(said)


def headline(vendor_message: str) -> str:
    """DuckDB's complaint without its class, the SQL that it shows and the candidates that it lists."""
    first = vendor_message.split("\n\nLINE ")[0].split("\n\tCandidate functions")[0].strip()
    return re.sub(r"^[\w ]+ Error: ", "", first)


def named(vendor_message: str) -> str:
    """The column, table, function or value that DuckDB complains about; empty where it names none."""
    matches = (pattern.search(vendor_message) for pattern in _NAMED_BY_DUCKDB)
    return next((match["name"] for match in matches if match), "")
