"""How a pipeline ended. Writes pipeline_runs and two gauges; called by the pipelines' exit handlers."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime

import pyarrow as pa

from telecom.errors import UsageError
from telecom.ports import Metrics, Sample, Warehouse, Write
from telecom.tables import contract

RUNS = "telecom_monitoring.pipeline_runs"
STATES = ("succeeded", "failed", "cancelled")
LONGEST = 500
_PERSONAL = (
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "<e-mail>"),
    (re.compile(r"\b\d{3}\.?\d{3}\.?\d{3}-?\d{2}\b"), "<number>"),
    (re.compile(r"\b\d{4}-[A-Z]{5}\b"), "<customer>"),
)


@dataclass(frozen=True)
class Outcome:
    """One finished run, as recorded. `failed_step` and `message` are None where nothing failed."""

    pipeline: str
    job_id: str
    state: str
    failed_step: str | None
    message: str | None
    started_at: datetime
    finished_at: datetime
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether it ended otherwise than well; a cancelled run did."""
        return self.state != "succeeded"


def run(  # noqa: PLR0913 - a row has that many facts
    warehouse: Warehouse,
    metrics: Metrics,
    *,
    pipeline: str,
    job_id: str,
    state: str,
    failed_step: str | None,
    message: str | None,
    started_at: datetime,
    now: datetime,
) -> Outcome:
    """Records how a run ended, in the place of what was recorded of the same job id, and publishes its gauges.

    Args:
        warehouse: takes the row.
        metrics: takes churn/pipeline_failed (0 or 1) and churn/pipeline_seconds, labelled with the pipeline.
        pipeline: its name.
        job_id: under which it was started.
        state: succeeded, failed or cancelled, in any case of letters.
        failed_step: the step that failed, if known.
        message: what the failure said; kept on one line, masked and cut.
        started_at: UTC.
        now: the end; before `started_at` (another machine's clock) it counts as no time at all.

    Raises:
        UsageError: the state is not one of the three.
    """
    if state.lower() not in STATES:
        raise UsageError(f"A pipeline cannot end in the state {state!r}.", f"Say one of {', '.join(STATES)}.")
    seconds = max(0.0, (now - started_at).total_seconds())
    said = clean(message or "") or None
    outcome = Outcome(pipeline, job_id, state.lower(), failed_step or None, said, started_at, now, seconds)
    row = asdict(outcome) | {"started_on": started_at.date()}
    warehouse.write(Write(RUNS, [pa.RecordBatch.from_pylist([row], schema=contract(RUNS).schema)], {"job_id": job_id}))
    metrics.publish(f"pipeline-{pipeline}", _samples(outcome))
    return outcome


def clean(message: str) -> str:
    """One line of at most 500 characters, without e-mail addresses, customer numbers and tax numbers.

    The masks know the usual forms only; messages of ours name no customers in the first place.
    """
    line = " ".join(message.split())
    for pattern, name in _PERSONAL:
        line = pattern.sub(name, line)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _samples(outcome: Outcome) -> tuple[Sample, ...]:
    labels = {"pipeline": outcome.pipeline}
    return (
        Sample("churn/pipeline_failed", float(outcome.failed), labels),
        Sample("churn/pipeline_seconds", outcome.seconds, labels),
    )
