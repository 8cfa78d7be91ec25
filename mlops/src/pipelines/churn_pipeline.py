"""CSV → bronze → silver → gold → features → challenger → gate → champion → scores → drift, as a pipeline."""

from kfp import dsl

from mlops.src.pipelines import components as step
from mlops.src.pipelines.components import LARGE, place
from mlops.src.pipelines.promotion import promote_or_keep


def churn_pipeline(
    environment: dict[str, str],
    run_date: str,
    job_id: str = "",
    csv: str = "",
    snapshot_date: str = "",
    deploy: str = "batch",
) -> None:
    """The whole loop on one snapshot; without a CSV, on the given or newest one that was ingested."""
    world = {"environment": environment, "run_date": run_date}
    outcome = place(step.record_outcome(**world, pipeline="churn", job_id=job_id), "Record the outcome")
    with dsl.ExitHandler(outcome, name="churn"):
        taken = place(step.ingest(**world, csv=csv, snapshot_date=snapshot_date), "Ingest")
        clean = place(step.prepare(**world, snapshot_date=taken.outputs["Output"]), "Prepare, with the quality gate")
        served = place(step.features(**world, snapshot_date=clean.outputs["Output"]), "Feature store")
        state = place(step.data_state(**world, after=served.outputs["Output"]), "Digest of the data")
        trained = place(step.train(**world, data_state=state.output), "Train", LARGE)
        champion = promote_or_keep(world, state, trained, deploy)
        scored = step.score(**world, snapshot_date=served.outputs["Output"], version=champion)
        place(scored, "Score", LARGE)
        place(step.drift(**world, snapshot_date=scored.outputs["Output"]), "Drift")
