"""Is a new model needed? Only then: prepare → train → evaluate → promote if better."""

from kfp import dsl

from mlops.src.pipelines import components as step
from mlops.src.pipelines.components import LARGE, place
from mlops.src.pipelines.promotion import promote_or_keep


def churn_retraining_pipeline(
    environment: dict[str, str],
    run_date: str,
    job_id: str = "",
    snapshot_date: str = "",
    deploy: str = "batch",
) -> None:
    """Reads drift, age and performance of the champion for a snapshot (the newest, if none is given)."""
    world = {"environment": environment, "run_date": run_date}
    outcome = place(step.record_outcome(**world, pipeline="churn-retraining", job_id=job_id), "Record the outcome")
    with dsl.ExitHandler(outcome, name="churn-retraining"):
        before = place(step.data_state(**world, after="start"), "Digest of the data")
        asked = step.retraining_need(**world, data_state=before.output, snapshot_date=snapshot_date)
        need = place(asked, "Is it needed?", cached=True).outputs["Output"]
        with dsl.If(need == "retrain", name="retrain"):
            clean = place(step.prepare(**world, snapshot_date=""), "Prepare, with the quality gate")
            state = place(step.data_state(**world, after=clean.outputs["Output"]), "Digest of the prepared data")
            trained = place(step.train(**world, data_state=state.output), "Train", LARGE)
            promote_or_keep(world, state, trained, deploy)
        with dsl.Else(name="enough"):
            place(step.nothing_to_do(need=need), "Nothing to do", retries=0)
