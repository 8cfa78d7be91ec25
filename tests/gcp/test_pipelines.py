"""The real pipeline YAML, submitted through the real SDK."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.cloud.aiplatform_v1 import types
from google.protobuf import json_format

from mlops.src.config import ChurnConfig
from mlops.src.pipelines.compiling import PIPELINES
from mlops.src.pipelines.requests import Clock, make_request
from telecom.bootstrap import Platform
from telecom.errors import DependencyUnavailable, NotFound, UsageError
from telecom.pipeline_runs import Watched, wait
from telecom.ports import PipelineRequest, PipelineRun
from telecom.settings import Settings
from tests.loopback import vertex_pipelines
from tests.loopback.cloud import Cloud, patched_channels

GOLDEN = Path(__file__).parent / "golden"
IMAGE = "us-central1-docker.pkg.dev/telecom-test/ml/churn@sha256:" + "ab" * 32
NOW = datetime(2026, 11, 20, 6, tzinfo=UTC)
PARENT = "projects/telecom-test/locations/us-central1"


@pytest.fixture
def settings(cloud: Cloud, gcp_settings: Settings) -> Iterator[Settings]:
    cloud.grpc.always(vertex_pipelines.handlers(cloud.grpc.crud))
    account = "pipelines@telecom-test.iam.gserviceaccount.com"
    with patched_channels(cloud.grpc.address):
        yield gcp_settings.model_copy(update={"image": IMAGE, "service_account": account})


def request_of(settings: Settings, folder: Path, name: str = "churn", job_id: str = "churn-1") -> PipelineRequest:
    given: Mapping[str, Mapping[str, Any]] = {
        "churn": {"csv": "gs://telecom-test-dev-bronze/inbox/october's.csv"},
        "churn-automl": {"minutes": 60},
    }
    return make_request(name, settings, ChurnConfig(seed=11), Clock(NOW, job_id), given.get(name, {}), folder)


@pytest.mark.parametrize("name", PIPELINES)
def test_the_recorded_request_is_the_golden_one(cloud: Cloud, settings: Settings, tmp_path: Path, name: str) -> None:
    done = Platform(settings).pipelines.start(request_of(settings, tmp_path, name, f"{name}-1"))
    assert (done.job_id, done.state, done.already, done.steps) == (f"{name}-1", "submitted", False, ())
    (request,) = cloud.grpc.requests("CreatePipelineJob")
    golden = GOLDEN / f"create_pipeline_job_{name}.json"
    found = json.dumps(normalised(request), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert golden.read_text("utf-8") == found, f"{golden.name} differs; write it anew if that is meant"


def normalised(request: Any) -> Any:
    """The request as JSON; of each executor only the image and resources, since the YAML itself is golden."""
    told = json_format.MessageToDict(type(request).pb(request))
    spec = told["pipelineJob"]["pipelineSpec"]
    executors = spec.pop("deploymentSpec")["executors"]
    told["pipelineJob"]["pipelineSpec"] = {key: spec[key] for key in ("pipelineInfo", "schemaVersion", "sdkVersion")}
    told["pipelineJob"]["pipelineSpec"]["parameters"] = spec["root"]["inputDefinitions"]["parameters"]
    told["pipelineJob"]["executors"] = {
        name: {key: executor["container"][key] for key in ("image", "resources")}
        for name, executor in executors.items()
    }
    return told


def test_the_spec_arrives_as_it_was_compiled(cloud: Cloud, settings: Settings, tmp_path: Path) -> None:
    import yaml

    request = request_of(settings, tmp_path)
    Platform(settings).pipelines.start(request)
    (sent,) = cloud.grpc.requests("CreatePipelineJob")
    spec = json_format.MessageToDict(type(sent).pb(sent))["pipelineJob"]["pipelineSpec"]
    assert spec == yaml.safe_load(request.spec.read_text("utf-8"))
    (call,) = cloud.grpc.calls_of("CreatePipelineJob")
    assert call.routing == {"parent": PARENT} and call.deadline and call.deadline <= 60.1


def test_the_same_id_is_submitted_once(cloud: Cloud, settings: Settings, tmp_path: Path) -> None:
    pipelines, request = Platform(settings).pipelines, request_of(settings, tmp_path)
    first, second = pipelines.start(request), pipelines.start(request)
    assert (first.already, second.already) == (False, True) and first.link == second.link
    assert re.fullmatch(
        r"https://console\.cloud\.google\.com/vertex-ai/locations/us-central1/pipelines/runs/churn-1"
        r"\?project=telecom-test",
        first.link,
    )
    assert sum("/pipelineJobs/" in name for name in cloud.grpc.store) == 1


def test_the_run_joins_its_experiment(cloud: Cloud, settings: Settings, tmp_path: Path) -> None:
    Platform(settings).pipelines.start(request_of(settings, tmp_path))
    contexts = f"{PARENT}/metadataStores/default/contexts"
    assert cloud.grpc.store[f"{contexts}/telco-churn#children"] == [f"{contexts}/churn-1"]


def test_steps_without_an_image_are_not_submitted(cloud: Cloud, settings: Settings, tmp_path: Path) -> None:
    request = request_of(settings.model_copy(update={"image": ""}), tmp_path)
    with pytest.raises(UsageError, match="TELECOM_IMAGE"):
        Platform(settings).pipelines.start(request)
    assert cloud.grpc.calls == []


@pytest.mark.parametrize("fault", ["503", "429"])
def test_a_service_that_does_not_answer_is_unavailable(
    cloud: Cloud, settings: Settings, tmp_path: Path, fault: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    cloud.fail("CreatePipelineJob", times=1, kind=fault)
    with pytest.raises(DependencyUnavailable, match="churn-1"):
        Platform(settings).pipelines.start(request_of(settings, tmp_path))
    assert capfd.readouterr() == ("", "")


def test_nothing_of_this_machine_travels(settings: Settings, tmp_path: Path) -> None:
    environment = request_of(settings, tmp_path).parameters["environment"]
    assert environment["TELECOM_BACKEND"] == "gcp" and environment["TELECOM_CHURN_SEED"] == "11"
    assert not {"TELECOM_HOME", "TELECOM_THREADS", "TELECOM_MEMORY_GB"} & environment.keys()
    assert all(isinstance(value, str) for value in environment.values())


def ended(cloud: Cloud, state: str, **tasks: str) -> None:
    """The submitted job has ended; these of its tasks failed, and said that."""
    job = cloud.grpc.store[f"{PARENT}/pipelineJobs/churn-1"]
    job.state = types.PipelineState[f"PIPELINE_STATE_{state}"]
    for name, said in {"prepare": "", **tasks}.items():
        failed = types.PipelineTaskDetail.State["FAILED" if said else "SUCCEEDED"]
        job.job_detail.task_details.append({"task_name": name, "state": failed, "error": {"message": said}})


def test_a_run_is_looked_at_until_it_has_ended(cloud: Cloud, settings: Settings, tmp_path: Path) -> None:
    pipelines = Platform(settings).pipelines
    assert isinstance(pipelines, Watched)
    pipelines.start(request_of(settings, tmp_path))
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            ended(cloud, "SUCCEEDED")

    assert pipelines.look("churn-1").state == "submitted"
    done = wait(pipelines, "churn-1", minutes=60, sleep=sleep)
    assert (done.state, done.steps, slept) == ("succeeded", (), [30.0] * 3)
    (first, *_) = cloud.grpc.calls_of("GetPipelineJob")
    assert first.request.name == f"{PARENT}/pipelineJobs/churn-1" and first.deadline and first.deadline <= 60.1


def test_a_failed_run_says_which_step(cloud: Cloud, settings: Settings, tmp_path: Path) -> None:
    pipelines = Platform(settings).pipelines
    assert isinstance(pipelines, Watched)
    pipelines.start(request_of(settings, tmp_path))
    ended(cloud, "FAILED", evaluate="exit code 4")
    done = wait(pipelines, "churn-1", minutes=1, sleep=lambda _: None)
    assert done.state == "failed" and [(step.name, step.note) for step in done.steps] == [("evaluate", "exit code 4")]
    cloud.grpc.store[f"{PARENT}/pipelineJobs/churn-1"].state = types.PipelineState.PIPELINE_STATE_CANCELLED
    assert pipelines.look("churn-1").note == "It was cancelled."


def test_waiting_ends(cloud: Cloud, settings: Settings, tmp_path: Path) -> None:
    pipelines = Platform(settings).pipelines
    assert isinstance(pipelines, Watched)
    pipelines.start(request_of(settings, tmp_path))
    slept: list[float] = []
    with pytest.raises(DependencyUnavailable, match="has not ended within 2 minutes"):
        wait(pipelines, "churn-1", minutes=2, sleep=slept.append)
    assert len(slept) == 4
    with pytest.raises(NotFound):
        wait(pipelines, "churn-2", minutes=2, sleep=slept.append)


class Silent:
    """Does not answer so many times, then says that the run has succeeded."""

    def __init__(self, times: int) -> None:
        self.left = times

    def look(self, job_id: str) -> PipelineRun:
        self.left -= 1
        if self.left >= 0:
            raise DependencyUnavailable("It does not answer.")
        return PipelineRun(job_id, "succeeded", "")


def test_a_service_that_is_away_for_a_while_ends_no_wait() -> None:
    assert wait(Silent(9), "churn-1", minutes=60, sleep=lambda _: None).state == "succeeded"
    with pytest.raises(DependencyUnavailable, match="does not answer"):
        wait(Silent(10), "churn-1", minutes=60, sleep=lambda _: None)
