"""A route as an ASGI application of its own: bounded, timed, counted, logged, and answered with finished bytes.

Nothing is parsed or validated on the way but what the route itself asks for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from opentelemetry.trace import get_current_span

from mlops.src.serving.churn_answers import NOBODY, Answer, TooSlow, refusal
from mlops.src.serving.limits import ClientGone, Receive, Turnstile, read_body
from mlops.src.serving.telemetry import Telemetry
from telecom import logs
from telecom.errors import DependencyUnavailable

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
CLOSE = (b"connection", b"close")


class Asked:
    """One request: headers by lower-case name, the path's parameters, and the body once it is wanted."""

    def __init__(self, scope: Scope, receive: Receive, most: int, turnstile: Turnstile) -> None:
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.path: dict[str, str] = scope.get("path_params", {})
        self.arriving, self.size = False, 0
        self._receive, self._most, self._turnstile = receive, most, turnstile

    async def body(self) -> bytes:
        """All bytes; see `read_body` for what it raises."""
        self.arriving = True
        found = await read_body(self.headers, self._receive, self._most, self._took)
        self.arriving = False
        return found

    def _took(self, size: int) -> None:
        self.size += size
        self._turnstile.carry(size)


Handle = Callable[[Asked], Awaitable[Answer]]


class Endpoint:
    """One route.

    Args:
        route: its name in metrics and logs.
        handle: answers, or raises what `churn_answers` has a status for.
        turnstile: shared by all routes that are bounded together.
        telemetry: told of every answer.
        seconds: that a request may take, from its headers to the last byte of its answer.
        most_bytes: of a body.
    """

    def __init__(
        self, route: str, handle: Handle, turnstile: Turnstile, telemetry: Telemetry, seconds: float, most_bytes: int
    ) -> None:
        self._route, self._handle, self._turnstile, self._telemetry = route, handle, turnstile, telemetry
        self._seconds, self._most_bytes = seconds, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        started = perf_counter()
        asked = Asked(scope, receive, self._most_bytes, self._turnstile)
        trace = _our_span() if "fastapi.telemetry" in scope else logs.trace_of(asked.headers)
        with logs.tracing(trace):
            answer = await self._exchange(asked, send)
            sampled = trace is not None and trace.sampled
            seconds = perf_counter() - started
            self._telemetry.answered(self._route, answer.status, seconds, answer.instances, sampled=sampled)

    async def _exchange(self, asked: Asked, send: Send) -> Answer:
        """Works the answer out and sends it, both within the time allowed."""
        answer = NOBODY
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._answer(asked)
                await self._send(answer, send)
        except ClientGone:
            return NOBODY
        except TimeoutError:
            if answer is not NOBODY:
                raise
            answer = refusal(TooSlow(self._seconds, arrived=not asked.arriving))
            await self._send(answer, send)
        return answer

    async def _answer(self, asked: Asked) -> Answer:
        entered = False
        try:
            self._turnstile.enter()
            entered = True
            return await self._handle(asked)
        except ClientGone:
            raise
        except Exception as error:
            answer = refusal(error)
            if answer.status == 500:
                log.error("A request failed.", exc_info=error)
            elif isinstance(error, DependencyUnavailable):
                log.warning("Not available: %s", error)
            return answer
        finally:
            if entered:
                self._turnstile.leave(asked.size)

    async def _send(self, answer: Answer, send: Send) -> None:
        headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
        if self._turnstile.draining:
            headers.append(CLOSE)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


def _our_span() -> logs.Trace | None:
    """The span that FastAPI opened for this request."""
    span = get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return logs.Trace(f"{span.trace_id:032x}", f"{span.span_id:016x}", bool(span.trace_flags.sampled))
