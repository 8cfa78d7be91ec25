"""A pipeline's name and parameters → a checked request, as the commands and the dispatcher start it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mlops.src import utils_vertex
from mlops.src.config import ChurnConfig
from mlops.src.pipelines import validation
from mlops.src.pipelines.compiling import NO_IMAGE, stored_pipeline
from mlops.src.pipelines.environment import environment_of
from telecom.errors import UsageError
from telecom.ports import PipelineRequest
from telecom.settings import Settings

AUTOML = "churn-automl"
LEAST_CLOUD_MINUTES = 60
EXPERIMENT = "telco-churn"
"""The experiment that the runs belong to, as a label; see `VertexPipelines`."""


@dataclass(frozen=True)
class Clock:
    """Which run this is: its id (empty: from the pipeline's name and the time) and the `now` of its steps."""

    now: datetime
    job_id: str = ""


def make_request(
    name: str, settings: Settings, config: ChurnConfig, clock: Clock, parameters: Mapping[str, Any], folder: Path
) -> PipelineRequest:
    """Writes the YAML of a pipeline into a folder and completes its parameters; starts nothing, needs no kfp.

    Args:
        name: of the pipeline.
        settings: where the steps work; TELECOM_IMAGE is their image.
        config: how the model is made; `automl_minutes` counts where the parameter `minutes` is not given.
        clock: the run's id and time.
        parameters: those of the pipeline besides `environment`, `run_date` and `job_id`. Text stands for the declared
            type.
        folder: receives `<name>.yaml`.

    Raises:
        UsageError: there is no such pipeline, or a parameter is unknown, missing or of a wrong type,
            or asks Google Cloud for what it has not (a file of this machine, a search of less than an hour).
    """
    path = stored_pipeline(name, settings.image or NO_IMAGE, folder / f"{name}.yaml")
    spec = validation.read_spec(path)
    job_id = clock.job_id or utils_vertex.job_id(name, clock.now)
    ours = {"environment": environment_of(settings, config), "run_date": clock.now.isoformat(), "job_id": job_id}
    if taken := sorted(ours.keys() & parameters.keys()):
        raise UsageError(f"The parameters {taken} follow from the settings and the run.", "Leave them out.")
    given = {key: validation.parameter_from(spec, key, value) for key, value in parameters.items()}
    if name == AUTOML:
        given = {"minutes": config.automl_minutes, **given}
    values = {**given, **ours}
    validation.check_parameters(spec, values)
    if settings.backend == "gcp":
        _check_for_cloud(given)
    labels = utils_vertex.labels(settings.env, pipeline=name, experiment=EXPERIMENT)
    return PipelineRequest(path, job_id, values, labels)


def _check_for_cloud(given: Mapping[str, Any]) -> None:
    """Refuses here what would fail there after minutes of waiting for a machine."""
    csv, minutes = given.get("csv", ""), given.get("minutes", LEAST_CLOUD_MINUTES)
    if csv and not csv.startswith("gs://"):
        remedy = "Copy it to a bucket, and write csv as gs://BUCKET/NAME."
        raise UsageError(f"csv = {csv!r} is not in Cloud Storage; the steps do not see this machine.", remedy)
    if minutes < LEAST_CLOUD_MINUTES:
        said = f"Vertex AI AutoML trains for {LEAST_CLOUD_MINUTES} minutes (one node hour) or more, not {minutes:g}."
        raise UsageError(said, "Set minutes (or TELECOM_CHURN_AUTOML_MINUTES) to 60 or more; each hour costs money.")
