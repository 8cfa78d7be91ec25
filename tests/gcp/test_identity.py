"""Google's tokens: keys fetched over HTTP within bounds, cached, and never guessed at."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from telecom.adapters.gcp import identity as module
from telecom.adapters.gcp.identity import GoogleIdentity
from telecom.errors import TokenRefused, UsageError
from telecom.settings import Settings
from tests.loopback.google_keys import EMAIL, GoogleKeys

AUDIENCE = "https://dispatcher.example"
SETTINGS = Settings(backend="gcp", project="telecom-test")


@pytest.fixture
def keys() -> Iterator[GoogleKeys]:
    with GoogleKeys().serving() as served:
        yield served


@pytest.fixture
def google(keys: GoogleKeys) -> GoogleIdentity:
    return GoogleIdentity(SETTINGS, keys.url)


def refusal(google: GoogleIdentity, token: str) -> str:
    with pytest.raises(TokenRefused) as caught:
        google.verify(token, AUDIENCE)
    return caught.value.reason


def test_the_keys_are_read_once(keys: GoogleKeys, google: GoogleIdentity) -> None:
    for _ in range(5):
        assert google.verify(keys.sign(keys.claims(AUDIENCE)), AUDIENCE).name == EMAIL
    assert keys.requests == 1


def test_both_spellings_of_the_issuer_are_google(keys: GoogleKeys, google: GoogleIdentity) -> None:
    assert google.verify(keys.sign(keys.claims(AUDIENCE, iss="accounts.google.com")), AUDIENCE).name == EMAIL


@pytest.mark.parametrize("claims", [{"email_verified": False}, {"email_verified": "true"}, {"email": ""}, {"email": 5}])
def test_only_a_verified_address_is_a_name(keys: GoogleKeys, google: GoogleIdentity, claims: dict[str, Any]) -> None:
    assert refusal(google, keys.sign(keys.claims(AUDIENCE, **claims))) == "email"


def test_a_token_without_an_address_has_no_name(keys: GoogleKeys, google: GoogleIdentity) -> None:
    claims = {name: value for name, value in keys.claims(AUDIENCE).items() if not name.startswith("email")}
    assert refusal(google, keys.sign(claims)) == "email"


def test_a_new_key_is_found_once_the_pause_is_over(
    keys: GoogleKeys, google: GoogleIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    google.verify(keys.sign(keys.claims(AUDIENCE)), AUDIENCE)
    keys.private["second"] = rsa.generate_private_key(65537, 2048)
    assert google.verify(keys.sign(keys.claims(AUDIENCE), "second"), AUDIENCE).name == EMAIL
    assert keys.requests == 2


def test_unknown_key_ids_do_not_make_us_ask_again_and_again(keys: GoogleKeys, google: GoogleIdentity) -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    for number in range(20):
        token = jwt.encode(keys.claims(AUDIENCE), stranger, "RS256", {"kid": f"k{number}"})
        assert refusal(google, token) == "key_unknown"
    assert keys.requests <= 2


def test_a_known_key_id_with_another_key_is_a_forgery(keys: GoogleKeys, google: GoogleIdentity) -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    assert refusal(google, jwt.encode(keys.claims(AUDIENCE), stranger, "RS256", {"kid": "first"})) == "signature"


@pytest.mark.parametrize("kid", ["first", "shared"])
@pytest.mark.parametrize(("algorithm", "reason"), [("HS256", "algorithm"), ("RS256", "signature")])
def test_the_public_key_is_no_shared_secret(
    keys: GoogleKeys, google: GoogleIdentity, kid: str, algorithm: str, reason: str
) -> None:
    public = keys.private["first"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    keys.more = [{"kty": "oct", "kid": "shared", "k": encoded(public), "use": "sig"}]
    signed = encoded(json.dumps({"alg": algorithm, "kid": kid}).encode())
    signed += "." + encoded(json.dumps(keys.claims(AUDIENCE)).encode())
    token = f"{signed}.{encoded(hmac.digest(public, signed.encode(), 'sha256'))}"
    assert refusal(google, token) in (reason, "algorithm")


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.parametrize("kid", [None, "", "k" * 300, 5], ids=str)
def test_a_token_must_name_its_key(keys: GoogleKeys, google: GoogleIdentity, kid: Any) -> None:
    header = {"alg": "RS256"} | ({} if kid is None else {"kid": kid})
    _, payload, signature = keys.sign(keys.claims(AUDIENCE)).split(".")
    token = f"{encoded(json.dumps(header).encode())}.{payload}.{signature}"
    assert refusal(google, token) in ("key_missing", "malformed")
    assert keys.requests == 0, "not worth a request"


def test_a_key_that_is_too_short_signs_nothing(keys: GoogleKeys, google: GoogleIdentity) -> None:
    keys.private["short"] = rsa.generate_private_key(65537, 1024)
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        token = keys.sign(keys.claims(AUDIENCE), "short")
    assert refusal(google, token) == "malformed"


def status(code: int) -> Any:
    return lambda keys, handler: keys.reply(handler, b"{}", code)


def says(body: bytes) -> Any:
    return lambda keys, handler: keys.reply(handler, body)


def hangs_up(_: GoogleKeys, handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"keys": [')


def redirects(keys: GoogleKeys, handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", keys.url.replace("/certs", "/elsewhere"))
    handler.end_headers()


@pytest.mark.parametrize(
    "answer",
    [
        status(500),
        status(404),
        redirects,
        hangs_up,
        *map(says, (b"", b"nonsense", b"[]", b"{}", b'{"keys": [1]}', b'{"keys": "x"}', b"[" * 50_000, b" " * 300_000)),
    ],
)
def test_without_keys_nobody_is_let_in_and_the_server_is_left_in_peace(
    keys: GoogleKeys, google: GoogleIdentity, answer: Any
) -> None:
    good = keys.answer
    keys.answer = lambda handler: answer(keys, handler)
    for _ in range(3):
        assert refusal(google, keys.sign(keys.claims(AUDIENCE))) == "keys_unavailable"
    assert keys.requests == 1
    keys.answer = good


def test_after_a_failure_the_keys_are_asked_for_again(
    keys: GoogleKeys, google: GoogleIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_AFTER_FAILURE_SECONDS", 0.0)
    good = keys.answer
    keys.answer = lambda handler: keys.reply(handler, b"{}", 503)
    token = keys.sign(keys.claims(AUDIENCE))
    assert refusal(google, token) == "keys_unavailable"
    keys.answer = good
    assert google.verify(token, AUDIENCE).name == EMAIL


def test_a_server_that_drips_is_given_up(
    keys: GoogleKeys, google: GoogleIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FETCH_SECONDS", 0.2)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(40):
            try:
                handler.wfile.write(b" ")
            except OSError:
                return
            time.sleep(0.05)

    keys.answer = drip
    assert refusal(google, keys.sign(keys.claims(AUDIENCE))) == "keys_unavailable"


def test_nobody_listening(google: GoogleIdentity, keys: GoogleKeys) -> None:
    alone = GoogleIdentity(SETTINGS, "http://127.0.0.1:1/certs")
    assert refusal(alone, keys.sign(keys.claims(AUDIENCE))) == "keys_unavailable"


def test_where_the_keys_come_from(keys: GoogleKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELECOM_JWKS_URL", keys.url)
    assert GoogleIdentity(SETTINGS).verify(keys.sign(keys.claims(AUDIENCE)), AUDIENCE).name == EMAIL
    for url in ("http://example.com/certs", "file:///etc/passwd", "ftp://127.0.0.1/x", "certs"):
        with pytest.raises(UsageError, match="TELECOM_JWKS_URL"):
            GoogleIdentity(SETTINGS, url)
