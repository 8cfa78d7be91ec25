"""Answers a question that was asked a moment ago from memory. A turn asks several tools about one customer's rows."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from llmops.tools.plain_rows import as_rows
from telecom.ports import Parameters, Reader, Scalar

Form = Callable[[pa.Table], Any]
Key = tuple[str, tuple[tuple[str, type, Scalar], ...], Form]


@dataclass
class _Entry:
    """An answer that is known or being fetched, and until when it serves."""

    answer: "Future[Any]"
    until: float


class CachedReader:
    """Implements `telecom.ports.Reader` over another, for tables that change once a day.

    An answer is at most `seconds` old. Whoever asks what another thread is already asking waits for that answer;
    failures are not kept. Decisions (policy at execution) must ask the reader itself.

    Args:
        reader: asked for what is not known.
        seconds: how long an answer serves.
        most_entries: answers kept; the least recently used goes first.
        most_bytes: of an answer that is kept; larger ones are passed on only.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        reader: Reader,
        seconds: float = 30.0,
        most_entries: int = 2_048,
        most_bytes: int = 65_536,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader, self._seconds, self._clock = reader, seconds, clock
        self._most_entries, self._most_bytes = most_entries, most_bytes
        self._known: OrderedDict[Key, _Entry] = OrderedDict()
        self._lock = threading.Lock()

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """The answer, perhaps `seconds` old."""
        answer: pa.Table = self._asked(sql, parameters, _as_it_is)
        return answer

    def rows(self, sql: str, parameters: Parameters | None = None) -> Sequence[Mapping[str, Any]]:
        """The same as Python's rows, which all who ask share."""
        rows: Sequence[Mapping[str, Any]] = self._asked(sql, parameters, as_rows)
        return rows

    def _asked(self, sql: str, parameters: Parameters | None, form: Form) -> Any:
        # With its type, since True and 1 are equal here and not in SQL.
        key = sql, tuple((name, type(value), value) for name, value in sorted((parameters or {}).items())), form
        entry, ours = self._entry(key)
        if ours:
            self._fetch(key, entry)
        return entry.answer.result()

    def _entry(self, key: Key) -> tuple[_Entry, bool]:
        """The entry that answers, and whether the caller has to fetch it."""
        with self._lock:
            now = self._clock()
            entry = self._known.get(key)
            if entry and entry.until > now:
                self._known.move_to_end(key)
                return entry, False
            entry = self._known[key] = _Entry(Future(), now + self._seconds)
            self._known.move_to_end(key)
            while len(self._known) > self._most_entries:
                self._known.popitem(last=False)
            return entry, True

    def _fetch(self, key: Key, entry: _Entry) -> None:
        try:
            answer = self._reader.query(key[0], {name: value for name, _, value in key[1]})
            formed = key[2](answer)
        except BaseException as error:
            self._forget(key, entry)
            entry.answer.set_exception(error)
            return
        if answer.nbytes > self._most_bytes:
            self._forget(key, entry)
        entry.answer.set_result(formed)

    def _forget(self, key: Key, entry: _Entry) -> None:
        with self._lock:
            if self._known.get(key) is entry:
                del self._known[key]


def _as_it_is(answer: pa.Table) -> pa.Table:
    return answer
