"""Waiting for what Google Cloud does on its own: look, sleep longer each time, give up at a deadline."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from telecom.errors import DependencyUnavailable

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long to wait in all, and between two looks at first and at most; all in seconds."""

    seconds: float
    first: float = 1.0
    longest: float = 30.0

    def until(self, look: Callable[[], T | None], what: str) -> T:
        """The first answer that is not None; looks at once, so that what is finished costs no sleep.

        Raises:
            DependencyUnavailable: the deadline passed. What was waited for goes on; waiting again is safe.
        """
        deadline, pause = time.monotonic() + self.seconds, self.first
        while (answer := look()) is None:
            if time.monotonic() + pause > deadline:
                raise DependencyUnavailable(
                    f"{what} did not finish within {self.seconds:g} s; it goes on without us.",
                    "Run it again: it waits for the same one.",
                )
            time.sleep(pause)
            pause = min(pause * 1.5, self.longest)
        return answer
