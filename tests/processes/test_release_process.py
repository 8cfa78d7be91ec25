"""Releases with real processes: two churn services, a front before them, callers all the while, and the commands."""

import http.client
import json
import os
import textwrap
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from mlops.src.model_versions import MODEL
from mlops.src.release.check_requests import forms
from mlops.src.release.policy import Policy
from mlops.src.release.rollout import Canary, Pace
from mlops.tests.serving.churn_fakes import saved_model
from telecom.adapters.local.identity import LocalIdentity
from telecom.adapters.local.traffic import LocalTraffic
from telecom.bootstrap import Platform
from telecom.cli import app
from telecom.settings import Settings
from tests.processes.forked import TELECOM, Forked, Nursery
from tests.processes.service_process import LISTENING

SERVE = (TELECOM, "serve", "churn", "--port", "0")
QUICK = Policy(
    error_increase=0.1, slow_increase=0.3, slower=0.45, superiority=0.45, psi=4.0, blocks=4, power=0.8, alpha=0.04
)
"""Finds only what is gross, so that few requests are needed."""
BAD = """
    import http.server, sys
    class Bad(http.server.BaseHTTPRequestHandler):
        failed = 0
        def do_GET(self):
            page = f'churn_requests_total{{code="500",route="predict"}} {Bad.failed}\\n'
            page += 'churn_model_info{version="1",digest="d"} 1\\n'
            self.answer(200, page.encode())
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            Bad.failed += 1
            self.answer(500, b"{}")
        def answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *_): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bad)
    print(f"running on http://127.0.0.1:{server.server_address[1]}", file=sys.stderr, flush=True)
    server.serve_forever()
"""


class Processes:
    """Services and a front, all on one home; ends them at the end."""

    def __init__(self, home: Path, nursery: Nursery) -> None:
        self.home, self.nursery, self.running = home, nursery, list[Forked]()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TELECOM_", "AIP_"))}
        self.environment = kept | {"TELECOM_HOME": str(home)}

    def start(self, program: str, *words: str, **environment: str) -> str:
        """Starts a server; returns its address."""
        log = self.home.parent / f"log-{time.monotonic_ns()}"
        with log.open("w") as file:
            made = self.nursery.start(program, words, self.environment | environment, file)
        self.running.append(made)
        deadline = time.monotonic() + 60
        while not (found := LISTENING.search(log.read_text())):
            assert time.monotonic() < deadline and made.poll() is None, log.read_text()
            time.sleep(0.02)
        return found[1]

    def telecom(self, *words: str) -> tuple[int, Any]:
        """A `telecom release` command: its exit code, and the JSON that it printed."""
        done = self.nursery.start(TELECOM, ("release", *words, "--json"), self.environment)
        out, err = done.communicate(timeout=120)
        assert done.returncode is not None and out, err
        return done.returncode, json.loads(out)

    def telecom_here(self, *words: str) -> tuple[int, Any]:
        """The same in this process, which has imported MLflow."""
        done = CliRunner().invoke(app, ["release", *words, "--json"], env={"TELECOM_HOME": str(self.home)})
        return done.exit_code, json.loads(done.stdout)

    def stop(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()


class Callers:
    """Threads that ask the front about one customer after the other."""

    def __init__(self, url: str, home: Path, count: int = 4, pause: float = 0.02) -> None:
        self.codes: Counter[int | str] = Counter()
        self.versions: list[str] = []
        self.ending = threading.Event()
        token = LocalIdentity(Settings(home=home)).issue("callers", "telecom-churn")
        address, headers = url.removeprefix("http://"), {"Authorization": f"Bearer {token}"}
        self.threads = [
            threading.Thread(target=self._ask, args=(address, headers, pause, seed)) for seed in range(count)
        ]
        for thread in self.threads:
            thread.start()

    def _ask(self, address: str, headers: dict[str, str], pause: float, seed: int) -> None:
        connection = http.client.HTTPConnection(address, timeout=30)
        rng, form = np.random.default_rng(seed), forms()[0]
        while not self.ending.wait(pause):
            body = json.dumps({"instances": [form.instance(rng)]})
            try:
                connection.request("POST", "/predict", body, headers)
                answer = connection.getresponse()
                told = json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.codes[repr(error)] += 1
                connection.close()
                continue
            self.codes[answer.status] += 1
            if answer.status == 200:
                self.versions.append(told["predictions"][0]["model_version"])

    def end(self) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join(30)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry of two versions; the first is champion."""
    folder = tmp_path_factory.mktemp("release")
    registry = Platform(Settings(home=folder / "home")).registry
    for seed in (3, 4):
        registry.register(MODEL, *saved_model(folder / str(seed), seed), {})
    registry.point(MODEL, "champion", "1")
    return folder / "home"


@pytest.fixture(scope="module")
def processes(home: Path, services: Nursery) -> Iterator[Processes]:
    """Revisions old (model 1, in service) and new (model 2), and a front."""
    made = Processes(home, services)
    try:
        quiet = {"TELECOM_SERVING_LOG_REQUESTS": "failures"}
        urls = [made.start(*SERVE, TELECOM_SERVING_VERSION=version, **quiet) for version in ("1", "2")]
        LocalTraffic(Settings(home=home)).add("churn", "old", urls[0])
        code, found = made.telecom("add", "new", "--url", urls[1])
        assert code == 0 and shares(found) == {"old": 100, "new": 0}
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def front(processes: Processes) -> str:
    return processes.start(TELECOM, "release", "front", "--port", "0")


@pytest.fixture
def call(front: str, home: Path) -> Iterator[Callable[[], Callers]]:
    started: list[Callers] = []

    def begin() -> Callers:
        started.append(Callers(front, home))
        deadline = time.monotonic() + 30
        while not started[-1].codes:
            assert time.monotonic() < deadline, "nobody answered"
            time.sleep(0.01)
        return started[-1]

    yield begin
    for callers in started:
        callers.end()


def shares(found: Any) -> dict[str, int]:
    return {revision["name"]: revision["share"] for revision in found["revisions"]}


def test_the_real_service_passes_the_check(processes: Processes) -> None:
    code, found = processes.telecom("check", "--revision", "new", "--requests", "150")
    assert (code, found["failures"]) == (0, []) and found["answered"] >= 75
    code, found = processes.telecom("check", "--url", "http://127.0.0.1:9")
    assert code == 5 and found["error"]["type"] == "DependencyUnavailable"


def test_a_canary_and_the_way_back_while_requests_keep_coming(
    processes: Processes, home: Path, call: Callable[[], Callers]
) -> None:
    callers, platform = call(), Platform(Settings(home=home))
    pace = Pace(look_seconds=0.3, settle_seconds=0.1, step_seconds=60)
    canary = Canary(platform.traffic, platform.registry, platform.documents, "churn", QUICK, pace)
    approved: list[str] = []
    done = canary.run("new", approve=approved.append, check=lambda revision: None)
    assert [step.share for step in done.steps] == [10, 50, 100] and approved == ["2"]
    code, found = processes.telecom("status")
    assert code == 0 and shares(found) == {"new": 100, "old": 0} and found["champion"] == "2" and found["remarks"] == []

    began = time.monotonic()
    code, back = processes.telecom_here("rollback")
    assert time.monotonic() - began < 30
    moved = {name: back[name] for name in ("revision", "model_version", "alias_moved", "traffic_moved")}
    assert code == 0
    assert moved == {"revision": "old", "model_version": "1", "alias_moved": True, "traffic_moved": True}
    answered = len(callers.versions)
    while len(callers.versions) < answered + 50:
        time.sleep(0.02)
    callers.end()
    assert set(callers.codes) == {200} and callers.codes[200] > 300, "nobody saw anything but answers"
    assert callers.versions[0] == "1" and "2" in callers.versions and set(callers.versions[-20:]) == {"1"}
    code, again = processes.telecom("rollback")
    assert (code, again["revision"], again["alias_moved"], again["traffic_moved"]) == (0, "old", False, False)
    releases = json.loads((home / "releases.json").read_text("utf-8"))["churn"]
    assert [(r["kind"], r["revision"], r["state"]) for r in releases] == [
        ("rollback", "old", "serving"),
        ("canary", "new", "withdrawn"),
        ("found", "old", "served"),
    ]


def test_a_candidate_that_fails_never_gets_far(processes: Processes, call: Callable[[], Callers]) -> None:
    url = processes.start(textwrap.dedent(BAD))
    processes.telecom("add", "bad", "--url", url)
    callers = call()
    code, refused = processes.telecom("canary", "--candidate", "bad")
    assert code == 4 and refused["error"]["gate"] == "post_deploy_check"
    assert set(callers.codes) == {200}, "the check comes before the first request"
    code, refused = processes.telecom("canary", "--candidate", "bad", "--skip-check", "--look-seconds", "0.3")
    assert code == 4 and refused["error"]["gate"] == "canary" and "Errors: 100.00%" in refused["error"]["message"]
    _, found = processes.telecom("status")
    assert shares(found) == {"bad": 0, "new": 0, "old": 100} and found["releases"][0]["state"] == "stopped"
    seen = callers.codes[500]
    callers.end()
    assert 0 < seen == callers.codes[500] < sum(callers.codes.values()) / 5


def test_all_at_once_waits_for_no_callers(processes: Processes) -> None:
    url = processes.start(textwrap.dedent(BAD))
    processes.telecom("add", "uncalled", "--url", url)
    code, refused = processes.telecom("canary", "--candidate", "uncalled", "--at-once")
    assert code == 4 and refused["error"]["gate"] == "post_deploy_check"
    code, done = processes.telecom("canary", "--candidate", "uncalled", "--at-once", "--skip-check")
    assert (code, done["from_revision"], done["steps"]) == (0, "old", [])
    code, back = processes.telecom("rollback")
    assert (code, back["from_revision"], back["revision"]) == (0, "uncalled", "old")
