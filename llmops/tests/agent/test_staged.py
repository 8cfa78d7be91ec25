"""Steps of a thread with limits of their own; and how much one person may send."""

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from llmops.agent.limits import Rate, RateLimits
from llmops.agent.staged import Overdue, Passed, alone, staged
from llmops.agent.turn import Principal
from telecom.serving.answers import TooMany


def run(work: Any, seconds: Sequence[float]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return asyncio.run(staged(pool, time.monotonic, work, seconds))


def test_work_returns_what_it_makes_and_raises_what_it_raises() -> None:
    assert run(alone(lambda: 7), (5.0,)) == 7
    with pytest.raises(ZeroDivisionError):
        run(alone(lambda: 1 // 0), (5.0,))


@pytest.mark.parametrize("step", [0, 1])
def test_the_step_that_hangs_is_named(step: int) -> None:
    over = threading.Event()

    def work(passed: Passed) -> None:
        if step:
            passed()
        over.wait(10)

    async def hang() -> None:
        with ThreadPoolExecutor(1) as pool:
            try:
                # The step that works has more time than the test takes.
                await staged(pool, time.monotonic, work, (9.0, 0.05) if step else (0.05, 9.0))
            finally:
                over.set()

    with pytest.raises(Overdue) as raised:
        asyncio.run(hang())
    assert raised.value.step == step


@pytest.mark.parametrize(
    ("text", "seconds"), [("1/second", 1), ("120/minute", 60), (" 5 / hour ", 3_600), ("9/day", 86_400)]
)
def test_a_rate_is_read(text: str, seconds: int) -> None:
    rate = Rate.parse(text)
    assert (rate.seconds, str(rate)) == (seconds, f"{rate.amount} per {rate.unit}")
    assert rate.unit in text and str(rate.amount) in text


@pytest.mark.parametrize(
    "text", ["", "many", "0/minute", "-1/minute", "1.5/minute", "10", "10/fortnight", "1/minute;2/day"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="120/minute"):
        Rate.parse(text)


def test_a_window_slides_and_people_do_not_count_for_each_other() -> None:
    now = [600.0]
    rates = RateLimits({"agent": Rate.parse("4/minute"), "customer": Rate.parse("1/minute")}, lambda: now[0])
    ana, rui = Principal("ana", "agent"), Principal("rui", "agent")
    for _ in range(4):
        rates.take(ana)
    with pytest.raises(TooMany) as refused:
        rates.take(ana)
    assert refused.value.seconds == 60
    rates.take(rui)
    rates.take(Principal("ana", "customer"))
    now[0] = 675.0  # three quarters of the four still count
    rates.take(ana)
    with pytest.raises(TooMany):
        rates.take(ana)
    now[0] = 800.0  # a whole window without one
    for _ in range(4):
        rates.take(ana)
