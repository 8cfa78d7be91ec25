"""A Google Cloud project as its REST APIs tell it: services, IAM, quotas, federation, billing, buckets, datasets.

`url` is what TELECOM_REST_EMULATOR_HOST wants; the first part of a path is the host that was meant. Answers have the
fields of the published resources; lists come in pages of two.
"""

import json
import re
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.loopback.faults import Faults
from tests.loopback.rest import RestHandler, RestServer

Json = dict[str, Any]
NUMBER = "1234"
PAGE = 2
DISABLED = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    "reason": "SERVICE_DISABLED",
    "domain": "googleapis.com",
}


class ProjectServer(RestServer):
    """Public fields are the project's state; `off` are hosts whose API is off, `denied` hosts that let nobody in."""

    def __init__(self, project: str, faults: Faults) -> None:
        super().__init__(_Handler, faults)
        self.project, self.shared_faults = project, faults
        self.services: list[str] = []
        self.permissions: dict[str, set[str]] = {}
        self.bindings: list[Json] = []
        self.buckets: dict[str, str] = {}
        self.datasets: dict[str, str] = {}
        self.quotas: dict[str, list[Json]] = {}
        self.pools: dict[str, list[Json]] = {}
        self.billing: Json = {}
        self.budgets: list[Json] = []
        self.off: set[str] = set()
        self.denied: set[str] = set()


class _Handler(RestHandler):
    server_state: ClassVar[ProjectServer]

    def respond(self, method: str) -> None:
        url = urlsplit(self.path)
        host, _, path = url.path.removeprefix("/").partition("/")
        if host in self.server_state.off:
            self._write(403, {"error": {"code": 403, "message": f"{host} is off.", "details": [DISABLED]}})
        elif host in self.server_state.denied:
            self._write(403, {"error": {"code": 403, "message": "Permission denied."}})
        else:
            self._write(*self._api(f"{method} {host}/{path}", parse_qs(url.query)))

    def _api(self, call: str, query: dict[str, list[str]]) -> tuple[int, Json]:
        for pattern, answer in ROUTES:
            if found := re.fullmatch(pattern, call):
                result = answer(self.server_state, query, json.loads(self.body or b"{}"), *found.groups())
                return (404, _refusal(404, f"{call} was not found.")) if result is None else (200, result)
        return 404, _refusal(404, f"The loopback server does not know {call}.")

    def _write(self, status: int, answer: Json) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _refusal(code: int, message: str) -> Json:
    return {"error": {"code": code, "message": message, "status": "NOT_FOUND"}}


def _page(field: str, items: list[Json], query: dict[str, list[str]]) -> Json:
    start = int(query.get("pageToken", ["0"])[0])
    more = {"nextPageToken": str(start + PAGE)} if start + PAGE < len(items) else {}
    return {field: items[start : start + PAGE], **more}


def _allowed(server: ProjectServer, resource: str, asked: list[str]) -> Json | None:
    if resource not in server.permissions:
        return None
    held = [each for each in asked if each in server.permissions[resource]]
    return {"permissions": held} if held else {}


def _project(server: ProjectServer, query: Any, body: Json, project: str) -> Json | None:
    return (
        {"name": f"projects/{NUMBER}", "projectId": project, "state": "ACTIVE"} if project == server.project else None
    )


def _services(server: ProjectServer, query: dict[str, list[str]], body: Json) -> Json:
    assert query["filter"] == ["state:ENABLED"]
    found = [{"name": f"projects/{NUMBER}/services/{name}", "state": "ENABLED"} for name in server.services]
    return _page("services", found, query)


def _pools(server: ProjectServer, query: dict[str, list[str]], body: Json, project: str) -> Json:
    names = [{"name": f"projects/{NUMBER}/locations/global/workloadIdentityPools/{pool}"} for pool in server.pools]
    return _page("workloadIdentityPools", names, query)


def _providers(server: ProjectServer, query: dict[str, list[str]], body: Json, pool: str) -> Json:
    base = f"projects/{NUMBER}/locations/global/workloadIdentityPools/{pool}/providers"
    found = [{"name": f"{base}/{each['id']}", **each} for each in server.pools[pool]]
    return _page("workloadIdentityPoolProviders", found, query)


def _bucket(server: ProjectServer, query: Any, body: Json, name: str) -> Json | None:
    return {"location": server.buckets[name]} if name in server.buckets else None


def _dataset(server: ProjectServer, query: Any, body: Json, name: str) -> Json | None:
    return {"location": server.datasets[name]} if name in server.datasets else None


Answer = Callable[..., Json | None]
ROUTES: tuple[tuple[str, Answer], ...] = (
    (r"GET cloudresourcemanager\.googleapis\.com/v3/projects/([\w-]+)", _project),
    (
        r"POST cloudresourcemanager\.googleapis\.com/v3/projects/[\w-]+:getIamPolicy",
        lambda server, query, body: {"version": 3, "bindings": server.bindings},
    ),
    (
        r"POST cloudresourcemanager\.googleapis\.com/v3/(projects/[\w-]+):testIamPermissions",
        lambda server, query, body, name: _allowed(server, name, body["permissions"]),
    ),
    (r"GET serviceusage\.googleapis\.com/v1/projects/[\w-]+/services", _services),
    (
        r"POST iam\.googleapis\.com/v1/projects/-/(serviceAccounts/[^:]+):testIamPermissions",
        lambda server, query, body, name: _allowed(server, name, body["permissions"]),
    ),
    (r"GET iam\.googleapis\.com/v1/projects/([\w-]+)/locations/global/workloadIdentityPools", _pools),
    (
        rf"GET iam\.googleapis\.com/v1/projects/{NUMBER}/locations/global/workloadIdentityPools/([\w-]+)/providers",
        _providers,
    ),
    (r"GET storage\.googleapis\.com/storage/v1/b/([\w-]+)", _bucket),
    (
        r"GET storage\.googleapis\.com/storage/v1/(b/[\w-]+)/iam/testPermissions",
        lambda server, query, body, name: _allowed(server, name, query["permissions"]),
    ),
    (r"GET bigquery\.googleapis\.com/bigquery/v2/projects/[\w-]+/datasets/(\w+)", _dataset),
    (
        r"POST bigquery\.googleapis\.com/bigquery/v2/projects/[\w-]+/(datasets/\w+/tables/\w+):testIamPermissions",
        lambda server, query, body, name: _allowed(server, name, body["permissions"]),
    ),
    (
        r"GET cloudquotas\.googleapis\.com/v1/projects/[\w-]+/locations/global/services/([\w.]+)/quotaInfos",
        lambda server, query, body, name: _page("quotaInfos", server.quotas.get(name, []), query),
    ),
    (
        r"GET cloudbilling\.googleapis\.com/v1/projects/[\w-]+/billingInfo",
        lambda server, query, body: server.billing,
    ),
    (
        r"GET billingbudgets\.googleapis\.com/v1/billingAccounts/[\w-]+/budgets",
        lambda server, query, body: _page("budgets", server.budgets, query),
    ),
)
