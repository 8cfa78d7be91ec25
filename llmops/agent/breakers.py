"""A circuit breaker: a dependency that failed again and again is left alone for a while, then tried by one request."""

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed; open after some failures in a row; after a rest, one caller at a time may try.

    Args:
        failures: in a row.
        seconds: of rest; a trial whose outcome nobody tells counts as one more rest.
        clock: seconds, never going back.
    """

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._seconds, self._clock = failures, seconds, clock
        self._failed, self._rests_until, self._trial = 0, 0.0, ""
        self._lock = threading.Lock()

    def allows(self, who: str = "") -> bool:
        """Whether to try now. Of an open breaker's callers one is let through; asked again, it is let through again."""
        with self._lock:
            if self._failed < self._most:
                return True
            now = self._clock()
            if who and who == self._trial:
                return True
            if now < self._rests_until:
                return False
            self._trial, self._rests_until = who, now + self._seconds
            return True

    def succeeded(self) -> None:
        """It answered: closed."""
        with self._lock:
            self._failed, self._trial = 0, ""

    def failed(self) -> None:
        """It did not; at some number in a row, or in a trial, it rests."""
        with self._lock:
            self._failed += 1
            if self._failed >= self._most:
                self._rests_until, self._trial = self._clock() + self._seconds, ""

    @property
    def open(self) -> bool:
        """Whether it rests."""
        with self._lock:
            return self._failed >= self._most
