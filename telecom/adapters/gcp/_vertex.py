"""What the Vertex AI adapters say alike: where things live, their labels, how calls are made and jobs waited for."""

import hashlib
import json
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from google.cloud.aiplatform_v1 import JobState

from telecom.adapters.gcp._errors import DEADLINE, IDEMPOTENT, ONCE
from telecom.adapters.gcp._patience import Patience
from telecom.settings import Settings

READ: dict[str, Any] = {"retry": IDEMPOTENT, "timeout": DEADLINE}
CHANGE: dict[str, Any] = {"retry": ONCE, "timeout": DEADLINE}
REQUEST = "telecom_request"
"""The label by which a repetition finds what its first attempt started."""
DIGITS = 40
"""Of a SHA-256: a label holds at most 63 characters."""
_ENDED = frozenset(
    {
        JobState.JOB_STATE_SUCCEEDED.value,
        JobState.JOB_STATE_PARTIALLY_SUCCEEDED.value,
        JobState.JOB_STATE_FAILED.value,
        JobState.JOB_STATE_CANCELLED.value,
        JobState.JOB_STATE_EXPIRED.value,
    }
)


class HasState(Protocol):
    """Any job of Vertex AI's."""

    name: Any
    state: Any


Job = TypeVar("Job", bound=HasState)


def location(settings: Settings) -> str:
    """The parent of every regional resource."""
    return f"projects/{settings.project}/locations/{settings.region}"


def labels(settings: Settings, **more: str) -> dict[str, str]:
    """What everything that we create is labelled with."""
    return {"app": "telecom-ml-llmops", "env": settings.env, **more}


def digest(*parts: Any) -> str:
    """Of plain values; the same ones give the same digest in every process."""
    text = json.dumps(parts, sort_keys=True, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def has_ended(job: HasState) -> bool:
    """Whether a job will not change any more. States of v1 and v1beta1 have equal numbers, yet never compare equal."""
    return int(job.state) in _ENDED


def ended(look: Callable[[], Job], patience: Patience, name: str) -> Job:
    """The job once it has ended, well or badly.

    Raises:
        DependencyUnavailable: it took too long.
    """

    def ended_job() -> Job | None:
        job = look()
        return job if has_ended(job) else None

    return patience.until(ended_job, f"The job {name}")


def failure(job: HasState, reason: str) -> str:
    """How a finished job failed, as the end of a sentence; empty where it succeeded."""
    state = JobState(int(job.state))
    if state == JobState.JOB_STATE_SUCCEEDED:
        return ""
    words = state.name.removeprefix("JOB_STATE_").lower().replace("_", " ")
    return f"ended as {words}: {reason or 'no reason given'}."
