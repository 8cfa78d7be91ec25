"""How many requests one person may send. Counted in this process: with several, each allows as many."""

import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from llmops.agent.turn import Principal, Role
from telecom.serving.answers import TooMany

MOST_COUNTED = 10_000
"""People who are remembered before those who are quiet are forgotten."""
SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_WRITTEN = re.compile(rf"([1-9]\d*)\s*/\s*({'|'.join(SECONDS)})")


@dataclass(frozen=True)
class Rate:
    """So many requests in a window, at least one.

    Args:
        amount: how many.
        unit: the window: second, minute, hour or day.
    """

    amount: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """From text such as `120/minute`.

        Raises:
            ValueError: it is no rate.
        """
        if not (found := _WRITTEN.fullmatch(text.strip())):
            raise ValueError("it is not a rate; write for example 120/minute")
        return cls(int(found[1]), found[2])

    @property
    def seconds(self) -> int:
        """Length of the window."""
        return SECONDS[self.unit]

    def __str__(self) -> str:
        return f"{self.amount} per {self.unit}"


@dataclass
class _Count:
    """Requests of the window that runs, and of the one before it."""

    window: int
    now: int = 0
    before: int = 0

    def at(self, window: int) -> "_Count":
        """The same counts, seen from a window."""
        if window == self.window:
            return self
        return _Count(window, 0, self.now if window == self.window + 1 else 0)


class RateLimits:
    """Counts requests in a sliding window, per role and name: those of the window before count by what is left of it.

    Args:
        rates: what one person of a role may send.
        clock: seconds.
    """

    def __init__(self, rates: Mapping[Role, Rate], clock: Callable[[], float] = time.time) -> None:
        self._rates, self._clock = rates, clock
        self._counts: dict[tuple[Role, str], _Count] = {}

    def take(self, who: Principal) -> None:
        """Counts a request.

        Raises:
            TooMany: it would be one too many; `seconds` says when there is room again.
        """
        rate, name = self._rates[who.role], (who.role, who.name)
        passed, seconds = self._clock(), rate.seconds
        window, left = int(passed // seconds), 1 - passed % seconds / seconds
        count = self._counts[name] = self._counts.get(name, _Count(window)).at(window)
        if count.now + math.floor(count.before * left) >= rate.amount:
            room = rate.amount - count.now
            wait = left - room / count.before if room > 0 else left
            raise TooMany(f"At most {rate} for one person.", "Wait a moment.", max(1, math.ceil(wait * seconds)))
        count.now += 1
        if len(self._counts) > MOST_COUNTED:
            self._counts = {each: kept for each, kept in self._counts.items() if kept.window >= window - 1}
