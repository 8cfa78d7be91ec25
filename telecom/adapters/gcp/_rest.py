"""Google's REST APIs that have no client among our dependencies, all with one signed-in session.

TELECOM_REST_EMULATOR_HOST (`http://host:port`) leads here instead of to Google, without credentials; the host that was
meant is then the first part of the path.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import from_http_response

from telecom.adapters.gcp._errors import DEADLINE, IDEMPOTENT, vendor_errors

if TYPE_CHECKING:
    from requests import Session

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# They refuse a person's own credentials without a project that answers for the quota.
QUOTA_PROJECT = ("billingbudgets.googleapis.com", "cloudbilling.googleapis.com", "cloudquotas.googleapis.com")

Json = dict[str, Any]
Query = Mapping[str, str | Sequence[str]]


class Rest:
    """Calls that only read, each repeated while Google answers that it may work a moment later.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: Google refuses (all methods).
    """

    def __init__(self, project: str) -> None:
        self._project = project

    def get(self, host: str, path: str, query: Query | None = None) -> Json:
        """One resource."""
        return IDEMPOTENT(self._call)("GET", host, path, query)  # type: ignore[no-any-return]

    def ask(self, host: str, path: str, body: Json) -> Json:
        """A question that is asked by POST, as testIamPermissions is."""
        return IDEMPOTENT(self._call)("POST", host, path, None, body)  # type: ignore[no-any-return]

    def pages(self, host: str, path: str, items: str, query: Query | None = None) -> Iterator[Json]:
        """Every item of a list, page by page; `items` is the field that holds them."""
        token: Json = {}
        while True:
            page = self.get(host, path, {**(query or {}), **token})
            yield from page.get(items, ())
            if not page.get("nextPageToken"):
                return
            token = {"pageToken": page["nextPageToken"]}

    def caller(self) -> str:
        """`serviceAccount:<e-mail>`, or nothing where a person is signed in."""
        email = getattr(getattr(_session(_emulator()), "credentials", None), "service_account_email", None)
        return f"serviceAccount:{email}" if email and "@" in email else ""

    def _call(self, method: str, host: str, path: str, query: Query | None = None, body: Json | None = None) -> Json:
        emulator = _emulator()
        url = f"{emulator}/{host}/{path}" if emulator else f"https://{host}/{path}"
        headers = {"X-Goog-User-Project": self._project} if host in QUOTA_PROJECT else {}
        return call(emulator, method, url, query, body, headers)


def call(
    emulator: str,
    method: str,
    url: str,
    query: Query | None = None,
    body: Json | None = None,
    headers: Mapping[str, str] | None = None,
) -> Json:
    """One request, signed in unless there is an emulator, and its answer.

    Raises:
        google.api_core.exceptions.GoogleAPICallError: Google refuses.
        DependencyUnavailable: signing in fails.
    """
    response = _session(emulator).request(
        method, url, params=dict(query or {}), json=body, headers=dict(headers or {}), timeout=DEADLINE
    )
    if response.status_code >= 400:
        raise from_http_response(response)
    found: Json = response.json()
    return found


def _emulator() -> str:
    return os.environ.get("TELECOM_REST_EMULATOR_HOST", "")


@cache
def _session(emulator: str) -> "Session":
    if emulator:
        from requests import Session

        return Session()
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    with vendor_errors("Signing in to Google Cloud"):
        credentials, _ = google.auth.default(scopes=[SCOPE])
        return AuthorizedSession(credentials)
