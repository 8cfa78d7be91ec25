"""The server around the service: connections that get nowhere are closed, and the end waits for whoever still asks."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from time import monotonic
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from telecom.serving.endpoint import HANG_UP
from telecom.serving.limits import Turnstile

PATIENCE_SECONDS = 10.0
"""How long a connection may be open without a request that has arrived up to its body."""
QUIET_SECONDS = 0.5
"""Without a request for so long, nobody is expected to send one any more."""
KEEP_ALIVE_SECONDS = 75
"""Longer than those in front keep theirs: who closes an idle connection first loses no request of the other's."""
MOST_CONNECTIONS = 2_000
_NEVER = object()
App = Callable[[Any, Any, Any], Awaitable[None]]


class Joined:
    """A transport that sends a response's head together with the first piece of its body: one system call, not two."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held = b""

    def write(self, data: bytes) -> None:
        """Holds what comes first until more comes, or until the loop's next round."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif data:
            self._held = data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Sends what is held, and closes."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class ImpatientProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen by uvicorn when it is imported
    """uvicorn's HTTP, closing connections on which a request does not get beyond its headers."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Starts the watch."""
        super().connection_made(Joined(transport, self.loop))
        self.app: App = _with_hang_up(self.config.loaded_app, transport)
        self._stuck: object = None
        self._watch = self.loop.call_later(PATIENCE_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the watch."""
        self._watch.cancel()
        super().connection_lost(exc)

    def _unsupported_upgrade_warning(self) -> None:
        """Says nothing: what is not offered here is no fault of the service, and no package is missing."""

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
    """The app, whose scopes have a way to end the connection of a caller who does not read."""

    async def reachable(scope: Any, receive: Any, send: Any) -> None:
        def hang_up() -> None:
            transport.abort()
            # uvicorn marks only the newest request of a connection; the others it would call unanswered.
            send.__self__.disconnected = True

        scope[HANG_UP] = hang_up
        await app(scope, receive, send)

    return reachable


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
