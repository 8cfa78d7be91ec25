"""What runs on this machine promise beyond the port: conditions, logs, repetition, and their end in any case."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from telecom.adapters.local import pipelines
from telecom.adapters.local.pipelines import LocalPipelines
from telecom.errors import TelecomError, UsageError
from telecom.pipeline_runs import FailedStep, KeptRun
from telecom.ports import PipelineRequest, PipelineRun, StepRun
from telecom.settings import Settings
from tests.contracts import small_pipelines as small


@pytest.fixture
def local(tmp_path: Path) -> LocalPipelines:
    return LocalPipelines(Settings(home=tmp_path / "home"))


def asked(pipeline: object, folder: Path, job_id: str = "job-1", **parameters: Any) -> PipelineRequest:
    return PipelineRequest(small.compiled(pipeline, folder), job_id, parameters, {"app": "test"})


def states(run: PipelineRun) -> dict[str, str]:
    return {step.name: step.state for step in run.steps}


def failed_of(run: PipelineRun) -> FailedStep:
    (failed,) = [step for step in run.steps if isinstance(step, FailedStep)]
    return failed


@pytest.mark.parametrize(("text", "taken", "left"), [("no", "say-2", "say"), ('it\'s "so" python3', "say-2", "say")])
def test_branches_are_taken_by_the_values_themselves(
    local: LocalPipelines, tmp_path: Path, text: str, taken: str, left: str
) -> None:
    told: list[StepRun] = []
    run = local.start(asked(small.branching, tmp_path, text=text), told.append)
    assert states(run) == {"judge": "succeeded", taken: "succeeded", "say-3": "succeeded", left: "skipped"}
    assert [step.name for step in told if step.state == "succeeded"] == ["judge", taken, "say-3"]


def test_steps_stand_in_the_pipelines_order_with_figures_in_their_own_and_sentences(
    local: LocalPipelines, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = local.start(asked(small.branching, tmp_path, text="yes it is"))
    assert [step.name for step in run.steps] == ["judge", "say", "say-2", "say-3"]
    assert list(run.steps[0].metrics) == ["length", "capitals", "average"]
    assert [step.note for step in run.steps] == ["yes it is", "", "", ""]
    again = local.find("job-1")
    assert again is not None and again.steps == run.steps and list(again.steps[0].metrics) == list(run.steps[0].metrics)
    assert "I say otherwise" in Path(run.link).read_text("utf-8")
    assert capfd.readouterr() == ("", "")


def test_conditions_three_deep_know_what_was_said_outside(local: LocalPipelines, tmp_path: Path) -> None:
    run = local.start(asked(small.nested, tmp_path))
    assert states(run) == {"judge": "succeeded", "judge-2": "succeeded", "say": "succeeded", "say-2": "skipped"}


def test_a_condition_on_a_named_output_is_not_skipped_in_silence(local: LocalPipelines, tmp_path: Path) -> None:
    assert states(local.start(asked(small.named, tmp_path, number=5)))["say"] == "succeeded"
    assert states(local.start(asked(small.named, tmp_path, "job-2", number=1)))["say"] == "skipped"


def test_one_of_two_artifacts_is_the_one_that_was_made(local: LocalPipelines, tmp_path: Path) -> None:
    assert states(local.start(asked(small.models, tmp_path, which="b")))["make-2"] == "succeeded"


def test_why_a_run_broke_off_is_said_kept_and_logged(local: LocalPipelines, tmp_path: Path) -> None:
    with pytest.raises(TelecomError, match="cannot be read") as broken:
        local.start(asked(small.quoted, tmp_path))
    again = local.start(asked(small.quoted, tmp_path))
    assert again.state == "failed" and again.note == broken.value.message and again == local.find("job-1")
    assert states(again) == {"say": "skipped", "say-2": "skipped"}
    assert Path(again.link).read_text("utf-8").rstrip().endswith(broken.value.message)


def test_what_was_refused_is_not_tried_again_and_the_exit_step_hears_of_it(
    local: LocalPipelines, tmp_path: Path
) -> None:
    began = time.monotonic()
    run = local.start(asked(small.failing, tmp_path, place=str(tmp_path)))
    assert time.monotonic() - began < 25
    assert states(run) == {"fail": "failed", "last": "succeeded", "say": "skipped"} and run.note == ""
    assert [step.name for step in run.steps] == ["fail", "say", "last"]
    told = (tmp_path / "last.txt").read_text("utf-8")
    assert told.startswith("FAILED: The failed tasks are: [fail]. Error: The thing 'it's'")


def test_a_crash_says_the_end_of_what_it_said(local: LocalPipelines, tmp_path: Path) -> None:
    failed = failed_of(local.start(asked(small.crashing, tmp_path)))
    assert failed.exit_code == 1 and failed.message.endswith("ValueError: a bug")


@pytest.mark.parametrize(("code", "state"), [(5, "succeeded"), (3, "failed")])
def test_only_what_may_pass_is_repeated(local: LocalPipelines, tmp_path: Path, code: int, state: str) -> None:
    run = local.start(asked(small.repeated, tmp_path, marker=str(tmp_path / "m"), code=code))
    assert run.state == state


def test_nothing_temporary_stays(local: LocalPipelines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "tmp"
    elsewhere.mkdir()
    monkeypatch.setenv("TMPDIR", str(elsewhere))
    run = local.start(asked(small.branching, tmp_path))
    assert list(elsewhere.iterdir()) == []
    kept = ["parameters.json", "pipeline.yaml", "run.log", "state.json", "steps"]
    assert sorted(path.name for path in Path(run.link).parent.iterdir()) == kept


def test_another_run_does_not_get_the_same_id(
    local: LocalPipelines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipelines, "_follow", lambda *_: None)
    world = {"environment": {"TELECOM_ENV": "dev"}, "run_date": "2026-11-01T00:00:00+00:00"}
    local.start(asked(small.dated, tmp_path, **world, csv="a.csv"))
    assert local.start(asked(small.dated, tmp_path, **world | {"run_date": "later"}, csv="a.csv")).already
    for changed, said in (
        ({"csv": "b.csv"}, "csv was 'a.csv' and is 'b.csv'"),
        ({}, "csv was 'a.csv' and is not given"),
        ({"csv": "a.csv", "environment": {"TELECOM_ENV": "prod"}}, "TELECOM_ENV was 'dev' and is 'prod'"),
    ):
        with pytest.raises(UsageError) as refused:
            local.start(asked(small.dated, tmp_path, **world | changed))
        assert said in refused.value.message and "run_date" not in refused.value.message
    with pytest.raises(UsageError, match="the pipeline was dated and is branching"):
        local.start(asked(small.branching, tmp_path))


def test_a_second_look_while_the_first_runs_is_told_so(local: LocalPipelines, tmp_path: Path) -> None:
    (other := tmp_path / "other").mkdir()
    marker, found = tmp_path / "marker", list[KeptRun | None]()
    request = asked(small.sleeping, tmp_path, marker=str(marker))

    def ask_when_it_runs() -> None:
        wait_for(marker)
        found.append(local.start(asked(small.sleeping, other, marker=str(marker))))
        found.append(local.find("job-1"))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=ask_when_it_runs)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        local.start(request)
    thread.join()
    assert [(run.state, run.already, run.ended_at) for run in found if run] == [("submitted", True, "")] * 2
    after = local.find("job-1")
    assert after and (after.state, after.already, after.note) == ("failed", True, "It was interrupted.")
    assert states(after) == {"sleep": "failed", "say": "skipped"} and after.pipeline == "sleeping"
    assert not processes(str(tmp_path / "home"))


START = """
import sys
from pathlib import Path
from telecom.adapters.local.pipelines import LocalPipelines
from telecom.ports import PipelineRequest
from telecom.settings import Settings
home, spec, marker = sys.argv[1:]
LocalPipelines(Settings(home=Path(home))).start(PipelineRequest(Path(spec), "job-1", {"marker": marker}))
"""


def test_a_run_whose_process_is_gone_has_failed_and_so_have_its_steps(local: LocalPipelines, tmp_path: Path) -> None:
    marker, home = tmp_path / "marker", tmp_path / "home"
    request = asked(small.sleeping, tmp_path, marker=str(marker))
    process = subprocess.Popen([sys.executable, "-c", START, str(home), str(request.spec), str(marker)])
    wait_for(marker)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while processes(str(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not processes(str(home))
    run = local.find("job-1")
    assert run and (run.state, run.note) == ("failed", "It broke off: the process that ran it is gone.")
    assert failed_of(run).message == run.note and states(run)["say"] == "skipped" and run.ended_at >= run.started_at
    assert run.note in Path(run.link).read_text("utf-8") and not (Path(run.link).parent / "tmp").exists()
    assert local.start(request) == run


def test_what_was_never_started_is_not_found(local: LocalPipelines, tmp_path: Path) -> None:
    assert local.find("job-1") is None and not (tmp_path / "home").exists()
    with pytest.raises(UsageError, match="job id"):
        local.find("../x")


def test_any_folder_may_be_home(tmp_path: Path) -> None:
    home = tmp_path / 'it\'s a "home" python3 $(x) é'
    run = LocalPipelines(Settings(home=home)).start(asked(small.branching, tmp_path))
    assert run.state == "succeeded" and Path(run.link).is_relative_to(home)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.05)


def processes(text: str) -> list[str]:
    """Command lines of other running processes that name the text."""
    found = list[str]()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it may have ended meanwhile
            said = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in said and path.parent.name != str(os.getpid()):
                found.append(said)
    return found
