"""Stand-ins for what the dispatcher works with."""

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from telecom.errors import TokenRefused
from telecom.ports import Caller, PipelineRequest, PipelineRun, StepRun

SUBSCRIPTION = "projects/p/subscriptions/churn"
PUSHER = "scheduler@p.iam.gserviceaccount.com"


class FakeIdentity:
    """The token `NAME@@AUDIENCE` is NAME's, for that audience."""

    def verify(self, token: str, audience: str) -> Caller:
        name, _, meant = token.partition("@@")
        if meant != audience:
            raise TokenRefused("audience")
        return Caller(name, {"email": name})


class FakePipelines:
    """Starts nothing. `behave` may raise, return a state or take its time; a job id is started once."""

    def __init__(self) -> None:
        self.requests: list[PipelineRequest] = []
        self.behave: Callable[[PipelineRequest], str] = lambda _: "succeeded"
        self.known: dict[str, str] = {}
        self.lock = threading.Lock()

    def start(self, request: PipelineRequest, on_step: Callable[[StepRun], None] | None = None) -> PipelineRun:
        with self.lock:
            self.requests.append(request)
        if on_step:
            on_step(StepRun("train", "running"))
        already = request.job_id in self.known
        state: Any = self.known.get(request.job_id) or self.behave(request)
        self.known[request.job_id] = state
        steps = (StepRun("train", "succeeded", 1.5, {"auc": 0.8, "loss": float("nan")}),)
        return PipelineRun(request.job_id, state, f"link/{request.job_id}", already, steps)


def message(payload: Any, message_id: str = "7", **more: Any) -> dict[str, Any]:
    """A push request of Pub/Sub as it is sent today, each name twice."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    published = "2026-11-20T06:00:00.123Z"
    inner = {"data": base64.b64encode(data).decode(), "messageId": message_id, "message_id": message_id}
    inner |= {"publishTime": published, "publish_time": published, "attributes": {"origin": "scheduler"}}
    return {"message": inner, "subscription": SUBSCRIPTION} | more


def request_of(order: Any) -> PipelineRequest:
    return PipelineRequest(Path("spec.yaml"), order.job_id, dict(order.parameters), {"pipeline": order.pipeline})


@contextmanager
def served(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of the app behind a real server on a free port; the server has ended properly when this ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
            yield client
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()
