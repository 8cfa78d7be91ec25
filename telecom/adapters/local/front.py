"""One address in front of several revisions of a service: deals requests to them by their shares.

What a load balancer is in the cloud, for rehearsals on one machine; `telecom release front` starts it. Every request is
dealt on its own; connections to the revisions are kept open. A request that found a kept connection closed is sent
once more on a new one.
"""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from http.client import BadStatusLine, HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from telecom.adapters.local.traffic import read_places

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Received = tuple[int, list[tuple[bytes, bytes]], bytes]

ANSWER_SECONDS = 30.0
AT_ONCE = 32
OF_ONE_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"content-length"})


class Front:
    """The application. `places` is the file that `LocalTraffic` writes; `seed` fixes whom requests are dealt to."""

    def __init__(self, places: Path, seed: int | None = None) -> None:
        self._places = places
        self._read: tuple[int, int] = (0, 0)
        self._shares: list[tuple[str, int]] = []
        self._random = random.Random(seed)  # noqa: S311
        self._pool = _Pool()
        self._free = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request with what the revision drawn for it answers; 503 where none takes requests, else 502."""
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message.get("body", b""), message.get("more_body", False)
        url = self._drawn()
        if url is None:
            await _answer(send, 503, [], b'{"error": "No revision takes requests."}')
            return
        path = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        headers = [(name, value) for name, value in scope["headers"] if name not in OF_ONE_HOP]
        try:
            async with self._free:
                received = await asyncio.to_thread(self._pool.send, url, scope["method"], path, headers, body)
        except (OSError, HTTPException) as error:
            received = 502, [], f'{{"error": "The revision does not answer: {type(error).__name__}."}}'.encode()
        await _answer(send, *received)

    def _drawn(self) -> str | None:
        self._follow()
        if not self._shares:
            return None
        urls, shares = zip(*self._shares, strict=True)
        return str(self._random.choices(urls, shares)[0])

    def _follow(self) -> None:
        """Reads the shares again if the file was replaced."""
        try:
            found = self._places.stat()
        except FileNotFoundError:
            return
        if (found.st_mtime_ns, found.st_ino) != self._read:
            self._read = found.st_mtime_ns, found.st_ino
            places = read_places(self._places)
            self._shares = [(place["url"], place["share"]) for place in places.values() if place["share"]]


class _Pool:
    """Connections to the revisions, kept between requests; used from several threads."""

    def __init__(self) -> None:
        self._idle: dict[str, list[HTTPConnection]] = {}
        self._lock = threading.Lock()

    def send(self, url: str, method: str, path: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> Received:
        """Sends on a kept connection; if that was closed meanwhile, on a new one."""
        with self._lock:
            kept = self._idle.setdefault(url, [])
            connection = kept.pop() if kept else None
        if connection:
            try:
                return self._exchange(connection, url, method, path, headers, body)
            except (ConnectionError, BadStatusLine):
                connection.close()
        parts = urlsplit(url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
        return self._exchange(connection, url, method, path, headers, body)

    def _exchange(
        self,
        connection: HTTPConnection,
        url: str,
        method: str,
        path: bytes,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
    ) -> Received:
        connection.putrequest(method, path.decode("latin-1"), skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name.decode("latin-1"), value)
        if body or method in ("POST", "PUT", "PATCH"):
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        found = response.status, list(_headers(response)), response.read()
        if response.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle[url].append(connection)
        return found


def _headers(response: HTTPResponse) -> Iterator[tuple[bytes, bytes]]:
    for name, value in response.getheaders():
        if (lower := name.lower().encode("latin-1")) not in OF_ONE_HOP:
            yield lower, value.encode("latin-1")


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})


def serve(places: Path, host: str, port: int) -> None:
    """Serves until SIGTERM; port 0 takes a free one, named in the log."""
    uvicorn.run(Front(places), host=host, port=port, log_level="info", access_log=False, server_header=False)
