"""A bound on how long one SELECT may take."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from telecom.errors import QueryError

REMEDY = "Read less: one snapshot, fewer columns, fewer rows."


@contextmanager
def ended_after(connection: duckdb.DuckDBPyConnection, seconds: float | None) -> Iterator[threading.Event]:
    """Interrupts what the connection does once the time is up, if there is a limit; yields whether it is up.

    Raises:
        QueryError: the time was up before the block came to its end.
    """
    late = threading.Event()
    if seconds is None:
        yield late
        return

    def end() -> None:
        late.set()
        connection.interrupt()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    except Exception as error:
        # Interrupted between two batches, the engine's complaint is one of Arrow's that names nothing.
        if late.is_set():
            raise too_long(seconds) from error
        raise
    finally:
        timer.cancel()


def too_long(seconds: float) -> QueryError:
    """The complaint about a SELECT that takes too long."""
    return QueryError(f"The query took longer than {seconds:g} s.", REMEDY)
