"""Cloud Run's Admin API v2 over REST: google-cloud-run is one more gRPC client for three calls, so it is not used.

TELECOM_RUN_EMULATOR_HOST (`http://host:port`) leads here instead of to Google, without credentials.
"""

import os
from collections.abc import Iterator, Mapping

from telecom.adapters.gcp._errors import IDEMPOTENT
from telecom.adapters.gcp._patience import Patience
from telecom.adapters.gcp._rest import Json, call
from telecom.errors import DependencyUnavailable
from telecom.settings import Settings

HOST = "https://run.googleapis.com"
PATIENCE = Patience(seconds=290.0, first=0.5, longest=5.0)
"""A change of traffic takes seconds; what has not happened within five minutes is said to have failed."""


class RunApi:
    """The services of one project and region. Every answer is the JSON of the published resource."""

    def __init__(self, settings: Settings, patience: Patience = PATIENCE) -> None:
        self._parent = f"projects/{settings.project}/locations/{settings.region}"
        self._patience = patience

    def service(self, name: str) -> Json:
        """A service as it is wanted (`traffic`) and as it is (`trafficStatuses`)."""
        return self._get(f"{self._parent}/services/{name}")

    def revisions(self, service: str) -> Iterator[Json]:
        """Every revision of a service, page by page."""
        page: Json = {}
        while True:
            token = {"pageToken": page["nextPageToken"]} if page else {}
            page = self._get(f"{self._parent}/services/{service}/revisions", {"pageSize": "100"} | token)
            yield from page.get("revisions", ())
            if not page.get("nextPageToken"):
                return

    def change_traffic(self, service: str, targets: list[Json], etag: str) -> None:
        """Replaces the traffic of a service that is as `etag` says, and waits until it is so.

        Raises:
            google.api_core.exceptions.Conflict: the service was changed meanwhile, or the answer to us got lost.
            DependencyUnavailable: Cloud Run says that it cannot be done, or takes too long.
        """
        path = f"{self._parent}/services/{service}"
        operation = _call("PATCH", path, {"updateMask": "traffic"}, {"traffic": targets, "etag": etag})
        self.wait(operation, service)

    def wait(self, operation: Json, service: str) -> None:
        """Until a long-running operation has ended.

        Raises:
            DependencyUnavailable: it failed, or takes too long.
        """

        def ended() -> Json | None:
            now = operation if operation.get("done") else self._get(operation["name"])
            return now if now.get("done") else None

        done = self._patience.until(ended, f"The change of {service}")
        if error := done.get("error"):
            raise DependencyUnavailable(
                f"Cloud Run did not change {service}: {error.get('message', error)}", "Look at the revision's log."
            )

    def settled(self, service: str) -> Json:
        """The service once nothing is under way any more."""

        def settled() -> Json | None:
            found = self.service(service)
            return None if found.get("reconciling") else found

        return self._patience.until(settled, f"The change of {service}")

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        return IDEMPOTENT(_call)("GET", path, query)  # type: ignore[no-any-return]


def run_emulator() -> str:
    """Where Cloud Run's API is instead of at Google; empty for Google."""
    return os.environ.get("TELECOM_RUN_EMULATOR_HOST", "")


def _call(method: str, path: str, query: Mapping[str, str] | None = None, body: Json | None = None) -> Json:
    return call(run_emulator(), method, f"{run_emulator() or HOST}/v2/{path}", query, body)
