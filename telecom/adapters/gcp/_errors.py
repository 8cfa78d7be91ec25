"""What Google's libraries raise, in the project's words; and which calls may be repeated, for how long.

Pass `retry=IDEMPOTENT, timeout=DEADLINE` to a call that may be sent twice without harm, `retry=ONCE` to any other: left
out, each client falls back on defaults of its own.
"""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import google.auth.exceptions as auth
import grpc
import requests.exceptions as http_errors
import urllib3.exceptions
from google.api_core import exceptions as api
from google.api_core.retry import Retry
from google.resumable_media import DataCorruption, InvalidResponse

from telecom.errors import DependencyUnavailable, NotFound, TelecomError, UsageError

DEADLINE = 60.0
ONCE = None

SIGN_IN = "Sign in with: gcloud auth application-default login"
ASK_FOR_ROLE = "Ask for the role that grants the named permission, on the project or the resource."
LATER = "Try again later; the same call is safe to repeat."

_TRANSPORT = (
    http_errors.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
)
_RULES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[TelecomError], str, str], ...] = (
    (api.NotFound, NotFound, "there is no such thing", ""),
    ((api.Unauthorized, auth.RefreshError), DependencyUnavailable, "Google does not accept who we are", SIGN_IN),
    (api.Forbidden, DependencyUnavailable, "permission denied", ASK_FOR_ROLE),
    (api.TooManyRequests, DependencyUnavailable, "a quota is used up", LATER),
    (api.Aborted, DependencyUnavailable, "another change was under way", LATER),
    ((api.Conflict, api.PreconditionFailed), TelecomError, "it exists already, or was changed meanwhile", ""),
    (api.FailedPrecondition, TelecomError, "its state does not allow that", ""),
    (api.BadRequest, UsageError, "Google calls the request invalid", ""),
    (api.DataLoss, TelecomError, "Google lost the data", ""),
    (api.MethodNotImplemented, TelecomError, "the service does not offer that", ""),
    (api.GatewayTimeout, DependencyUnavailable, "no answer in time", LATER),
    ((api.ServerError, api.RetryError), DependencyUnavailable, "the service does not answer", LATER),
    (api.ResumableTransferError, DependencyUnavailable, "the transfer broke off", LATER),
    ((auth.TransportError, auth.TimeoutError), DependencyUnavailable, "Google's sign-in does not answer", LATER),
    (auth.GoogleAuthError, DependencyUnavailable, "there are no usable Google credentials", SIGN_IN),
    (DataCorruption, DependencyUnavailable, "the bytes arrived damaged", LATER),
    (
        (http_errors.InvalidURL, http_errors.InvalidSchema, http_errors.MissingSchema, http_errors.InvalidHeader),
        UsageError,
        "the address cannot be meant",
        "Correct the emulator variables.",
    ),
    (_TRANSPORT, DependencyUnavailable, "the connection failed", LATER),
)
_TRANSIENT_TRANSPORT = (
    http_errors.ConnectionError,
    http_errors.Timeout,
    http_errors.ChunkedEncodingError,
    urllib3.exceptions.PoolError,
    urllib3.exceptions.ProtocolError,
    urllib3.exceptions.TimeoutError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
)
_VENDORS = ("google", "grpc", "requests", "urllib3", "vertexai", "agentplatform")
_TRANSIENT_STATUS = (408, 429, 500, 502, 503, 504)


@contextmanager
def vendor_errors(what: str, remedy: str = "") -> Iterator[None]:
    """Turns what Google's libraries raise into the project's errors; others pass.

    Args:
        what: what is being done, as in `Reading gs://bucket/key`; opens the message.
        remedy: what to do about it, where the kind of failure has no remedy of its own (as signing in is one).
    """
    try:
        yield
    except Exception as error:
        translated = translate(error, what, remedy)
        if translated is None:
            raise
        raise translated from error


def translate(error: Exception, what: str, remedy: str = "") -> TelecomError | None:
    """The project's error for one of a vendor's; None where the error is not a vendor's."""
    known = _as_api_error(error)
    for classes, ours, words, default in _RULES:
        if isinstance(known, classes):
            return ours(f"{what} failed: {words}. {_said(known)}".strip(), default or remedy)
    if _from_vendor(known):
        return TelecomError(f"{what} failed: {type(known).__name__}. {_said(known)}".strip(), remedy)
    return None


def is_transient(error: Exception) -> bool:
    """Whether the same call may well succeed a moment later."""
    known = _as_api_error(error)
    if isinstance(known, auth.GoogleAuthError):
        return isinstance(known, auth.TransportError | auth.TimeoutError)
    if isinstance(known, api.GoogleAPICallError):
        return known.code in _TRANSIENT_STATUS
    return isinstance(known, _TRANSIENT_TRANSPORT)


IDEMPOTENT = Retry(predicate=is_transient, initial=0.25, maximum=8.0, multiplier=2.0, timeout=DEADLINE)


def _as_api_error(error: Exception) -> Exception:
    """Raw answers of the transports, as google.api_core names them."""
    if isinstance(error, grpc.RpcError):
        return cast(Exception, api.from_grpc_error(error))
    if isinstance(error, InvalidResponse):
        status = getattr(error.response, "status_code", None)
        return cast(Exception, api.from_http_status(status or 500, str(error)))
    return error


def _from_vendor(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in _VENDORS


def _said(error: Exception) -> str:
    """The vendor's own words on one line, at most 500 characters."""
    words = " ".join(str(getattr(error, "message", None) or error).split())
    return words if len(words) <= 500 else words[:499] + "…"
