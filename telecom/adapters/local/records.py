"""State of conversations and proposals on one machine: a table of `<home>/assistant.db`."""

import itertools
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from telecom.adapters._records import Stored, changed, checked_key, checked_kind, checked_owner
from telecom.adapters.local._sqlite import Database
from telecom.ports import Record
from telecom.settings import Settings

SWEEP_EVERY = 200
SWEEP_MOST = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = "owner, value, expires_at"


class LocalRecords:
    """Implements `telecom.ports.Records`; the newest of an owner's records is the one changed last.

    A change waits for others and is made once. Records whose time is over are removed now and then, by changes.
    """

    def __init__(self, settings: Settings) -> None:
        self._database = Database(settings)
        self._changes = itertools.count(1)

    def read(self, kind: str, key: str) -> Record | None:
        """The record, or None.

        Raises:
            UsageError: no record can have that kind or key.
        """
        checked_key(kind, key)
        with self._database.reading() as connection:
            stored = _find(connection, kind, key)
        return stored.record(key) if stored and stored.live(datetime.now(UTC)) else None

    def change(self, kind: str, key: str, change: Callable[[Record | None], Record | None]) -> Record | None:
        """Replaces the record by `change` of it; whatever `change` raises leaves it as it was.

        Raises:
            UsageError: the changed record cannot be stored, or `change` changes records itself.
            WarehouseBusy: others kept writing.
        """
        checked_key(kind, key)
        with self._database.changing() as connection:
            found = _find(connection, kind, key)
            after, stored = changed(kind, key, found, change)
            if stored != found:
                _put(connection, kind, key, stored)
            if next(self._changes) % SWEEP_EVERY == 0:
                _sweep(connection)
        return after

    def of(self, kind: str, owner: str, limit: int = 100) -> tuple[Record, ...]:
        """An owner's records of a kind, the one changed last first.

        Raises:
            UsageError: no owner is named.
        """
        checked_kind(kind)
        checked_owner(owner)
        asked = (
            f"SELECT key, {_COLUMNS} FROM records WHERE owner = ? AND kind = ? "
            "AND (expires_at IS NULL OR expires_at > ?) ORDER BY position DESC LIMIT ?"
        )
        with self._database.reading() as connection:
            rows = connection.execute(asked, (owner, kind, _micros(datetime.now(UTC)), max(limit, 0))).fetchall()
        return tuple(_stored(row).record(key) for key, *row in rows)

    def owned(self, owner: str) -> tuple[tuple[str, Record], ...]:
        """All of an owner's records with their kinds, by kind and key.

        Raises:
            UsageError: no owner is named.
        """
        checked_owner(owner)
        now = datetime.now(UTC)
        asked = f"SELECT kind, key, {_COLUMNS} FROM records WHERE owner = ? ORDER BY kind, key"
        with self._database.reading() as connection:
            rows = connection.execute(asked, (owner,)).fetchall()
        found = ((kind, key, _stored(row)) for kind, key, *row in rows)
        return tuple((kind, stored.record(key)) for kind, key, stored in found if stored.live(now))

    def erase(self, owner: str) -> int:
        """Removes an owner's records, from the disk too; counts those whose time was not over.

        Raises:
            UsageError: no owner is named.
        """
        checked_owner(owner)
        now = datetime.now(UTC)
        with self._database.changing() as connection:
            gone = connection.execute(f"DELETE FROM records WHERE owner = ? RETURNING {_COLUMNS}", (owner,)).fetchall()
        if gone:
            self._database.tidy()
        return sum(_stored(row).live(now) for row in gone)


def _find(connection: sqlite3.Connection, kind: str, key: str) -> Stored | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM records WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    return _stored(row) if row else None


def _put(connection: sqlite3.Connection, kind: str, key: str, stored: Stored | None) -> None:
    """Replaces a row by a new one, whose position is the last."""
    if stored is None:
        connection.execute("DELETE FROM records WHERE kind = ? AND key = ?", (kind, key))
        return
    expires_at = _micros(stored.expires_at) if stored.expires_at else None
    connection.execute(
        "REPLACE INTO records (kind, key, owner, value, expires_at) VALUES (?, ?, ?, ?, ?)",
        (kind, key, stored.owner, stored.text, expires_at),
    )


def _sweep(connection: sqlite3.Connection) -> None:
    over = "SELECT position FROM records WHERE expires_at <= ? LIMIT ?"
    connection.execute(f"DELETE FROM records WHERE position IN ({over})", (_micros(datetime.now(UTC)), SWEEP_MOST))


def _stored(row: "list[object] | tuple[object, ...]") -> Stored:
    owner, text, expires_at = row
    moment = _EPOCH + timedelta(microseconds=expires_at) if isinstance(expires_at, int) else None
    return Stored(str(owner), str(text), moment)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
