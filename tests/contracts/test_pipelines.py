"""What every Pipelines promises. What runs on one machine promise beyond it: tests/unit/test_local_pipelines.py."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from telecom.bootstrap import Platform
from telecom.errors import UsageError
from telecom.pipeline_runs import FailedStep, Remembering
from telecom.ports import PipelineRequest, StepRun
from tests.contracts import small_pipelines as small
from tests.loopback import vertex_pipelines
from tests.loopback.cloud import patched_channels

pytestmark = pytest.mark.backends("local", "gcp")
FOLLOWED = pytest.mark.gap(
    "gcp",
    reason="a run is accepted, not followed: the console and the exit step's row in pipeline_runs tell how it went",
    raises=AssertionError,
)


@pytest.fixture(autouse=True)
def reachable(backend: str, request: pytest.FixtureRequest) -> Iterator[None]:
    if backend == "local":
        yield
        return
    cloud = request.getfixturevalue("cloud")
    cloud.grpc.always(vertex_pipelines.handlers(cloud.grpc.crud))
    with patched_channels(cloud.grpc.address):
        yield


def asked(pipeline: object, folder: Path, job_id: str = "job-1", **parameters: Any) -> PipelineRequest:
    return PipelineRequest(small.compiled(pipeline, folder), job_id, parameters, {"app": "test"})


def test_a_request_is_started(platform: Platform, tmp_path: Path) -> None:
    run = platform.pipelines.start(asked(small.branching, tmp_path))
    assert run.job_id == "job-1" and not run.already and run.link
    assert run.state == ("succeeded" if platform.settings.backend == "local" else "submitted")


def test_the_same_id_is_never_started_twice(platform: Platform, tmp_path: Path) -> None:
    first = platform.pipelines.start(asked(small.branching, tmp_path))
    again = platform.pipelines.start(asked(small.branching, tmp_path))
    assert again.already and (again.state, again.link, again.steps) == (first.state, first.link, first.steps)
    assert not platform.pipelines.start(asked(small.branching, tmp_path, "job-2")).already


@pytest.mark.gap(
    "gcp",
    reason="the service answers only that the id is taken; what it was given to is not asked for",
    raises=pytest.fail.Exception,
)
def test_an_id_that_was_given_to_another_run_is_refused(platform: Platform, tmp_path: Path) -> None:
    platform.pipelines.start(asked(small.branching, tmp_path))
    with pytest.raises(UsageError, match="text was not given and is 'another'"):
        platform.pipelines.start(asked(small.branching, tmp_path, text="another"))


@pytest.mark.parametrize("job_id", ["", "Upper", "under_score", "1digit", "a" * 129, "../x", "it's"])
def test_ids_are_those_that_google_cloud_takes(platform: Platform, tmp_path: Path, job_id: str) -> None:
    with pytest.raises(UsageError, match="job id"):
        platform.pipelines.start(asked(small.branching, tmp_path, job_id))
    assert not list(platform.settings.home.rglob("state.json"))


def test_unknown_parameters_are_refused(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="colour"):
        platform.pipelines.start(asked(small.branching, tmp_path, colour="red"))
    assert platform.pipelines.start(asked(small.branching, tmp_path)).already is False


@pytest.mark.parametrize("text", ["[]", "root: 1\ncomponents: {}", "a: [", "components: {}"])
def test_a_file_that_is_no_pipeline_is_refused(platform: Platform, tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"other\.yaml"):
        platform.pipelines.start(PipelineRequest(path, "job-1", {}))


@pytest.mark.gap(
    "gcp",
    reason="the SDK and the service take it and the run fails later; make_request looks before that",
    raises=pytest.fail.Exception,
)
def test_a_missing_parameter_is_named(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="marker"):
        platform.pipelines.start(asked(small.sleeping, tmp_path))


@FOLLOWED
def test_steps_are_told_live_with_times_and_figures(platform: Platform, tmp_path: Path) -> None:
    told: list[StepRun] = []
    run = platform.pipelines.start(asked(small.branching, tmp_path), told.append)
    assert [(step.name, step.state) for step in run.steps] == [
        ("judge", "succeeded"),
        ("say", "succeeded"),
        ("say-2", "skipped"),
        ("say-3", "succeeded"),
    ]
    assert [step.state for step in told if step.name == "judge"] == ["running", "succeeded"]
    judged = run.steps[0]
    assert judged.metrics["length"] == len("yes") and judged.seconds is not None and judged.seconds > 0


@FOLLOWED
def test_a_failed_step_says_its_sentence_and_its_exit_code(platform: Platform, tmp_path: Path) -> None:
    run = platform.pipelines.start(asked(small.failing, tmp_path, place=str(tmp_path)))
    assert run.state == "failed"
    (failed,) = [step for step in run.steps if isinstance(step, FailedStep)]
    assert failed.exit_code == 4 and failed.message == "Error: The thing 'it's' is not there.\n→ Bring it."


@FOLLOWED
def test_runs_are_remembered(platform: Platform, tmp_path: Path) -> None:
    assert isinstance(platform.pipelines, Remembering)
    assert platform.pipelines.find("job-1") is None
    run = platform.pipelines.start(asked(small.branching, tmp_path))
    found = platform.pipelines.find("job-1")
    assert found and found.already and (found.state, found.steps, found.link) == (run.state, run.steps, run.link)
