"""OIDC tokens of Google service accounts and people, verified with Google's published keys."""

import json
import os
import time
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import jwt
from jwt.exceptions import PyJWKClientConnectionError

from telecom.adapters._jwt import claims_of, key_id
from telecom.errors import TokenRefused, UsageError
from telecom.ports import Caller
from telecom.settings import Settings

ALGORITHM = "RS256"
ISSUERS = ("https://accounts.google.com", "accounts.google.com")
CERTIFICATES = "https://www.googleapis.com/oauth2/v3/certs"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
FETCH_SECONDS = 5.0
LIFESPAN_SECONDS = 3_600.0
PAUSE_SECONDS = 30.0
PAUSE_AFTER_FAILURE_SECONDS = 5.0
LARGEST_BYTES = 262_144


class GoogleIdentity:
    """Implements `telecom.ports.Identity`. Keys come from `keys_url`, else TELECOM_JWKS_URL, else Google."""

    def __init__(self, settings: Settings, keys_url: str = "") -> None:
        self._keys = Keys(trusted(keys_url or os.environ.get("TELECOM_JWKS_URL") or CERTIFICATES))

    def verify(self, token: str, audience: str) -> Caller:
        """Who called; `name` is the verified e-mail address.

        Raises:
            TokenRefused: Google did not sign the token for this audience, it has expired, its e-mail address is not
                verified, or Google's keys cannot be read just now.
        """
        name = key_id(token, ALGORITHM)
        try:
            key = self._keys.get_signing_key(name)
        except PyJWKClientConnectionError as error:
            raise TokenRefused("keys_unavailable") from error
        except jwt.PyJWTError as error:
            raise TokenRefused("key_unknown") from error
        claims = claims_of(token, key, algorithm=ALGORITHM, audience=audience, issuers=ISSUERS)
        return Caller(email_of(claims), claims)


def email_of(claims: Mapping[str, Any]) -> str:
    """The verified e-mail address.

    Raises:
        TokenRefused: there is none.
    """
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str) or not email:
        raise TokenRefused("email")
    return email


def trusted(url: str) -> str:
    """The address of keys, if it is https or on this machine.

    Raises:
        UsageError: it is neither.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return url
    raise UsageError(f"TELECOM_JWKS_URL = {url!r} is neither https nor on this machine.", "Use an https address.")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


class Keys(jwt.PyJWKClient):
    """Google's keys, cached for an hour; an unknown key id asks again at most every 30 s, a failure every 5 s."""

    def __init__(self, url: str) -> None:
        super().__init__(
            url, timeout=FETCH_SECONDS, lifespan=LIFESPAN_SECONDS, cooldown_duration=PAUSE_SECONDS, cache_keys=False
        )
        self._not_before = 0.0

    def fetch_data(self) -> jwt.PyJWKSet:
        """The key set, within bounds of time and size, without following redirects.

        Raises:
            PyJWKClientConnectionError: it cannot be had; the keys that are cached stay.
        """
        if time.monotonic() < self._not_before:
            raise PyJWKClientConnectionError("The keys could not be read a moment ago.")
        try:
            return jwt.PyJWKSet.from_dict(json.loads(self._download()))
        # Not only what the connection raises: half an answer is not JSON, and JSON need not be a key set.
        except (OSError, HTTPException, ValueError, RecursionError, jwt.PyJWTError, AttributeError, TypeError) as error:
            self._not_before = time.monotonic() + PAUSE_AFTER_FAILURE_SECONDS
            if isinstance(error, HTTPError):
                error.close()
            raise PyJWKClientConnectionError(f"The keys at {self.uri} cannot be read: {error}") from error

    def _download(self) -> bytes:
        opener = urllib.request.build_opener(_NoRedirect())
        deadline = time.monotonic() + FETCH_SECONDS
        found = b""
        with opener.open(self.uri, timeout=FETCH_SECONDS) as response:
            while piece := response.read1(65_536):
                found += piece
                if len(found) > LARGEST_BYTES:
                    raise ValueError(f"more than {LARGEST_BYTES:,} bytes")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not complete after {FETCH_SECONDS:g} s")
        return found
