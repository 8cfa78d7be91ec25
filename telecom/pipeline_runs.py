"""What pipelines share beyond their port: acceptable ids, how a failed step is told, and what one machine remembers."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from telecom.errors import DependencyUnavailable, UsageError
from telecom.ports import PipelineRun, StepRun

JOB_ID = re.compile(r"[a-z][a-z0-9-]{0,127}")
LOOK_SECONDS = 30.0
MOST_SILENT = 10
"""Looks in a row that may fail: the pipeline goes on while nobody can see it."""


@dataclass(frozen=True)
class FailedStep(StepRun):
    """A step that failed: the end of what it said (our sentence, where the error is ours) and its exit code."""

    message: str = ""
    exit_code: int = 1


@dataclass(frozen=True)
class KeptRun(PipelineRun):
    """A run as this machine remembers it: of which pipeline, and from when to when (ISO, UTC; empty while it runs)."""

    pipeline: str = ""
    started_at: str = ""
    ended_at: str = ""


@runtime_checkable
class Remembering(Protocol):
    """Pipelines that remember their runs; those of one machine do."""

    def find(self, job_id: str) -> KeptRun | None:
        """What became of a run, None if it was never started. State `submitted` means that somebody is running it.

        A run whose process is gone is settled first: it has failed, and its `note` says that it broke off.

        Raises:
            UsageError: the id is not acceptable.
        """
        ...


@runtime_checkable
class Watched(Protocol):
    """Pipelines that run elsewhere and tell how far they are; those of Google Cloud do."""

    def look(self, job_id: str) -> PipelineRun:
        """How a submitted run stands: `submitted` until it has ended; of its steps those that failed."""
        ...


def wait(pipelines: Watched, job_id: str, minutes: float, sleep: Callable[[float], None] = time.sleep) -> PipelineRun:
    """The run once it has ended, looked at every half minute.

    Raises:
        DependencyUnavailable: it has not ended in time, or could not be looked at ten times in a row.
    """
    silent = 0
    for _ in range(max(1, round(minutes * 60 / LOOK_SECONDS))):
        try:
            run = pipelines.look(job_id)
            silent = 0
        except DependencyUnavailable:
            silent += 1
            if silent == MOST_SILENT:
                raise
        else:
            if run.state != "submitted":
                return run
        sleep(LOOK_SECONDS)
    said = f"The pipeline {job_id!r} has not ended within {minutes:g} minutes; it goes on."
    raise DependencyUnavailable(said, "Look at it in the console, or wait longer with --wait.")


def run_folder(home: Path, job_id: str) -> Path:
    """Where one machine keeps a run: `run.log`, `state.json`, the YAML, the parameters and what the steps made."""
    return home / "pipelines" / job_id


def check_job_id(job_id: str) -> None:
    """Refuses what Google Cloud would refuse.

    Raises:
        UsageError: the id is not lower case letters, digits and `-`, a letter first, at most 128.
    """
    if not JOB_ID.fullmatch(job_id):
        raise UsageError(
            f"The job id {job_id!r} is not acceptable.",
            "Use lower case letters, digits and '-', a letter first, at most 128 characters.",
        )
