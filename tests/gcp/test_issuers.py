"""Assertions of Identity-Aware Proxy, and tokens of an issuer of one's own, against published keys."""

import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from telecom.adapters.gcp.issuers import IAP_ISSUER, IapIdentity, OidcIdentity
from telecom.errors import TokenRefused, UsageError
from telecom.settings import Settings
from tests.loopback.google_keys import GoogleKeys

AUDIENCE = "/projects/123/global/backendServices/456"
ISSUER = "https://login.example"
SETTINGS = Settings(backend="gcp", project="telecom-test")


class ProxyKeys(GoogleKeys):
    """The same page with a key of the proxy's kind."""

    def __init__(self) -> None:
        super().__init__()
        self.own = ec.generate_private_key(ec.SECP256R1())
        self.more = [
            json.loads(ECAlgorithm.to_jwk(self.own.public_key())) | {"kid": "iap", "alg": "ES256", "use": "sig"}
        ]

    def assertion(self, **more: Any) -> str:
        now = int(time.time())
        claims = {"iss": IAP_ISSUER, "aud": AUDIENCE, "sub": "accounts.google.com:1", "email": "ana@example.com"}
        claims = {name: value for name, value in ({**claims, "iat": now, "exp": now + 600} | more).items() if value}
        return jwt.encode(claims, self.own, algorithm="ES256", headers={"kid": "iap"})


@pytest.fixture(scope="module")
def keys() -> Iterator[ProxyKeys]:
    made = ProxyKeys()
    with made.serving():
        yield made


def refusal(identity: Any, token: str, audience: str = AUDIENCE) -> str:
    with pytest.raises(TokenRefused) as caught:
        identity.verify(token, audience)
    return caught.value.reason


def test_the_proxy_names_who_signed_in(keys: ProxyKeys) -> None:
    assert IapIdentity(SETTINGS, keys.url).verify(keys.assertion(), AUDIENCE).name == "ana@example.com"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "/projects/123/global/backendServices/457"}, "audience"),
        ({"iss": "https://accounts.google.com"}, "issuer"),
        ({"exp": 1_000}, "expired"),
        ({"email": None}, "email"),
        ({"sub": None}, "claim_missing"),
    ],
)
def test_other_assertions_are_refused(keys: ProxyKeys, claims: dict[str, Any], reason: str) -> None:
    assert refusal(IapIdentity(SETTINGS, keys.url), keys.assertion(**claims)) == reason


def test_each_issuer_has_its_own_algorithm(keys: ProxyKeys) -> None:
    plain = keys.sign(keys.claims(AUDIENCE, iss=IAP_ISSUER))
    assert refusal(IapIdentity(SETTINGS, keys.url), plain) == "algorithm"
    assert refusal(OidcIdentity(SETTINGS, ISSUER, keys.url), keys.assertion(iss=ISSUER)) == "algorithm"
    stranger = jwt.encode(
        {"iss": IAP_ISSUER, "aud": AUDIENCE}, ec.generate_private_key(ec.SECP256R1()), "ES256", {"kid": "iap"}
    )
    assert refusal(IapIdentity(SETTINGS, keys.url), stranger) == "signature"


def test_an_issuer_of_ones_own_says_who_is_who(keys: ProxyKeys) -> None:
    identity = OidcIdentity(SETTINGS, ISSUER, keys.url)
    claims = keys.claims(AUDIENCE, iss=ISSUER, kind="customer", customer="c1")
    named = identity.verify(keys.sign(claims), AUDIENCE)
    assert named.claims["customer"] == "c1" and named.name == claims["email"]
    del claims["email"], claims["email_verified"]
    assert identity.verify(keys.sign(claims), AUDIENCE).name == claims["sub"]
    assert refusal(identity, keys.sign(keys.claims(AUDIENCE))) == "issuer", "Google's own tokens carry no roles"
    assert refusal(identity, keys.sign(keys.claims(AUDIENCE, iss=ISSUER, email_verified=False))) == "email"


def test_keys_that_cannot_be_trusted_or_had(keys: ProxyKeys) -> None:
    with pytest.raises(UsageError):
        OidcIdentity(SETTINGS, ISSUER, "")
    with pytest.raises(UsageError):
        OidcIdentity(SETTINGS, ISSUER, "http://keys.example/jwks")
    away = IapIdentity(SETTINGS, "http://127.0.0.1:1/keys")
    assert refusal(away, keys.assertion()) == "keys_unavailable"
