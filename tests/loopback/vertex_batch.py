"""Vertex AI batch prediction that really predicts, and custom jobs that do nothing, over the loopback BigQuery.

A job is pending when it was made and does its work when it is first looked at, so that whoever waits must look.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pyarrow as pa
from google.cloud.aiplatform_v1 import types

from telecom.tables import contract
from tests.loopback.bigquery_engine import Engine
from tests.loopback.bigquery_errors import Refused
from tests.loopback.crud import Crud
from tests.loopback.messages import find_rpc
from tests.loopback.storage import StorageServer

Code = grpc.StatusCode
Handler = Callable[[Any, grpc.ServicerContext], Any]
SERVICE = "/google.cloud.aiplatform.v1.JobService/"
STRING = {"type": "STRING", "mode": "NULLABLE"}


class Jobs:
    """Stateful answers of JobService.

    Args:
        crud: the server's default behaviour, whose store these share.
        engine: the tables of the loopback BigQuery.
        storage: where the registered models lie.
    """

    def __init__(self, crud: Crud, engine: Engine, storage: StorageServer) -> None:
        self._crud = crud
        self._engine = engine
        self._storage = storage

    def handlers(self) -> Mapping[str, Handler]:
        """By rpc."""
        return {
            "CreateBatchPredictionJob": self.create_batch,
            "GetBatchPredictionJob": self.get_batch,
            "CreateCustomJob": self.create_custom,
            "GetCustomJob": self.get_custom,
        }

    def create_batch(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A pending job, if model, table and dataset exist and the fields fit together."""
        job = request.batch_prediction_job
        instances = job.instance_config
        if job.model not in self._crud.store:
            context.abort(Code.NOT_FOUND, f"{job.model} was not found.")
        if instances.included_fields and instances.excluded_fields:
            context.abort(Code.INVALID_ARGUMENT, "included_fields and excluded_fields exclude each other.")
        if _name(job.output_config.bigquery_destination.output_uri) not in self._engine.datasets:
            context.abort(Code.NOT_FOUND, f"No dataset {job.output_config.bigquery_destination.output_uri}.")
        try:
            described = self._engine.description(_name(job.input_config.bigquery_source.input_uri))
        except Refused as refusal:
            context.abort(Code.NOT_FOUND, refusal.message)
            raise
        columns = {field["name"] for field in described["schema"]["fields"]}
        if not {instances.key_field, *instances.excluded_fields} <= columns:
            context.abort(Code.INVALID_ARGUMENT, "The instance config names fields that the table lacks.")
        return self._pending("CreateBatchPredictionJob", request, context)

    def get_batch(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The job, after its work if that was not done yet."""
        job = self._crud.answer(_rpc("GetBatchPredictionJob"), request, context)
        if job.state == types.JobState.JOB_STATE_PENDING:
            self._predict(job)
            job.state, job.end_time = types.JobState.JOB_STATE_SUCCEEDED, datetime.now(UTC)
        return job

    def create_custom(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A pending job."""
        return self._pending("CreateCustomJob", request, context)

    def get_custom(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The job, which succeeded without doing anything."""
        job = self._crud.answer(_rpc("GetCustomJob"), request, context)
        if job.state == types.JobState.JOB_STATE_PENDING:
            job.state = types.JobState.JOB_STATE_SUCCEEDED
        return job

    def _pending(self, rpc: str, request: Any, context: grpc.ServicerContext) -> Any:
        job = self._crud.answer(_rpc(rpc), request, context)
        job.state = types.JobState.JOB_STATE_PENDING
        return job

    def _predict(self, job: Any) -> None:
        """As Vertex AI asks the container: objects without key and excluded fields, answers as JSON text."""
        table, config = _name(job.input_config.bigquery_source.input_uri), job.instance_config
        rows = self._engine.rows(table)
        keys = [str(key) for key in rows[config.key_field].to_pylist()]
        instances = rows.drop_columns([config.key_field, *config.excluded_fields]).to_pylist()
        answers = [json.dumps(answer) for answer in self._answers(job, table, instances)]
        moment = datetime.now(UTC).strftime("%Y_%m_%dT%H_%M_%S_%fZ")
        dataset = _name(job.output_config.bigquery_destination.output_uri)
        made = f"predictions_{moment}_{len(self._engine.tables)}"
        self._engine.create(f"{dataset}.{made}", [{"name": "key", **STRING}, {"name": "prediction", **STRING}])
        self._engine.append(f"{dataset}.{made}", pa.table({"key": keys, "prediction": answers}))
        job.output_info = {
            "bigquery_output_dataset": job.output_config.bigquery_destination.output_uri,
            "bigquery_output_table": made,
        }
        job.completion_stats = {"successful_count": len(keys)}

    def _answers(self, job: Any, table: str, instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What our container answers to `{"instances": …, "parameters": …}`."""
        from mlops.src import batch_inference
        from mlops.src.modelling import bundle

        schema = pa.schema([column.arrow_field for column in contract(table).features])
        batch = pa.RecordBatch.from_pylist(instances, schema=schema)
        with tempfile.TemporaryDirectory() as folder:
            model = bundle.load(self._downloaded(self._crud.store[job.model].artifact_uri, Path(folder))).model
        parameters = dict(job.model_parameters or {})
        columns = batch_inference.score_batch(model, batch, parameters.get("reasons", True))
        answers: list[dict[str, Any]] = pa.table(columns).to_pylist()
        return answers

    def _downloaded(self, uri: str, folder: Path) -> Path:
        below = f"{uri.rstrip('/')}/"
        for name in self._storage.objects():
            if name.startswith(below):
                (folder / name.removeprefix(below)).write_bytes(self._storage.content(name))
        return folder


def _rpc(name: str) -> Any:
    return find_rpc(f"{SERVICE}{name}")


def _name(uri: str) -> str:
    """What follows the project in `bq://project.dataset[.table]`."""
    return uri.removeprefix("bq://").partition(".")[2]
