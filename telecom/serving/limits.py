"""What one request may take, enforced here and not only by whatever stands in front: bytes, seconds, a place."""

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from telecom.errors import UsageError
from telecom.serving.answers import ClientGone, TooLarge, TooMany

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

MOST_CARRIED = 32 << 20
"""Bytes of all bodies together; each one may be as large as one body may be."""


@dataclass
class Turnstile:
    """Counts the requests that are being answered, and refuses those that would be too many.

    Attributes:
        most: requests at once.
        begun: what the server has begun, those included that still wait for their turn in the event loop.
        running: requests inside.
        carried: bytes of their bodies.
        newest: when the newest came, on the monotonic clock.
        draining: the process is to end; answers close their connections.
    """

    most: int
    begun: Collection[object] = ()
    running: int = 0
    carried: int = 0
    newest: float = field(default_factory=monotonic)
    draining: bool = False

    def enter(self) -> None:
        """Takes a place, to be given back with `leave`.

        Raises:
            TooMany: all are taken, or more wait than there are.
        """
        self.newest = monotonic()
        if self.running >= self.most or len(self.begun) > self.most:
            raise TooMany(f"{self.most} requests are being answered already.", "Try again in a moment.")
        self.running += 1

    def carry(self, size: int) -> None:
        """Counts bytes that a request brought, to be given back with `leave`.

        Raises:
            TooMany: all requests together brought too many.
        """
        self.carried += size
        if self.carried > MOST_CARRIED:
            raise TooMany(f"Requests of {MOST_CARRIED:,} bytes are being answered already.", "Try again in a moment.")

    def leave(self, size: int) -> None:
        """Gives a place back, and the bytes."""
        self.running -= 1
        self.carried -= size

    def quiet_for(self) -> float:
        """Seconds since the newest request came; 0 while one is being answered."""
        return 0.0 if self.running else monotonic() - self.newest


async def read_body(headers: dict[str, str], receive: Receive, most: int, took: Callable[[int], None]) -> bytes:
    """The request's body, counted as it arrives, whatever length it claims to have; `took` is told of each piece.

    Raises:
        TooLarge: it has more than `most` bytes.
        UsageError: it claims a length that is none.
        ClientGone: it will not arrive.
    """
    claimed = headers.get("content-length", "0")
    if not claimed.isdecimal():
        raise UsageError(f"Content-Length is {claimed[:32]!r}.", "Send a number.")
    if int(claimed[:20]) > most:
        raise _too_large(most)
    pieces, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > most:
            raise _too_large(most)
        took(len(pieces[-1]))
        more = message.get("more_body", False)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The request has more than {most:,} bytes.", "Send less at once.")
