"""Pipelines on one machine: kfp.local runs the compiled YAML, in a process and a folder of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Literal

import yaml

import telecom
from telecom.adapters.local import _kfp_process
from telecom.adapters.local._files import beside, exclusive_now, write_json
from telecom.bootstrap import missing_extra
from telecom.errors import TelecomError, UsageError
from telecom.pipeline_runs import FailedStep, check_job_id
from telecom.ports import PipelineRequest, PipelineRun, StepRun
from telecom.settings import Settings

OnStep = Callable[[StepRun], None]
PATIENCE = 10.0
"""Seconds that interrupted steps get to end by themselves."""

_ENDS: dict[str, Literal["submitted", "succeeded", "failed"]] = {
    "running": "submitted",
    "succeeded": "succeeded",
    "failed": "failed",
}


@dataclass
class _State:
    """What is known of a run, as `state.json` keeps it."""

    job_id: str
    state: str = "running"
    message: str = ""
    started_at: str = ""
    ended_at: str = ""
    steps: dict[str, StepRun] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "steps": [asdict(step) for step in self.steps.values()]}

    @classmethod
    def read(cls, path: Path) -> "_State | None":
        if not path.exists():
            return None
        kept = json.loads(path.read_text("utf-8"))
        steps = [(FailedStep if "exit_code" in step else StepRun)(**step) for step in kept.pop("steps")]
        return cls(**kept, steps={step.name: step for step in steps})


class LocalPipelines:
    """Implements `telecom.ports.Pipelines` below `<home>/pipelines/<job id>`.

    The folder keeps the YAML, the parameters, `run.log` with all that the steps said, and `state.json`.
    """

    def __init__(self, settings: Settings) -> None:
        self._root = settings.home / "pipelines"

    def start(self, request: PipelineRequest, on_step: OnStep | None = None) -> PipelineRun:
        """Runs the pipeline until it ends; an id that was started before is not run again.

        A failed step ends up in `steps` as a `FailedStep` with what it said. A step is repeated as its policy says, but
        only when a dependency was unavailable: what was refused once is refused again.

        Raises:
            UsageError: the id is not acceptable, or the file is no pipeline, or does not take these parameters.
            TelecomError: the run broke off in another way than by a failed step; the message says how.
            MissingExtra: kfp is not installed.
        """
        check_job_id(request.job_id)
        folder = self._root / request.job_id
        with exclusive_now(self._root / f".{request.job_id}.lock") as ours:
            earlier = _State.read(folder / "state.json")
            if not ours:
                return _as_run(folder, earlier or _State(request.job_id), already=True)
            if earlier:
                return _as_run(folder, _settled(folder, earlier), already=True)
            leaves, state = _steps_of(request), _State(request.job_id, started_at=_now())
            _keep(request, folder, state)
            with _recorded(folder, state):
                _follow(folder, state, on_step or _nobody)
                _skip(state, leaves, on_step or _nobody)
            return _as_run(folder, state, already=False)


def _steps_of(request: PipelineRequest) -> tuple[str, ...]:
    """The steps of a compiled pipeline that do something themselves, each once, if it takes the parameters."""
    try:
        spec = yaml.safe_load(request.spec.read_text("utf-8"))
        dags = [spec["root"], *spec["components"].values()]
        tasks = [item for dag in dags for item in dag.get("dag", {}).get("tasks", {}).items()]
        leaves = [name for name, task in tasks if "dag" not in spec["components"][task["componentRef"]["name"]]]
        inputs = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError, LookupError, TypeError, AttributeError) as error:
        raise UsageError(f"{str(request.spec)!r} is not a compiled pipeline: {error}.", "Compile it again.") from error
    unknown = sorted(request.parameters.keys() - inputs.keys())
    optional = {name for name, rule in inputs.items() if "defaultValue" in rule or rule.get("isOptional")}
    if missing := sorted(inputs.keys() - optional - request.parameters.keys()):
        raise UsageError(f"The pipeline needs the parameters {missing}.", "Give them.")
    if unknown:
        raise UsageError(f"The pipeline has no parameters {unknown}.", f"Known: {', '.join(inputs)}.")
    return tuple(dict.fromkeys(leaves))


def _keep(request: PipelineRequest, folder: Path, state: _State) -> None:
    """The folder with the YAML, the parameters and the state, whole or not at all."""
    if find_spec("kfp") is None:
        raise missing_extra(ModuleNotFoundError("No module named 'kfp'", name="kfp"), "pipelines")
    with beside(folder) as part:
        part.mkdir()
        shutil.copyfile(request.spec, part / "pipeline.yaml")
        write_json(part / "parameters.json", dict(request.parameters))
        write_json(part / "state.json", state.as_json())
        (part / "run.log").touch()


@contextmanager
def _recorded(folder: Path, state: _State) -> Iterator[None]:
    """Writes the state at the end, however that comes; nothing temporary stays."""
    try:
        yield
    except BaseException as error:
        _break_off(state, "It was interrupted." if isinstance(error, KeyboardInterrupt) else str(error))
        raise
    finally:
        state.ended_at = _now()
        shutil.rmtree(folder / "tmp", ignore_errors=True)
        write_json(folder / "state.json", state.as_json())


def _follow(folder: Path, state: _State, on_step: OnStep) -> None:
    """Runs the pipeline and keeps up with it until it ends."""
    with _running(folder) as events:
        for line in events:
            event = json.loads(line)
            if "end" in event:
                state.state, state.message = event["end"], event.get("message", "")
                continue
            step = _as_step(event)
            state.steps[step.name] = step
            write_json(folder / "state.json", state.as_json())
            on_step(step)
    if state.state == "running" or (state.state == "failed" and not _failures(state)):
        said = state.message or _end_of(folder / "run.log")
        raise TelecomError(f"The pipeline broke off: {said}", f"Read {folder / 'run.log'}.")


@contextmanager
def _running(folder: Path) -> Iterator[IO[str]]:
    """The process that runs the pipeline; yields its events. It and its steps are gone when the block is left."""
    (folder / "tmp").mkdir()
    package = str(Path(telecom.__file__).parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    ours = {"TMPDIR": str(folder / "tmp"), "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", _kfp_process.__name__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, **ours},
        process_group=0,
    )
    assert process.stdin and process.stdout  # noqa: S101 (for the type checker: both are pipes)
    with process.stdin, process.stdout:
        try:
            yield process.stdout
            process.wait()
        except BaseException:
            _stop(process)
            raise


def _stop(process: "subprocess.Popen[str]") -> None:
    """Interrupts the process and its steps; kills what does not end."""
    for sign in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
            break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _as_step(event: dict[str, Any]) -> StepRun:
    if event["state"] == "failed":
        return FailedStep(
            event["step"], "failed", event["seconds"], message=event["message"], exit_code=event["exit_code"]
        )
    return StepRun(event["step"], event["state"], event.get("seconds"), event.get("metrics", {}))


def _skip(state: _State, leaves: tuple[str, ...], on_step: OnStep) -> None:
    """Adds the steps that were not due: of branches not taken, or behind a failed step."""
    for name in leaves:
        if name not in state.steps:
            state.steps[name] = StepRun(name, "skipped")
            on_step(state.steps[name])


def _settled(folder: Path, state: _State) -> _State:
    """A run whose process is gone without a word has failed."""
    if state.state == "running":
        _break_off(state, "The process that ran it was killed.")
        shutil.rmtree(folder / "tmp", ignore_errors=True)
        write_json(folder / "state.json", state.as_json())
    return state


def _break_off(state: _State, message: str) -> None:
    """The run has failed, and with it the step that was running."""
    state.state, state.message = "failed", message
    for name, step in state.steps.items():
        if step.state == "running":
            state.steps[name] = FailedStep(name, "failed", message=message)


def _as_run(folder: Path, state: _State, already: bool) -> PipelineRun:
    return PipelineRun(state.job_id, _ENDS[state.state], str(folder / "run.log"), already, tuple(state.steps.values()))


def _failures(state: _State) -> list[StepRun]:
    return [step for step in state.steps.values() if step.state == "failed"]


def _end_of(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").strip().splitlines()
    return "\n".join(lines[-_kfp_process.TAIL :]) or "it said nothing."


def _nobody(_: StepRun) -> None:
    """Hears of steps when nobody asked."""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
