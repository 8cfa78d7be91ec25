"""The dispatcher as a process: real HTTP, real tokens, real pipelines, real signals."""

import base64
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes.forked import Nursery
from tests.processes.service_process import ServiceProcess, starting

SERVE = (sys.executable, "-m", "telecom", "serve", "dispatcher")
SLOW = """
    import logging, sys, time
    from pathlib import Path
    from mlops.src.serving.dispatcher import Wiring
    from mlops.src.serving.dispatcher_wiring import serve
    from telecom.bootstrap import Platform
    from telecom.ports import PipelineRequest, PipelineRun
    from telecom.settings import Settings

    class Slow:
        def start(self, request, on_step=None):
            logging.getLogger("mlops.src.serving.slow").info("Begun.")
            time.sleep(float(sys.argv[3]))
            return PipelineRun(request.job_id, "succeeded", "link")

    identity = Platform(Settings(home=Path(sys.argv[1]))).identity
    make = lambda order: PipelineRequest(Path("x"), order.job_id, {})
    wiring = Wiring(identity, "telecom-dispatcher", frozenset(["scheduler"]), Slow, make,
                    lambda _: None, lambda _: "", background=sys.argv[2] == "behind", drain_seconds=float(sys.argv[4]))
    serve(wiring, "127.0.0.1", 0, "")
"""


class Process(ServiceProcess):
    """A running dispatcher, whose client is the scheduler."""

    def __init__(self, home: Path, *command: str, nursery: Nursery | None = None, **environment: str) -> None:
        ours = {"TELECOM_DISPATCHER_PUSHERS": "scheduler", "TMPDIR": str(home.parent)}
        super().__init__(home, *command, nursery=nursery, **ours | environment)
        self.client.headers.update(self.bearer("scheduler", "telecom-dispatcher"))

    def send(self, message_id: str, payload: Any) -> httpx.Response:
        data = base64.b64encode(json.dumps(payload).encode()).decode()
        inner = {"data": data, "messageId": message_id, "publishTime": "2026-11-20T06:00:00Z"}
        return self.client.post("/events", json={"message": inner, "subscription": "projects/p/subscriptions/s"})

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    yield from starting(partial(Process, tmp_path / "home"))


@pytest.fixture
def fork(tmp_path: Path, services: Nursery) -> Iterator[Callable[..., Process]]:
    """The same, quicker."""
    yield from starting(partial(Process, tmp_path / "home", nursery=services))


def commands_with(text: str) -> list[str]:
    """Command lines of this machine's processes in which the text stands."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return [command for command in found if text in command]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for the steps' processes in /proc")
def test_a_pipeline_is_started_once_broken_off_and_remembered(
    start: Callable[..., Process], fork: Callable[..., Process], tmp_path: Path
) -> None:
    first = start(*SERVE, PORT="0", TELECOM_DISPATCHER_DRAIN_SECONDS="0")
    assert httpx.post(f"{first.client.base_url}/events", json={}, trust_env=False).status_code == 401
    assert first.send("0", {"pipeline": "nothing"}).status_code == 400
    assert not list(tmp_path.glob("telecom-dispatcher-*")), "nothing that an early signal could leave behind"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: first.send("1", {"pipeline": "churn-scoring"}), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 202]
    job_id = answers[0].json()["job_id"]
    first.until(lambda: first.client.get(f"/runs/{job_id}").json()["steps"])
    assert len(list(tmp_path.glob("telecom-dispatcher-*"))) == 1
    assert commands_with(str(first.home / "pipelines" / job_id))
    assert first.end() == 0
    (lost,) = [line for line in first.told() if line["message"].startswith("The process ends")]
    assert (lost["job_id"], lost["severity"]) == (job_id, "WARNING")
    first.until(lambda: not commands_with(str(first.home / "pipelines" / job_id)), 20)
    assert not list(tmp_path.glob("telecom-dispatcher-*")), "nothing temporary stays"

    second = fork("serve", "dispatcher", "--port", "0")
    assert not (second.home / "pipelines" / job_id / "tmp").exists(), "nothing temporary stays"
    found = second.client.get(f"/runs/{job_id}").json()
    assert (found["state"], found["link"]) == ("failed", answers[0].json()["link"]) and "broke off" in found["note"]
    again = second.send("1", {"pipeline": "churn-scoring"})
    assert (again.status_code, again.json()) == (200, found | {"already": True})
    assert second.end() == 0


def test_a_running_pipeline_is_waited_for(fork: Callable[..., Process], tmp_path: Path) -> None:
    made = fork(textwrap.dedent(SLOW), str(tmp_path / "home"), "behind", "1.5", "30")
    job_id = made.send("1", {"pipeline": "churn"}).json()["job_id"]
    assert made.end() == 0
    said = [line["message"] for line in made.told() if line.get("job_id") == job_id]
    assert said == ["Message started.", "Pipeline succeeded."]


def test_an_open_request_and_its_pipeline_share_the_bound(fork: Callable[..., Process], tmp_path: Path) -> None:
    made = fork(textwrap.dedent(SLOW), str(tmp_path / "home"), "before", "3", "2")
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(made.send, "1", {"pipeline": "churn"})
        made.until(lambda: any(line["message"] == "Begun." for line in made.told()))
        assert made.end() == 0
        assert sent.exception() or sent.result().status_code >= 500
    assert any(line["message"].startswith("The process ends") for line in made.told()), "2 s are over, not 4"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_end_right_after_the_start_leaves_nothing(fork: Callable[..., Process], tmp_path: Path, number: int) -> None:
    made = fork("serve", "dispatcher", PORT="0")
    made.process.send_signal(number)
    assert made.process.wait(60) == 0
    assert list(tmp_path.glob("telecom-dispatcher-*")) == []


def test_without_an_audience_google_cloud_serves_nothing(tmp_path: Path) -> None:
    ours = {"TELECOM_BACKEND": "gcp", "TELECOM_PROJECT": "p", "TELECOM_HOME": str(tmp_path)}
    done = subprocess.run(SERVE, env=os.environ | ours, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "TELECOM_AUDIENCE" in done.stderr
