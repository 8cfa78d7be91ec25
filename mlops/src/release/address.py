"""A service by its address, asked over HTTP."""

import urllib.error
import urllib.request

from mlops.src.release.post_deploy_check import Ask
from telecom.errors import DependencyUnavailable, UsageError
from telecom.ports import Answer

ANSWER_SECONDS = 30.0


def asker(url: str, token: str = "") -> Ask:
    """Sends requests to an address, with a bearer token if one is given.

    Raises:
        UsageError: it is no address of a web server.
    """
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{url!r} is not the address of a service.", "Write it as http://127.0.0.1:8081")

    def ask(path: str, body: bytes | None) -> Answer:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(f"{url.rstrip('/')}{path}", body, headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:  # noqa: S310
                return Answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read())
        except OSError as error:
            raise DependencyUnavailable(f"{url}{path} does not answer: {error}.") from error

    return ask
