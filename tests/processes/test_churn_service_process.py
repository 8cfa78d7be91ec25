"""The churn service as a process: real HTTP, a real registry, real signals, requests all the while."""

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
import pytest

from mlops.src.model_versions import MODEL
from mlops.tests.serving.churn_fakes import CUSTOMER, saved_model
from telecom.adapters.local.registry import LocalRegistry
from telecom.settings import Settings
from tests.processes.forked import Nursery
from tests.processes.service_process import ServiceProcess, starting

SERVE = (sys.executable, "-m", "telecom", "serve", "churn")
IMPORTED = re.compile(r"^import time: .*\| +(\S+)$", re.MULTILINE)
HEAVY = {
    "pandas",
    "mlflow",
    "xgboost",
    "duckdb",
    "sqlglot",
    "sqlalchemy",
    "grpc",
    "google",
    "scipy",
    "sklearn",
    "optuna",
}
ONE = {"instances": [CUSTOMER]}
MANY = {"instances": [CUSTOMER] * 1_000}


class Process(ServiceProcess):
    """A running churn service."""

    def __init__(self, home: Path, *arguments: str, nursery: Nursery | None = None, **environment: str) -> None:
        command = SERVE[3:] if nursery else SERVE
        super().__init__(home, *command, *arguments, nursery=nursery, **environment)
        self.door = self.bearer("tests", "telecom-churn")

    def predict(self, body: Any = ONE, **headers: str) -> httpx.Response:
        return self.client.post("/predict", json=body, headers=headers or self.door)

    def version(self) -> str:
        return str(self.predict().json()["predictions"][0]["model_version"])


class Load:
    """Callers that ask one after the other on a kept connection; each leaves when an answer closes it."""

    def __init__(self, process: Process, callers: int, body: Any = ONE, pause: float = 0.005) -> None:
        self.answers: list[tuple[int, str]] = []
        self.lost: list[str] = []
        self.ending = threading.Event()
        sent = json.dumps(body)
        address = process.url.removeprefix("http://")
        work = lambda: self._ask(address, sent, process.door, pause)  # noqa: E731
        self.threads = [threading.Thread(target=work) for _ in range(callers)]
        for thread in self.threads:
            thread.start()

    def _ask(self, address: str, body: str, headers: dict[str, str], pause: float) -> None:
        connection = http.client.HTTPConnection(address, timeout=30)
        while not self.ending.wait(pause):
            try:
                connection.request("POST", "/predict", body, headers)
                answer = connection.getresponse()
                found = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.lost.append(repr(error))
                return
            told = found["predictions"][0]["model_version"] if answer.status == 200 else found["error"]
            self.answers.append((answer.status, told))
            if answer.will_close:
                return

    def end(self) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join(30)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with two good versions and a third whose files were tampered with; the first is champion."""
    folder = tmp_path_factory.mktemp("churn")
    registry = LocalRegistry(Settings(home=folder / "home"))
    for seed in (3, 4, 5):
        bundle, digest = saved_model(folder / str(seed), seed)
        registry.register(MODEL, bundle, digest, {})
    registry.point(MODEL, "champion", "1")
    model = folder / "home" / "models" / MODEL / digest[:16] / "model.json"
    model.write_bytes(model.read_bytes().replace(b"0", b"1", 1))
    return folder / "home"


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., Process]]:
    yield from starting(partial(Process, home))


@pytest.fixture
def fork(home: Path, services: Nursery) -> Iterator[Callable[..., Process]]:
    """The same, quicker."""
    yield from starting(partial(Process, home, nursery=services))


def test_the_alias_moves_under_load_and_nothing_heavy_is_imported(start: Callable[..., Process], home: Path) -> None:
    served = start("--port", "0", TELECOM_SERVING_RELOAD_SECONDS="0.05", PYTHONPROFILEIMPORTTIME="1")
    registry = LocalRegistry(Settings(home=home))
    assert served.predict(Authorization="none").status_code == 401
    assert served.version() == "1"
    load = Load(served, callers=3)
    try:
        for version in ("2", "1", "2"):
            registry.point(MODEL, "champion", version)
            served.until(lambda wanted=version: served.version() == wanted)
        registry.point(MODEL, "champion", "3")
        served.until(lambda: "churn_reload_failures_total 0.0" not in served.client.get("/metrics").text)
        assert served.version() == "2" and served.client.get("/readyz").status_code == 200
    finally:
        load.end()
        registry.point(MODEL, "champion", "1")
    assert load.lost == [] and len(load.answers) > 100
    assert set(load.answers) == {(200, "1"), (200, "2")}
    assert served.end() == 0
    imported = {name.split(".")[0] for name in IMPORTED.findall(served.log.read_text())}
    assert {"fastapi", "numpy", "telecom"} <= imported and not imported & HEAVY


def test_the_first_champion_is_followed_without_a_restart_and_without_mlflow(home: Path, tmp_path: Path) -> None:
    made = Process(tmp_path / "home", "--port", "0", TELECOM_SERVING_RELOAD_SECONDS="0.05", PYTHONPROFILEIMPORTTIME="1")
    try:
        told = [made.predict(), made.client.get("/v1/customers/c1/risk", headers=made.door), made.client.get("/readyz")]
        assert [(answer.status_code, answer.headers["retry-after"]) for answer in told] == [(503, "5")] * 3
        assert made.client.get("/healthz").status_code == 200
        assert "churn_reload_failures_total 0.0" in made.client.get("/metrics").text
        earlier, registry = (LocalRegistry(Settings(home=folder)) for folder in (home, made.home))
        digest = next(known.digest for known in earlier.versions(MODEL) if known.version == "1")
        registry.register(MODEL, earlier.fetch(MODEL, "1"), digest, {})
        assert made.client.get("/readyz").status_code == 503
        registry.point(MODEL, "champion", "1")
        made.until(lambda: made.client.get("/readyz").status_code == 200)
        assert made.version() == "1" and made.end() == 0
    finally:
        made.kill()
    log = made.log.read_text()
    assert log.count("has no champion yet. Run: telecom train, then telecom promote") == 1, "not once per look"
    assert not {name.split(".")[0] for name in IMPORTED.findall(log)} & HEAVY


def test_sigterm_under_load_drops_nothing(fork: Callable[..., Process]) -> None:
    served = fork("--port", "0")
    loads = [Load(served, callers=6), Load(served, callers=2, body=MANY), Load(served, callers=2, pause=0.3)]
    served.until(lambda: len(loads[0].answers) > 100 and loads[1].answers)
    began = time.monotonic()
    assert served.end() == 0
    took = time.monotonic() - began
    for load in loads:
        load.end()
        assert load.lost == [] and load.answers and {status for status, _ in load.answers} == {200}
    assert took < 30
    lines = [json.loads(line) for line in served.log.read_text().splitlines()]
    assert [line for line in lines if line["severity"] in ("WARNING", "ERROR")] == []
    assert "Version 1 is in service." in [line["message"] for line in lines]


def test_in_vertex_ais_container(fork: Callable[..., Process], home: Path) -> None:
    folder = LocalRegistry(Settings(home=home)).fetch(MODEL, "1")
    served = fork(
        AIP_HTTP_PORT=_free_port(),
        AIP_HEALTH_ROUTE="/healthz",
        AIP_PREDICT_ROUTE="/v1/endpoints/7/deployedModels/9:predict",
        AIP_STORAGE_URI=str(folder),
    )
    assert served.client.get("/healthz").json()["ready"] is True
    answer = served.client.post("/v1/endpoints/7/deployedModels/9:predict", json=ONE)
    assert answer.status_code == 200 and answer.json()["predictions"][0]["model_version"] == folder.name[:12]
    assert served.end() == 0


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return str(listening.getsockname()[1])


@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [
        ({"TELECOM_SERVING_VERSION": "3"}, 1, "is not the file that the manifest names"),
        ({"TELECOM_SERVING_BODY_BYTES": "1"}, 2, "TELECOM_SERVING_BODY_BYTES = '1'"),
    ],
)
def test_it_does_not_start_with_a_model_or_a_setting_that_is_wrong(
    home: Path, environment: dict[str, str], code: int, words: str
) -> None:
    ours = {"TELECOM_HOME": str(home)} | environment
    done = subprocess.run((*SERVE, "--port", "0"), env=os.environ | ours, capture_output=True, text=True, timeout=60)
    assert done.returncode == code and words in " ".join(done.stderr.split())
