"""Events on one machine: kept in `<home>/assistant.db` at once, written to the warehouse every two seconds."""

# pyarrow's first table looks for pandas, which wants this; once the interpreter ends it cannot be imported any more.
import concurrent.futures.thread  # noqa: F401
import logging
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from telecom.adapters.local._outbox import Outbox
from telecom.errors import TelecomError
from telecom.ports import Warehouse
from telecom.settings import Settings

EVERY_SECONDS = 2.0
LAST_FLUSH_SECONDS = 10.0
log = logging.getLogger(__name__)


class LocalEvents:
    """Implements `telecom.ports.Events`.

    What `add` returned for outlives the process, though perhaps not a power failure in the next seconds. What a killed
    process leaves behind is written by the next one that adds or flushes. At the end of the process, whatever is left
    is written, within ten seconds.
    """

    def __init__(self, settings: Settings, warehouse: Warehouse) -> None:
        self._outbox = Outbox(settings, warehouse)
        self._writer = _Writer(self._outbox)
        weakref.finalize(self, self._writer.end)

    def add(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keeps the rows, all or none; columns are those of the contract without `batch`.

        Raises:
            UsageError: they are not rows of that table, or it is not one to which rows are added.
            WarehouseBusy: other processes kept the file locked.
        """
        self._outbox.add(table, rows)
        self._writer.wake()

    def flush(self) -> None:
        """Everything added so far, by any process, is in its table when this returns.

        Raises:
            TelecomError: the warehouse did not take it; it is kept.
        """
        self._outbox.flush()

    def settle(self) -> None:
        """The same, and the file holds none of it any more.

        Raises:
            TelecomError: the warehouse did not take it; it is kept.
        """
        self._outbox.settle()


class _Writer:
    """A thread that flushes an outbox a moment after it was woken; it holds nothing that waits for its end."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._begun = threading.Lock()
        self._thread: threading.Thread | None = None
        self._woken, self._ended = threading.Event(), threading.Event()

    def wake(self) -> None:
        """There are rows to be written."""
        self._woken.set()
        with self._begun:
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(target=self._run, name="telecom-events", daemon=True)
                self._thread.start()

    def end(self) -> None:
        """Writes what is left, and ends."""
        self._ended.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(LAST_FLUSH_SECONDS)

    def _run(self) -> None:
        failing = False
        while self._woken.wait():
            over = self._ended.wait(EVERY_SECONDS)
            self._woken.clear()
            done = False
            try:
                done, failing = self._flush(over), False
            except Exception as error:  # whatever it is, the rows are safe and the next attempt may succeed
                if not failing:
                    ours = isinstance(error, TelecomError)
                    log.warning("Events wait for the warehouse: %s", error, exc_info=not ours)
                failing = True
            if over:
                return
            if not done:
                self._woken.set()

    def _flush(self, over: bool) -> bool:
        """Leaves the work to another process that is at it, except for the last time."""
        if over:
            self._outbox.flush()
        return over or self._outbox.flush_now()
