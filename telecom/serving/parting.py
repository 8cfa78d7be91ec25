"""How a connection ends on which the caller may still be sending: late enough for the answer to get through."""

import asyncio
from contextlib import suppress

QUIET_SECONDS = 2.0
"""Without a byte for so long (at most twice that), nobody is sending any more."""
MOST_SECONDS = 10.0
"""In all; no longer than a connection may be open on which nothing is asked."""
MOST_BYTES = 32 << 20
"""Thrown away in all; Cloud Run lets no larger request through over HTTP/1."""


class Parting:
    """Half a close: our side says that it is done, what still comes is thrown away, and then the rest is closed.

    A socket that is closed over unread bytes resets its connection, and with that the other side may lose an answer
    that it has not read yet (RFC 9112, section 9.6). Whoever reads the answer closes, which ends it at once.

    Args:
        transport: the connection; what was written to it before is sent first.
        loop: that it belongs to.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._taken = self._seen = 0
        self._until = loop.time() + MOST_SECONDS
        self._timer = loop.call_later(min(QUIET_SECONDS, MOST_SECONDS), self._look)
        # The other side may have reset the connection meanwhile.
        with suppress(OSError):
            transport.write_eof()
        transport.resume_reading()

    def take(self, data: bytes) -> None:
        """Throws away what came."""
        self._taken += len(data)
        if self._taken > MOST_BYTES:
            self.end()

    def end(self) -> None:
        """Closes, whatever is under way."""
        self._timer.cancel()
        self._transport.abort()

    def _look(self) -> None:
        now = self._loop.time()
        if self._taken == self._seen or now >= self._until:
            self.end()
            return
        self._seen = self._taken
        self._timer = self._loop.call_at(min(now + QUIET_SECONDS, self._until), self._look)
