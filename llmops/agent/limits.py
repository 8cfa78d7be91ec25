"""How many requests one person may send. Counted in this process: with several, each allows as many."""

import math
import time
from collections.abc import Mapping

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from llmops.agent.turn import Principal, Role
from telecom.serving.answers import TooMany


class RateLimits:
    """Counts requests in a sliding window, per role and name.

    Args:
        rates: what one person of a role may send.
    """

    def __init__(self, rates: Mapping[Role, RateLimitItem]) -> None:
        self._rates = rates
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def take(self, who: Principal) -> None:
        """Counts a request.

        Raises:
            TooMany: it would be one too many; `seconds` says when there is room again.
        """
        rate = self._rates[who.role]
        if self._limiter.hit(rate, who.role, who.name):
            return
        reset = self._limiter.get_window_stats(rate, who.role, who.name).reset_time
        raise TooMany(f"At most {rate} for one person.", "Wait a moment.", max(1, math.ceil(reset - time.time())))
