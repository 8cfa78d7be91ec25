"""The front process as an application: who gets a request, and that it arrives and comes back whole."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from telecom.adapters.local.front import Front
from telecom.adapters.local.traffic import LocalTraffic
from telecom.settings import Settings


class Echo(ThreadingHTTPServer):
    """Answers with its name and what it got; `hang_up` closes every connection after its answer, unannounced."""

    hang_up = False

    def __init__(self, name: str) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                told = f"{name} {self.command} {self.path} {self.headers.get('X-Trace')} ".encode() + body
                self.send_response(202)
                self.send_header("X-Name", name)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)
                self.close_connection = outer.hang_up

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def echoes() -> Iterator[dict[str, Echo]]:
    running = {name: Echo(name) for name in ("a", "b")}
    yield running
    for echo in running.values():
        echo.shutdown()
        echo.server_close()


@pytest.fixture
def traffic(tmp_path: Path, echoes: dict[str, Echo]) -> LocalTraffic:
    adapter = LocalTraffic(Settings(home=tmp_path))
    for name, echo in echoes.items():
        adapter.add("churn", name, echo.url)
    return adapter


@pytest.fixture
def front(tmp_path: Path) -> Front:
    return Front(tmp_path / "traffic" / "churn.json", seed=3)


async def ask(
    front: Front, method: str = "GET", path: bytes = b"/x", body: bytes = b"", query: bytes = b""
) -> tuple[int, dict[bytes, bytes], bytes]:
    pieces = [{"type": "http.request", "body": body[n : n + 4], "more_body": True} for n in range(0, len(body), 4)]
    messages = iter([*pieces, {"type": "http.request", "body": b"", "more_body": False}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"x-trace", b"t1"), (b"host", b"front"), (b"connection", b"keep-alive")]
    scope = {"type": "http", "method": method, "raw_path": path, "query_string": query, "headers": headers}
    await front(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def dealt(front: Front, count: int) -> Counter[bytes]:
    async def many() -> Counter[bytes]:
        return Counter([(await ask(front))[1].get(b"x-name", b"nobody") for _ in range(count)])

    return asyncio.run(many())


def test_a_request_arrives_whole_and_its_answer_comes_back_whole(front: Front, traffic: LocalTraffic) -> None:
    status, headers, body = asyncio.run(ask(front, "POST", b"/p%20q", b"0123456789", b"x=1&y=2"))
    assert (status, body) == (202, b"a POST /p%20q?x=1&y=2 t1 0123456789")
    assert headers[b"content-length"] == str(len(body)).encode() and headers[b"x-name"] == b"a"


def test_requests_are_dealt_by_share_from_the_very_next_one_on(front: Front, traffic: LocalTraffic) -> None:
    assert dealt(front, 20) == {b"a": 20}
    traffic.shift("churn", {"a": 80, "b": 20})
    shares = dealt(front, 400)
    assert 50 <= shares[b"b"] <= 110 and shares[b"a"] + shares[b"b"] == 400
    traffic.shift("churn", {"b": 100})
    assert dealt(front, 20) == {b"b": 20}


def test_the_same_seed_deals_alike(tmp_path: Path, traffic: LocalTraffic) -> None:
    traffic.shift("churn", {"a": 50, "b": 50})
    fronts = [Front(tmp_path / "traffic" / "churn.json", seed=5) for _ in range(2)]
    assert dealt(fronts[0], 40) == dealt(fronts[1], 40)


def test_a_kept_connection_that_was_closed_is_made_anew(
    front: Front, traffic: LocalTraffic, echoes: dict[str, Echo]
) -> None:
    echoes["a"].hang_up = True
    assert dealt(front, 10) == {b"a": 10}


def test_without_revisions_it_says_so(front: Front) -> None:
    status, _, body = asyncio.run(ask(front))
    assert status == 503 and b"No revision takes requests" in body


def test_a_revision_that_is_gone_is_a_bad_gateway(front: Front, traffic: LocalTraffic, echoes: dict[str, Echo]) -> None:
    echoes["a"].shutdown()
    echoes["a"].server_close()
    status, _, body = asyncio.run(ask(front))
    assert status == 502 and b"ConnectionRefusedError" in body


def test_many_at_once(front: Front, traffic: LocalTraffic) -> None:
    async def at_once() -> list[int]:
        return [
            status for status, _, _ in await asyncio.gather(*[ask(front, "POST", body=b"x" * 50) for _ in range(80)])
        ]

    assert asyncio.run(at_once()) == [202] * 80
