"""A refusal reaches a caller who is still sending, within bounds."""

import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from mlops.tests.serving.churn_fakes import CUSTOMER, Service, registry_with, running
from mlops.tests.serving.conftest import Model
from mlops.tests.serving.fakes import FakeIdentity
from telecom.serving import parting
from telecom.serving.admission import Admission
from telecom.serving.parting import Parting

MEGABYTE = b" " * 1_000_000
LONG = 20
"""Megabytes of a body that is refused."""
SHORT = json.dumps({"instances": [CUSTOMER]}).encode()


def head(path: bytes, length: int) -> bytes:
    return b"POST /%b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (path, length)


def heard(connection: socket.socket) -> bytes:
    """All that comes until the other side has no more to say."""
    connection.settimeout(30)
    return b"".join(iter(lambda: connection.recv(65_536), b""))


@contextmanager
def asking(made: Service) -> Iterator[socket.socket]:
    with running(made.app) as port, socket.create_connection(("127.0.0.1", port)) as connection:
        yield connection


@pytest.fixture
def made(first: Model) -> Service:
    return Service(registry_with(first), body_bytes=65_536)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Partings without an end of their own: what ends is ended by something else."""
    monkeypatch.setattr(parting, "QUIET_SECONDS", 1_000.0)
    monkeypatch.setattr(parting, "MOST_SECONDS", 1_000.0)


@pytest.mark.usefixtures("patient")
def test_whoever_sends_all_before_reading_is_answered(made: Service) -> None:
    with asking(made) as connection:
        connection.sendall(head(b"predict", LONG * len(MEGABYTE)))
        for _ in range(LONG):
            connection.sendall(MEGABYTE)
        answer = heard(connection)
    assert answer.startswith(b"HTTP/1.1 413") and b"connection: close" in answer
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("path", [b"predict", b"nowhere"])
def test_whoever_goes_on_after_the_answer_still_reads_it(made: Service, path: bytes) -> None:
    with asking(made) as connection:
        connection.sendall(head(path, LONG * len(MEGABYTE)))
        connection.settimeout(30)
        assert connection.recv(1, socket.MSG_PEEK) == b"H"
        for _ in range(3):
            connection.sendall(MEGABYTE)
        answer = heard(connection)
    assert answer.startswith(b"HTTP/1.1 413" if path == b"predict" else b"HTTP/1.1 404")
    assert b"connection: close" in answer


@pytest.mark.usefixtures("patient")
def test_a_stranger_with_a_long_body_is_told_so_and_one_with_a_short_one_may_ask_again(first: Model) -> None:
    closed = Service(registry_with(first), admission=Admission(FakeIdentity, "a", None))
    with asking(closed) as connection:
        connection.settimeout(30)
        connection.sendall(head(b"predict", len(SHORT)))
        answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 401") and b"connection: close" not in answer
        connection.sendall(SHORT + head(b"predict", LONG * len(MEGABYTE)) + MEGABYTE)
        answer = heard(connection)
    assert answer.startswith(b"HTTP/1.1 401") and b"connection: close" in answer


@pytest.mark.usefixtures("patient")
def test_a_parting_does_not_keep_the_process_from_ending(made: Service) -> None:
    with asking(made) as connection:
        connection.sendall(head(b"predict", LONG * len(MEGABYTE)) + MEGABYTE)
        assert heard(connection).startswith(b"HTTP/1.1 413")


@pytest.mark.usefixtures("patient")
def test_a_parting_takes_no_place_from_others(first: Model) -> None:
    one = Service(registry_with(first), body_bytes=65_536, concurrency=1)
    with running(one.app) as port, contextlib.ExitStack() as opened:
        for _ in range(3):
            refused = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
            refused.sendall(head(b"predict", LONG * len(MEGABYTE)) + MEGABYTE)
            assert heard(refused).startswith(b"HTTP/1.1 413")
        healthy = opened.enter_context(socket.create_connection(("127.0.0.1", port)))
        healthy.sendall(head(b"predict", len(SHORT)) + SHORT)
        healthy.settimeout(30)
        assert healthy.recv(65_536).startswith(b"HTTP/1.1 200")
        assert one.metric("churn_requests_running") == 0


def _send_until_closed(connection: socket.socket, data: bytes, most: int) -> bool:
    """Whether the other side closed before all was sent."""
    with contextlib.suppress(ConnectionError):
        for _ in range(most):
            connection.sendall(data)
        return False
    return True


@pytest.mark.usefixtures("patient")
def test_a_body_without_end_is_not_read_to_its_end(made: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parting, "MOST_BYTES", 1_000_000)
    with asking(made) as connection:
        connection.sendall(head(b"predict", 10**12))
        assert _send_until_closed(connection, MEGABYTE, 100)


class Clock:
    """An event loop whose time is told; also its own transport, which says when it was ended."""

    def __init__(self) -> None:
        self.now, self.ended = 0.0, -1.0
        self.waiting: list[Later] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, then: Callable[[], None]) -> "Later":
        self.waiting.append(Later(when, then, self.waiting))
        return self.waiting[-1]

    def call_later(self, seconds: float, then: Callable[[], None]) -> "Later":
        return self.call_at(self.now + seconds, then)

    def go(self, until: float) -> None:
        while due := [each for each in self.waiting if each.when <= until]:
            due[0].cancel()
            self.now = due[0].when
            due[0].then()
        self.now = until

    def write_eof(self) -> None:
        raise OSError("Transport endpoint is not connected")

    def resume_reading(self) -> None:
        pass

    def abort(self) -> None:
        assert self.ended < 0
        self.ended = self.now


@dataclass
class Later:
    when: float
    then: Callable[[], None]
    waiting: list["Later"]

    def cancel(self) -> None:
        if self in self.waiting:
            self.waiting.remove(self)


def begun() -> tuple[Clock, Parting]:
    clock: Any = Clock()
    return clock, Parting(clock, clock)


def test_it_ends_soon_after_the_last_byte() -> None:
    clock, ending = begun()
    clock.go(1.0)
    ending.take(b"x")
    clock.go(60.0)
    assert parting.QUIET_SECONDS < clock.ended <= 1.0 + 2 * parting.QUIET_SECONDS


def test_it_ends_while_somebody_sends_a_byte_now_and_then() -> None:
    clock, ending = begun()
    for second in range(1, 60):
        if clock.ended < 0:
            ending.take(b"x")
        clock.go(float(second))
    assert clock.ended == parting.MOST_SECONDS


def test_it_ends_at_so_many_bytes_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parting, "MOST_BYTES", 10)
    clock, ending = begun()
    ending.take(b"x" * 10)
    assert clock.ended < 0
    ending.take(b"x")
    clock.go(60.0)
    assert clock.ended == 0.0
