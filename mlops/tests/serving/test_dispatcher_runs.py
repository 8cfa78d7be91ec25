"""What becomes of the pipelines that the dispatcher started: failures, waiting, what is told of them, the end."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from mlops.src.serving import dispatcher, dispatcher_runs
from mlops.src.serving.dispatcher import Dispatcher, create_app
from mlops.src.serving.dispatcher_gauges import Gauges
from mlops.src.serving.dispatcher_runs import Standing
from mlops.tests.serving.dispatching import TOKEN, Service, both, cloud, lines, local, service, wiring_of
from mlops.tests.serving.fakes import FakePipelines, served
from telecom import errors
from telecom.pipeline_runs import FailedStep
from telecom.ports import PipelineRequest, PipelineRun

__all__ = ["both", "cloud", "lines", "local", "service"]


def failing(error: Exception) -> Callable[[PipelineRequest], str]:
    def fail(_: PipelineRequest) -> str:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.DependencyUnavailable("Vertex AI does not answer."), 503),
        (errors.WarehouseBusy("It is being written."), 503),
        (errors.UsageError("It makes no sense."), 400),
        (errors.NotFound("There is no bucket."), 400),
        (errors.TelecomError("secret path"), 500),
        (RuntimeError("secret path"), 500),
    ],
)
def test_failures_to_start_on_google_cloud(cloud: Service, error: Exception, status: int) -> None:
    cloud.pipelines.behave = failing(error)
    answer = cloud.send()
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == ("30" if status == 503 else None)
    assert "secret" not in answer.text and "Traceback" not in answer.text
    cloud.pipelines.behave = lambda _: "submitted"
    assert cloud.send().status_code == 202, "the next delivery may try"


def test_a_gate_that_says_no_is_an_outcome(service: Service) -> None:
    service.pipelines.behave = failing(errors.GateRefused("quality", "Not these rows."))
    answer = service.send()
    assert answer.status_code == 202
    assert service.ended(answer.json()["job_id"])["state"] == "refused"
    assert service.send().status_code == 200 and len(service.pipelines.requests) == 1


def test_a_step_that_a_gate_ended_is_an_outcome(local: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(request: PipelineRequest, on_step: Any = None) -> PipelineRun:
        step = FailedStep("prepare", "failed", 1.0, message="Too many blanks.", exit_code=4)
        return PipelineRun(request.job_id, "failed", "link", False, (step,))

    monkeypatch.setattr(local.pipelines, "start", start)
    found = local.ended(local.send().json()["job_id"])
    assert (found["state"], found["note"]) == ("refused", "Too many blanks.")


def test_behind_the_answer_trouble_that_passes_may_be_tried_again(local: Service) -> None:
    local.pipelines.behave = failing(errors.DependencyUnavailable("The warehouse is away."))
    job_id = local.send().json()["job_id"]
    assert local.ended(job_id) | {"steps": []} == {
        **{"job_id": job_id, "state": "failed", "link": "", "already": True, "steps": []},
        "note": "The warehouse is away.",
    }
    local.pipelines.behave = lambda _: "succeeded"
    assert local.send().status_code == 202
    assert local.ended(job_id)["state"] == "succeeded"


def test_behind_the_answer_a_failed_run_stays_failed(local: Service, lines: Any) -> None:
    local.pipelines.behave = failing(RuntimeError("secret path"))
    job_id = local.send().json()["job_id"]
    assert local.ended(job_id)["note"] == "An error of ours; see the log."
    assert local.send().json() | {"steps": []} == local.run(job_id) | {"steps": []}
    assert any("secret path" in line.get("exception", "") for line in lines())


def test_on_one_machine_pipelines_run_one_at_a_time(local: Service) -> None:
    gate, running, most = threading.Event(), [0], [0]

    def slow(_: PipelineRequest) -> str:
        running[0] += 1
        most[0] = max(most[0], running[0])
        gate.wait(10)
        running[0] -= 1
        return "succeeded"

    local.pipelines.behave = slow
    ids = [local.send(message_id=str(number)).json()["job_id"] for number in range(3)]
    deadline = time.monotonic() + 5
    while local.run(ids[0])["state"] != "running" and time.monotonic() < deadline:
        time.sleep(0.005)
    assert [local.run(job_id)["state"] for job_id in ids] == ["running", "waiting", "waiting"]
    gate.set()
    assert [local.ended(job_id)["state"] for job_id in ids] == ["succeeded"] * 3
    assert most[0] == 1


def test_too_many_waiting_are_sent_back(local: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher_runs, "MOST_WAITING", 2)
    gate = threading.Event()
    local.pipelines.behave = lambda _: "succeeded" if gate.wait(10) else "failed"
    answers = [local.send(message_id=str(number)).status_code for number in range(6)]
    gate.set()
    assert answers[:2] == [202, 202] and answers[-1] == 503


def test_only_so_many_ended_jobs_are_remembered(local: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher_runs, "MOST_REMEMBERED", 2)
    ids = [local.ended(local.send(message_id=str(n)).json()["job_id"])["job_id"] for n in range(4)]
    token = {"Authorization": f"Bearer {TOKEN}"}
    assert [local.client.get(f"/runs/{name}", headers=token).status_code for name in ids] == [404, 404, 200, 200]


def test_the_steps_of_a_running_pipeline_are_told(local: Service) -> None:
    gate = threading.Event()
    local.pipelines.behave = lambda _: "succeeded" if gate.wait(10) else "failed"
    job_id = local.send().json()["job_id"]
    deadline = time.monotonic() + 5
    while not (steps := local.run(job_id)["steps"]) and time.monotonic() < deadline:
        time.sleep(0.005)
    ((name, state),) = ((step["name"], step["state"]) for step in steps)
    assert (name, state) == ("train", "running")
    gate.set()
    assert local.ended(job_id)["link"] == f"link/{job_id}"


@pytest.mark.parametrize("name", ["churn-0", "..%2f..%2fetc", "UPPER", "x" * 200])
def test_unknown_runs(cloud: Service, name: str) -> None:
    assert cloud.client.get(f"/runs/{name}", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404


def test_a_route_that_fails_is_answered_like_the_others() -> None:
    def broken(_: str) -> Standing | None:
        raise RuntimeError("secret path")

    with served(create_app(wiring_of(FakePipelines, known=broken))) as client:
        answer = client.get("/runs/churn-0", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.json()) == (500, {"error": "An error of ours; see the log."})


def test_on_one_machine_the_answer_says_where_the_log_is() -> None:
    with Service(background=True, link=lambda name: f"file:///home/{name}/run.log") as made:
        answer = made.send().json()
        expected = f"file:///home/{answer['job_id']}/run.log"
        assert (answer["link"], made.ended(answer["job_id"])["link"]) == (expected, expected)
        unknown = made.client.get("/runs/churn-0", headers={"Authorization": f"Bearer {TOKEN}"})
        assert unknown.status_code == 404, "a place is no run"


def test_a_run_that_only_the_cloud_knows_has_a_link() -> None:
    with Service(background=False, link=lambda name: f"https://console/{name}") as made:
        found = made.run("churn-0")
        assert (found["state"], found["link"]) == ("unknown", "https://console/churn-0")
        assert made.client.get("/runs/Churn", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404


def test_the_end_waits_for_what_runs_and_names_what_does_not_end(lines: Any) -> None:
    made = Service(background=True, drain_seconds=0.3)
    gate = threading.Event()
    made.pipelines.behave = lambda request: "succeeded" if gate.wait(20) else "failed"
    with made:
        ids = [made.send(message_id=str(number)).json()["job_id"] for number in range(2)]
    told = [line for line in lines() if line["message"].startswith("The process ends")]
    assert [line["job_id"] for line in told] == ids
    assert ["a new message" in line["message"] for line in told] == [True, False], "the second had not begun"
    gate.set()


def test_the_end_waits_no_longer_than_needed(lines: Any) -> None:
    made = Service(background=True, drain_seconds=60.0)
    made.pipelines.behave = lambda _: "failed" if threading.Event().wait(0.2) else "succeeded"
    with made:
        job_id = made.send(message_id="waited for").json()["job_id"]
        time.sleep(0.05)
    assert [line["state"] for line in lines() if line.get("job_id") == job_id and "state" in line] == ["succeeded"]


@pytest.mark.parametrize(("passed", "left"), [(2.0, 5.0), (9.0, 0.0)])
def test_connections_and_pipelines_share_the_bound(monkeypatch: pytest.MonkeyPatch, passed: float, left: float) -> None:
    service, clock, waited = Dispatcher(wiring_of(FakePipelines, drain_seconds=7.0), Gauges()), [100.0], list[float]()

    def close(seconds: float) -> tuple[Standing, ...]:
        waited.append(seconds)
        return ()

    monkeypatch.setattr(dispatcher, "monotonic", lambda: clock[0])
    monkeypatch.setattr(service.runs, "close", close)
    service.ending()
    clock[0] += passed
    service.close()
    assert waited == [left]
