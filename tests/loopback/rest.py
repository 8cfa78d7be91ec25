"""What the REST servers share: recorded calls, and answers that fail, stop half-way or arrive damaged on demand."""

import io
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from tests.loopback.faults import HTTP_STATUS, Faults, Kind


@dataclass(frozen=True)
class RestCall:
    """One request as it arrived; `path` includes the query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class RestServer:
    """Serves a handler class on 127.0.0.1, one thread per connection. `calls` lists what arrived."""

    def __init__(self, handler: type["RestHandler"], faults: Faults) -> None:
        self.calls: list[RestCall] = []
        bound = type("Bound", (handler,), {"faults": faults, "calls": self.calls, "server_state": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> None:
        """Begins to serve at `url`."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the server."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def requests(self, method: str, fragment: str = "") -> list[RestCall]:
        """The calls of a method whose path has the fragment, in order."""
        return [call for call in self.calls if call.method == method and fragment in call.path]


class RestHandler(BaseHTTPRequestHandler):
    """Records the call, suffers the planned fault, else lets `respond` write the answer.

    The body is read before anything is answered (a socket closed on unread bytes would reset the connection) and the
    answer is written to memory first, so that it can be cut or damaged.
    """

    faults: ClassVar[Faults]
    calls: ClassVar[list[RestCall]]
    server_state: ClassVar[Any]
    body: bytes

    def respond(self, method: str) -> None:
        """Reads `self.rfile`, writes the whole answer with send_response, send_header, end_headers, `self.wfile`."""
        raise NotImplementedError

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def do_PATCH(self) -> None:
        self._serve("PATCH")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def refuse(self, status: int, message: str, reason: str = "") -> None:
        """Answers with an error as Google's REST services word it."""
        detail = {"message": message, "domain": "global", "reason": reason or str(status)}
        body = json.dumps({"error": {"code": status, "message": message, "errors": [detail]}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""

    def _serve(self, method: str) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.rfile = io.BytesIO(self.body)
        self.calls.append(RestCall(method, self.path, dict(self.headers.items()), self.body))
        fault = self.faults.take(f"{method} {self.path}")
        self.close_connection = True
        if fault == "hang":
            self.faults.hang()
        elif fault in HTTP_STATUS:
            status, reason = HTTP_STATUS[fault]
            self.refuse(status, f"A planned fault: {fault}.", reason)
        else:
            self._answer(method, fault)

    def _answer(self, method: str, fault: Kind | None) -> None:
        socket, self.wfile = self.wfile, io.BytesIO()
        try:
            self.respond(method)
            written = self.wfile.getvalue()
        finally:
            self.wfile = socket
        socket.write(_spoilt(written, fault))


def _spoilt(answer: bytes, fault: Kind | None) -> bytes:
    head, separator, body = answer.partition(b"\r\n\r\n")
    if fault == "half":
        return head + separator + body[: len(body) // 2]
    if fault == "corrupt" and body:
        return head + separator + bytes([body[0] ^ 1]) + body[1:]
    return answer
