"""What pipelines share beyond their port: acceptable ids, how a failed step is told, and what one machine remembers."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from telecom.errors import UsageError
from telecom.ports import PipelineRun, StepRun

JOB_ID = re.compile(r"[a-z][a-z0-9-]{0,127}")


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
