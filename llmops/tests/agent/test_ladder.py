"""Breakers, budgets, repeated reads: what is left alone, what may be spent, what is asked again."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from llmops.agent.breakers import Breaker
from llmops.agent.budgets import LOOK_SECONDS, Budgets, Caps, Spent
from llmops.agent.ladder import ServiceLadder
from llmops.agent.parts import Ladder, Rung
from llmops.agent.steadier import PAUSES, SteadyReader, SteadyRetriever, steadily
from llmops.agent.telemetry import Telemetry
from llmops.agent.turn import Ask, Usage
from llmops.tests.agent.desk import agent
from llmops.tests.small_world import NOW, MemoryRecords
from telecom.errors import DependencyUnavailable, MissingExtra, NotFound, QueryError
from telecom.llm_prices import Cost
from telecom.ports import Reading, Record

ASK = Ask("Oi", agent("ana"), None, "s1", "desk", "t1", NOW, 0.0)
RUNGS: tuple[Rung, ...] = ("llm", "search", "warehouse")
CAPS = Caps(Spent(100, 1.0), Spent(250, 1.0), Spent(600, 10.0))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class AtOnce(Executor):
    """Does it before `submit` returns."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def test_a_breaker_opens_rests_tries_and_closes() -> None:
    clock = Clock()
    breaker = Breaker(3, 10.0, clock)
    for _ in range(2):
        breaker.failed()
    breaker.succeeded()
    for _ in range(3):
        assert breaker.allows("a")
        breaker.failed()
    assert breaker.open and not breaker.allows("a")
    clock.now = 10.0
    assert breaker.allows("b") and breaker.allows("b") and not breaker.allows("c")
    breaker.failed()
    assert not breaker.allows("b")
    clock.now = 20.0
    assert breaker.allows("c")
    breaker.succeeded()
    assert not breaker.open and breaker.allows("x") and breaker.allows("y")


def test_a_trial_whose_outcome_nobody_tells_does_not_shut_the_door_for_good() -> None:
    clock = Clock()
    breaker = Breaker(1, 10.0, clock)
    breaker.failed()
    clock.now = 10.0
    assert breaker.allows("a") and not breaker.allows("b")
    clock.now = 20.0
    assert breaker.allows("b")


def test_of_many_threads_one_tries() -> None:
    clock = Clock()
    breaker = Breaker(1, 1.0, clock)
    breaker.failed()
    clock.now, let = 1.0, []
    threads = [threading.Thread(target=lambda n=n: let.append(breaker.allows(f"t{n}"))) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert let.count(True) == 1


def budgets(records: MemoryRecords | None = None, clock: Clock | None = None) -> Budgets:
    return Budgets(CAPS, records or MemoryRecords(), AtOnce(), clock or Clock())


def spend(made: Budgets, tokens: int, usd: float = 0.0, **changes: Any) -> None:
    made.spend(replace(ASK, **changes), Usage(tokens, 0, usd))


def test_each_budget_is_used_up_on_its_own() -> None:
    made = budgets()
    assert made.open(ASK) == "" and made.left(ASK) == 100
    spend(made, 60)
    assert made.left(ASK) == 40
    spend(made, 40)
    assert made.open(ASK) == "message" and made.left(ASK) == 0
    spend(made, 100, trace_id="t2")
    assert made.open(replace(ASK, trace_id="t3")) == "" and made.left(replace(ASK, trace_id="t3")) == 50
    spend(made, 60, trace_id="t3")
    assert made.open(replace(ASK, trace_id="t4")) == "session"
    assert made.open(replace(ASK, trace_id="t4", session_id="s2")) == ""
    assert made.open(replace(ASK, trace_id="t4", principal=agent("rui"))) == "", "another person's session"
    for number in range(4):
        spend(made, 90, trace_id=f"u{number}", session_id=f"u{number}")
    assert made.open(replace(ASK, trace_id="z", session_id="z")) == "day"
    tomorrow = replace(ASK, trace_id="z", session_id="z", now=NOW + timedelta(days=1))
    assert made.open(tomorrow) == ""


def test_money_counts_as_tokens_do() -> None:
    made = budgets()
    spend(made, 1, usd=1.0)
    assert made.open(ASK) == "message" and made.open(replace(ASK, trace_id="t2")) == "session"


def test_what_costs_nothing_leaves_no_trace() -> None:
    records = MemoryRecords()
    made = budgets(records)
    made.spend(ASK, Usage())
    assert records._kept == {}


def test_processes_share_the_day() -> None:
    records, clock = MemoryRecords(), Clock()
    one, other = budgets(records, clock), budgets(records, clock)
    assert other.open(ASK) == ""
    for number in range(6):
        spend(one, 100, trace_id=f"u{number}", session_id=f"u{number}")
    clock.now = LOOK_SECONDS
    other.open(ASK)
    assert other.open(ASK) == "day"
    assert budgets(records).open(ASK) == "day", "a process that was started again"


def test_records_that_do_not_answer_keep_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    class Away(MemoryRecords):
        def change(self, kind: str, key: str, change: Any) -> Record | None:
            raise DependencyUnavailable("Records do not answer.")

        def of(self, kind: str, owner: str, limit: int = 100) -> tuple[Record, ...]:
            raise DependencyUnavailable("Records do not answer.")

    made = budgets(Away())
    spend(made, 100)
    assert made.open(ASK) == "message" and "not shared" in caplog.text


class Noted:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.over: list[str] = []
        self.reasons: list[str] = []
        self.strange: list[tuple[str, int]] = []

    def over_budget(self, which: str) -> None:
        self.over.append(which)

    def unanswered(self, reason: str) -> None:
        self.reasons.append(reason)

    def unpriced(self, model: str, tokens: int) -> None:
        self.strange.append((model, tokens))


def ladder(clock: Clock, known: bool = True) -> tuple[ServiceLadder, Noted]:
    noted = Noted()
    breakers: dict[Rung, Breaker] = {rung: Breaker(2, 10.0, clock) for rung in RUNGS}
    return ServiceLadder(breakers, budgets(), lambda _, i, o: Cost((i + o) / 1_000 * known, known), noted), noted


def test_the_ladder_joins_them() -> None:
    clock = Clock()
    made, noted = ladder(clock)
    known: Ladder = made
    assert known.usable("llm", ASK) and known.tokens(ASK) == 100
    assert known.charge(ASK, "m", 90, 10) == Usage(90, 10, 0.1)
    assert not known.usable("llm", ASK) and noted.over == ["message"] and known.usable("search", ASK)
    for _ in range(2):
        known.failed("search")
    assert made.open() == ("search",) and not known.usable("search", ASK)
    clock.now = 10.0
    assert known.usable("search", ASK)
    known.succeeded("search")
    assert made.open() == () and noted.strange == []


def test_a_price_that_nobody_knows_is_counted_and_its_tokens_hold_the_budget() -> None:
    made, noted = ladder(Clock(), known=False)
    assert made.charge(ASK, "somebodys", 90, 10) == Usage(90, 10, 0.0)
    assert noted.strange == [("somebodys", 100)] and not made.usable("llm", ASK)
    made.unanswered("half_answer")
    assert noted.reasons == ["half_answer"]


def test_a_model_without_a_price_is_told_once_and_measured(caplog: pytest.LogCaptureFixture) -> None:
    telemetry = Telemetry()
    for _ in range(3):
        telemetry.unpriced("llama3.3", 7)
    telemetry.unanswered("half_answer")
    page = telemetry.page(0).decode()
    assert 'assistant_unpriced_tokens_total{model="llama3.3"} 21.0' in page
    assert 'assistant_llm_failures_total{reason="half_answer"} 1.0' in page
    told = [record.getMessage() for record in caplog.records if "price" in record.getMessage()]
    assert len(told) == 1 and "llama3.3" in told[0] and "llm_prices.yaml" in told[0]


class Flaky:
    """Fails some times, then answers."""

    def __init__(self, times: int, error: Exception | None = None) -> None:
        self.times, self.asked = times, 0
        self.error = error or DependencyUnavailable("Away.")

    def query(self, sql: str, parameters: Any = None) -> Any:
        self.asked += 1
        if self.asked <= self.times:
            raise self.error
        return sql

    def search(self, query: str, reading: Reading, k: int = 5) -> Any:
        return (self.query(query),)


@pytest.mark.parametrize(("times", "good"), [(0, True), (1, True), (2, True), (3, False)])
def test_reads_are_asked_at_most_twice_more(times: int, good: bool) -> None:
    for ask in (
        lambda flaky: SteadyReader(flaky).query("a"),
        lambda flaky: SteadyRetriever(flaky).search("a", Reading("agent", NOW.date())),
    ):
        flaky = Flaky(times)
        if good:
            assert ask(flaky) in ("a", ("a",))
        else:
            with pytest.raises(DependencyUnavailable):
                ask(flaky)
        assert flaky.asked == min(times + 1, 3)


@pytest.mark.parametrize("error", [NotFound("No."), QueryError("No."), MissingExtra("No."), ValueError("No.")])
def test_what_will_not_pass_is_not_asked_again(error: Exception) -> None:
    flaky = Flaky(9, error)
    with pytest.raises(type(error)):
        SteadyReader(flaky).query("a")
    assert flaky.asked == 1


def test_between_attempts_there_is_a_pause() -> None:
    waited: list[float] = []
    with pytest.raises(DependencyUnavailable):
        steadily(lambda: Flaky(9).query("a"), waited.append)
    assert tuple(waited) == PAUSES
