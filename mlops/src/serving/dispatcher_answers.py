"""What the dispatcher answers, and with which status: the one table of error → answer."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from mlops.src.serving.dispatcher_runs import Standing
from telecom.console import plain
from telecom.errors import DependencyUnavailable, InputRefused, NotFound, TelecomError, TokenRefused, UsageError
from telecom.serving.answers import OURS, Forbidden, TooLarge

RETRY_AFTER_SECONDS = 30


class Unverifiable(DependencyUnavailable):
    """Nobody can tell just now whose token it is. Not 401: nothing is known against the token."""

    def __init__(self) -> None:
        super().__init__("Tokens cannot be verified just now.", "Send the message again.")


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


async def astray(_: Request, error: HTTPException) -> Response:
    """The answer to a request that none of the routes takes."""
    said = {404: "There is no such address.", 405: "This address does not take this method."}
    return JSONResponse({"error": said.get(error.status_code, error.detail)}, error.status_code, error.headers)


async def unforeseen(_: Request, error: Exception) -> Response:
    """The answer where a route itself failed; the server logs the error."""
    return refusal(error)


HANDLERS: Mapping[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    HTTPException: astray,
    Exception: unforeseen,
}
