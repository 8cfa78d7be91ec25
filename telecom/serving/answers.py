"""What a service answers, and with which status: the one table of error → answer."""

import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from telecom.errors import DependencyUnavailable, InputRefused, NotFound, TelecomError, TokenRefused, UsageError

Headers = tuple[tuple[bytes, bytes], ...]
JSON: Headers = ((b"content-type", b"application/json"),)
OURS = "An error of ours; see the log."


class Forbidden(TelecomError):
    """A verified caller who may not do this."""


class TooLarge(TelecomError):
    """A request with more bytes than the route takes."""


class TooMany(TelecomError):
    """More requests at once than the service takes, or more than this caller may send.

    Args:
        message: what is too much.
        remedy: what to do.
        seconds: after how long it may go better.
    """

    def __init__(self, message: str, remedy: str = "", seconds: int = 1) -> None:
        super().__init__(message, remedy)
        self.seconds = seconds


class TooSlow(TelecomError):
    """A request whose body or whose answer took longer than the service waits; `status` says which."""

    def __init__(self, seconds: float, *, arrived: bool) -> None:
        what = "The answer was not ready" if arrived else "The request did not arrive"
        super().__init__(f"{what} within {seconds:g} s.", "Ask for less at once." if arrived else "")
        self.status = 504 if arrived else 408


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True)
class Answer:
    """A finished response."""

    status: int
    body: bytes = b""
    headers: Headers = JSON


@dataclass(frozen=True, kw_only=True)
class Streamed(Answer):
    """A response that is made while it is sent.

    Args:
        pieces: the body; `body` itself stays empty.
        last_words: what is sent last where the pieces break off, from the answer that would have been given instead.
    """

    pieces: AsyncGenerator[bytes, None]
    last_words: Callable[[Answer], bytes]


NOBODY = Answer(499, b"")
"""Counted where the caller went away before the answer."""

# The first kind that fits decides.
STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (TokenRefused, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (TooLarge, 413),
    (InputRefused, 422),
    (UsageError, 400),
    (TooMany, 429),
    (DependencyUnavailable, 503),
    (Exception, 500),
)
MORE: dict[int, Headers] = {
    401: ((b"www-authenticate", b"Bearer"),),
    503: ((b"retry-after", b"5"),),
}


def status_of(error: Exception) -> int:
    """The status of a failure."""
    return error.status if isinstance(error, TooSlow) else next(s for kind, s in STATUSES if isinstance(error, kind))


def told(error: Exception) -> dict[str, object]:
    """What a caller is told of a failure; of those that are ours, nothing."""
    ours = not isinstance(error, TelecomError) or status_of(error) == 500
    return {"error": OURS if ours else str(error)}


def headers_of(error: Exception) -> Headers:
    """The headers of the answer to a failure."""
    if isinstance(error, TooMany):
        return (*JSON, (b"retry-after", str(error.seconds).encode()))
    return JSON + MORE.get(status_of(error), ())


def refusal(error: Exception) -> Answer:
    """The answer to a failure."""
    return Answer(status_of(error), json.dumps(told(error)).encode(), headers_of(error))
