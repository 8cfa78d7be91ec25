"""Tokens of other issuers than Google's accounts: Identity-Aware Proxy, and an OIDC issuer of one's own.

Each is bound to its issuer, its algorithm and its published keys; nothing of that is taken from a token.
"""

import os
from typing import Any

import jwt
from jwt.exceptions import PyJWKClientConnectionError

from telecom.adapters._jwt import claims_of, key_id
from telecom.adapters.gcp.identity import Keys, email_of, trusted
from telecom.errors import TokenRefused, UsageError
from telecom.ports import Caller
from telecom.settings import Settings

IAP_ISSUER = "https://cloud.google.com/iap"
IAP_KEYS = "https://www.gstatic.com/iap/verify/public_key-jwk"
IAP_ALGORITHM, OIDC_ALGORITHM = "ES256", "RS256"


class IapIdentity:
    """Implements `telecom.ports.Identity` for the assertions of Identity-Aware Proxy.

    Keys come from `keys_url`, else TELECOM_JWKS_URL, else Google.
    """

    def __init__(self, settings: Settings, keys_url: str = "") -> None:
        self._keys = Keys(trusted(keys_url or os.environ.get("TELECOM_JWKS_URL") or IAP_KEYS))

    def verify(self, token: str, audience: str) -> Caller:
        """Who signed in; `name` is their e-mail address.

        Raises:
            TokenRefused: the proxy did not sign it for this audience, it has expired, or its keys cannot be read.
        """
        claims = _claims(self._keys, token, IAP_ALGORITHM, audience, IAP_ISSUER)
        email = claims.get("email")
        if not isinstance(email, str) or not email:
            raise TokenRefused("email")
        return Caller(email, claims)


class OidcIdentity:
    """Implements `telecom.ports.Identity` for an issuer whose tokens carry roles of ours.

    Args:
        settings: not looked at.
        issuer: the exact value of `iss`.
        keys_url: where it publishes its keys.

    Raises:
        UsageError: the address of the keys is empty, or not https.
    """

    def __init__(self, settings: Settings, issuer: str, keys_url: str) -> None:
        if not keys_url:
            raise UsageError("TELECOM_ASSISTANT_ISSUER_KEYS is empty.", "Set it to the address of the issuer's keys.")
        self._keys, self._issuer = Keys(trusted(keys_url)), issuer

    def verify(self, token: str, audience: str) -> Caller:
        """Who signed in; `name` is the verified e-mail address, or the subject where there is none.

        Raises:
            TokenRefused: the issuer did not sign it for this audience, it has expired, or its keys cannot be read.
        """
        claims = _claims(self._keys, token, OIDC_ALGORITHM, audience, self._issuer)
        return Caller(email_of(claims) if "email" in claims else claims["sub"], claims)


def _claims(keys: Keys, token: str, algorithm: str, audience: str, issuer: str) -> dict[str, Any]:
    name = key_id(token, algorithm)
    try:
        key = keys.get_signing_key(name)
    except PyJWKClientConnectionError as error:
        raise TokenRefused("keys_unavailable") from error
    except jwt.PyJWTError as error:
        raise TokenRefused("key_unknown") from error
    return claims_of(token, key, algorithm=algorithm, audience=audience, issuers=(issuer,))
