"""What every Pipelines promises; and what runs on this machine promise beyond it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from telecom.bootstrap import Platform
from telecom.errors import TelecomError, UsageError
from telecom.pipeline_runs import FailedStep
from telecom.ports import PipelineRequest, PipelineRun, StepRun
from telecom.settings import Settings
from tests.contracts import small_pipelines as small
from tests.loopback import vertex_pipelines
from tests.loopback.cloud import patched_channels

both = pytest.mark.backends("local", "gcp")


@pytest.fixture(autouse=True)
def reachable(request: pytest.FixtureRequest) -> Iterator[None]:
    if "backend" not in request.fixturenames or request.getfixturevalue("backend") == "local":
        yield
        return
    cloud = request.getfixturevalue("cloud")
    cloud.grpc.always(vertex_pipelines.handlers(cloud.grpc.crud))
    with patched_channels(cloud.grpc.address):
        yield


def asked(pipeline: object, folder: Path, job_id: str = "job-1", **parameters: Any) -> PipelineRequest:
    return PipelineRequest(small.compiled(pipeline, folder), job_id, parameters, {"app": "test"})


def states(run: PipelineRun) -> dict[str, str]:
    return {step.name: step.state for step in run.steps}


@both
def test_a_request_is_started(platform: Platform, tmp_path: Path) -> None:
    run = platform.pipelines.start(asked(small.branching, tmp_path))
    assert run.job_id == "job-1" and not run.already and run.link
    assert run.state == ("succeeded" if platform.settings.backend == "local" else "submitted")


@both
def test_the_same_id_is_never_started_twice(platform: Platform, tmp_path: Path) -> None:
    first = platform.pipelines.start(asked(small.branching, tmp_path))
    again = platform.pipelines.start(asked(small.branching, tmp_path, text="another"))
    assert again.already and (again.state, again.link, again.steps) == (first.state, first.link, first.steps)
    assert not platform.pipelines.start(asked(small.branching, tmp_path, "job-2")).already


@both
@pytest.mark.parametrize("job_id", ["", "Upper", "under_score", "1digit", "a" * 129, "../x", "it's"])
def test_ids_are_those_that_google_cloud_takes(platform: Platform, tmp_path: Path, job_id: str) -> None:
    with pytest.raises(UsageError, match="job id"):
        platform.pipelines.start(asked(small.branching, tmp_path, job_id))
    assert not list(platform.settings.home.rglob("state.json"))


@both
def test_unknown_parameters_are_refused(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="colour"):
        platform.pipelines.start(asked(small.branching, tmp_path, colour="red"))
    assert platform.pipelines.start(asked(small.branching, tmp_path)).already is False


@both
@pytest.mark.parametrize("text", ["[]", "root: 1\ncomponents: {}", "a: [", "components: {}"])
def test_a_file_that_is_no_pipeline_is_refused(platform: Platform, tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"other\.yaml"):
        platform.pipelines.start(PipelineRequest(path, "job-1", {}))


def test_a_missing_parameter_is_named(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="marker"):
        platform.pipelines.start(asked(small.sleeping, tmp_path))


@pytest.mark.parametrize(
    ("text", "taken", "left"), [("yes", "say", "say-2"), ("no", "say-2", "say"), ('it\'s "so" python3', "say-2", "say")]
)
def test_steps_are_told_live_with_times_and_figures(
    platform: Platform, tmp_path: Path, text: str, taken: str, left: str
) -> None:
    told: list[StepRun] = []
    run = platform.pipelines.start(asked(small.branching, tmp_path, text=text), told.append)
    assert states(run) == {"judge": "succeeded", taken: "succeeded", "say-3": "succeeded", left: "skipped"}
    assert [step.state for step in told if step.name == "judge"] == ["running", "succeeded"]
    assert [step.name for step in told if step.state == "succeeded"] == ["judge", taken, "say-3"]
    judged = run.steps[0]
    assert judged.metrics == {"length": len(text)} and judged.seconds is not None and judged.seconds > 0


def test_what_steps_say_is_in_the_log_and_nowhere_else(
    platform: Platform, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = platform.pipelines.start(asked(small.branching, tmp_path))
    assert "I say then" in Path(run.link).read_text("utf-8")
    assert capfd.readouterr() == ("", "")


def test_a_condition_on_a_named_output_is_not_skipped_in_silence(platform: Platform, tmp_path: Path) -> None:
    assert states(platform.pipelines.start(asked(small.named, tmp_path, number=5)))["say"] == "succeeded"
    assert states(platform.pipelines.start(asked(small.named, tmp_path, "job-2", number=1)))["say"] == "skipped"


def test_one_of_two_artifacts_is_the_one_that_was_made(platform: Platform, tmp_path: Path) -> None:
    assert states(platform.pipelines.start(asked(small.models, tmp_path, which="b")))["make-2"] == "succeeded"


def test_a_condition_that_cannot_be_read_fails_loudly(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(TelecomError, match="cannot be read"):
        platform.pipelines.start(asked(small.quoted, tmp_path))
    assert platform.pipelines.start(asked(small.quoted, tmp_path)).state == "failed"


def test_a_failed_step_says_its_sentence_and_its_exit_code(platform: Platform, tmp_path: Path) -> None:
    began = time.monotonic()
    run = platform.pipelines.start(asked(small.failing, tmp_path, place=str(tmp_path)))
    assert time.monotonic() - began < 25, "what was refused is not tried again"
    assert run.state == "failed"
    assert states(run) == {"fail": "failed", "last": "succeeded", "say": "skipped"}
    (failed,) = [step for step in run.steps if isinstance(step, FailedStep)]
    assert failed.exit_code == 4 and failed.message == "Error: The thing 'it's' is not there.\n→ Bring it."
    told = (tmp_path / "last.txt").read_text("utf-8")
    assert told.startswith("FAILED: The failed tasks are: [fail]. Error: The thing 'it's'")


def test_a_crash_says_the_end_of_what_it_said(platform: Platform, tmp_path: Path) -> None:
    run = platform.pipelines.start(asked(small.crashing, tmp_path))
    (failed,) = [step for step in run.steps if isinstance(step, FailedStep)]
    assert failed.exit_code == 1 and failed.message.endswith("ValueError: a bug")


@pytest.mark.parametrize(("code", "state"), [(5, "succeeded"), (3, "failed")])
def test_only_what_may_pass_is_repeated(platform: Platform, tmp_path: Path, code: int, state: str) -> None:
    run = platform.pipelines.start(asked(small.repeated, tmp_path, marker=str(tmp_path / "m"), code=code))
    assert run.state == state


def test_nothing_temporary_stays(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "tmp"
    elsewhere.mkdir()
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    run = platform.pipelines.start(asked(small.branching, tmp_path))
    assert list(elsewhere.iterdir()) == []
    folder = Path(run.link).parent
    kept = ["parameters.json", "pipeline.yaml", "run.log", "state.json", "steps"]
    assert sorted(path.name for path in folder.iterdir()) == kept


def test_a_second_start_while_the_first_runs_is_told_so(platform: Platform, tmp_path: Path) -> None:
    (other := tmp_path / "other").mkdir()
    marker, found = tmp_path / "marker", []
    request = asked(small.sleeping, tmp_path, marker=str(marker))

    def ask_when_it_runs() -> None:
        wait_for(marker)
        found.append(platform.pipelines.start(asked(small.sleeping, other, marker=str(marker))))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=ask_when_it_runs)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        platform.pipelines.start(request)
    thread.join()
    assert [(run.state, run.already) for run in found] == [("submitted", True)]
    after = platform.pipelines.start(request)
    assert (after.state, after.already, states(after)["sleep"]) == ("failed", True, "failed")
    assert not processes(str(platform.settings.home))


START = """
import sys
from pathlib import Path
from telecom.bootstrap import Platform
from telecom.ports import PipelineRequest
from telecom.settings import Settings
home, spec, marker = sys.argv[1:]
Platform(Settings(home=Path(home))).pipelines.start(PipelineRequest(Path(spec), "job-1", {"marker": marker}))
"""


def test_steps_end_with_the_process_that_started_them(platform: Platform, tmp_path: Path) -> None:
    marker, home = tmp_path / "marker", platform.settings.home
    request = asked(small.sleeping, tmp_path, marker=str(marker))
    process = subprocess.Popen([sys.executable, "-c", START, str(home), str(request.spec), str(marker)])
    wait_for(marker)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while processes(str(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not processes(str(home))
    run = platform.pipelines.start(request)
    (failed,) = [step for step in run.steps if isinstance(step, FailedStep)]
    assert (run.state, run.already, failed.message) == ("failed", True, "The process that ran it was killed.")


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.05)


def processes(text: str) -> list[str]:
    """Command lines of other running processes that name the text."""
    listed = subprocess.run(["ps", "-ax", "-ww", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if text in line and not line.strip().startswith(f"{os.getpid()} ")]


def test_any_folder_may_be_home(tmp_path: Path) -> None:
    home = tmp_path / 'it\'s a "home" python3 $(x) é'
    run = Platform(Settings(home=home)).pipelines.start(asked(small.branching, tmp_path))
    assert run.state == "succeeded" and Path(run.link).is_relative_to(home)
