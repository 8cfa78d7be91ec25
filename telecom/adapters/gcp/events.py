"""Events on Google Cloud: rows go straight into BigQuery, and whoever adds them waits until they are there."""

import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from google.api_core.exceptions import Unknown

from telecom.adapters._event_rows import checked_rows, event_contract, new_batch
from telecom.adapters.gcp._append import Appender
from telecom.adapters.gcp._errors import vendor_errors
from telecom.errors import UsageError
from telecom.ports import Warehouse
from telecom.settings import Settings

MOST_BYTES = 4 * 2**20
"""Of rows in one request; BigQuery takes ten million bytes with everything around them."""


class BigQueryEvents:
    """Implements `telecom.ports.Events`.

    A container's memory and disk end with it, so that nothing is kept here: when `add` returns, BigQuery has the rows
    and queries see them. That is expected to take a tenth of a second (the first row of a table: a second) and takes,
    when BigQuery is down, a few seconds until `add` raises: add what an answer does not depend on after it was sent.
    Rows that several threads add meanwhile go together in one request.
    """

    def __init__(self, settings: Settings, warehouse: Warehouse) -> None:
        self._settings, self._warehouse = settings, warehouse
        self._lanes: dict[str, _Lane] = {}
        self._opening = threading.Lock()
        weakref.finalize(self, _close, self._lanes)

    def add(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds the rows, all or none; columns are those of the contract without `batch`.

        Raises:
            UsageError: they are not rows of that table, it is not one to which rows are added, or they are too many.
            DependencyUnavailable: BigQuery did not answer. The message says so if they may be there all the same.
        """
        event_contract(table)
        with self._opening:
            lane = self._lanes.setdefault(table, _Lane(self._settings, table))
        batch = checked_rows(table, rows, lane.batch)
        if batch.nbytes > MOST_BYTES:
            raise UsageError(
                f"{batch.num_rows:,} rows for {table} are too large for one addition.", "Add fewer at once."
            )
        if batch.num_rows:
            with vendor_errors(f"Adding rows to {table}"):
                lane.add(batch)

    def flush(self) -> None:
        """Nothing waits: what `add` returned for is in its table."""

    def settle(self) -> None:
        """Nothing waits, and nothing is kept here."""


@dataclass(eq=False)
class _Ticket:
    """Rows of one caller, and what became of them."""

    rows: pa.RecordBatch
    done: bool = False
    failure: Exception | None = None


class _Lane:
    """The way into one table. Whoever comes while somebody is under way waits; the next one takes along all who do."""

    def __init__(self, settings: Settings, table: str) -> None:
        self.batch = new_batch(datetime.now(UTC))
        self._appender = Appender(settings, table)
        self._turn = threading.Lock()
        self._waiting: list[_Ticket] = []

    def add(self, rows: pa.RecordBatch) -> None:
        """The rows are in the table when this returns.

        Raises:
            GoogleAPICallError: they are not.
            DependencyUnavailable: that is not known.
        """
        ticket = _Ticket(rows)
        self._waiting.append(ticket)
        with self._turn:
            while not ticket.done:
                self._serve()
        if ticket.failure:
            raise ticket.failure

    def close(self) -> None:
        """Ends the connection."""
        self._appender.close()

    def _serve(self) -> None:
        """Sends the first of those who wait, and as many of the others as fit."""
        served = [self._waiting.pop(0)]
        while self._waiting and sum(each.rows.nbytes for each in (*served, self._waiting[0])) <= MOST_BYTES:
            served.append(self._waiting.pop(0))
        failure: Exception | None = Unknown("The thread that added the rows was stopped.")
        try:
            self._appender.append(pa.concat_batches([each.rows for each in served]))
            failure = None
        except Exception as error:
            failure = error
        finally:
            for each in served:
                each.failure, each.done = failure, True


def _close(lanes: dict[str, _Lane]) -> None:
    for lane in lanes.values():
        lane.close()
