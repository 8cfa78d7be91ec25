"""The assistant's SQLite file: records, and events on their way to the warehouse; many threads and processes at once.

Write-ahead logging: readers never wait, writers wait for each other. A commit outlives the process; of the last ones
before a power failure, some may be lost (`synchronous = NORMAL`). What is deleted is overwritten (`secure_delete`).
"""

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from telecom.adapters.local._files import exclusive
from telecom.errors import DependencyUnavailable, TelecomError, UsageError, WarehouseBusy
from telecom.settings import Settings

FILE = "assistant.db"
VERSION = 1
MOST_IDLE = 8
SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
  position INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL, value TEXT NOT NULL,
  expires_at INTEGER, UNIQUE (kind, key));
CREATE INDEX IF NOT EXISTS records_of_owner ON records (owner, kind, position);
CREATE INDEX IF NOT EXISTS records_expiring ON records (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS batches (
  name TEXT PRIMARY KEY, target TEXT NOT NULL, day TEXT NOT NULL, open INTEGER NOT NULL, size INTEGER NOT NULL,
  written INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (position INTEGER PRIMARY KEY AUTOINCREMENT, batch TEXT NOT NULL, row TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS outbox_of_batch ON outbox (batch, position);
"""
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@dataclass
class _Turn:
    """Who of this process's threads writes to a file; they wait here, in turn, before they wait for other processes."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    thread: int = 0


@cache
def _turn_of(_: Path) -> _Turn:
    """The one turn of a file, whoever uses it."""
    return _Turn()


class Database:
    """Connections to `<home>/assistant.db`, lent one at a time; the file is made on first use."""

    def __init__(self, settings: Settings) -> None:
        self.path = settings.home / FILE
        self._seconds = settings.lock_seconds
        self._idle: list[sqlite3.Connection] = []
        self._turn = _turn_of(self.path)
        weakref.finalize(self, _close, self._idle)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for one statement that changes nothing.

        Raises:
            DependencyUnavailable: the file cannot be opened or read.
        """
        with self._errors():
            connection = self._borrowed()
            try:
                yield connection
            finally:
                if connection.in_transaction or len(self._idle) >= MOST_IDLE:  # closing also rolls back
                    connection.close()
                else:
                    self._idle.append(connection)

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction of its own: committed at the end, rolled back if anything is raised.

        Raises:
            WarehouseBusy: others kept writing for longer than the waiting time.
            UsageError: this thread is changing something already.
        """
        turn = self._turn
        if turn.thread == threading.get_ident():
            raise UsageError("A change began within another change.", "Begin it after the first has returned.")
        if not turn.lock.acquire(timeout=self._seconds):
            raise self._busy()
        turn.thread = threading.get_ident()
        try:
            with self.reading() as connection, connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
        finally:
            turn.thread = 0
            turn.lock.release()

    def tidy(self) -> None:
        """Moves what was written into the file itself, so that what was erased is nowhere any more."""
        with self.reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _borrowed(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._opened()

    def _opened(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600)  # people's words are in it; SQLite gives its other files the same mode
        except OSError as error:
            raise DependencyUnavailable(
                f"{self.path} cannot be made: {error}.", "Name another TELECOM_HOME."
            ) from error
        connection = sqlite3.connect(self.path, self._seconds, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA cache_size = -512")  # KiB per connection; the file is in memory anyway
            if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                self._make(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _make(self, connection: sqlite3.Connection) -> None:
        """Makes the tables. Under a lock: while the mode of the log changes, SQLite lets others fail, not wait."""
        with exclusive(self.path.with_name(f".{FILE}.lock"), self._seconds, f"The file {self.path}"):
            (found,) = connection.execute("PRAGMA user_version").fetchone()
            if found not in (0, VERSION):
                raise TelecomError(
                    f"{self.path} has format {found}, not {VERSION}.", "Use the release that wrote it, or move it away."
                )
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _BUSY:
                raise self._busy() from error
            if code in _DAMAGED:
                raise TelecomError(f"{self.path} is damaged: {error}.", "Restore a copy, or move it away.") from error
            raise DependencyUnavailable(
                f"{self.path} cannot be used: {error}.", "See that its folder can be written and has space."
            ) from error

    def _busy(self) -> WarehouseBusy:
        return WarehouseBusy(
            f"{self.path} is being written by others; waited {self._seconds:g} s.",
            "Try again, or raise TELECOM_LOCK_SECONDS.",
        )


def _close(idle: list[sqlite3.Connection]) -> None:
    while idle:
        idle.pop().close()
