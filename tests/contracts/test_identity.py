"""What every Identity promises: who is certainly the caller is named, everything else is refused alike."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telecom.adapters.gcp.identity import GoogleIdentity
from telecom.adapters.local.identity import LocalIdentity
from telecom.errors import TokenRefused
from telecom.ports import Identity
from telecom.settings import Settings
from tests.loopback.google_keys import GoogleKeys

AUDIENCE = "https://dispatcher.example"


@dataclass
class Issuer:
    """Somebody who issues good tokens, and any other."""

    identity: Identity
    name: str
    claims: Callable[..., dict[str, Any]]
    sign: Callable[[dict[str, Any]], str]

    def refusal(self, token: str, audience: str = AUDIENCE) -> str:
        with pytest.raises(TokenRefused) as caught:
            self.identity.verify(token, audience)
        assert str(caught.value) == str(TokenRefused("any")), "the sentence says nothing about the reason"
        return caught.value.reason


@pytest.fixture(scope="module", params=["local", "gcp"])
def issuer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    if request.param == "local":
        yield local_issuer(tmp_path_factory.mktemp("identity"))
        return
    with GoogleKeys().serving() as keys:
        identity = GoogleIdentity(Settings(backend="gcp", project="telecom-test"), keys.url)
        claims = keys.claims(AUDIENCE)
        yield Issuer(identity, claims["email"], lambda **more: keys.claims(AUDIENCE, **more), keys.sign)


def local_issuer(home: Path) -> Issuer:
    identity = LocalIdentity(Settings(home=home))
    issued = jwt.decode(identity.issue("scheduler", AUDIENCE), options={"verify_signature": False})
    key = bytes.fromhex((home / "dev-token.key").read_text())
    return Issuer(identity, "scheduler", lambda **more: issued | more, lambda claims: jwt.encode(claims, key, "HS256"))


def test_a_good_token_names_its_caller(issuer: Issuer) -> None:
    caller = issuer.identity.verify(issuer.sign(issuer.claims(extra=[1])), AUDIENCE)
    assert (caller.name, caller.claims["extra"], caller.claims["aud"]) == (issuer.name, [1], AUDIENCE)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "https://other.example"}, "audience"),
        ({"aud": [AUDIENCE]}, "audience"),
        ({"aud": AUDIENCE.upper()}, "audience"),
        ({"iss": "https://evil.example"}, "issuer"),
        ({"iss": ""}, "issuer"),
        ({"exp": 1_000}, "expired"),
        ({"exp": "soon"}, "malformed"),
        ({"exp": float("inf")}, "malformed"),
        ({"exp": [1]}, "malformed"),
        ({"iat": 4_000_000_000}, "not_yet_valid"),
        ({"nbf": 4_000_000_000}, "not_yet_valid"),
        ({"sub": 7}, "malformed"),
        *(({name: None}, "claim_missing") for name in ("aud", "exp", "iat", "iss", "sub")),
    ],
)
def test_signed_tokens_with_a_wrong_claim_are_refused(issuer: Issuer, claims: dict[str, Any], reason: str) -> None:
    said = {name: value for name, value in issuer.claims(**claims).items() if value is not None}
    assert issuer.refusal(issuer.sign(said)) == reason


def test_the_clocks_may_differ_a_little(issuer: Issuer) -> None:
    now = int(time.time())
    assert issuer.identity.verify(issuer.sign(issuer.claims(exp=now - 3)), AUDIENCE)
    assert issuer.refusal(issuer.sign(issuer.claims(exp=now - 60))) == "expired"


def test_without_an_audience_nobody_is_let_in(issuer: Issuer) -> None:
    assert issuer.refusal(issuer.sign(issuer.claims()), "") == "audience"
    assert issuer.refusal(issuer.sign(issuer.claims(aud="")), "") == "audience"


def test_tokens_that_are_not_signed_as_agreed_are_refused(issuer: Issuer) -> None:
    good = issuer.sign(issuer.claims())
    header, payload, signature = good.split(".")
    kid = jwt.get_unverified_header(good).get("kid", "first")
    forged = encoded(issuer.claims(sub="root", email="root@example.com"))
    assert issuer.refusal(f"{header}.{forged}.{signature}") == "signature"
    assert issuer.refusal(f"{header}.{payload}.") == "signature"
    for none in ("none", "None", "NONE"):
        assert issuer.refusal(f"{encoded({'alg': none, 'typ': 'JWT', 'kid': kid})}.{payload}.") == "algorithm"
    for algorithm in ("HS384", "HS512"):
        assert issuer.refusal(jwt.encode(issuer.claims(), b"k" * 64, algorithm, {"kid": kid})) == "algorithm"


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


GARBAGE = ["", ".", "..", "a.b.c", "Bearer x", "é.ü.ß", "\ud800", "x" * 9_000, "null", "e30.e30.", "W10.W10.W10"]


@pytest.mark.parametrize("token", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_refused(issuer: Issuer, token: str) -> None:
    assert issuer.refusal(token) in ("malformed", "algorithm", "too_long")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_changed_token_passes(issuer: Issuer, data: st.DataObject) -> None:
    good = issuer.sign(issuer.claims())
    place = data.draw(st.integers(0, len(good) - 1))
    piece = data.draw(st.text(max_size=4))
    changed = good[:place] + piece + good[place + data.draw(st.integers(0, 4)) :]
    try:
        caller = issuer.identity.verify(changed, AUDIENCE)
    except TokenRefused:
        return
    # Base64 leaves some last bits unused: such a token says and is signed the same.
    assert caller.claims == issuer.identity.verify(good, AUDIENCE).claims
