"""Stands in for the page of Google's public keys, and signs tokens as Google would."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

EMAIL = "scheduler@telecom-test.iam.gserviceaccount.com"
Answer = Callable[[BaseHTTPRequestHandler], None]


class GoogleKeys:
    """A server of the keys `private[kid]`; `answer` may be replaced by one that misbehaves."""

    def __init__(self) -> None:
        self.private = {"first": rsa.generate_private_key(65537, 2048)}
        self.more: list[Any] = []
        self.requests = 0
        self.answer: Answer = self._keys
        self.url = ""

    def sign(self, claims: dict[str, Any], kid: str = "first", **header: Any) -> str:
        return jwt.encode(claims, self.private[kid], algorithm="RS256", headers={"kid": kid} | header)

    def claims(self, audience: str, **more: Any) -> dict[str, Any]:
        """What Pub/Sub puts into the token of a push."""
        now = int(time.time())
        ours = {"iss": "https://accounts.google.com", "aud": audience, "azp": "1138", "sub": "1138"}
        return ours | {"email": EMAIL, "email_verified": True, "iat": now, "exp": now + 3_600} | more

    def published(self) -> list[Any]:
        keys = [
            json.loads(RSAAlgorithm.to_jwk(key.public_key())) | {"kid": kid, "alg": "RS256", "use": "sig"}
            for kid, key in self.private.items()
        ]
        return [*keys, *self.more]

    def reply(self, handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _keys(self, handler: BaseHTTPRequestHandler) -> None:
        self.reply(handler, json.dumps({"keys": self.published()}).encode())

    @contextmanager
    def serving(self) -> Iterator["GoogleKeys"]:
        keys = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keys.requests += 1
                keys.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}/certs"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
