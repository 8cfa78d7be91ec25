"""What the churn service answers, and with which status: the one table of error → answer."""

import json
from dataclasses import asdict, dataclass

from mlops.src.serving.dispatcher_answers import OURS, Forbidden, TooLarge
from mlops.src.serving.instances import InstancesRefused
from mlops.src.serving.limits import TooMany
from telecom.errors import DependencyUnavailable, InputRefused, NotFound, TelecomError, TokenRefused, UsageError

Headers = tuple[tuple[bytes, bytes], ...]
JSON: Headers = ((b"content-type", b"application/json"),)


class TooSlow(TelecomError):
    """A request whose body or whose answer took longer than the service waits; `status` says which."""

    def __init__(self, seconds: float, *, arrived: bool) -> None:
        what = "The answer was not ready" if arrived else "The request did not arrive"
        super().__init__(f"{what} within {seconds:g} s.", "Send fewer instances at once." if arrived else "")
        self.status = 504 if arrived else 408


@dataclass(frozen=True)
class Answer:
    """A finished response. `instances` are the customers that the request asked about."""

    status: int
    body: bytes
    headers: Headers = JSON
    instances: int = 0


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
    429: ((b"retry-after", b"1"),),
    503: ((b"retry-after", b"5"),),
}


def refusal(error: Exception) -> Answer:
    """The answer to a failure; of those that are ours it says nothing."""
    status = error.status if isinstance(error, TooSlow) else next(s for kind, s in STATUSES if isinstance(error, kind))
    told: dict[str, object] = {"error": str(error) if isinstance(error, TelecomError) and status != 500 else OURS}
    if isinstance(error, InstancesRefused):
        told["faults"] = [asdict(fault) for fault in error.faults]
    instances = error.read if isinstance(error, InstancesRefused) else 0
    return Answer(status, json.dumps(told).encode(), JSON + MORE.get(status, ()), instances)
