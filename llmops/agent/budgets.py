"""What a paid model may use: tokens and money per message, session and day.

Every process keeps its own account of the day among the shared records, so that none waits for another, and looks at
those of the others every few seconds. What several spend at the same moment may therefore pass the limit by that much.
"""

import logging
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta

from llmops.agent.turn import Ask, Usage
from telecom.errors import TelecomError
from telecom.ports import Record, Records

log = logging.getLogger(__name__)

KIND = "budget"
KEPT = timedelta(days=2)
LOOK_SECONDS = 15.0
MOST_SESSIONS, MOST_PROCESSES = 10_000, 1_000


@dataclass(frozen=True)
class Spent:
    """Tokens, in and out together, and USD."""

    tokens: int = 0
    usd: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.tokens + other.tokens, self.usd + other.usd)

    def reaches(self, cap: "Spent") -> bool:
        """Whether nothing is left of a cap."""
        return self.tokens >= cap.tokens or self.usd >= cap.usd


@dataclass(frozen=True)
class Caps:
    """What may be spent."""

    message: Spent
    session: Spent
    day: Spent


class Budgets:
    """The accounts.

    Args:
        caps: what may be spent.
        records: shared by all processes.
        writer: a thread that keeps the shared account; nobody waits for it.
        clock: seconds, never going back.
    """

    def __init__(
        self, caps: Caps, records: Records, writer: Executor, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._caps, self._records, self._writer, self._clock = caps, records, writer, clock
        self._process = uuid.uuid4().hex[:12]
        self._lock = threading.Lock()
        self._messages: OrderedDict[str, Spent] = OrderedDict()
        self._sessions: OrderedDict[str, Spent] = OrderedDict()
        self._day, self._ours, self._others, self._looked = "", Spent(), Spent(), 0.0

    def open(self, ask: Ask) -> str:
        """Which budget is used up for this message: `message`, `session`, `day`; empty where all have something left.

        A session's account is this process's own.
        """
        self._turn(ask)
        with self._lock:
            if self._messages.get(ask.trace_id, Spent()).reaches(self._caps.message):
                return "message"
            if self._sessions.get(_session(ask), Spent()).reaches(self._caps.session):
                return "session"
            return "day" if (self._ours + self._others).reaches(self._caps.day) else ""

    def left(self, ask: Ask) -> int:
        """Tokens that this message may still use."""
        self._turn(ask)
        with self._lock:
            accounts = (
                (self._caps.message, self._messages.get(ask.trace_id, Spent())),
                (self._caps.session, self._sessions.get(_session(ask), Spent())),
                (self._caps.day, self._ours + self._others),
            )
            return max(0, min(cap.tokens - spent.tokens for cap, spent in accounts))

    def spend(self, ask: Ask, usage: Usage) -> None:
        """Counts what was used."""
        spent = Spent(usage.input_tokens + usage.output_tokens, usage.cost_usd)
        if spent == Spent():
            return
        self._turn(ask)
        with self._lock:
            _add(self._messages, ask.trace_id, spent)
            _add(self._sessions, _session(ask), spent)
            self._ours += spent
            ours = self._ours
        self._writer.submit(self._share, ask, ours)

    def _turn(self, ask: Ask) -> None:
        """A new day has new accounts; those of the others are looked at now and then."""
        today, now = ask.now.date().isoformat(), self._clock()
        with self._lock:
            if today != self._day:
                self._day, self._ours, self._others, self._looked = today, Spent(), Spent(), now - LOOK_SECONDS
            due = now - self._looked >= LOOK_SECONDS
            if due:
                self._looked = now
        if due:
            self._writer.submit(self._look, today)

    def _share(self, ask: Ask, ours: Spent) -> None:
        day = ask.now.date().isoformat()
        value = {"tokens": ours.tokens, "usd": ours.usd}
        record = Record(f"{day}:{self._process}", value, _owner(day), ask.now + KEPT)

        def larger(found: Record | None) -> Record:
            return found if found and found.value["tokens"] > ours.tokens else record

        try:
            self._records.change(KIND, record.key, larger)
        except TelecomError as error:
            log.warning("The budget is not shared with the other processes: %s", error)

    def _look(self, day: str) -> None:
        try:
            found = self._records.of(KIND, _owner(day), MOST_PROCESSES)
        except TelecomError as error:
            log.warning("What the other processes spent is not known: %s", error)
            return
        others = [Spent(r.value["tokens"], r.value["usd"]) for r in found if r.key != f"{day}:{self._process}"]
        with self._lock:
            if day == self._day:
                self._others = sum(others, Spent())


def _add(accounts: OrderedDict[str, Spent], name: str, spent: Spent) -> None:
    accounts[name] = accounts.pop(name, Spent()) + spent
    while len(accounts) > MOST_SESSIONS:
        accounts.popitem(last=False)


def _session(ask: Ask) -> str:
    return f"{ask.principal.role}:{ask.principal.name}:{ask.session_id}"


def _owner(day: str) -> str:
    return f"budget {day}"
