"""The dispatcher in process, with a client: on one machine (`local`) and as on Google Cloud (`cloud`)."""

import io
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpx import Response

from mlops.src.serving.dispatcher import Wiring, create_app
from mlops.src.serving.dispatcher_runs import Standing
from mlops.tests.serving.fakes import PUSHER, FakeIdentity, FakePipelines, message, request_of, served
from telecom.logs import JsonFormatter

AUDIENCE = "https://dispatcher.example"
TOKEN = f"{PUSHER}@@{AUDIENCE}"
CHURN = {"pipeline": "churn", "parameters": {"snapshot_date": "2026-11-20"}}


def wiring_of(pipelines: Callable[[], FakePipelines], **more: Any) -> Wiring:
    """A service over stand-ins, on one machine unless told otherwise."""
    ours: dict[str, Any] = {
        "identity": FakeIdentity(),
        "audience": AUDIENCE,
        "pushers": frozenset([PUSHER]),
        "pipelines": pipelines,
        "request": request_of,
        "known": lambda _: None,
        "link": lambda _: "",
        "background": True,
        "drain_seconds": 5.0,
    }
    return Wiring(**ours | more)


class Service:
    """A client, and what stands behind the service."""

    def __init__(self, *, background: bool, **more: Any) -> None:
        self.known: dict[str, Standing] = {}
        self.fresh()
        more = {"known": self.known.get, "background": background} | more
        self.serving = served(create_app(wiring_of(lambda: self.pipelines, **more)))

    def __enter__(self) -> "Service":
        self.client = self.serving.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.serving.__exit__(*error)

    def fresh(self) -> "Service":
        """The same server with a new backend, and messages that it has not seen."""
        self.pipelines = FakePipelines()
        self.known.clear()
        self.prefix = uuid.uuid4().hex
        return self

    def send(self, payload: Any = CHURN, message_id: str = "7", token: str = TOKEN, **more: Any) -> Response:
        return self.post(message(payload, self.prefix + message_id, **more), token)

    def post(self, body: Any, token: str = TOKEN) -> Response:
        headers = {"Authorization": f"Bearer {token}"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post("/events", content=content, headers=headers)

    def run(self, job_id: str) -> dict[str, Any]:
        found = self.client.get(f"/runs/{job_id}", headers={"Authorization": f"Bearer {TOKEN}"})
        assert found.status_code == 200
        return dict(found.json())

    def ended(self, job_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + 10
        while (found := self.run(job_id))["state"] in ("waiting", "running"):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        return found


@pytest.fixture(scope="module")
def both() -> Iterator[dict[str, Service]]:
    """Two servers for all tests that do not end them."""
    with Service(background=True) as local, Service(background=False) as cloud:
        yield {"local": local, "cloud": cloud}


@pytest.fixture
def local(both: dict[str, Service]) -> Service:
    return both["local"].fresh()


@pytest.fixture
def cloud(both: dict[str, Service]) -> Service:
    return both["cloud"].fresh()


@pytest.fixture(params=["local", "cloud"])
def service(request: pytest.FixtureRequest, both: dict[str, Service]) -> Service:
    return both[request.param].fresh()


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter("telecom-test"))
    logger = logging.getLogger("mlops.src.serving")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)
