"""Vertex AI Pipelines as far as submitting goes, and the two questions that `PipelineJob.submit` asks of others.

A job starts to run at once and has its metadata context; it never ends, since nothing here runs steps.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import grpc
from google.cloud.aiplatform_v1 import types
from google.cloud.resourcemanager_v3.types import Project

from tests.loopback.crud import Crud
from tests.loopback.messages import copy_of

JOB_ID = re.compile(r"[a-z][-a-z0-9]{0,127}")
LABEL = re.compile(r"[a-z0-9_-]{0,63}")
Handler = Callable[[Any, grpc.ServicerContext], Any]


def handlers(crud: Crud, number: str = "1234") -> Mapping[str, Handler]:
    """Answers by rpc, for `GrpcServer.always`; `number` is the project's, as its buckets say it."""
    return {"CreatePipelineJob": Jobs(crud).create, "GetProject": lambda *_: Project(name=f"projects/{number}")}


class Jobs:
    """Stateful answers of PipelineService."""

    def __init__(self, crud: Crud) -> None:
        self._crud = crud

    def create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A job under its id; the same id again is a conflict."""
        name = f"{request.parent}/pipelineJobs/{request.pipeline_job_id}"
        if not JOB_ID.fullmatch(request.pipeline_job_id):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{request.pipeline_job_id!r} is no job id.")
        if not all(LABEL.fullmatch(part) for item in request.pipeline_job.labels.items() for part in item):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "A label is not acceptable.")
        if name in self._crud.store:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"{name} already exists.")
        job = copy_of(request.pipeline_job)
        job.name, job.state = name, types.PipelineState.PIPELINE_STATE_RUNNING
        context_name = f"{request.parent}/metadataStores/default/contexts/{request.pipeline_job_id}"
        run = types.Context(name=context_name, schema_title="system.PipelineRun", schema_version="0.0.1")
        job.job_detail.pipeline_run_context = run
        self._crud.store[name], self._crud.store[context_name] = job, run
        return job
