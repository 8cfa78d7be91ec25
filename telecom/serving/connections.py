"""The server around the service: connections that get nowhere are closed, and the end waits for whoever still asks."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from telecom.serving.endpoint import HANG_UP
from telecom.serving.limits import Turnstile
from telecom.serving.parting import Parting

PATIENCE_SECONDS = 10.0
"""How long a connection may be open without a request that has arrived up to its body."""
QUIET_SECONDS = 0.5
"""Without a request for so long, nobody is expected to send one any more."""
KEEP_ALIVE_SECONDS = 75
"""Longer than those in front keep theirs: who closes an idle connection first loses no request of the other's."""
MOST_CONNECTIONS = 2_000
MOST_AWAITED = 65_536
"""Bytes of a body that is still arriving when its answer goes out, for which the connection is kept all the same."""
_NEVER = object()
App = Callable[[Any, Any, Any], Awaitable[None]]


class Joined:
    """A transport that sends a response's head together with the first piece of its body: one system call, not two.

    Args:
        transport: the connection.
        loop: that it belongs to.
        part: asked when it is to be closed; begins a slower end where that is needed.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        part: Callable[[], Parting | None] = lambda: None,
    ) -> None:
        self._transport, self._loop, self._part = transport, loop, part
        self._held = b""
        self.parting: Parting | None = None

    def write(self, data: bytes) -> None:
        """Holds what comes first until more comes, or until the loop's next round; nothing is sent after the end."""
        if self.parting:
            return
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif data:
            self._held = data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Sends what is held, and closes, at once or by a parting; the latter goes on if this is called again."""
        self._flush()
        if self.parting or self._transport.is_closing():
            return
        self.parting = self._part()
        if not self.parting:
            self._transport.close()

    def is_closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.parting is not None or self._transport.is_closing()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class ImpatientProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen by uvicorn when it is imported
    """uvicorn's HTTP, closing connections on which a request does not get beyond its headers.

    One that is closed before the request has arrived, because it was refused, is closed by a parting.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Starts the watch."""
        super().connection_made(Joined(transport, self.loop, partial(self._part, transport)))
        self.app: App = _with_hang_up(self.config.loaded_app, transport)
        self._stuck: object = None
        self._watch = self.loop.call_later(PATIENCE_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the watch."""
        self._watch.cancel()
        if self.transport.parting:
            self.transport.parting.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what came, unless nobody wants it any more."""
        if self.transport.parting:
            self.transport.parting.take(data)
        else:
            super().data_received(data)

    def shutdown(self) -> None:
        """The process ends: what is being answered goes on, a parting does not."""
        if self.transport.parting:
            self.transport.parting.end()
        else:
            super().shutdown()

    def _unsupported_upgrade_warning(self) -> None:
        """Says nothing: what is not offered here is no fault of the service, and no package is missing."""

    def _part(self, transport: asyncio.Transport) -> Parting | None:
        """Begins a parting if the newest request was not read to its end; nobody waits for the rest of it then."""
        cycle = self.cycle
        if cycle is None or (cycle.response_complete and not cycle.more_body):
            return None
        self._watch.cancel()
        cycle.body, cycle.disconnected = bytearray(), not cycle.response_complete
        cycle.message_event.set()
        return Parting(transport, self.loop)

    def _look(self) -> None:
        """Closes the connection if nothing is asked or answered on it, and it was so at the last look already."""
        answered = self.cycle is None or self.cycle.response_complete
        # uvicorn's own timer for idle connections runs until the first byte of a request.
        begun = answered and self.timeout_keep_alive_task is None
        if begun and self.cycle is self._stuck:
            self.transport.close()
            return
        self._stuck = self.cycle if begun else _NEVER
        self._watch = self.loop.call_later(PATIENCE_SECONDS, self._look)


def _with_hang_up(app: App, transport: asyncio.Transport) -> App:
    """The app, whose scopes have a way to end the connection of a caller who does not read.

    An answer that does not wait for the rest of a long body is the last one of its connection.
    """

    async def reachable(scope: Any, receive: Any, send: Any) -> None:
        cycle = send.__self__

        def hang_up() -> None:
            transport.abort()
            # uvicorn marks only the newest request of a connection; the others it would call unanswered.
            cycle.disconnected = True

        async def answer(message: Any) -> None:
            if cycle.more_body and message["type"] == "http.response.start" and _is_long(scope):
                cycle.keep_alive = False
            await send(message)

        scope[HANG_UP] = hang_up
        await app(scope, receive, answer)

    return reachable


def _is_long(scope: Any) -> bool:
    """Whether a request's body is longer than is awaited, or does not say how long it is."""
    return int(dict(scope["headers"]).get(b"content-length", MOST_AWAITED + 1)) > MOST_AWAITED


class DrainingServer(uvicorn.Server):
    """A server that goes on answering after SIGTERM until nobody asks any more, or the bound is reached.

    Meanwhile it says that it is not ready, and every answer closes its connection, so that callers go elsewhere before
    the door is shut: a connection closed under a caller's next request would lose that request.

    Args:
        config: uvicorn's.
        turnstile: knows who is asking.
        seconds: the bound.
    """

    def __init__(self, config: uvicorn.Config, turnstile: Turnstile, seconds: float) -> None:
        super().__init__(config)
        self._turnstile, self._seconds = turnstile, seconds
        self._told: float | None = None
        turnstile.begun = self.server_state.tasks

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begins to end; a second signal, or Ctrl+C, ends without waiting for callers to leave."""
        if sig == signal.SIGTERM and self._told is None:
            self._told, self._turnstile.draining = monotonic(), True
            return
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether to shut the door."""
        if self._told is not None and not self.should_exit:
            since = monotonic() - self._told
            if since >= self._seconds or min(since, self._turnstile.quiet_for()) >= QUIET_SECONDS:
                super().handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)


def server_of(app: Any, host: str, port: int, turnstile: Turnstile, *, drain: float, finish: float) -> DrainingServer:
    """A server for the app; after the drain, what is being answered gets `finish` seconds."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=ImpatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(1, round(finish)),
    )
    return DrainingServer(config, turnstile, drain)
