"""A service by its address, asked over HTTP."""

import http.client
import urllib.error
import urllib.request
from typing import Any

from mlops.src.release.post_deploy_check import Ask
from telecom.errors import DependencyUnavailable, UsageError
from telecom.ports import Answer

ANSWER_SECONDS = 30.0


def asker(url: str, token: str = "") -> Ask:
    """Sends requests to an address, with a bearer token if one is given.

    An answer that came before the request was sent to its end is the answer: whoever refuses a body need not read it.

    Raises:
        UsageError: it is no address of a web server.
    """
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{url!r} is not the address of a service.", "Write it as http://127.0.0.1:8081")

    opener = urllib.request.build_opener(_Plain, _Secure)

    def ask(path: str, body: bytes | None) -> Answer:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(f"{url.rstrip('/')}{path}", body, headers)  # noqa: S310
        try:
            with opener.open(request, timeout=ANSWER_SECONDS) as response:
                return Answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read())
        except (OSError, http.client.HTTPException) as error:
            raise DependencyUnavailable(f"{url}{path} does not answer: {error}.") from error

    return ask


class _Hearing(http.client.HTTPConnection):
    """Listens even where the other side closed while it was spoken to."""

    def request(self, *given: Any, **named: Any) -> None:
        try:
            super().request(*given, **named)
        except (BrokenPipeError, ConnectionResetError):
            if self.sock is None:
                raise


class _HearingTls(_Hearing, http.client.HTTPSConnection):
    """The same over TLS."""


class _Plain(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Hearing, req)


class _Secure(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HearingTls, req)
