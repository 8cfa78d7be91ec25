"""Pipelines on one machine: kfp.local runs the compiled YAML, in a process and a folder of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import telecom
from telecom.adapters.local import _kfp_process
from telecom.adapters.local._files import beside, exclusive_now, write_json
from telecom.adapters.local._kfp_plan import check_parameters, check_same, plan_of
from telecom.adapters.local._kfp_state import OnStep, State, moment, nobody
from telecom.bootstrap import missing_extra
from telecom.errors import TelecomError
from telecom.pipeline_runs import KeptRun, check_job_id, run_folder
from telecom.ports import PipelineRequest
from telecom.settings import Settings

PATIENCE = 10.0
"""Seconds that interrupted steps get to end by themselves."""


class LocalPipelines:
    """Implements `telecom.ports.Pipelines` below `<home>/pipelines/<job id>`.

    The folder keeps the YAML, the parameters, `run.log` with all that the steps said, and `state.json`.
    """

    def __init__(self, settings: Settings) -> None:
        self._home = settings.home

    def start(self, request: PipelineRequest, on_step: OnStep | None = None) -> KeptRun:
        """Runs the pipeline until it ends; an id that was started before is not run again.

        A failed step ends up in `steps` as a `FailedStep` with what it said. A step is repeated as its policy says, but
        only when a dependency was unavailable: what was refused once is refused again.

        Raises:
            UsageError: the id is not acceptable or was given to another run, or the file is no pipeline, or does not
                take these parameters.
            TelecomError: the run broke off in another way than by a failed step; the message says how.
            MissingExtra: kfp is not installed.
        """
        check_job_id(request.job_id)
        plan, folder = plan_of(request.spec), run_folder(self._home, request.job_id)
        with self._locked(request.job_id) as ours:
            if earlier := State.read(folder):
                check_same(plan, request, earlier.pipeline, folder / "parameters.json")
                return _looked_at(earlier, ours)
            state = State(folder, request.job_id, plan.pipeline, started_at=moment())
            if not ours:
                return state.as_run(already=True)
            check_parameters(plan, request)
            _keep(request, state)
            with _recorded(state, plan.steps):
                _follow(state, on_step or nobody)
                state.finish(plan.steps, on_step or nobody)
            return state.as_run(already=False)

    def find(self, job_id: str) -> KeptRun | None:
        """See `telecom.pipeline_runs.Remembering`."""
        check_job_id(job_id)
        folder = run_folder(self._home, job_id)
        if not (folder / "state.json").exists():
            return None
        with self._locked(job_id) as free:
            state = State.read(folder)
            return _looked_at(state, free) if state else None

    @contextmanager
    def _locked(self, job_id: str) -> Iterator[bool]:
        """Whether nobody runs this id; until the end nobody else can begin."""
        folder = run_folder(self._home, job_id)
        with exclusive_now(folder.with_name(f".{folder.name}.lock")) as free:
            yield free


def _looked_at(state: State, free: bool) -> KeptRun:
    """A run that was started before; it is running only while somebody holds its lock."""
    if free:
        state.settle()
        shutil.rmtree(state.folder / "tmp", ignore_errors=True)
    return state.as_run(already=True)


def _keep(request: PipelineRequest, state: State) -> None:
    """The folder with the YAML, the parameters and the state, whole or not at all."""
    if find_spec("kfp") is None:
        raise missing_extra(ModuleNotFoundError("No module named 'kfp'", name="kfp"), "pipelines")
    with beside(state.folder) as part:
        part.mkdir()
        shutil.copyfile(request.spec, part / "pipeline.yaml")
        write_json(part / "parameters.json", dict(request.parameters))
        (part / "run.log").touch()
        state.write(part)


@contextmanager
def _recorded(state: State, steps: tuple[str, ...]) -> Iterator[None]:
    """Writes the state at the end, however that comes; nothing temporary stays."""
    try:
        yield
    except BaseException as error:
        state.break_off(_reason(error))
        state.finish(steps, nobody)
        raise
    finally:
        state.ended_at = moment()
        shutil.rmtree(state.folder / "tmp", ignore_errors=True)
        state.write()


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "It was interrupted."
    return error.message if isinstance(error, TelecomError) else f"{type(error).__name__}: {error}"


def _follow(state: State, on_step: OnStep) -> None:
    """Runs the pipeline and keeps up with it until it ends."""
    said = ""
    with _running(state.folder) as events:
        for line in events:
            event = json.loads(line)
            if "end" in event:
                state.state, said = event["end"], event.get("message", "")
                continue
            step = state.take(event)
            state.write()
            on_step(step)
    failed = any(step.state == "failed" for step in state.steps.values())
    if state.state == "running" or (state.state == "failed" and not failed):
        log = state.folder / "run.log"
        raise TelecomError(f"The pipeline broke off: {said or _end_of(log)}", f"Read {log}.")


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


def _end_of(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").strip().splitlines()
    return "\n".join(lines[-_kfp_process.TAIL :]) or "it said nothing."
