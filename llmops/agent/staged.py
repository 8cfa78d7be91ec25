"""Work that blocks, in one thread, whose steps have time limits of their own: threads cost more than most steps."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TypeVar

T = TypeVar("T")
Passed = Callable[[], None]


class Overdue(TimeoutError):
    """A step took longer than it may; its thread goes on. `step` counts from 0."""

    def __init__(self, step: int) -> None:
        super().__init__(f"Step {step} took too long.")
        self.step = step


def alone(work: Callable[[], T]) -> Callable[[Passed], T]:
    """Work of a single step, for `staged`."""
    return lambda _: work()


async def staged(
    pool: Executor, clock: Callable[[], float], work: Callable[[Passed], T], seconds: Sequence[float]
) -> T:
    """What the work returns.

    Args:
        pool: whose thread does it.
        clock: seconds, never going back.
        work: is given what it calls after each step but the last.
        seconds: that each step may take.

    Raises:
        Overdue: a step took longer.
    """
    begun = [clock()]
    running = asyncio.get_running_loop().run_in_executor(pool, work, lambda: begun.append(clock()))
    while not running.done():
        step = len(begun) - 1
        left = begun[step] + seconds[step] - clock()
        if left <= 0:
            running.cancel()
            raise Overdue(step)
        # A later step may have less time than this one; nobody wakes us when it begins.
        await asyncio.wait((running,), timeout=min(left, *seconds[step:]))
    return running.result()
