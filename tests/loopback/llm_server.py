"""What the LLM servers share: answers as a test wants them, kept connections, answers that break off or never come.

with OpenAiServer() as server:
    server.say("Olá")                      # the next answer; without any, the server says "ok"
    server.call("invoices", month="2026-10")
    server.fail(429, retry_after=1)
    server.answer = lambda request: Reply(request.last)   # or decides itself
"""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

Finish = Literal["stop", "length", "blocked", "prompt_blocked", "error", ""]
Cut = Literal["", "dropped", "ended"]


@dataclass(frozen=True)
class Reply:
    """One answer: text and tool calls, or a refusal by `status`.

    `finish` is how it ends ("" for nothing said). `cut` breaks it off in the middle: the connection is dropped, or the
    stream ends as if it were whole. `body` replaces it by bytes of any kind. It begins after `delay` seconds, and a
    stream's pieces are `pause` seconds apart.
    """

    text: str = ""
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    finish: Finish = "stop"
    status: int = 200
    message: str = "A planned failure."
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: Cut = ""
    delay: float = 0.0
    pause: float = 0.0
    input_tokens: int = 11
    output_tokens: int = 7


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    connection: int
    streamed: bool
    last: str


class LlmServer:
    """Serves on 127.0.0.1. `requests` lists what arrived; `key` is the only one accepted, if set; `models` likewise."""

    base = ""

    def __init__(self) -> None:
        self.models: set[str] = set()
        self.key = ""
        self.released = threading.Event()
        self.reset()
        self._http = _Http(("127.0.0.1", 0), type("Bound", (_Handler,), {"llm": self}))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self.origin = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.url = self.origin + self.base

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def reset(self) -> None:
        """As new: no planned answers, no requests."""
        self.answer: Callable[[Request], Reply] = lambda _: self.replies.pop(0) if self.replies else Reply("ok")
        self.replies: list[Reply] = []
        self.requests: list[Request] = []

    def say(self, text: str, **more: Any) -> None:
        """The next answer is this text."""
        self.replies.append(Reply(text, **more))

    def call(self, tool: str, **arguments: Any) -> None:
        """The next answer is this tool call."""
        self.replies.append(Reply(calls=((tool, arguments),)))

    def fail(self, status: int, times: int = 1, retry_after: float | None = None, **more: Any) -> None:
        """The next answers are refusals."""
        headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
        self.replies += [Reply(status=status, headers=headers, **more)] * times

    def read(self, path: str, headers: Mapping[str, str], body: Any, connection: int) -> Request:
        """A request understood.

        Raises:
            Refused: it is not one that the real service would take.
        """
        raise NotImplementedError

    def whole(self, reply: Reply, request: Request) -> Any:
        """The answer's body, as JSON."""
        raise NotImplementedError

    def pieces(self, reply: Reply, request: Request) -> Iterator[str]:
        """The data of each event of a stream."""
        raise NotImplementedError

    def error(self, reply: Reply) -> Any:
        """The body of a refusal."""
        raise NotImplementedError

    def refusal_headers(self, reply: Reply) -> dict[str, str]:
        """The headers of a refusal."""
        return dict(reply.headers)

    def other(self, path: str, body: bytes) -> Any:
        """The answer to a call that is not for the model; None where there is none.

        Raises:
            Refused: there is a refusal.
        """
        return None


class Refused(Exception):
    """A request that the service would not take; `reply` says so."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.reply = Reply(status=status, message=message, code=code)


def halves(text: str, parts: int = 4) -> list[str]:
    """A text in pieces, as a stream brings it."""
    size = max(1, -(-len(text) // parts))
    return [text[start : start + size] for start in range(0, len(text), size)]


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    llm: LlmServer
    protocol_version = "HTTP/1.1"  # which keeps connections
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if (answer := self.llm.other(self.path, data)) is not None:
                self._send(200, json.dumps(answer).encode(), {})
                return
            request = self.llm.read(self.path, self.headers, json.loads(data), self.client_address[1])
        except Refused as refusal:
            self._refuse(refusal.reply)
            return
        self.llm.requests.append(request)
        reply = self.llm.answer(request)
        self.llm.released.wait(reply.delay)
        with contextlib.suppress(ConnectionError):
            self._answer(reply, request)

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""

    def _answer(self, reply: Reply, request: Request) -> None:
        if reply.status != 200:
            self._refuse(reply)
        elif reply.body is not None:
            self._send(200, reply.body, {"Content-Type": "application/json", **reply.headers})
        elif request.streamed:
            self._stream(reply, request)
        else:
            self._send(200, json.dumps(self.llm.whole(reply, request)).encode(), dict(reply.headers), reply.cut)

    def _refuse(self, reply: Reply) -> None:
        body = reply.body if reply.body is not None else json.dumps(self.llm.error(reply)).encode()
        self._send(reply.status, body, self.llm.refusal_headers(reply))

    def _send(self, status: int, body: bytes, headers: dict[str, str], cut: Cut = "") -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or bool(cut)

    def _stream(self, reply: Reply, request: Request) -> None:
        self.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        pieces = list(self.llm.pieces(reply, request))
        for piece in pieces[: (len(pieces) + 1) // 2] if reply.cut else pieces:
            data = f"data: {piece}\n\n".encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
            time.sleep(reply.pause)
        if reply.cut == "dropped":
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")
