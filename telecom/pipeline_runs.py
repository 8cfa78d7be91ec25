"""What both backends' pipelines share: which ids are acceptable, and how a failed step is told."""

import re
from dataclasses import dataclass

from telecom.errors import UsageError
from telecom.ports import StepRun

JOB_ID = re.compile(r"[a-z][a-z0-9-]{0,127}")


@dataclass(frozen=True)
class FailedStep(StepRun):
    """A step that failed: the end of what it said (our sentence, where the error is ours) and its exit code."""

    message: str = ""
    exit_code: int = 1


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
