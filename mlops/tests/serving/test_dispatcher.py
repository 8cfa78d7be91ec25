"""The dispatcher over HTTP, in process: each message starts one pipeline, however often it is delivered."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from mlops.src.serving.dispatcher_runs import Standing
from mlops.tests.serving.dispatching import Service, both, cloud, lines, local, service

__all__ = ["both", "cloud", "lines", "local", "service"]


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
