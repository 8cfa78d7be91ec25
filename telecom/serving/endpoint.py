"""A route as an ASGI application of its own: bounded, timed, counted, logged, and answered with finished bytes.

Nothing is parsed or validated on the way but what the route itself asks for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import aclosing, contextmanager, suppress
from time import perf_counter
from typing import Any, Protocol

from opentelemetry.trace import get_current_span

from telecom import logs
from telecom.errors import DependencyUnavailable
from telecom.serving import answers
from telecom.serving.answers import NOBODY, Answer, ClientGone, Streamed, TooSlow
from telecom.serving.limits import Receive, Turnstile, read_body

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
CLOSE = (b"connection", b"close")
HANG_UP = "telecom.hang_up"
"""Where a scope has the function that ends its connection at once, if its server gives one."""
LAST_SECONDS = 1.0
"""That a refusal may take to be sent once the time is up."""


class Telemetry(Protocol):
    """Is told of every answer."""

    def answered(self, route: str, answer: Answer, seconds: float, *, sampled: bool) -> None:
        """`sampled`: whether the caller samples the request's trace."""
        ...


class Asked:
    """One request: headers by lower-case name, the path's parameters, and the body once it is wanted."""

    def __init__(self, scope: Scope, receive: Receive, most: int, turnstile: Turnstile) -> None:
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.path: dict[str, str] = scope.get("path_params", {})
        self.query: bytes = scope.get("query_string", b"")
        self.arriving, self.size, self.gone = False, 0, False
        self.hang_up: Callable[[], None] | None = scope.get(HANG_UP)
        self._receive, self._most, self._turnstile = receive, most, turnstile

    async def body(self) -> bytes:
        """All bytes; see `read_body` for what it raises."""
        self.arriving = True
        found = await read_body(self.headers, self._receive, self._most, self._took)
        self.arriving = False
        return found

    @contextmanager
    def while_wanted(self) -> Iterator[None]:
        """Ends what the present task does in here as soon as the caller goes away; the body was read before.

        Raises:
            ClientGone: the caller went away.
        """
        task = asyncio.current_task()
        watch = asyncio.ensure_future(self._until_gone(task))
        try:
            yield
        except asyncio.CancelledError:
            if self.gone and task and not task.uncancel():
                raise ClientGone from None
            raise
        finally:
            watch.cancel()

    async def _until_gone(self, task: "asyncio.Task[Any] | None") -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if task:
            task.cancel()

    def _took(self, size: int) -> None:
        self.size += size
        self._turnstile.carry(size)


Handle = Callable[[Asked], Awaitable[Answer]]


class Endpoint:
    """One route.

    Args:
        route: its name in metrics and logs.
        handle: answers, or raises what `refuse` has a status for.
        turnstile: shared by all routes that are bounded together.
        telemetry: told of every answer.
        seconds: that a request may take, from its headers to the last byte of its answer.
        most_bytes: of a body.
        refuse: the answer to a failure.
    """

    def __init__(
        self,
        route: str,
        handle: Handle,
        turnstile: Turnstile,
        telemetry: Telemetry,
        *,
        seconds: float,
        most_bytes: int,
        refuse: Callable[[Exception], Answer] = answers.refusal,
    ) -> None:
        self._route, self._handle, self._turnstile, self._telemetry = route, handle, turnstile, telemetry
        self._seconds, self._most_bytes, self._refuse = seconds, most_bytes, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        started = perf_counter()
        asked = Asked(scope, receive, self._most_bytes, self._turnstile)
        trace = _our_span() if "fastapi.telemetry" in scope else logs.trace_of(asked.headers)
        with logs.tracing(trace):
            answer = await self._exchange(asked, send)
            sampled = trace is not None and trace.sampled
            self._telemetry.answered(self._route, answer, perf_counter() - started, sampled=sampled)

    async def _exchange(self, asked: Asked, send: Send) -> Answer:
        """Works the answer out and sends it, both within the time allowed; returns what was answered in the end."""
        answer: Answer | None = None
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._answer(asked)
                return await self._send(answer, asked, send)
        except ClientGone:
            return NOBODY
        except TimeoutError:
            if answer is None or isinstance(answer, Streamed):
                late = self._refuse(TooSlow(self._seconds, arrived=not asked.arriving))
                with suppress(TimeoutError):
                    async with asyncio.timeout(LAST_SECONDS):
                        return await self._instead(late, answer, asked, send)
        # The answer is there, and the caller does not read it.
        if asked.hang_up:
            asked.hang_up()
        return NOBODY

    async def _answer(self, asked: Asked) -> Answer:
        entered, answer = False, None
        try:
            self._turnstile.enter()
            entered = True
            answer = await self._handle(asked)
        except ClientGone:
            raise
        except Exception as error:
            answer = self._refused(error)
        finally:
            if entered and not isinstance(answer, Streamed):
                self._turnstile.leave(asked.size)
        return answer

    def _refused(self, error: Exception) -> Answer:
        answer = self._refuse(error)
        if answer.status == 500:
            log.error("A request failed.", extra={"fields": {"exception": logs.without_values(error)}})
        elif isinstance(error, DependencyUnavailable):
            log.warning("Not available: %s", error)
        return answer

    async def _send(self, answer: Answer, asked: Asked, send: Send) -> Answer:
        if isinstance(answer, Streamed):
            return await self._stream(answer, asked, send)
        await self._whole(answer, asked, send)
        return answer

    async def _whole(self, answer: Answer, asked: Asked, send: Send) -> None:
        await self._head(answer, asked, send, (b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.body", "body": answer.body})

    async def _head(self, answer: Answer, asked: Asked, send: Send, *more: tuple[bytes, bytes]) -> None:
        headers = [*answer.headers, *more]
        # The rest of a body that was refused is not waited for.
        if self._turnstile.draining or asked.arriving:
            headers.append(CLOSE)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})

    async def _stream(self, answer: Streamed, asked: Asked, send: Send) -> Answer:
        """Sends the pieces as they come; the request keeps its place until then."""
        await self._head(answer, asked, send)
        try:
            async with aclosing(answer.pieces) as pieces:
                with asked.while_wanted():
                    async for piece in pieces:
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
        except ClientGone:
            raise
        except Exception as error:
            return await self._instead(self._refused(error), answer, asked, send)
        finally:
            self._turnstile.leave(asked.size)
        await send({"type": "http.response.body", "body": b""})
        return answer

    async def _instead(self, refused: Answer, begun: Answer | None, asked: Asked, send: Send) -> Answer:
        """Answers with a refusal; where a stream has begun, as its last words."""
        if isinstance(begun, Streamed):
            await send({"type": "http.response.body", "body": begun.last_words(refused)})
        else:
            await self._whole(refused, asked, send)
        return refused


def _our_span() -> logs.Trace | None:
    """The span that FastAPI opened for this request."""
    span = get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return logs.Trace(f"{span.trace_id:032x}", f"{span.span_id:016x}", bool(span.trace_flags.sampled))
