"""Runs one compiled pipeline with kfp.local, in a process of its own: `python -m telecom.adapters.local._kfp_process`.

kfp changes the process in which it runs (its print, its root logger, its configuration), so that process does nothing
else. What happens goes to stdout, one JSON object per line; everything that kfp and the steps say goes to the log.
When the process that started this one goes away, this one and its steps do.
"""

import json
import logging
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

from telecom.adapters.local._kfp_conditions import certain, replaced
from telecom.errors import DependencyUnavailable

TAIL = 20
MAY_PASS = DependencyUnavailable.exit_code
DOUBTS = ("could not resolve", "evaluation failed", "failed to get", "unknown items type", "unknown iterator type")
OUR_ERROR = re.compile(r"Error( \[\w+\])?: ")


@dataclass
class Watched:
    """One run: where events and the log go, and what the step at hand has said."""

    events: IO[str]
    log: IO[str]
    said: deque[str] = field(default_factory=lambda: deque(maxlen=500))
    exit_code: int = 0
    output: str = ""
    failure: str = ""
    failed: str = ""

    def tell(self, **event: Any) -> None:
        """One line for the process that watches."""
        self.events.write(json.dumps(event) + "\n")
        self.events.flush()

    def note(self, line: str) -> None:
        """One line for the log."""
        self.log.write(line)
        self.log.flush()

    def command(self, full_command: list[str], env_vars: Mapping[str, str] | None = None) -> int:
        """Runs a step's command, as `run_local_subprocess` of kfp does; keeps the end of what it says."""
        self.said.clear()
        self.output = output_file(full_command)
        with subprocess.Popen(
            full_command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, **(env_vars or {})},
        ) as process:
            for line in process.stdout or ():
                self.note(line)
                self.said.append(line)
        self.exit_code = process.returncode
        return process.returncode

    def sentence(self) -> str:
        """Our error, if the step told one; else the end of what it said."""
        lines = list(self.said)
        ours = [number for number, line in enumerate(lines) if OUR_ERROR.match(line)]
        return "".join(lines[ours[-1] :] if ours else lines[-TAIL:]).strip()


def main(folder: Path) -> int:
    """Runs `<folder>/pipeline.yaml` with `<folder>/parameters.json`; returns 0 if every step that was due succeeded."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    log = (folder / "run.log").open("a", encoding="utf-8")
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        os.dup2(log.fileno(), number)
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    watched = Watched(events, log)
    try:
        run(folder, watched)
    except Exception as error:
        logging.getLogger(__name__).exception("The pipeline ended.")
        said = watched.failure or f"{type(error).__name__}: {error}"
        watched.tell(end="failed", step=watched.failed, message=said)
        return 1
    watched.tell(end="succeeded")
    return 0


def run(folder: Path, watched: Watched) -> None:
    """Executes the pipeline; whatever kfp is unsure of is an error.

    Raises:
        RuntimeError: a step failed, or kfp.local was in doubt.
    """
    _import_kfp()
    from kfp import components, local
    from kfp.local import logging_utils
    from kfp.local import subprocess_task_handler as handler
    from kfp.local.orchestrator import task_executor
    from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils

    warnings.simplefilter("ignore")
    doubts = Doubts()
    logging.getLogger().addHandler(doubts)
    parameters = json.loads((folder / "parameters.json").read_text("utf-8"))
    pipeline = components.load_component_from_file(str(folder / "pipeline.yaml"))
    local.init(
        runner=local.SubprocessRunner(use_venv=False),
        pipeline_root=str(folder / "steps"),
        workspace_root=str(folder / "tmp" / "workspace"),
    )
    patches: tuple[tuple[Any, str, Any], ...] = (
        (logging_utils, "color_text", lambda text, _: text),
        (handler, "run_local_subprocess", watched.command),
        (handler, "replace_python_executable", with_python),
        (task_executor, "execute_single_task", observed(watched, task_executor.execute_single_task)),
        (OrchestratorUtils, "make_task_arguments", classmethod(explained(watched, OrchestratorUtils))),
    )
    with ExitStack() as undo:
        undo.enter_context(certain())
        for target, name, value in patches:
            undo.enter_context(replaced(target, name, value))
        pipeline(**parameters)
    if doubts.found:
        raise RuntimeError(f"kfp.local was in doubt: {' '.join(doubts.found)}")


def _import_kfp() -> None:
    """Imports the bare package: of itself it brings its server's client and that of Kubernetes, half of the start."""
    os.environ["_KFP_RUNTIME"] = "true"
    import kfp  # noqa: F401

    del os.environ["_KFP_RUNTIME"]  # which would keep what defines pipelines from `kfp.dsl`


class Doubts(logging.Handler):
    """Collects what kfp.local only warns of and then skips."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps the message of a doubt."""
        said = record.getMessage()
        if any(doubt in said.lower() for doubt in DOUBTS):
            self.found.append(said)


def with_python(full_command: list[str], new_executable: str) -> list[str]:
    """The command with this interpreter in its shell script; kfp would replace the word in arguments, too."""
    script = next((n for n, part in enumerate(full_command) if "kfp.dsl.executor_main" in part), 0)
    command = list(full_command)
    command[script] = re.sub(r"\bpython3\b", lambda _: shlex.quote(new_executable), command[script])
    return command


def observed(watched: Watched, execute: Callable[..., Any]) -> Callable[..., Any]:
    """The execution of a task, told as events, and repeated only where what failed may pass by itself."""

    def execute_single_task(task_name: str, task_spec: Any, **more: Any) -> Any:
        policy, once = task_spec.retry_policy, type(task_spec)()
        once.CopyFrom(task_spec)
        once.ClearField("retry_policy")
        began, attempt = time.monotonic(), 0
        watched.tell(step=task_name, state="running")
        while True:
            outputs, status = execute(task_name=task_name, task_spec=once, **more)
            if status.name == "SUCCESS" or watched.exit_code != MAY_PASS or attempt >= policy.max_retry_count:
                break
            pause = policy.backoff_duration.seconds * (policy.backoff_factor or 2.0) ** attempt
            attempt += 1
            watched.note(f"\n{task_name}: repeated in {pause:g} s ({attempt} of {policy.max_retry_count}).\n")
            time.sleep(pause)
        seconds = time.monotonic() - began
        if status.name == "SUCCESS":
            figures, note = given(watched.output)
            watched.tell(step=task_name, state="succeeded", seconds=seconds, metrics=figures, note=note)
            return outputs, status
        said = watched.sentence()
        watched.failed, watched.failure = watched.failed or task_name, watched.failure or said
        watched.tell(step=task_name, state="failed", seconds=seconds, message=said, exit_code=watched.exit_code)
        return outputs, status

    return execute_single_task


def explained(watched: Watched, utils: Any) -> Callable[..., Any]:
    """The arguments of a task, as kfp finds them; a final status says which step failed and how, as on Vertex AI."""
    original = utils.make_task_arguments

    def make_task_arguments(_: type, task_inputs_spec: Any, io_store: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = original(task_inputs_spec=task_inputs_spec, io_store=io_store)
        for name, spec in task_inputs_spec.parameters.items():
            if spec.HasField("task_final_status") and watched.failed:
                named = f"The failed tasks are: [{watched.failed}]. {watched.failure}"
                arguments[name]["error"] = {"code": 9, "message": named}
        return arguments

    return make_task_arguments


def output_file(full_command: list[str]) -> str:
    """Where a step that kfp starts with this command writes what it gives; empty for one that gives nothing."""
    for option, value in pairwise(full_command):
        if option == "--executor_input":
            return str(json.loads(value).get("outputs", {}).get("outputFile", ""))
    return ""


def given(path: str) -> tuple[dict[str, float], str]:
    """The numbers that a step logged in its artifacts, in its order, and the sentences it gave: texts with a space.

    Read from the file that the step wrote: kfp sorts the numbers by name.
    """
    if not path or not Path(path).exists():
        return {}, ""
    wrote = json.loads(Path(path).read_text("utf-8"))
    logged = [
        item
        for output in wrote.get("artifacts", {}).values()
        for artifact in output.get("artifacts", ())
        for item in artifact.get("metadata", {}).items()
    ]
    figures = {key: value for key, value in logged if isinstance(value, int | float) and not isinstance(value, bool)}
    texts = [*wrote.get("parameterValues", {}).values(), *(value for _, value in logged)]
    return figures, " ".join(dict.fromkeys(text for text in texts if isinstance(text, str) and " " in text.strip()))


def _end_with_parent() -> None:
    """Waits for the end of the process that holds the other end of stdin, then ends this one and its steps."""
    # Not sys.stdin: its lock, held while reading, would break the interpreter's end.
    while os.read(0, 1):
        pass
    os.killpg(os.getpgid(0), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
