"""Records in pipeline_runs what a pipeline on this machine could not record itself, because it broke off."""

from datetime import datetime

from mlops.src import pipeline_outcome
from telecom.pipeline_runs import FailedStep, KeptRun
from telecom.ports import Metrics, Warehouse

EXIT_STEP = "record-outcome"


def record(warehouse: Warehouse, metrics: Metrics, run: KeptRun | None) -> pipeline_outcome.Outcome | None:
    """Records a failed run whose exit step did not; the second time, the same row again.

    Args:
        warehouse: takes the row.
        metrics: takes the gauges.
        run: what `LocalPipelines` says of it.

    Returns:
        None where there is nothing to record: the run is under way, or succeeded, or its exit step has done so.
    """
    if run is None or run.state != "failed" or not (run.note or _without_exit_step(run)):
        return None
    failed = next((step for step in run.steps if isinstance(step, FailedStep)), None)
    return pipeline_outcome.run(
        warehouse,
        metrics,
        pipeline=run.pipeline,
        job_id=run.job_id,
        state="failed",
        failed_step=failed.name if failed else None,
        message=run.note or (failed.message if failed else None),
        started_at=datetime.fromisoformat(run.started_at),
        now=datetime.fromisoformat(run.ended_at),
    )


def _without_exit_step(run: KeptRun) -> bool:
    return not any(step.name == EXIT_STEP and step.state == "succeeded" for step in run.steps)
