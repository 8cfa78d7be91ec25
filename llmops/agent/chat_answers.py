"""What the assistant's service answers: replies as JSON or as server-sent events, refusals with a stable code."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from llmops.agent.chat_requests import BodyRefused
from llmops.agent.proposals import ActionRefused
from llmops.agent.turn import Event
from telecom.errors import DependencyUnavailable, InputRefused, NotFound, TokenRefused, UsageError
from telecom.serving import answers
from telecom.serving.answers import Answer, Forbidden, Headers, Streamed, TooLarge, TooMany, TooSlow

SSE: Headers = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no"))
# The first kind that fits decides.
CODES: tuple[tuple[type[Exception], str], ...] = (
    (TokenRefused, "unauthenticated"),
    (Forbidden, "forbidden"),
    (NotFound, "not_found"),
    (TooLarge, "too_large"),
    (TooMany, "too_many_requests"),
    (TooSlow, "timeout"),
    (UsageError, "bad_request"),
    (DependencyUnavailable, "unavailable"),
    (Exception, "failed"),
)
DECISIONS = {"not_found": 404, "not_allowed": 403}
"""Statuses of decisions that were not taken; all others are conflicts with the state that the action is in."""
CONFLICT, METHOD = 409, 405


def answer(result: Any, status: int = 200) -> Answer:
    """A result as JSON."""
    return Answer(status, as_json(result))


def as_json(result: Any) -> bytes:
    """Dataclasses as objects, amounts as numbers, days as YYYY-MM-DD."""
    return orjson.dumps(result, default=_plain, option=orjson.OPT_PASSTHROUGH_SUBCLASS)


def refusal(error: Exception) -> Answer:
    """The answer to a failure: a sentence and a code; of those that are ours nothing more."""
    if isinstance(error, ActionRefused):
        decided = {"error": str(error), "code": error.code}
        return Answer(DECISIONS.get(error.code, CONFLICT), as_json(decided))
    told: dict[str, object] = {**answers.told(error), "code": code_of(error)}
    if isinstance(error, BodyRefused):
        told["faults"] = error.faults
    return Answer(answers.status_of(error), as_json(told), answers.headers_of(error))


def streamed(events: AsyncGenerator[Event, None]) -> Streamed:
    """Events as they come."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        async with aclosing(events):
            async for event in events:
                yield framed(event.kind, event.data)

    return Streamed(200, headers=SSE, pieces=pieces(), last_words=last_words)


def astray(status: int) -> bytes:
    """The body of the answer to a request that none of the routes takes."""
    if status == METHOD:
        return as_json({"error": "This address does not take this method.", "code": "method_not_allowed"})
    return as_json({"error": "There is no such address.", "code": "not_found"})


def framed(kind: str, data: Any) -> bytes:
    """One server-sent event."""
    told = {"text": data} if isinstance(data, str) else data
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), as_json(told))


def last_words(instead: Answer) -> bytes:
    """A refusal where a stream had begun."""
    told = {**orjson.loads(instead.body), "status": instead.status}
    return framed("error", told)


def code_of(error: Exception) -> str:
    """The stable code that a caller is told of a failure."""
    if isinstance(error, InputRefused):
        return error.reason
    return next(code for kind, code in CODES if isinstance(error, kind))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if hasattr(value, "items"):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
