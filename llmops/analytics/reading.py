"""The warehouse as the analysts' pages ask it: every question has an end."""

import time
from collections.abc import Iterator

import pyarrow as pa

from telecom.errors import DependencyUnavailable, QueryError
from telecom.ports import Parameters, Warehouse


class BoundedReader:
    """Implements `telecom.ports.Reader` over a warehouse; a question that takes longer is ended.

    An answer without rows may lack its columns.

    Args:
        warehouse: is asked.
        seconds: that one answer may take.
    """

    def __init__(self, warehouse: Warehouse, seconds: float) -> None:
        self._warehouse, self._seconds = warehouse, seconds

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """The whole result.

        Raises:
            DependencyUnavailable: it took too long.
        """
        try:
            batches = list(self._warehouse.stream(sql, parameters, seconds=self._seconds))
        except QueryError as error:
            raise DependencyUnavailable(error.message, "Ask for less, or again in a moment.") from error
        return pa.Table.from_batches(batches) if batches else pa.table({})


def first_rows(batches: Iterator[pa.RecordBatch], most: int) -> tuple[pa.RecordBatch, ...]:
    """Batches of the first `most` rows; what would come after them is not fetched."""
    kept: list[pa.RecordBatch] = []
    room = most
    for batch in batches:
        kept.append(batch.slice(0, room))
        room -= kept[-1].num_rows
        if room <= 0:
            break
    return tuple(kept)


def milliseconds_since(began: float) -> float:
    """Of `time.perf_counter`."""
    return round((time.perf_counter() - began) * 1000, 1)
