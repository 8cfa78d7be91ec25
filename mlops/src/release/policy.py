"""What a rollout must find, and how often it may be wrong."""

from dataclasses import dataclass
from typing import Literal

Source = Literal["requests", "scores"]
TESTS = ("errors", "refusals", "latency", "slow requests", "scores", "score distribution")


@dataclass(frozen=True)
class Policy:
    """What a rollout must find, and how often it may be wrong.

    Args:
        steps: percentages of the requests that the candidate gets, one after another; none: all at once, unjudged.
        alpha: probability of stopping a candidate that is identical to the revision in service, over everything.
        power: with which each effect below is found at a step, on its own.
        error_share: share of failed requests that is taken for granted, at least, when requests are counted.
        error_increase: rise of that share that must be found; 0.02 is from 0.5 % to 2.5 %. Where more than twice that
            fail already, half as many again. The same for requests that are refused.
        slow_increase: rise of the share of requests slower than the slowest twentieth; 0.05 is from 5 % to 10 %.
        slower: how much more often than half the time the candidate is the slower one; 0.2 is what half as slow again
            makes where the middle half of the requests differ by a factor of two.
        superiority: how much more (or less) often than half the time a score of the candidate is the larger one.
        psi: population stability index of the scores.
        tolerated: part of an effect that is tolerated however certain it is; large samples find trifles.
        alone: how many times as much of a slowdown is tolerated once the candidate has all requests: it is then held
            against what was before, at a lower load.
        blocks: stretches of time that a step has at least; what differs between them is the error of latencies.
        looks: parts of the needed requests at which the samples are compared.
        with_scores: whether scores are judged; False where the service tells none.
    """

    steps: tuple[int, ...] = (10, 50, 100)
    alpha: float = 0.05
    power: float = 0.98
    error_share: float = 0.005
    error_increase: float = 0.02
    slow_increase: float = 0.05
    slower: float = 0.2
    superiority: float = 0.1
    psi: float = 0.25
    tolerated: float = 0.5
    alone: float = 3.0
    blocks: int = 8
    looks: tuple[float, ...] = (0.02, 0.1, 0.25, 0.5, 1.0)
    with_scores: bool = True

    @property
    def sources(self) -> tuple[Source, ...]:
        """What is waited for."""
        return ("requests", "scores") if self.with_scores else ("requests",)

    @property
    def level(self) -> float:
        """What one test may spend at one step."""
        return self.alpha / len(self.steps) / len(TESTS)

    def increase(self, share: float) -> float:
        """The rise of a share of failed requests that must be found."""
        return max(self.error_increase, share / 2)

    def spent(self, seen: float) -> float:
        """The part of `level` spent when `seen` (0 to 1) of the requests are there: level · seen² (Kim, DeMets, 1987).

        Most of it is kept for the last look; yet thirty requests of which all fail are enough for the first.
        """
        return self.level * min(seen, 1.0) ** 2

    @property
    def last_level(self) -> float:
        """What is left for the last look if all before it were taken: what the needed requests are worked out from."""
        return self.level - self.spent(self.looks[-2] if len(self.looks) > 1 else 0.0)
