"""Events on one machine: first a row in SQLite, which outlives the process, then a row of the warehouse's table.

The rows of one table and day, at most some thousands, are one batch, and one file: each flush writes the whole batch in
the place of what was there of it, so that a flush that is repeated adds nothing. A batch is closed when it is full or
its day is over; once all of a closed batch is in the warehouse, it leaves the outbox.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from telecom.adapters._event_rows import BATCH, event_contract, new_batch, plain_rows
from telecom.adapters.local._files import exclusive, exclusive_now
from telecom.adapters.local._sqlite import Database
from telecom.errors import TelecomError
from telecom.ports import Warehouse, Write
from telecom.settings import Settings

FULL = 5_000
"""Rows of a batch: what one flush writes at most, however little is new."""


@dataclass(frozen=True)
class Batch:
    """A batch that is not all in the warehouse: its rows there reach to `written`, those here to `last`."""

    name: str
    table: str
    open: bool
    written: int
    last: int


class Outbox:
    """The rows that are kept until the warehouse has them. Threads and processes share them; one at a time flushes."""

    def __init__(self, settings: Settings, warehouse: Warehouse) -> None:
        self._database = Database(settings)
        self._warehouse, self._settings = warehouse, settings
        self._lock = settings.home / ".assistant-events.lock"
        self._flushing = threading.Lock()
        self._read: dict[str, tuple[int, pa.Table]] = {}

    def add(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keeps the rows, all or none.

        Raises:
            UsageError: they are not rows of that table.
            WarehouseBusy: others kept writing.
        """
        texts = [_as_json(row) for row in plain_rows(table, rows)]
        if not texts:
            return
        with self._database.changing() as connection:
            name = _open_batch(connection, table, datetime.now(UTC))
            connection.executemany("INSERT INTO outbox (batch, row) VALUES (?, ?)", [(name, text) for text in texts])
            connection.execute("UPDATE batches SET size = size + ? WHERE name = ?", (len(texts), name))

    def flush(self) -> None:
        """All rows kept so far are in the warehouse when this returns.

        Raises:
            TelecomError: the warehouse did not take some of them; they are kept.
        """
        with self._flushing, exclusive(self._lock, self._settings.lock_seconds, "The outbox of events"):
            self._flush()

    def flush_now(self) -> bool:
        """The same, unless somebody else is at it; returns whether it was done."""
        with self._flushing, exclusive_now(self._lock) as free:
            if free:
                self._flush()
        return free

    def settle(self) -> None:
        """As `flush`, with every batch closed: none of the rows is written a second time, by any process.

        Raises:
            TelecomError: as for `flush`.
        """
        with self._flushing, exclusive(self._lock, self._settings.lock_seconds, "The outbox of events"):
            with self._database.changing() as connection:
                connection.execute("UPDATE batches SET open = 0")
            self._flush()
        self._read.clear()
        self._database.tidy()

    def _flush(self) -> None:
        failures: list[TelecomError] = []
        for batch in self._due():
            try:
                if batch.last > batch.written:
                    rows = self._rows(batch)
                    self._warehouse.write(Write(batch.table, rows.to_batches(), {BATCH: batch.name}))
                self._note(batch)
            except TelecomError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def _due(self) -> list[Batch]:
        """Closes what is of a former day, and names what is not all written, or written and closed."""
        last = "(SELECT MAX(position) FROM outbox WHERE batch = name)"
        asked = f"SELECT name, target, open, written, COALESCE({last}, 0) FROM batches ORDER BY rowid"
        today = datetime.now(UTC).date().isoformat()
        with self._database.changing() as connection:
            connection.execute("UPDATE batches SET open = 0 WHERE day <> ?", (today,))
            found = [
                Batch(name, table, bool(is_open), *rest) for name, table, is_open, *rest in connection.execute(asked)
            ]
        return [batch for batch in found if batch.last > batch.written or not batch.open]

    def _rows(self, batch: Batch) -> pa.Table:
        """All rows of a batch. Those that an earlier flush has read are remembered: they never change."""
        position, known = self._read.get(batch.name, (0, event_contract(batch.table).schema.empty_table()))
        asked = "SELECT row FROM outbox WHERE batch = ? AND position > ? AND position <= ? ORDER BY position"
        with self._database.reading() as connection:
            texts = [text for (text,) in connection.execute(asked, (batch.name, position, batch.last))]
        whole = pa.concat_tables([known, _as_table(batch, texts)]).combine_chunks()
        self._read[batch.name] = batch.last, whole
        return whole

    def _note(self, batch: Batch) -> None:
        """Notes down what was written; a closed batch that is all in the warehouse leaves."""
        with self._database.changing() as connection:
            connection.execute("UPDATE batches SET written = ? WHERE name = ?", (batch.last, batch.name))
            gone = connection.execute(
                "DELETE FROM batches WHERE name = ? AND NOT open AND NOT EXISTS "
                "(SELECT 1 FROM outbox WHERE batch = name AND position > written)",
                (batch.name,),
            )
            if gone.rowcount:
                connection.execute("DELETE FROM outbox WHERE batch = ?", (batch.name,))
        if gone.rowcount:
            self._read.pop(batch.name, None)


def _open_batch(connection: sqlite3.Connection, table: str, now: datetime) -> str:
    """The batch that takes rows of a table at this moment; within a transaction, so that none is closed meanwhile."""
    today = now.date().isoformat()
    asked = "SELECT name FROM batches WHERE target = ? AND open AND day = ? AND size < ?"
    if found := connection.execute(asked, (table, today, FULL)).fetchone():
        return str(found[0])
    connection.execute("UPDATE batches SET open = 0 WHERE target = ?", (table,))
    name = new_batch(now)
    connection.execute("INSERT INTO batches VALUES (?, ?, ?, 1, 0, 0)", (name, table, today))
    return name


def _as_json(row: Mapping[str, Any]) -> str:
    def text(value: object) -> str:
        return value.isoformat() if isinstance(value, date) else str(value)

    return json.dumps({name: value for name, value in row.items() if value is not None}, default=text)


def _as_table(batch: Batch, texts: Sequence[str]) -> pa.Table:
    described = event_contract(batch.table)
    moments = {"DATE": date.fromisoformat, "TIMESTAMP": datetime.fromisoformat}
    parsed = {c.name: moments[c.type] for c in described.columns if c.type in moments}

    def rows() -> Iterator[dict[str, Any]]:
        for text in texts:
            row = json.loads(text)
            yield row | {name: parse(row[name]) for name, parse in parsed.items() if name in row} | {BATCH: batch.name}

    return pa.Table.from_pylist(list(rows()), schema=described.schema)
