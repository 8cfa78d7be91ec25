"""A cached reader answers as its reader does, at most so many seconds late."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pytest

from llmops.tools.cached_reader import CachedReader
from telecom.errors import DependencyUnavailable
from telecom.ports import Parameters


class Counting:
    """Answers with how often it was asked, after `gate` opens."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.rows = 1

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        self.asked.append((sql, dict(parameters or {})))
        assert self.gate.wait(5)
        if self.error:
            raise self.error
        return pa.table({"n": [len(self.asked)] * self.rows})


def number(table: pa.Table) -> int:
    return int(table["n"][0].as_py())


def test_the_same_question_is_asked_once_while_it_serves() -> None:
    source, now = Counting(), [0.0]
    reader = CachedReader(source, seconds=30, clock=lambda: now[0])
    assert [number(reader.query("q", {"a": 1, "b": 2})), number(reader.query("q", {"b": 2, "a": 1}))] == [1, 1]
    now[0] = 29.9
    assert number(reader.query("q", {"a": 1, "b": 2})) == 1
    now[0] = 30.0
    assert number(reader.query("q", {"a": 1, "b": 2})) == 2
    assert number(reader.query("q", {"a": 1, "b": 3})) == 3 and number(reader.query("other")) == 4


def test_true_is_not_one() -> None:
    reader = CachedReader(Counting())
    assert number(reader.query("q", {"a": 1})) != number(reader.query("q", {"a": True}))


def test_failures_are_not_kept() -> None:
    source = Counting()
    reader = CachedReader(source)
    source.error = DependencyUnavailable("down")
    with pytest.raises(DependencyUnavailable):
        reader.query("q")
    source.error = None
    assert number(reader.query("q")) == 2


def test_the_oldest_goes_first_and_large_answers_are_not_kept() -> None:
    source = Counting()
    reader = CachedReader(source, most_entries=2, most_bytes=100)
    for sql in ("a", "b", "a", "c", "a"):
        reader.query(sql)
    assert [sql for sql, _ in source.asked] == ["a", "b", "c"]
    reader.query("b")
    assert len(source.asked) == 4
    source.rows = 1_000
    assert reader.query("large").num_rows == reader.query("large").num_rows == 1_000
    assert len(source.asked) == 6


def test_who_asks_what_is_being_asked_waits_for_that_answer() -> None:
    source = Counting()
    reader = CachedReader(source)
    source.gate.clear()
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(reader.query, "q") for _ in range(8)]
        source.gate.set()
        assert {number(each.result(5)) for each in waiting} == {1}
    assert len(source.asked) == 1
