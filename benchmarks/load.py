"""An open-loop load on one HTTP route: requests at a constant rate, each one timed from when it was meant to be sent.

A client that waits for an answer before it sends the next request hides every stall of the server (it is then not
sending); this one falls behind nobody: what is late counts as slow. Raw asyncio sockets with prepared bytes and a
selector that wakes to the microsecond, since a client library would use more processor time than the server.

A machine that others share is taken away now and then (steal), by up to half a second here; `quiet_*` are the requests
of those seconds in which nobody took any of it, and `stolen` says how much was taken in all.

A process of its own: `python -m benchmarks.load HOST PORT PATH --rate 300 --seconds 10 < body.json`.
"""

import argparse
import asyncio
import gc
import json
import math
import selectors
import sys
from collections import Counter, deque
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"
SPIN_SECONDS = 0.0002
STAT, STOLEN = Path("/proc/stat"), 7


@dataclass(frozen=True)
class Load:
    """Requests sent and their latencies in milliseconds; `late_ms` is how far the client itself lagged (p99).

    `stolen` is the share of the processors' time that the machine below gave to others, 0 to 1.
    """

    sent: int
    codes: dict[str, int]
    p50_ms: float
    p95_ms: float
    p99_ms: float
    worst_ms: float
    late_ms: float
    stolen: float
    quiet_seconds: int
    quiet_p50_ms: float
    quiet_p99_ms: float


class Processors:
    """What the machine's processors did, second by second, as /proc/stat counts it."""

    def __init__(self) -> None:
        self._marks: list[tuple[int, int]] = []

    def mark(self) -> None:
        """The end of one second, the beginning of the next."""
        with STAT.open() as file:
            ticks = [int(field) for field in file.readline().split()[1:9]]
        self._marks.append((ticks[STOLEN], sum(ticks)))

    def stolen(self) -> float:
        """Share of all of it."""
        (first, begun), (last, ended) = self._marks[0], self._marks[-1]
        return (last - first) / max(ended - begun, 1)

    def quiet(self) -> list[bool]:
        """Per second, whether nothing was taken in it nor in the one before, whose backlog it inherits."""
        taken = [True, *(later[0] > before[0] for before, later in pairwise(self._marks))]
        return [not (before or now) for before, now in pairwise(taken)]


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, client: "Client") -> None:
        self._client, self._buffer, self._meant = client, bytearray(), 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def send(self, meant: float) -> None:
        self._meant = meant
        self._transport.write(self._client.request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(END_OF_HEAD)
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        at = head.index(LENGTH) + len(LENGTH)
        length = int(head[at:].split(b"\r\n", 1)[0])
        if len(self._buffer) >= end + len(END_OF_HEAD) + length:
            self._buffer.clear()
            self._client.answered(self, head[9:12].decode(), self._meant)

    def connection_lost(self, _: Exception | None) -> None:
        self._client.lost(self)


class Client:
    """Sends at the rate and collects."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.codes: Counter[str] = Counter()
        self.latencies: list[tuple[float, float]] = []
        self.late: list[float] = []
        self._free: deque[Connection] = deque()
        self._waiting: deque[float] = deque()
        self._alive: set[Connection] = set()

    async def connect(self, host: str, port: int, connections: int) -> None:
        for _ in range(connections):
            _, made = await asyncio.get_running_loop().create_connection(lambda: Connection(self), host, port)
            self._alive.add(made)
            self._free.append(made)

    def send(self, meant: float) -> None:
        if self._free:
            self._free.popleft().send(meant)
        else:
            self._waiting.append(meant)

    def answered(self, connection: Connection, code: str, meant: float) -> None:
        self.codes[code] += 1
        self.latencies.append((meant, perf_counter() - meant))
        if self._waiting:
            connection.send(self._waiting.popleft())
        else:
            self._free.append(connection)

    def lost(self, connection: Connection) -> None:
        self.codes["lost"] += connection in self._alive
        self._alive.discard(connection)
        if connection in self._free:
            self._free.remove(connection)

    async def run(self, rate: float, seconds: float, warm: float) -> Load:
        started, total, processors = perf_counter(), int(rate * (seconds + warm)), Processors()
        for number in range(total):
            if number % int(rate) == 0:
                processors.mark()
            meant = started + number / rate
            while (ahead := meant - perf_counter()) > 0:
                await asyncio.sleep(ahead if ahead > SPIN_SECONDS else 0)
            self.late.append(perf_counter() - meant)
            self.send(meant)
        deadline = perf_counter() + 30
        while len(self.latencies) < total and self._alive and perf_counter() < deadline:
            await asyncio.sleep(0.01)
        processors.mark()
        begun, quiet = started + warm, processors.quiet()
        counted = [(int(meant - started), took) for meant, took in self.latencies if meant >= begun]
        taken = sorted(took for _, took in counted)
        calm = sorted(took for second, took in counted if quiet[min(second, len(quiet) - 1)])
        p50, p95, p99, worst = (at(taken, share) for share in (0.5, 0.95, 0.99, 1.0))
        return Load(
            len(counted),
            dict(self.codes),
            p50,
            p95,
            p99,
            worst,
            at(sorted(self.late[int(rate * warm) :]), 0.99),
            processors.stolen(),
            sum(quiet[int(warm) :]),
            at(calm, 0.5),
            at(calm, 0.99),
        )


def at(ascending: list[float], share: float) -> float:
    """A quantile of seconds, in milliseconds; NaN of nothing."""
    return 1000 * ascending[min(len(ascending) - 1, int(share * len(ascending)))] if ascending else math.nan


def request_of(host: str, path: str, body: bytes, token: str) -> bytes:
    """The bytes of a request."""
    door = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{door}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def load(chosen: argparse.Namespace, body: bytes) -> Load:
    """One run."""
    client = Client(request_of(chosen.host, chosen.path, body, chosen.token))
    await client.connect(chosen.host, chosen.port, chosen.connections)
    gc.disable()
    return await client.run(chosen.rate, chosen.seconds, chosen.warm)


def main() -> None:
    """Prints what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--warm", type=float, default=1.0, help="seconds before, which do not count")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--token", default="")
    chosen = parser.parse_args()
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    done = loop.run_until_complete(load(chosen, sys.stdin.buffer.read()))
    sys.stdout.write(json.dumps(asdict(done)) + "\n")


if __name__ == "__main__":
    main()
