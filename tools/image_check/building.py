"""The stage `build`, in an empty folder: its own COPY and RUN lines, with PREFIX in that folder."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tools.image_check.context import Context
from tools.image_check.dockerfile import Dockerfile, Instruction, Stage, expand

SHELL = ("sh", "-c")
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Step:
    """A step that was run."""

    line: str
    seconds: float


@dataclass(frozen=True)
class Built:
    """What the stage left behind.

    Args:
        prefix: the folder that the last stage takes.
        environment: of the last stage, for that folder.
        command: the last stage's CMD.
        healthcheck: its HEALTHCHECK.
        steps: what was run.
        left_out: RUN lines of the last stage; they change the base image, which is not here.
    """

    prefix: Path
    environment: dict[str, str]
    command: tuple[str, ...]
    healthcheck: tuple[str, ...]
    steps: tuple[Step, ...]
    left_out: tuple[str, ...]


def build(found: Dockerfile, context: Context, folder: Path, base: Path) -> Built:
    """Runs the build in `folder`, with the Python of the virtual environment `base` in the base image's place.

    Raises:
        subprocess.CalledProcessError: a step failed; its output was shown.
    """
    first, last = found.stages
    prefix, source = folder / "prefix", folder / "build"
    source.mkdir(parents=True)
    arguments = {**first.arguments(), "PREFIX": str(prefix)}
    environment = {**_outside(base), **arguments, **first.environment(arguments)}
    steps = [_step(step, first, context, source, environment) for step in _files_and_commands(first)]
    known = {"PATH": SYSTEM_PATH, **last.arguments(), "PREFIX": str(prefix)}
    return Built(
        prefix,
        {"PATH": known["PATH"], **last.environment(known)},
        last.last("CMD").words(),
        last.last("HEALTHCHECK").words(),
        tuple(steps),
        tuple(run.text for run in last.all("RUN")),
    )


def _files_and_commands(stage: Stage) -> list[Instruction]:
    return [found for found in stage.instructions if found.name in ("COPY", "RUN")]


def _step(step: Instruction, stage: Stage, context: Context, source: Path, environment: dict[str, str]) -> Step:
    began = time.monotonic()
    if step.name == "COPY":
        *sources, target = expand(step.text, environment).split()
        context.copy(sources, target, source)
    else:
        done = subprocess.run((*SHELL, step.text), cwd=source, env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.stderr.write(done.stdout + done.stderr)
            done.check_returncode()
    return Step(f"{step.name} {step.text}", time.monotonic() - began)


def _outside(base: Path) -> dict[str, str]:
    """What the package installer needs to know of this machine; nothing of this Python's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return {**kept, "PATH": f"{base / 'bin'}:{SYSTEM_PATH}"}
