"""Who may send the dispatcher messages, and what may be sent."""

import json
from typing import Any

import pytest

from mlops.tests.serving.dispatching import AUDIENCE, CHURN, TOKEN, Service, both, cloud, lines, local, service
from mlops.tests.serving.fakes import PUSHER, SUBSCRIPTION, FakeIdentity, message
from telecom import errors

__all__ = ["both", "cloud", "lines", "local", "service"]
SECRET = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


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
