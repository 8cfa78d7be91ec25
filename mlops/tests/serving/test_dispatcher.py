"""The dispatcher over HTTP, in process: who may send, what may be sent, and that each message starts one pipeline."""

import io
import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from httpx import Response

from mlops.src.serving import dispatcher, dispatcher_runs
from mlops.src.serving.dispatcher import Dispatcher, Wiring, create_app
from mlops.src.serving.dispatcher_gauges import Gauges
from mlops.src.serving.dispatcher_runs import Standing
from mlops.tests.serving.fakes import PUSHER, SUBSCRIPTION, FakeIdentity, FakePipelines, message, request_of, served
from telecom import errors
from telecom.logs import JsonFormatter
from telecom.pipeline_runs import FailedStep
from telecom.ports import PipelineRequest, PipelineRun

AUDIENCE = "https://dispatcher.example"
TOKEN = f"{PUSHER}@@{AUDIENCE}"
CHURN = {"pipeline": "churn", "parameters": {"snapshot_date": "2026-11-20"}}
SECRET = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


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


def test_a_message_starts_its_pipeline(service: Service) -> None:
    answer = service.send()
    assert answer.status_code == 202
    job_id = answer.json()["job_id"]
    assert service.ended(job_id)["state"] == "succeeded"
    (request,) = service.pipelines.requests
    assert (request.job_id, request.parameters) == (job_id, {"snapshot_date": "2026-11-20"})
    assert job_id.startswith("churn-") and len(job_id) == len("churn-") + 32


def test_the_same_messages_give_the_same_requests_on_both_backends(local: Service, cloud: Service) -> None:
    cloud.prefix = local.prefix
    for made in (local, cloud):
        for payload in ({"pipeline": "churn-scoring"}, {"pipeline": "churn-automl", "parameters": {"minutes": 2}}):
            made.ended(made.send(payload, str(payload)).json()["job_id"])
    assert local.pipelines.requests == cloud.pipelines.requests
    first, second = cloud.pipelines.requests
    assert first.job_id.startswith("churn-scoring-") and first.labels == {"pipeline": "churn"}
    assert second.parameters == {"minutes": 2.0}


def test_a_redelivery_starts_nothing(service: Service) -> None:
    first = service.send(deliveryAttempt=1)
    again = service.send(deliveryAttempt=2)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["job_id"] == first.json()["job_id"] and again.json()["already"] is True
    service.ended(first.json()["job_id"])
    assert service.send().json()["already"] is True
    assert len(service.pipelines.requests) == 1


def test_another_message_or_subscription_is_another_job(service: Service) -> None:
    sent = [service.send(), service.send(message_id="8"), service.send(subscription="projects/p/subscriptions/other")]
    assert len({answer.json()["job_id"] for answer in sent}) == 3


def test_what_the_backend_remembers_is_not_started_again(service: Service) -> None:
    job_id = service.send().json()["job_id"]
    service.ended(job_id)
    restarted = Service(background=True)
    restarted.prefix = service.prefix
    restarted.known[job_id] = Standing(job_id, "succeeded", "link")
    with restarted:
        answer = restarted.send()
        assert (answer.status_code, answer.json()["already"], answer.json()["state"]) == (200, True, "succeeded")
    assert restarted.pipelines.requests == []


def test_what_google_cloud_remembers_is_told(cloud: Service) -> None:
    job_id = cloud.send().json()["job_id"]
    restarted = Service(background=False)
    restarted.prefix = cloud.prefix
    restarted.pipelines.known[job_id] = "submitted"
    with restarted:
        answer = restarted.send()
        assert (answer.status_code, answer.json()["already"]) == (200, True)


def test_deliveries_at_once_start_one(service: Service) -> None:
    gate = threading.Event()
    service.pipelines.behave = lambda _: "succeeded" if gate.wait(10) else "failed"
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(service.send) for _ in range(8)]
        time.sleep(0.2)
        gate.set()
        answers = [future.result() for future in sent]
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert len({answer.json()["job_id"] for answer in answers}) == 1
    assert len(service.pipelines.requests) == 1


@pytest.mark.parametrize(
    ("token", "status"),
    [("x", 401), (f"{PUSHER}@@other", 401), ("x" * 9_000, 401), (f"anna@example.com@@{AUDIENCE}", 403)],
    ids=range(4),
)
def test_only_those_who_may_send_are_heard(cloud: Service, token: str, status: int) -> None:
    answer = cloud.send(token=token)
    assert answer.status_code == status and cloud.pipelines.requests == []
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert cloud.client.get("/runs/churn-1", headers={"Authorization": f"Bearer {token}"}).status_code == status
    assert "audience" not in answer.text and "anna" not in answer.text


@pytest.mark.parametrize("name", ["anna@example.com", "scheduler", "x@p.iam.gserviceaccount.com"])
def test_whoever_may_not_send_reads_whole_sentences(cloud: Service, name: str) -> None:
    said = cloud.send(token=f"{name}@@{AUDIENCE}").json()["error"]
    who = f"The account {name}" if name.endswith("gserviceaccount.com") else "This caller"
    assert said == f"{who} may not send messages. TELECOM_DISPATCHER_PUSHERS names those who may."


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": f"Basic {TOKEN}"}]
)
def test_without_a_bearer_token_nobody_is_heard(cloud: Service, header: dict[str, str]) -> None:
    assert cloud.client.post("/events", json=message(CHURN), headers=header).status_code == 401


def test_nobody_is_allowed_unless_named() -> None:
    made = Service(background=False, pushers=frozenset())
    with made:
        assert made.send().status_code == 403
        assert "TELECOM_DISPATCHER_PUSHERS" in made.client.get("/readyz").json()["reason"]
        assert made.client.get("/healthz").status_code == 200


def test_readiness(cloud: Service) -> None:
    assert cloud.client.get("/readyz").status_code == 200
    with Service(background=False, lacking="No image.") as made:
        answer = made.client.get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"ready": False, "reason": "No image."})


BAD = {
    "no JSON": b"nonsense",
    "nothing": b"",
    "a list": b"[]",
    "deep": b"[" * 5_000,
    "no message": {"subscription": SUBSCRIPTION},
    "no id": {"message": {"data": "", "publishTime": "2026-11-20T06:00:00Z"}, "subscription": SUBSCRIPTION},
    "no base64": {"message": {**message(CHURN)["message"], "data": "é%"}, "subscription": SUBSCRIPTION},
    "no time zone": {"message": {**message(CHURN)["message"], "publishTime": "2026-11-20"}, "subscription": "s"},
    "no payload": message(b""),
    "payload no JSON": message(b"\xff\xfe"),
    "payload a list": message([CHURN]),
    "payload deep": message(b'{"pipeline": ' + b"[" * 5_000),
    "no pipeline": message({"parameters": {}}),
    "unknown pipeline": message({"pipeline": "evil"}),
    "further field": message(CHURN | {"image": "evil"}),
    "unknown parameter": message({"pipeline": "churn", "parameters": {"environment": {"TELECOM_HOME": "/"}}}),
    "parameter of another": message({"pipeline": "churn-scoring", "parameters": {"csv": "gs://b/x.csv"}}),
    "no day": message({"pipeline": "churn", "parameters": {"snapshot_date": "20261120"}}),
    "a number for a day": message({"pipeline": "churn", "parameters": {"snapshot_date": 20261120}}),
    "unknown deployment": message({"pipeline": "churn", "parameters": {"deploy": "everywhere"}}),
    "long path": message({"pipeline": "churn", "parameters": {"csv": "x" * 2_000}}),
    "control character": message({"pipeline": "churn", "parameters": {"csv": "a\u0000b"}}),
    "endless search": message({"pipeline": "churn-automl", "parameters": {"minutes": 4_320.1}}),
    "no number": message(b'{"pipeline": "churn-automl", "parameters": {"minutes": NaN}}'),
    "a text for a number": message({"pipeline": "churn-automl", "parameters": {"minutes": "5"}}),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_can_never_be_carried_out_is_left_to_the_dead_letters(cloud: Service, body: Any) -> None:
    answer = cloud.post(body)
    assert answer.status_code == 400 and answer.json()["error"]
    assert "evil" not in answer.text and "Traceback" not in answer.text
    assert cloud.pipelines.requests == []


def test_no_message_is_that_large(cloud: Service) -> None:
    assert cloud.post(message({"pipeline": "churn", "parameters": {}}, padding="x" * 66_000)).status_code == 413
    assert cloud.post(message({"pipeline": "churn", "parameters": {}}, padding="x" * 60_000)).status_code == 202


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


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/events/", 404),
        ("GET", "/docs", 404),
        ("GET", "/events", 405),
        ("POST", "/healthz", 405),
        ("PUT", "/runs/churn-0", 405),
    ],
)
def test_requests_that_go_astray_are_answered_like_the_others(
    cloud: Service, method: str, path: str, status: int
) -> None:
    answer = cloud.client.request(method, path)
    assert answer.status_code == status and answer.json()["error"].startswith(("There is no", "This address"))
    assert ("allow" in answer.headers) == (status == 405)


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


def test_deliveries_are_counted_and_timed() -> None:
    with Service(background=False) as made:
        for number in (1, 1, 2):
            made.send(message_id=str(number))
        made.send({"pipeline": "nothing"})
        made.send(token="x")
        text = made.client.get("/metrics").text
    for labels, count in (
        ('outcome="started",pipeline="churn"', 2.0),
        ('outcome="already",pipeline="churn"', 1.0),
        ('outcome="bad_message",pipeline=""', 1.0),
        ('outcome="unauthenticated",pipeline=""', 1.0),
    ):
        assert f"telecom_dispatcher_messages_total{{{labels}}} {count}" in text
    assert "telecom_dispatcher_message_seconds_count 5.0" in text
    assert 'telecom_dispatcher_runs_total{state="succeeded"} 2.0' in text


def test_a_delivery_is_logged_with_its_trace_and_without_its_token(cloud: Service, lines: Any) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "Authorization": f"Bearer {TOKEN}"}
    cloud.client.post("/events", json=message(CHURN, "traced", deliveryAttempt=3), headers=headers)
    (line,) = lines()
    assert line["logging.googleapis.com/trace"] == f"projects/telecom-test/traces/{trace}"
    assert (line["severity"], line["outcome"], line["delivery_attempt"]) == ("INFO", "started", 3)
    assert (line["message_id"], line["subscription"], line["pipeline"]) == ("traced", SUBSCRIPTION, "churn")
    cloud.send(token=SECRET)
    cloud.send(token=f"anna@example.com@@{AUDIENCE}")
    refused, forbidden = lines()[1:]
    assert (refused["severity"], refused["outcome"], refused["reason"]) == ("WARNING", "unauthenticated", "audience")
    assert forbidden["outcome"] == "forbidden"
    assert SECRET not in json.dumps(lines()) and "anna" not in json.dumps(lines())


def test_a_key_that_cannot_be_read_lets_nobody_in(cloud: Service, lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise errors.UsageError("Others can read the key.")

    monkeypatch.setattr(FakeIdentity, "verify", broken)
    answer = cloud.send()
    assert answer.status_code == 401 and "key" not in answer.text
    assert "Others can read the key." in lines()[0]["message"]


@pytest.mark.parametrize(
    "error", [errors.TokenRefused("keys_unavailable"), errors.DependencyUnavailable("secret host is away.")]
)
def test_while_nobody_can_tell_who_calls_messages_are_sent_back_and_nothing_starts(
    cloud: Service, lines: Any, monkeypatch: pytest.MonkeyPatch, error: errors.TelecomError
) -> None:
    def away(*_: Any) -> None:
        raise error

    monkeypatch.setattr(FakeIdentity, "verify", away)
    answer = cloud.send()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "secret" not in answer.text and cloud.pipelines.requests == []
    assert cloud.client.get("/runs/churn-1", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 503
    (line,) = lines()
    assert line["outcome"] == "unavailable" and line.get("reason") == getattr(error, "reason", None)
