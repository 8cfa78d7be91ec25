"""Connections: those that get nowhere are closed, and an answer leaves in one piece."""

import asyncio
import contextlib
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from mlops.tests.serving.churn_fakes import CUSTOMER, FEATURE_ROW, Service, registry_with, running
from mlops.tests.serving.conftest import Model
from telecom.serving import connections
from telecom.serving.connections import DrainingServer, Joined
from telecom.serving.limits import Turnstile

BODY = json.dumps({"instances": [CUSTOMER]}).encode()
REQUEST = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


def ended(connection: socket.socket, seconds: float) -> bool:
    """Whether the other side closes within so many seconds."""
    connection.settimeout(seconds)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


@pytest.fixture
def port(first: Model, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(connections, "PATIENCE_SECONDS", 0.1)
    with running(Service(registry_with(first)).app) as port:
        yield port


@pytest.mark.parametrize("begun", [b"", b"POST /pre", b"POST /predict HTTP/1.1\r\nHost: x\r\nX: "])
def test_a_connection_that_gets_nowhere_is_closed(port: int, begun: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(begun)
        assert ended(connection, 5)


def answer_of(connection: socket.socket) -> bytes:
    connection.settimeout(5)
    return connection.recv(65_536)


def test_one_that_asks_now_and_then_is_kept_until_it_begins_and_does_not_go_on(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(3):
            connection.sendall(REQUEST)
            assert answer_of(connection).startswith(b"HTTP/1.1 200")
            assert not ended(connection, 0.35)
        connection.sendall(REQUEST[:20])
        assert ended(connection, 5)


def test_head_and_body_arrive_together(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(REQUEST)
        head, _, body = answer_of(connection).partition(b"\r\n\r\n")
        assert b"content-length: %d" % len(body) in head and json.loads(body)["predictions"]


@pytest.mark.parametrize("path", [b"POST /predict", b"GET /v1/customers/a/risk"])
def test_a_caller_who_does_not_read_is_hung_up_on_and_counted(first: Model, caplog: Any, path: bytes) -> None:
    """Requests on one connection, more than its buffers hold answers of."""
    many = json.dumps({"instances": [CUSTOMER] * 100}).encode()
    body = many if path.startswith(b"POST") else b""
    asked = path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    made = Service(registry_with(first), timeout_seconds=1.0, features=lambda _: FEATURE_ROW)
    counted = 'churn_requests_total{code="499",route="%s"}' % ("predict" if body else "risk")
    with running(made.app, unread=16_384) as port, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", port))
        threading.Thread(target=_send_all, args=(connection, asked * (300 if body else 20_000)), daemon=True).start()
        deadline = time.monotonic() + 60
        while counted not in made.ask("/metrics").text and time.monotonic() < deadline:
            time.sleep(0.05)
    assert made.metric(counted) == 1 and made.metric("churn_requests_running") == 0
    assert [
        record.getMessage() for record in caplog.records if record.name.startswith("uvicorn") and record.exc_info
    ] == []
    assert not [record for record in caplog.records if "ASGI" in record.getMessage()]


def _send_all(connection: socket.socket, data: bytes) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(data)


def test_no_advice_about_web_sockets(port: int, caplog: Any) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n"
        )
        assert answer_of(connection).startswith(b"HTTP/1.1 200")
    assert not [record for record in caplog.records if "pgrade" in record.getMessage() + record.name]


class Transport:
    """Remembers what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def test_two_writes_become_one_and_a_single_one_is_not_kept_back() -> None:
    transport = Transport()

    async def write() -> None:
        joined = Joined(transport, asyncio.get_running_loop())  # type: ignore[arg-type]
        joined.write(b"head,")
        joined.write(b"body")
        assert transport.written == [b"head,body"]
        joined.write(b"")
        joined.write(b"alone")
        await asyncio.sleep(0.01)
        assert transport.written == [b"head,body", b"alone"]
        joined.write(b"last")
        joined.close()
        assert transport.written[2:] == [b"last"] and joined.is_closing()
        await asyncio.sleep(0.01)

    asyncio.run(write())


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> DrainingServer:
    monkeypatch.setattr(connections, "QUIET_SECONDS", 0.05)
    return DrainingServer(uvicorn.Config(_nothing), Turnstile(10), seconds=0.5)


def ticks_until_exit(server: DrainingServer) -> float:
    """Seconds until the server wants to end."""
    began = time.monotonic()
    while not asyncio.run(server.on_tick(1)):
        time.sleep(0.005)
        assert time.monotonic() - began < 10
    return time.monotonic() - began


def test_the_end_is_quick_where_nobody_asks(server: DrainingServer) -> None:
    assert asyncio.run(server.on_tick(1)) is False
    server.handle_exit(signal.SIGTERM, None)
    assert server._turnstile.draining and not server.should_exit
    assert ticks_until_exit(server) < 0.4


def test_the_end_waits_for_requests_up_to_the_bound(server: DrainingServer) -> None:
    server._turnstile.enter()
    server.handle_exit(signal.SIGTERM, None)
    assert ticks_until_exit(server) >= 0.45


def test_a_second_signal_does_not_wait(server: DrainingServer) -> None:
    server.handle_exit(signal.SIGTERM, None)
    assert not server.should_exit
    server.handle_exit(signal.SIGTERM, None)
    assert server.should_exit
    ctrl_c = DrainingServer(uvicorn.Config(_nothing), Turnstile(10), seconds=5)
    ctrl_c.handle_exit(signal.SIGINT, None)
    assert ctrl_c.should_exit


def test_a_backlog_in_the_event_loop_counts_as_requests_at_once(first: Model) -> None:
    turnstile = Turnstile(2, begun=[1, 2, 3])
    made = Service(registry_with(first), turnstile=turnstile)
    assert made.ask("/predict", BODY).status_code == 429
    turnstile.begun = [1, 2]
    assert made.ask("/predict", BODY).status_code == 200


def test_answers_close_their_connections_while_the_process_ends(first: Model) -> None:
    turnstile = Turnstile(2)
    made = Service(registry_with(first), turnstile=turnstile)
    assert "connection" not in made.ask("/predict", BODY).headers
    turnstile.draining = True
    answer = made.ask("/predict", BODY)
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")
    assert made.ask("/readyz").status_code == 503 and made.ask("/healthz").status_code == 200
