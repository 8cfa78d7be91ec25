"""A message of Pub/Sub with a token of Google becomes one PipelineJob: real HTTP, the real SDK, the loopback cloud."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from mlops.src.config import ChurnConfig
from mlops.src.serving.dispatcher import create_app
from mlops.src.serving.dispatcher_config import DispatcherConfig
from mlops.src.serving.dispatcher_wiring import wire
from mlops.tests.serving.fakes import message, served
from telecom.bootstrap import Platform
from telecom.settings import Settings
from tests.loopback import vertex_pipelines
from tests.loopback.cloud import Cloud, patched_channels
from tests.loopback.google_keys import EMAIL, GoogleKeys

AUDIENCE = "https://dispatcher-abc-uc.a.run.app"
IMAGE = "us-central1-docker.pkg.dev/telecom-test/ml/churn@sha256:" + "ab" * 32
SCORING = {"pipeline": "churn-scoring"}


class Pusher:
    """Pub/Sub, as far as pushing goes."""

    def __init__(self, client: httpx.Client, keys: GoogleKeys) -> None:
        self.client, self.keys = client, keys

    def push(self, payload: Any, message_id: str, attempt: int = 1, **claims: Any) -> httpx.Response:
        token = self.keys.sign(self.keys.claims(AUDIENCE, **claims))
        body = message(payload, message_id, deliveryAttempt=attempt)
        return self.client.post("/events", json=body, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def pusher(cloud: Cloud, gcp_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pusher]:
    cloud.grpc.always(vertex_pipelines.handlers(cloud.grpc.crud))
    settings = gcp_settings.model_copy(update={"image": IMAGE, "audience": AUDIENCE})
    with GoogleKeys().serving() as keys, patched_channels(cloud.grpc.address):
        monkeypatch.setenv("TELECOM_JWKS_URL", keys.url)
        wiring = wire(Platform(settings), ChurnConfig(), DispatcherConfig(pushers=EMAIL), lambda: tmp_path)
        with served(create_app(wiring)) as client:
            yield Pusher(client, keys)


def test_a_message_becomes_one_pipeline_job(cloud: Cloud, pusher: Pusher) -> None:
    assert pusher.client.get("/readyz").status_code == 200
    first, second = pusher.push(SCORING, "1"), pusher.push(SCORING, "1", attempt=2)
    assert (first.status_code, first.json()["state"]) == (202, "submitted")
    assert second.status_code == 200 and second.json()["already"] is True
    (request,) = cloud.grpc.requests("CreatePipelineJob")
    assert request.pipeline_job_id == first.json()["job_id"] and request.pipeline_job_id in first.json()["link"]
    parameters = request.pipeline_job.runtime_config.parameter_values
    assert parameters["run_date"] == "2026-11-20T06:00:00.123000+00:00" and "csv" not in parameters


def test_messages_at_once_become_a_job_each(cloud: Cloud, pusher: Pusher) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: pusher.push(SCORING, str(n % 3)), range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [202] * 3
    assert len(cloud.grpc.requests("CreatePipelineJob")) == 3


@pytest.mark.parametrize(("fault", "then"), [("503", 202), ("half", 200)])
def test_what_did_not_answer_is_delivered_again(cloud: Cloud, pusher: Pusher, fault: Any, then: int) -> None:
    cloud.fail("CreatePipelineJob", times=1, kind=fault)
    failed = pusher.push(SCORING, "1")
    assert (failed.status_code, failed.headers["retry-after"]) == (503, "30")
    again = pusher.push(SCORING, "1", attempt=2)
    assert again.status_code == then, "half an answer had started it"
    assert sum("/pipelineJobs/" in name for name in cloud.grpc.store) == 1


def test_strangers_start_nothing(cloud: Cloud, pusher: Pusher) -> None:
    assert pusher.push(SCORING, "1", email="other@telecom-test.iam.gserviceaccount.com").status_code == 403
    assert pusher.push(SCORING, "1", aud="https://other").status_code == 401
    assert pusher.push(SCORING, "1", email_verified=False).status_code == 401
    assert cloud.grpc.calls == []


def test_while_the_keys_are_away_messages_wait_and_nothing_starts(cloud: Cloud, pusher: Pusher) -> None:
    good = pusher.keys.answer
    pusher.keys.answer = lambda handler: pusher.keys.reply(handler, b"{}", 503)
    answer = pusher.push(SCORING, "1")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert pusher.push(SCORING, "1", aud="https://other").status_code == 503, "nobody can tell"
    assert cloud.grpc.calls == []
    pusher.keys.answer = good


@pytest.mark.parametrize(
    "payload",
    [
        {"pipeline": "churn", "parameters": {"csv": "/data/x.csv"}},
        {"pipeline": "churn-automl", "parameters": {"minutes": 59}},
        {"pipeline": "churn-automl"},
    ],
)
def test_what_google_cloud_cannot_do_is_refused_at_once(cloud: Cloud, pusher: Pusher, payload: Any) -> None:
    answer = pusher.push(payload, "1")
    assert answer.status_code == 400 and answer.json()["error"]
    assert cloud.grpc.calls == []
