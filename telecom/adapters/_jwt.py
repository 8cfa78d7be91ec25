"""Reads signed tokens for both backends: one algorithm, all claims checked, every fault a refusal."""

from collections.abc import Sequence
from typing import Any

import jwt

from telecom.errors import TokenRefused
from telecom.tokens import LONGEST

LEEWAY_SECONDS = 10
REQUIRED = ["aud", "exp", "iat", "iss", "sub"]
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "expired"),
    (jwt.ImmatureSignatureError, "not_yet_valid"),
    (jwt.InvalidAudienceError, "audience"),
    (jwt.InvalidIssuerError, "issuer"),
    (jwt.MissingRequiredClaimError, "claim_missing"),
    (jwt.InvalidSignatureError, "signature"),
    (jwt.InvalidAlgorithmError, "algorithm"),
)
# What a signed but absurd claim can raise besides the library's own: `exp` as infinity, as a list, …
FAULTS = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)


def key_id(token: str, algorithm: str) -> str:
    """The id of the key that a token claims to be signed with.

    Raises:
        TokenRefused: it is no token, names another algorithm or no key.
    """
    try:
        header = jwt.get_unverified_header(_bounded(token))
    except FAULTS as error:
        raise TokenRefused("malformed") from error
    if header.get("alg") != algorithm:
        raise TokenRefused("algorithm")
    if not isinstance(name := header.get("kid"), str) or not 0 < len(name) <= 256:
        raise TokenRefused("key_missing")
    return name


def claims_of(
    token: str, key: jwt.PyJWK | bytes, *, algorithm: str, audience: str, issuers: Sequence[str]
) -> dict[str, Any]:
    """The claims of a token whose signature, algorithm, issuer, audience and dates hold.

    Raises:
        TokenRefused: whatever else it is.
    """
    if not audience:
        raise TokenRefused("audience")
    try:
        return jwt.decode(
            _bounded(token),
            key,
            algorithms=[algorithm],
            audience=audience,
            issuer=issuers,
            leeway=LEEWAY_SECONDS,
            options={"require": REQUIRED, "strict_aud": True, "enforce_minimum_key_length": True},
        )
    except FAULTS as error:
        raise TokenRefused(next((code for kind, code in REASONS if isinstance(error, kind)), "malformed")) from error


def _bounded(token: str) -> str:
    if len(token) > LONGEST:
        raise TokenRefused("too_long")
    return token
