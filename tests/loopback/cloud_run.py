"""Cloud Run's Admin API v2, as far as traffic goes: services, revisions, etags, operations, tagged addresses.

It holds what the published reference says: a change of traffic names its revisions, adds up to 100, is refused with 409
where the etag is not the present one, and takes effect when its operation has ended.
"""

import json
import re
import threading
from collections.abc import Callable
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from tests.loopback.faults import Faults
from tests.loopback.rest import RestHandler, RestServer

Json = dict[str, Any]
App = Callable[[str, str, str, bytes], tuple[int, bytes]]
REVISION, LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
PARENT = "projects/telecom-test/locations/us-central1"
FIELDS = frozenset({"type", "revision", "percent", "tag"})


class CloudRunServer(RestServer):
    """`url` is what TELECOM_RUN_EMULATOR_HOST wants. `deploy` is what `gcloud run deploy` does.

    `app(revision, method, path, body)` answers what comes to a tagged address; `polls` is how often an operation is
    looked at before it has ended, `complaint` what it then fails with, `page_limit` the longest page of a list.
    """

    def __init__(self, faults: Faults) -> None:
        super().__init__(_Handler, faults)
        self.lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """No services, calls or operations."""
        self.services: dict[str, Json] = {}
        self.revisions: dict[str, list[Json]] = {}
        self.operations: dict[str, list[Any]] = {}
        self.polls, self.page_limit, self.complaint = 1, 100, ""
        self.app: App = lambda revision, method, path, body: (404, b"")
        self.calls.clear()

    def deploy(self, service: str, revision: str, *, tag: str = "", ready: bool = True, **variables: str) -> None:
        """A new revision; the first gets all requests (as "latest"), others none."""
        name = f"{PARENT}/services/{service}"
        made = self.revisions.setdefault(name, [])
        if not made:
            target = {"type": LATEST, "percent": 100}
            self.services[name] = {
                "name": name,
                "uri": f"https://{service}.example",
                "etag": '"0"',
                "traffic": [target],
            }
        elif self.services[name]["traffic"][0]["type"] == LATEST:
            pinned = {"type": REVISION, "revision": _short(made[-1]["name"]), "percent": 100}
            self.services[name]["traffic"][0] = pinned
        state = "CONDITION_SUCCEEDED" if ready else "CONDITION_FAILED"
        made.append(
            {
                "name": f"{name}/revisions/{revision}",
                "createTime": f"2026-11-20T06:{len(made):02d}:00.123456789Z",
                "conditions": [{"type": "Active", "state": "CONDITION_SUCCEEDED"}, {"type": "Ready", "state": state}],
                "containers": [{"image": "i", "env": [{"name": n, "value": v} for n, v in variables.items()]}],
            }
        )
        if tag:
            self.services[name]["traffic"].append({"type": REVISION, "revision": revision, "tag": tag})
        self.services[name]["latestReadyRevision"] = made[-1]["name"]
        self.touch(service)

    def touch(self, service: str) -> None:
        """Makes the service another one than before: a new etag."""
        stored = self.services[f"{PARENT}/services/{service}"]
        stored["etag"] = f'"{int(stored["etag"].strip(chr(34))) + 1}"'
        stored["trafficStatuses"] = [self._status(stored, target) for target in stored["traffic"]]

    def shares(self, service: str) -> dict[str, int]:
        """Percentages of the revisions that get requests."""
        statuses = self.services[f"{PARENT}/services/{service}"]["trafficStatuses"]
        return {status["revision"]: status["percent"] for status in statuses if status.get("percent")}

    def change(self, name: str, wanted: Json) -> Json:
        """Begins to change a service's traffic; returns the operation."""
        operation = f"{PARENT}/operations/{len(self.operations) + 1}"
        self.operations[operation] = [self.polls, name, wanted["traffic"], self.complaint]
        self.services[name]["reconciling"] = True
        return self.operation(operation, looked=False)

    def operation(self, name: str, *, looked: bool = True) -> Json:
        """An operation as it stands; what it changes is changed when it has ended."""
        entry = self.operations[name]
        polls, service, traffic, complaint = entry
        entry[0] = polls - looked
        if entry[0] > 0:
            return {"name": name, "metadata": {}}
        stored = self.services[service]
        if stored.pop("reconciling", False) and not complaint:
            stored["traffic"] = traffic
            self.touch(_short(service))
        ended = {"error": {"code": 9, "message": complaint}} if complaint else {"response": dict(stored)}
        return {"name": name, "done": True, **ended}

    def _status(self, stored: Json, target: Json) -> Json:
        revision = target.get("revision") or _short(stored["latestReadyRevision"])
        status = {**target, "revision": revision}
        return status | ({"uri": f"{self.url}/-/{target['tag']}"} if target.get("tag") else {})


class _Handler(RestHandler):
    server_state: ClassVar[CloudRunServer]

    def respond(self, method: str) -> None:
        state, url = self.server_state, urlsplit(self.path)
        if tagged := re.fullmatch(r"/-/([\w-]+)(/.*)", url.path):
            self._tagged(method, tagged[1], tagged[2] + (f"?{url.query}" if url.query else ""))
            return
        with state.lock:
            status, answer = self._api(method, url.path.removeprefix("/v2/"), parse_qs(url.query))
        if status >= 400:
            self.refuse(status, answer["message"], answer.get("reason", ""))
        else:
            self._write(status, json.dumps(answer).encode())

    def _api(self, method: str, path: str, query: dict[str, list[str]]) -> tuple[int, Json]:
        state = self.server_state
        if path in state.operations and method == "GET":
            return 200, state.operation(path)
        name, _, below = path.partition("/revisions")
        if name not in state.services or below:
            return 404, {"message": f"Resource '{path}' was not found."}
        if path.endswith("/revisions"):
            return 200, self._page(state.revisions[name], query)
        if method == "GET":
            stored = state.services[name]
            # Whoever reads a service while it is changed sees the end of it one look later.
            for operation in state.operations:
                state.operation(operation)
            return 200, dict(stored)
        return self._patch(name, query) if method == "PATCH" else (405, {"message": "no such method"})

    def _page(self, rows: list[Json], query: dict[str, list[str]]) -> Json:
        start = int(query.get("pageToken", ["0"])[0])
        end = start + min(int(query.get("pageSize", ["100"])[0]), self.server_state.page_limit)
        newest_first = rows[::-1]
        more = {"nextPageToken": str(end)} if end < len(rows) else {}
        return {"revisions": newest_first[start:end], **more}

    def _patch(self, name: str, query: dict[str, list[str]]) -> tuple[int, Json]:
        state, wanted = self.server_state, json.loads(self.body)
        stored, known = state.services[name], {_short(each["name"]) for each in state.revisions[name]}
        if query.get("updateMask") != ["traffic"] or wanted.keys() - {"traffic", "etag"}:
            return 400, {"message": "The loopback server changes traffic alone, by its mask."}
        if wanted.get("etag", stored["etag"]) != stored["etag"]:
            return 409, {"message": f"Conflict for resource '{name}'.", "reason": "ABORTED"}
        targets = wanted["traffic"]
        if any(target.keys() - FIELDS or target.get("revision", "") not in known | {""} for target in targets):
            return 400, {"message": "Revision is not found, or a field is unknown."}
        if sum(target.get("percent", 0) for target in targets) != 100:
            return 400, {"message": "Traffic does not add up to 100."}
        return 200, state.change(name, wanted)

    def _tagged(self, method: str, tag: str, path: str) -> None:
        for stored in self.server_state.services.values():
            for status in stored["trafficStatuses"]:
                if status.get("tag") == tag:
                    self._write(*self.server_state.app(status["revision"], method, path, self.body))
                    return
        self.refuse(404, f"No tag {tag}.")

    def _write(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _short(name: str) -> str:
    return name.rpartition("/")[2]
