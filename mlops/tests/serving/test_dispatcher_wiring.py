"""The dispatcher over the real ports: requests as the commands make them, and what the backend remembers."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops.src.config import ChurnConfig
from mlops.src.serving.dispatcher_config import DispatcherConfig, load_config
from mlops.src.serving.dispatcher_messages import Order, delivery_of, order_of
from mlops.src.serving.dispatcher_wiring import console_link, recorded, wire
from mlops.tests.serving.fakes import PUSHER, message
from telecom.bootstrap import Platform
from telecom.errors import UsageError
from telecom.settings import Settings

IMAGE = "registry.example/churn@sha256:" + "a" * 64


def wired(tmp_path: Path, **settings: Any) -> Any:
    platform = Platform(Settings(home=tmp_path / "home", **settings))
    return wire(platform, ChurnConfig(), DispatcherConfig(pushers=f" {PUSHER} ,,"), tmp_path / "specs")


def order(payload: dict[str, Any]) -> Order:
    return order_of(delivery_of(json.dumps(message(payload)).encode()))


@pytest.mark.parametrize(
    ("payload", "pipeline", "parameters"),
    [
        ({"pipeline": "churn-scoring"}, "churn", {}),
        ({"pipeline": "churn", "parameters": {"csv": "gs://b/x.csv", "deploy": "online"}}, "churn", None),
        ({"pipeline": "churn-retraining", "parameters": {"snapshot_date": "2026-10-31"}}, "churn-retraining", None),
        ({"pipeline": "churn-automl", "parameters": {"minutes": 3}}, "churn-automl", {"minutes": 3.0}),
    ],
)
@pytest.mark.parametrize("backend", [{}, {"backend": "gcp", "project": "p", "audience": "https://d", "image": IMAGE}])
def test_every_message_gives_a_checked_request(
    tmp_path: Path, payload: dict[str, Any], pipeline: str, parameters: dict[str, Any] | None, backend: dict[str, Any]
) -> None:
    asked = order(payload)
    request = wired(tmp_path, **backend).request(asked)
    assert (request.job_id, request.labels["pipeline"]) == (asked.job_id, pipeline)
    given = {k: v for k, v in request.parameters.items() if k not in ("environment", "run_date", "job_id")}
    assert given == (payload["parameters"] if parameters is None else parameters)
    assert request.parameters["job_id"] == asked.job_id
    assert datetime.fromisoformat(request.parameters["run_date"]) == datetime(2026, 11, 20, 6, 0, 0, 123_000, UTC)
    assert (IMAGE in request.spec.read_text()) == bool(backend)


def test_on_google_cloud_files_come_from_cloud_storage(tmp_path: Path) -> None:
    cloud = wired(tmp_path, backend="gcp", project="p", audience="https://d")
    with pytest.raises(UsageError, match="gs://"):
        cloud.request(order({"pipeline": "churn", "parameters": {"csv": "/etc/passwd"}}))


def test_the_parts_of_each_backend(tmp_path: Path) -> None:
    local, cloud = wired(tmp_path), wired(tmp_path, backend="gcp", project="p", audience="https://d")
    assert (local.background, local.audience, local.link("churn-1")) == (True, "telecom-dispatcher", "")
    assert (cloud.background, cloud.audience, cloud.known("churn-1")) == (False, "https://d", None)
    assert (local.lacking, "TELECOM_IMAGE" in cloud.lacking) == ("", True)
    assert local.pushers == cloud.pushers == {PUSHER}
    assert cloud.link("churn-1") == console_link(Settings(backend="gcp", project="p"), "churn-1")
    with pytest.raises(UsageError, match="TELECOM_AUDIENCE"):
        wired(tmp_path, backend="gcp", project="p")


STEPS = [{"name": "prepare", "state": "failed", "seconds": 1.0, "metrics": {}, "message": "Blanks.", "exit_code": 4}]


@pytest.mark.parametrize(
    ("state", "steps", "expected"),
    [
        ("succeeded", [], "succeeded"),
        ("running", [], "running"),
        ("failed", [], "failed"),
        ("failed", STEPS, "refused"),
    ],
)
def test_a_run_is_read_from_its_folder(tmp_path: Path, state: str, steps: list[Any], expected: str) -> None:
    folder = tmp_path / "pipelines" / "churn-1"
    folder.mkdir(parents=True)
    kept = {"job_id": "churn-1", "state": state, "message": "", "steps": steps, "started_at": "", "ended_at": ""}
    (folder / "state.json").write_text(json.dumps(kept))
    found = recorded(tmp_path, "churn-1")
    assert found and (found.state, found.link) == (expected, str(folder / "run.log"))
    assert recorded(tmp_path, "churn-2") is None


def test_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_config().allowed == frozenset()
    monkeypatch.setenv("TELECOM_DISPATCHER_PUSHERS", "a@x, b@y")
    assert load_config().allowed == {"a@x", "b@y"}
    monkeypatch.setenv("TELECOM_DISPATCHER_DRAIN_SECONDS", "long")
    with pytest.raises(UsageError, match="TELECOM_DISPATCHER_DRAIN_SECONDS = 'long'"):
        load_config()
