"""Development tokens of one machine: signed and verified with a random key that only its owner can read."""

import secrets
import stat
import time
from collections.abc import Mapping
from typing import Any

import jwt

from telecom.adapters._jwt import claims_of
from telecom.adapters.local._files import beside, exclusive
from telecom.errors import TokenRefused, UsageError
from telecom.ports import Caller
from telecom.settings import Settings

ALGORITHM = "HS256"
ISSUER = "telecom-local"
RESERVED = frozenset(("aud", "exp", "iat", "iss", "jti", "nbf", "sub"))
LONGEST_SECONDS = 86_400
KEY_BYTES = 32


class LocalIdentity:
    """Implements `telecom.ports.Identity` with the key `<home>/dev-token.key`, made when the first token is issued."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.home / "dev-token.key"
        self._patience = settings.lock_seconds

    def verify(self, token: str, audience: str) -> Caller:
        """Who called; `name` is the token's subject.

        Raises:
            TokenRefused: this machine did not issue the token, or not for this audience, or it has expired.
            UsageError: the key was damaged, or others can read it.
        """
        if not self._path.exists():
            raise TokenRefused("no_key")
        claims = claims_of(token, self._key(), algorithm=ALGORITHM, audience=audience, issuers=(ISSUER,))
        return Caller(claims["sub"], claims)

    def issue(self, name: str, audience: str, claims: Mapping[str, Any] | None = None, ttl: int = 3_600) -> str:
        """A signed token that says that `name` calls `audience`, with further claims, for `ttl` seconds.

        Raises:
            UsageError: name or audience is empty, a claim is one of the reserved, or the time is not 1 s to a day.
        """
        more = dict(claims or {})
        if not name or not audience:
            raise UsageError(f"A token needs a name and an audience; got {name!r} and {audience!r}.")
        if taken := RESERVED & more.keys():
            raise UsageError(f"The claims {sorted(taken)} are set by the issuer.", "Use other names.")
        if not 0 < ttl <= LONGEST_SECONDS:
            raise UsageError(f"A token cannot be valid for {ttl} s.", f"Choose 1 to {LONGEST_SECONDS:,} seconds.")
        now = int(time.time())
        ours = {"iss": ISSUER, "sub": name, "aud": audience, "iat": now, "nbf": now, "exp": now + ttl}
        if not self._path.exists():
            self._make_key()
        return jwt.encode(more | ours, self._key(), algorithm=ALGORITHM)

    def _make_key(self) -> None:
        lock = self._path.with_suffix(".lock")
        with exclusive(lock, self._patience, "The key of development tokens"):
            if self._path.exists():
                return
            with beside(self._path) as part:
                part.touch(0o600, exist_ok=False)
                part.write_text(secrets.token_hex(KEY_BYTES), "ascii")

    def _key(self) -> bytes:
        if stat.S_IMODE(self._path.stat().st_mode) & 0o077:
            raise UsageError(f"Others can read {str(self._path)!r}, and so sign tokens.", "Make it private: chmod 600.")
        try:
            key = bytes.fromhex(self._path.read_text("ascii"))
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise UsageError(
                f"{str(self._path)!r} is not a key of development tokens.",
                "Delete it; the next token makes a new one, and those before are void.",
            )
        return key
