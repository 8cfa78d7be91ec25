"""Who may ask: a bearer token that the identity port verifies. What was verified a moment ago is not verified again."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable

from telecom.errors import DependencyUnavailable, TelecomError, TokenRefused
from telecom.ports import Caller, Identity
from telecom.serving.answers import Forbidden
from telecom.tokens import bearer

log = logging.getLogger(__name__)

PASSING = "keys_unavailable"
"""The refusal that says nothing about the token: whoever publishes the keys does not answer."""
REMEMBERED_SECONDS = 30.0
MOST_REMEMBERED = 1_024


class Admission:
    """Lets callers in.

    Args:
        identity: gives the port that verifies tokens; called with the first one.
        audience: what they must name.
        callers: who may ask; None: whoever has a valid token.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        identity: Callable[[], Identity],
        audience: str,
        callers: frozenset[str] | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._identity, self._audience, self._callers, self._clock = identity, audience, callers, clock
        self._known: dict[bytes, tuple[float, Caller]] = {}

    async def admit(self, authorization: str | None) -> Caller:
        """Who calls, if that is certain and they may.

        Raises:
            TokenRefused: it is not certain.
            DependencyUnavailable: nobody can tell just now.
            Forbidden: it is certain, and they may not.
        """
        token = bearer(authorization)
        name = hashlib.sha256(token.encode()).digest()
        if (known := self._known.get(name)) and known[0] > self._clock():
            return known[1]
        # Keys may have to be fetched.
        caller = await asyncio.get_running_loop().run_in_executor(None, self._verified, token)
        if self._callers is not None and caller.name not in self._callers:
            raise Forbidden("This caller may not ask here.")
        self._remember(name, caller)
        return caller

    def prepare(self) -> None:
        """Opens the port, which imports what verifies, before the first caller waits for that."""
        try:
            self._identity()
        except TelecomError as error:
            log.error("Tokens cannot be verified: %s", error)

    def _verified(self, token: str) -> Caller:
        try:
            return self._identity().verify(token, self._audience)
        except TokenRefused as refused:
            log.info("Token refused.", extra={"fields": {"reason": refused.reason}})
            if refused.reason == PASSING:
                raise _nobody_can_tell() from None
            raise
        except DependencyUnavailable as error:
            log.error("Tokens cannot be verified: %s", error)
            raise _nobody_can_tell() from None
        except TelecomError as error:
            log.error("Tokens cannot be verified: %s", error)
            raise TokenRefused("not_verifiable") from None

    def _remember(self, name: bytes, caller: Caller) -> None:
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        expiry = caller.claims.get("exp", 0)
        self._known[name] = min(self._clock() + REMEMBERED_SECONDS, float(expiry)), caller


def _nobody_can_tell() -> DependencyUnavailable:
    return DependencyUnavailable("Tokens cannot be verified just now.", "Ask again in a moment.")
