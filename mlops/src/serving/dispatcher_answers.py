"""What the dispatcher answers, and with which status: the one table of error → answer."""

from fastapi import Response
from fastapi.responses import JSONResponse

from mlops.src.serving.dispatcher_runs import Standing
from telecom.console import plain
from telecom.errors import DependencyUnavailable, InputRefused, NotFound, TelecomError, TokenRefused, UsageError

RETRY_AFTER_SECONDS = 30
OURS = "An error of ours; see the log."


class Forbidden(TelecomError):
    """A verified caller who is not among those who may send messages."""


class TooLarge(TelecomError):
    """A request with more bytes than any message has."""


# The first kind that fits decides: status, outcome of the message.
ANSWERS: tuple[tuple[type[Exception], int, str], ...] = (
    (TokenRefused, 401, "unauthenticated"),
    (Forbidden, 403, "forbidden"),
    (TooLarge, 413, "too_large"),
    (DependencyUnavailable, 503, "unavailable"),
    (UsageError, 400, "bad_message"),
    (InputRefused, 400, "bad_message"),
    (NotFound, 400, "bad_message"),
    (Exception, 500, "failed"),
)


def verdict(error: Exception) -> tuple[int, str]:
    """Status and outcome of a failure."""
    return next((status, outcome) for kind, status, outcome in ANSWERS if isinstance(error, kind))


def refusal(error: Exception) -> Response:
    """The answer to a failure; of those that are ours it says nothing."""
    status, _ = verdict(error)
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": str(RETRY_AFTER_SECONDS)}}.get(status, {})
    said = str(error) if isinstance(error, TelecomError) and status != 500 else OURS
    return JSONResponse({"error": said}, status, headers)


def told(standing: Standing) -> Response:
    """How a job stands: 200 when it was known already, else 202."""
    return JSONResponse(plain(standing), 200 if standing.already else 202)
