"""The assistant as a process: real HTTP, real signals, a slow language model on loopback, callers who hang up."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.processes.forked import Nursery
from tests.processes.service_process import ServiceProcess, starting

SERVE = (sys.executable, "-m", "telecom", "serve", "assistant")
SLOW_LLM = Path(__file__).with_name("slow_llm.py")
IMPORTED = re.compile(r"^import time: .*\| +(\S+)$", re.MULTILINE)
HEAVY = {"pandas", "mlflow", "xgboost", "optuna", "kfp", "sklearn", "sqlalchemy", "scipy", "google", "grpc", "mlops"}
PAID = {"pydantic_ai", "openai", "httpx2", "griffe", "genai_prices"}
"""What only models of others need."""
HELLO = {"message": "Oi, tudo bem?"}
CHATS = 80


class Process(ServiceProcess):
    """A running assistant."""

    def __init__(self, home: Path, *arguments: str, nursery: Nursery | None = None, **environment: str) -> None:
        command = SERVE[3:] if nursery else SERVE
        super().__init__(home, *command, "--port", "0", *arguments, nursery=nursery, **environment)
        self.door = self.token("ana")

    def token(self, name: str, **claims: Any) -> dict[str, str]:
        agent = {"kind": "agent", "customers": ["*"], "scopes": []}
        return self.bearer(name, "telecom-assistant", claims or agent)

    def chat(self, body: Any = HELLO, **headers: str) -> httpx.Response:
        return self.client.post("/chat", json=body, headers=self.door | headers)

    def running(self) -> float:
        page = self.client.get("/metrics").text
        return float(re.search(r"^assistant_requests_running (\S+)$", page, re.MULTILINE)[1])  # type: ignore[index]


class Chats:
    """Callers who each ask once, or again and again until they are told to stop or an answer closes the connection."""

    def __init__(self, process: Process, callers: int, *, once: bool) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.lost: list[str] = []
        self.ending = threading.Event()
        self._once = once
        address = process.url.removeprefix("http://")
        work = lambda: self._ask(address, process.door)  # noqa: E731
        self.threads = [threading.Thread(target=work) for _ in range(callers)]
        for thread in self.threads:
            thread.start()

    def _ask(self, address: str, headers: dict[str, str]) -> None:
        connection = http.client.HTTPConnection(address, timeout=60)
        while not self.ending.is_set():
            try:
                connection.request("POST", "/chat", json.dumps(HELLO), headers)
                answer = connection.getresponse()
                found = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.lost.append(repr(error))
                return
            self.answers.append((answer.status, found))
            if answer.will_close or self._once:
                return

    def end(self) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join(60)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assistant") / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., Process]]:
    yield from starting(partial(Process, home))


@pytest.fixture
def fork(home: Path, services: Nursery) -> Iterator[Callable[..., Process]]:
    """The same, quicker."""
    yield from starting(partial(Process, home, nursery=services))


@pytest.fixture(scope="module")
def slow_llm() -> Iterator[dict[str, str]]:
    """Settings of a language model that takes two seconds."""
    with subprocess.Popen((sys.executable, str(SLOW_LLM), "2"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield _llm(json.loads(process.stdout.readline())["port"])
        process.terminate()


def _llm(port: int) -> dict[str, str]:
    url = f"http://127.0.0.1:{port}/v1"
    return {"TELECOM_LLM": "openai", "TELECOM_LLM_MODEL": "slow", "TELECOM_LLM_BASE_URL": url}


def test_it_answers_without_anything_and_imports_nothing_heavy(start: Callable[..., Process]) -> None:
    served = start(PYTHONPROFILEIMPORTTIME="1")
    assert served.chat(Authorization="none").status_code == 401
    told = served.chat().json()
    assert told["model"] == "responder-1" and told["message"] and told["usage"]["cost_usd"] == 0
    with served.client.stream(
        "POST", "/chat", json=HELLO, headers=served.door | {"Accept": "text/event-stream"}
    ) as stream:
        kinds = [line.removeprefix("event: ") for line in stream.iter_lines() if line.startswith("event: ")]
    assert kinds[-1] == "done" and set(kinds[:-1]) <= {"token", "tool", "action"}
    claims = jwt.decode(served.door["Authorization"].removeprefix("Bearer "), options={"verify_signature": False})
    key = bytes.fromhex((served.home / "dev-token.key").read_text())
    expired = {"Authorization": f"Bearer {jwt.encode(claims | {'exp': claims['iat'] - 60}, key, 'HS256')}"}
    forged = {"Authorization": f"Bearer {jwt.encode(claims, bytes(32), 'HS256')}"}
    for door in (expired, forged, served.token("x", kind="customer", customer="*")):
        assert served.client.post("/chat", json=HELLO, headers=door).status_code in (401, 403)
    assert served.end() == 0
    imported = _imported(served)
    assert {"fastapi", "llmops"} <= imported and not imported & (HEAVY | PAID), imported & (HEAVY | PAID)


def _imported(served: ServiceProcess) -> set[str]:
    """Packages of which a process loaded a module; one that was refused is named, too, but none of its modules."""
    return {name.split(".")[0] for name in IMPORTED.findall(served.log.read_text()) if "." in name}


def test_it_is_alive_while_many_wait_for_a_slow_model(fork: Callable[..., Process], slow_llm: dict[str, str]) -> None:
    served = fork(**slow_llm)
    assert served.chat().json()["model"] == "slow"
    chats = Chats(served, CHATS, once=True)
    served.until(lambda: served.running() >= CHATS)
    took = []
    while served.running() >= CHATS:
        began = time.monotonic()
        assert served.client.get("/healthz").status_code == 200
        took.append(time.monotonic() - began)
        time.sleep(0.05)
    chats.end()
    assert took and chats.lost == [] and [status for status, _ in chats.answers] == [200] * CHATS
    assert {reply["model"] for _, reply in chats.answers} <= {"slow", "responder-1"}


def test_sigterm_under_load_drops_nothing(fork: Callable[..., Process], slow_llm: dict[str, str]) -> None:
    served = fork(**slow_llm)
    served.chat()
    chats = Chats(served, 8, once=False)
    served.until(lambda: served.running() >= 8)
    assert served.end() == 0
    chats.end()
    assert chats.lost == [] and len(chats.answers) >= 8 and {status for status, _ in chats.answers} == {200}


def test_a_model_that_is_down_is_left_alone(start: Callable[..., Process]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    bounds = {"TELECOM_ASSISTANT_BREAKER_FAILURES": "2", "TELECOM_ASSISTANT_BREAKER_SECONDS": "600"}
    served = start(**_llm(port), **bounds, PYTHONPROFILEIMPORTTIME="1")
    for _ in range(3):
        told = served.chat().json()
        assert told["model"] == "responder-1" and "llm" in told["degraded"] and told["message"]
    assert served.client.get("/readyz").json() == {"ready": True, "resting": ["llm"]}
    assert 'assistant_fallbacks_total{reason="llm"} 3.0' in served.client.get("/metrics").text
    assert _imported(served) >= {"pydantic_ai", "openai"}


def test_a_caller_who_hangs_up_frees_their_place(fork: Callable[..., Process], slow_llm: dict[str, str]) -> None:
    served = fork(**slow_llm, TELECOM_ASSISTANT_DEADLINE_SECONDS="30")
    body = json.dumps(HELLO).encode()
    host, port = served.url.removeprefix("http://").split(":")
    head = f"POST /chat HTTP/1.1\r\nHost: x\r\nAuthorization: {served.door['Authorization']}\r\n"
    for _ in range(5):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            served.until(lambda: served.running() >= 1)
        served.until(lambda: served.running() == 0, 1.5)
    assert 'assistant_requests_total{code="499",route="chat"} 5.0' in served.client.get("/metrics").text


@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [
        ({"TELECOM_ASSISTANT_BODY_BYTES": "1"}, 2, "TELECOM_ASSISTANT_BODY_BYTES = '1'"),
        ({"TELECOM_BACKEND": "gcp", "TELECOM_PROJECT": "p-1", "TELECOM_LLM": "offline"}, 2, "TELECOM_AUDIENCE"),
    ],
)
def test_it_does_not_start_with_a_setting_that_is_wrong(
    home: Path, environment: dict[str, str], code: int, words: str
) -> None:
    ours = {"TELECOM_HOME": str(home)} | environment
    done = subprocess.run((*SERVE, "--port", "0"), env=os.environ | ours, capture_output=True, text=True, timeout=120)
    assert done.returncode == code and words in " ".join(done.stderr.split()), done.stderr
