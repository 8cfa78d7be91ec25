"""Pipelines on Vertex AI: the compiled YAML is submitted as it is; the service runs it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from google.api_core.exceptions import AlreadyExists
from google.cloud.aiplatform_v1 import PipelineServiceClient
from google.cloud.aiplatform_v1.types import PipelineJob, PipelineState, PipelineTaskDetail
from yaml import YAMLError

from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import DEADLINE, IDEMPOTENT, vendor_errors
from telecom.adapters.gcp._sdk import aiplatform_sdk
from telecom.errors import DependencyUnavailable, UsageError
from telecom.pipeline_runs import check_job_id
from telecom.ports import PipelineRequest, PipelineRun, StepRun
from telecom.settings import Settings

NO_DIGEST = "@sha256:" + "0" * 64
EXPERIMENT = "experiment"
ENDED = {
    PipelineState.PIPELINE_STATE_SUCCEEDED: "succeeded",
    PipelineState.PIPELINE_STATE_FAILED: "failed",
    PipelineState.PIPELINE_STATE_CANCELLED: "failed",
}


class VertexPipelines:
    """Implements `telecom.ports.Pipelines` with Vertex AI Pipelines; results lie in the bucket `…-pipelines`.

    A request's label `experiment` also names the Vertex AI experiment that the run is added to, where there is one.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def start(self, request: PipelineRequest, on_step: Callable[[StepRun], None] | None = None) -> PipelineRun:
        """Submits the pipeline; an id that was submitted before is not submitted again. Steps are not followed.

        Raises:
            UsageError: the id or the file is not acceptable, a parameter is unknown or missing, or the steps have no
                image.
            DependencyUnavailable: Google Cloud does not answer, or does not let us.
        """
        check_job_id(request.job_id)
        _check_image(request)
        link, experiment = self._link(request.job_id), request.labels.get(EXPERIMENT)
        what = f"Submitting the pipeline {request.job_id!r}"
        with vendor_errors(what), aiplatform_sdk(self._settings) as sdk, _quiet():
            job = self._job(sdk, request)
            try:
                job.submit(
                    service_account=self._settings.service_account or None,
                    create_request_timeout=DEADLINE,
                    experiment=experiment,
                )
            except AlreadyExists:
                return PipelineRun(request.job_id, "submitted", link, already=True)
            except (RuntimeError, ValueError) as error:
                if not _accepted(job):
                    raise DependencyUnavailable(f"{what} failed: {error}", "Create the experiment.") from error
        return PipelineRun(request.job_id, "submitted", link)

    def look(self, job_id: str) -> PipelineRun:
        """See `telecom.pipeline_runs.Watched`; one call.

        Raises:
            NotFound: no such run was submitted.
            DependencyUnavailable: Google Cloud does not answer, or does not let us.
        """
        check_job_id(job_id)
        client = grpc_client(PipelineServiceClient, self._settings)
        name = f"projects/{self._settings.project}/locations/{self._settings.region}/pipelineJobs/{job_id}"
        with vendor_errors(f"Looking at the pipeline {job_id!r}"):
            job = client.get_pipeline_job(name=name, retry=IDEMPOTENT, timeout=DEADLINE)
        state = ENDED.get(job.state, "submitted")
        note = "It was cancelled." if job.state == PipelineState.PIPELINE_STATE_CANCELLED else job.error.message
        return PipelineRun(job_id, cast(Any, state), self._link(job_id), steps=_failed(job), note=note)

    def _job(self, sdk: Any, request: PipelineRequest) -> Any:
        try:
            return sdk.PipelineJob(
                display_name=request.job_id,
                template_path=str(request.spec),
                job_id=request.job_id,
                pipeline_root=f"gs://{self._settings.bucket('pipelines')}/{request.job_id}",
                parameter_values=dict(request.parameters),
                enable_caching=None,
                labels=dict(request.labels),
                project=self._settings.project,
                location=self._settings.region,
            )
        except (ValueError, LookupError, TypeError, AttributeError, YAMLError) as error:
            said = f"{str(request.spec)!r} cannot be submitted as {request.job_id!r}: {error}."
            raise UsageError(said, "Compile it again, and give it the parameters that it declares.") from error

    def _link(self, job_id: str) -> str:
        """Where the console shows the run."""
        where = f"locations/{self._settings.region}/pipelines/runs/{job_id}?project={self._settings.project}"
        return f"https://console.cloud.google.com/vertex-ai/{where}"


def _failed(job: PipelineJob) -> tuple[StepRun, ...]:
    failed = PipelineTaskDetail.State.FAILED
    return tuple(
        StepRun(task.task_name, "failed", note=task.error.message)
        for task in job.job_detail.task_details
        if task.state == failed
    )


def _check_image(request: PipelineRequest) -> None:
    try:
        text = request.spec.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{str(request.spec)!r} is not a compiled pipeline: {error}.", "Compile it again.") from error
    if NO_DIGEST in text:
        raise UsageError(
            "The steps of the pipeline have no image to run in.",
            "Set TELECOM_IMAGE to the image that CI built, by digest (NAME@sha256:…).",
        )


def _accepted(job: Any) -> bool:
    """Whether the service took the job; what went wrong came after, while it was added to its experiment."""
    try:
        return bool(job.resource_name)
    except RuntimeError:
        return False


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the stack trace that `submit` logs, and passes over, when it may not look at the bucket's owner."""
    logger = logging.getLogger("google.cloud.aiplatform.pipeline_jobs")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
