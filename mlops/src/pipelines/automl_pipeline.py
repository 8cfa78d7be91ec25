"""Somebody else's search for a model, compared with the champion by the same evaluation."""

from kfp import dsl

from mlops.src.pipelines import components as step
from mlops.src.pipelines.components import LARGE, place


def automl_pipeline(environment: dict[str, str], run_date: str, job_id: str = "", minutes: float = 10.0) -> None:
    """Searches for so many minutes on the prepared customers; promotes nothing."""
    world = {"environment": environment, "run_date": run_date}
    outcome = place(step.record_outcome(**world, pipeline="churn-automl", job_id=job_id), "Record the outcome")
    with dsl.ExitHandler(outcome, name="churn-automl"):
        clean = place(step.prepare(**world, snapshot_date=""), "Prepare, with the quality gate")
        state = place(step.data_state(**world, after=clean.outputs["Output"]), "Digest of the data")
        compared = step.compare_automl(**world, data_state=state.output, minutes=minutes)
        place(compared, "Search and compare", LARGE, retries=0)
