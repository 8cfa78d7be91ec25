"""The dispatcher over the real ports: requests as the commands make them, and what the backend remembers."""

import json
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import ValidationError

from mlops.src.config import ChurnConfig
from mlops.src.serving.dispatcher_config import DispatcherConfig, load_config
from mlops.src.serving.dispatcher_messages import MOST_MINUTES, Order, delivery_of, order_of
from mlops.src.serving.dispatcher_wiring import Recording, _Server, console_link, recorded, wire
from mlops.tests.serving.fakes import PUSHER, message
from telecom.adapters.local._files import exclusive_now
from telecom.bootstrap import Platform
from telecom.errors import TelecomError, UsageError
from telecom.ports import PipelineRequest
from telecom.settings import Settings

IMAGE = "registry.example/churn@sha256:" + "a" * 64


def wired(tmp_path: Path, **settings: Any) -> Any:
    platform = Platform(Settings(**{"home": tmp_path / "home"} | settings))
    return wire(platform, ChurnConfig(), DispatcherConfig(pushers=f" {PUSHER} ,,"), lambda: tmp_path / "specs")


def order(payload: dict[str, Any]) -> Order:
    return order_of(delivery_of(json.dumps(message(payload)).encode()))


@pytest.mark.parametrize(
    ("payload", "pipeline", "parameters"),
    [
        ({"pipeline": "churn-scoring"}, "churn", {}),
        ({"pipeline": "churn", "parameters": {"csv": "gs://b/x.csv", "deploy": "online"}}, "churn", None),
        ({"pipeline": "churn-retraining", "parameters": {"snapshot_date": "2026-10-31"}}, "churn-retraining", None),
        ({"pipeline": "churn-automl", "parameters": {"minutes": 90}}, "churn-automl", {"minutes": 90.0}),
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
    for path in ("/etc/passwd", "x.csv"):
        with pytest.raises(UsageError, match="gs://"):
            cloud.request(order({"pipeline": "churn", "parameters": {"csv": path}}))


def test_on_one_machine_a_path_is_written_from_the_root_on(tmp_path: Path) -> None:
    local = wired(tmp_path)
    for path in ("x.csv", "./x.csv", "~/x.csv", "file:///x.csv"):
        with pytest.raises(UsageError, match="relative"):
            local.request(order({"pipeline": "churn", "parameters": {"csv": path}}))
    for path in ("/data/x.csv", "gs://b/x.csv", ""):
        request = local.request(order({"pipeline": "churn", "parameters": {"csv": path}}))
        assert request.parameters["csv"] == path


@pytest.mark.parametrize("parameters", [{"minutes": 59.9}, {}])
def test_a_search_on_google_cloud_takes_an_hour(tmp_path: Path, parameters: dict[str, Any]) -> None:
    payload = {"pipeline": "churn-automl", "parameters": parameters}
    with pytest.raises(UsageError, match="60"):
        wired(tmp_path, backend="gcp", project="p", audience="https://d").request(order(payload))
    assert wired(tmp_path).request(order(payload)).parameters["minutes"] == parameters.get("minutes", 10.0)


def test_a_search_has_one_maximum() -> None:
    with pytest.raises(ValidationError):
        ChurnConfig(automl_minutes=MOST_MINUTES + 0.1)
    assert ChurnConfig(automl_minutes=MOST_MINUTES).automl_minutes == MOST_MINUTES
    table = Path(__file__).parents[3] / "docs" / "mlops" / "dispatcher.md"
    assert f"`minutes` (more than 0, at most {MOST_MINUTES:,}; " in table.read_text("utf-8")


def test_the_parts_of_each_backend(tmp_path: Path) -> None:
    local, cloud = wired(tmp_path), wired(tmp_path, backend="gcp", project="p", audience="https://d")
    assert (local.background, local.audience, local.link("churn-1")) == (
        True,
        "telecom-dispatcher",
        f"file://{tmp_path}/home/pipelines/churn-1/run.log",
    )
    assert (cloud.background, cloud.audience, cloud.known("churn-1")) == (False, "https://d", None)
    assert (local.lacking, "TELECOM_IMAGE" in cloud.lacking) == ("", True)
    assert local.pushers == cloud.pushers == {PUSHER}
    assert cloud.link("churn-1") == console_link(Settings(backend="gcp", project="p"), "churn-1")
    with pytest.raises(UsageError, match="TELECOM_AUDIENCE"):
        wired(tmp_path, backend="gcp", project="p")


STEPS = [{"name": "prepare", "state": "failed", "seconds": 1.0, "metrics": {}, "message": "Blanks.", "exit_code": 4}]
BEGUN: list[Any] = [{"name": "prepare", "state": "running", "seconds": None, "metrics": {}}]


def kept(home: Path, state: str, steps: list[Any]) -> Path:
    """What a process has left of the run churn-1."""
    folder = home / "pipelines" / "churn-1"
    (folder / "tmp" / "workspace").mkdir(parents=True)
    said = {"job_id": "churn-1", "pipeline": "churn", "state": state, "message": "", "steps": steps}
    said |= {"started_at": "2026-11-20T06:00:00+00:00", "ended_at": ""}
    (folder / "state.json").write_text(json.dumps(said))
    return folder


@pytest.mark.parametrize(
    ("state", "steps", "expected", "note"),
    [
        ("succeeded", [], "succeeded", ""),
        ("failed", STEPS, "refused", "Blanks."),
        ("running", BEGUN, "failed", "broke off"),
        ("running", [], "failed", "broke off"),
    ],
)
def test_a_run_is_remembered(tmp_path: Path, state: str, steps: list[Any], expected: str, note: str) -> None:
    platform = Platform(Settings(home=tmp_path))
    folder = kept(tmp_path, state, steps)
    found = recorded(platform, "churn-1")
    assert found and (found.state, found.link) == (expected, f"file://{folder}/run.log") and note in found.note
    assert recorded(platform, "churn-1") == found and not (folder / "tmp").exists()
    assert recorded(platform, "churn-2") is None


def test_a_run_of_another_process_is_running(tmp_path: Path) -> None:
    folder = kept(tmp_path, "running", BEGUN)
    with exclusive_now(folder.with_name(".churn-1.lock")):
        found = wired(tmp_path.parent, home=tmp_path).known("churn-1")
    assert (found.state, found.steps[0].state, found.note != "") == ("running", "running", True)
    assert (folder / "tmp").exists()


def test_at_the_start_what_was_broken_off_is_settled(tmp_path: Path) -> None:
    folder = kept(tmp_path / "home", "running", BEGUN)
    wired(tmp_path)
    assert json.loads((folder / "state.json").read_text())["state"] == "failed"
    assert not (folder / "tmp").exists()
    rows = Platform(Settings(home=tmp_path / "home")).warehouse.query(
        "SELECT job_id, state FROM telecom_monitoring.pipeline_runs"
    )
    assert rows.to_pylist() == [{"job_id": "churn-1", "state": "failed"}]


def test_what_breaks_off_in_this_process_is_recorded(tmp_path: Path) -> None:
    platform = Platform(Settings(home=tmp_path))
    kept(tmp_path, "running", BEGUN)
    with pytest.raises(TelecomError):
        Recording(platform).start(PipelineRequest(tmp_path / "no.yaml", "churn-1", {}))
    rows = platform.warehouse.query("SELECT job_id, state FROM telecom_monitoring.pipeline_runs")
    assert rows.to_pylist() == [{"job_id": "churn-1", "state": "failed"}]


def test_the_signal_starts_the_clock_of_the_end() -> None:
    told: list[bool] = []
    server = _Server(uvicorn.Config("unused"), lambda: told.append(True))
    server.handle_exit(signal.SIGTERM, None)
    assert told == [True] and server.should_exit


def test_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (load_config().allowed, load_config().drain_seconds) == (frozenset(), 7.0), "Cloud Run kills after 10 s"
    monkeypatch.setenv("TELECOM_DISPATCHER_PUSHERS", "a@x, b@y")
    assert load_config().allowed == {"a@x", "b@y"}
    monkeypatch.setenv("TELECOM_DISPATCHER_DRAIN_SECONDS", "long")
    with pytest.raises(UsageError, match="TELECOM_DISPATCHER_DRAIN_SECONDS = 'long'"):
        load_config()
