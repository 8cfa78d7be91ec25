"""AutoML Tabular over the loopback BigQuery: refuses what its published messages forbid, learns a little, predicts.

Its model is naive Bayes over fifths and categories, so that predictions are plausible and come from the rows that were
asked for. Any other batch prediction goes to `vertex_batch`.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import grpc
import numpy as np
import pyarrow as pa
from google.cloud.aiplatform_v1 import types
from google.protobuf import json_format

from tests.loopback.cloud import Cloud
from tests.loopback.messages import find_rpc, raw
from tests.loopback.vertex_batch import Jobs

Code = grpc.StatusCode
Handler = Callable[[Any, grpc.ServicerContext], Any]
SERVICES = "/google.cloud.aiplatform.v1."
STRING, FLOAT = {"type": "STRING"}, {"type": "FLOAT64"}


def serve(cloud: Cloud) -> "AutoMl":
    """Answers AutoML's calls until the cloud is reset."""
    made = AutoMl(cloud)
    for name in ("CreateTrainingPipeline", "GetTrainingPipeline", "CreateBatchPredictionJob", "GetBatchPredictionJob"):
        cloud.grpc.on(name)(made.handlers()[name])
    return made


class AutoMl:
    """Stateful answers of trainings and of predictions by their models.

    `trained` counts trainings that were paid for; `fails` is the reason with which the next ones fail; `answer` turns
    a probability into the cell of the output table.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._crud, self._engine = cloud.grpc.crud, cloud.bigquery.engine
        self._others = Jobs(self._crud, self._engine, cloud.storage)
        self._models: dict[str, Bayes] = {}
        self.trained = 0
        self.fails = ""
        self.answer: Callable[[float], Any] = lambda p: {"classes": ["false", "true"], "scores": [1 - p, p]}

    def handlers(self) -> dict[str, Handler]:
        """By rpc."""
        return {
            "CreateTrainingPipeline": self.create_training,
            "GetTrainingPipeline": self.get_training,
            "CreateBatchPredictionJob": self.create_prediction,
            "GetBatchPredictionJob": self.get_prediction,
        }

    def create_training(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A running pipeline, if dataset, columns and budget fit together."""
        pipeline = request.training_pipeline
        if complaint := self._complaint(request.parent, pipeline):
            context.abort(Code.INVALID_ARGUMENT, complaint)
        made = self._crud.answer(_rpc("PipelineService/CreateTrainingPipeline"), request, context)
        made.state = types.PipelineState.PIPELINE_STATE_RUNNING
        self.trained += 1
        return made

    def get_training(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The pipeline, trained now if it was not yet."""
        pipeline = self._crud.answer(_rpc("PipelineService/GetTrainingPipeline"), request, context)
        if pipeline.state == types.PipelineState.PIPELINE_STATE_RUNNING:
            if self.fails:
                pipeline.state = types.PipelineState.PIPELINE_STATE_FAILED
                pipeline.error = {"code": 3, "message": self.fails}
            else:
                self._finish(pipeline)
        return pipeline

    def create_prediction(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A pending job, if the table has every column that the model was trained on."""
        job = request.batch_prediction_job
        if job.model not in self._models:
            return self._others.create_batch(request, context)
        columns = set(self._rows(job.input_config.bigquery_source.input_uri).schema.names)
        if not set(self._models[job.model].columns) <= columns:
            context.abort(Code.INVALID_ARGUMENT, "The table lacks columns that the model was trained on.")
        made = self._crud.answer(_rpc("JobService/CreateBatchPredictionJob"), request, context)
        made.state = types.JobState.JOB_STATE_PENDING
        return made

    def get_prediction(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The job, after its work if that was not done yet."""
        job = self._crud.store.get(request.name)
        if job is None or job.model not in self._models:
            return self._others.get_batch(request, context)
        if job.state == types.JobState.JOB_STATE_PENDING:
            self._predict(job)
            job.state, job.end_time = types.JobState.JOB_STATE_SUCCEEDED, datetime.now(UTC)
        return job

    def _complaint(self, parent: str, pipeline: Any) -> str:
        from google.cloud.aiplatform.v1.schema.trainingjob.definition_v1.types import AutoMlTablesInputs

        inputs = AutoMlTablesInputs.from_json(json.dumps(_inputs(pipeline)))
        dataset = self._crud.store.get(f"{parent}/datasets/{pipeline.input_data_config.dataset_id}")
        if dataset is None:
            return "There is no such dataset."
        rows = self._rows(_source(dataset))
        split = pipeline.input_data_config.predefined_split.key
        named = _columns(inputs)
        if not 1_000 <= inputs.train_budget_milli_node_hours <= 72_000:
            return "The train budget must be between 1,000 and 72,000 milli node hours."
        if not {*named, inputs.target_column, split} <= set(rows.schema.names) or inputs.target_column in named:
            return "The inputs name columns that the dataset lacks, or the target as an input."
        if unknown := set(rows[split].to_pylist()) - {"training", "validation", "test"}:
            return f"The split column holds {sorted(unknown)}."
        return ""

    def _finish(self, pipeline: Any) -> None:
        from google.cloud.aiplatform.v1.schema.trainingjob.definition_v1.types import AutoMlTablesInputs

        inputs = AutoMlTablesInputs.from_json(json.dumps(_inputs(pipeline)))
        parent = pipeline.name.rsplit("/", 2)[0]
        rows = self._rows(_source(self._crud.store[f"{parent}/datasets/{pipeline.input_data_config.dataset_id}"]))
        chosen = [each == "training" for each in rows[pipeline.input_data_config.predefined_split.key].to_pylist()]
        name = f"{parent}/models/{pipeline.name.rsplit('/', 1)[1]}"
        self._models[name] = Bayes(rows.filter(pa.array(chosen)), _columns(inputs), inputs.target_column)
        model = types.Model(name=f"{name}@1", display_name="automl", version_id="1", version_aliases=["default"])
        self._crud.store[model.name] = model
        pipeline.model_to_upload.name = name
        pipeline.state = types.PipelineState.PIPELINE_STATE_SUCCEEDED

    def _predict(self, job: Any) -> None:
        """Into a table of its own: the input's columns, and the answer."""
        name = _name(job.input_config.bigquery_source.input_uri)
        rows, model = self._engine.rows(name), self._models[job.model]
        target = f"predicted_{model.target}"
        answers = [self.answer(p) for p in model.predict(rows)]
        record = {
            "type": "RECORD",
            "fields": [
                {"name": "classes", **STRING, "mode": "REPEATED"},
                {"name": "scores", **FLOAT, "mode": "REPEATED"},
            ],
        }
        kind = record if isinstance(answers[0], dict) else STRING
        made = f"predictions_{len(self._engine.tables)}"
        dataset = _name(job.output_config.bigquery_destination.output_uri)
        fields = self._engine.description(name)["schema"]["fields"]
        self._engine.create(f"{dataset}.{made}", [*fields, {"name": target, **kind}])
        self._engine.append(f"{dataset}.{made}", rows.append_column(target, pa.array(answers)))
        job.output_info = {"bigquery_output_dataset": f"bq://telecom-test.{dataset}", "bigquery_output_table": made}

    def _rows(self, uri: str) -> pa.Table:
        return self._engine.rows(_name(uri))


class Bayes:
    """Naive Bayes: how much more often each value (or fifth) of each column is met among those who left."""

    def __init__(self, rows: pa.Table, columns: list[str], target: str) -> None:
        self.columns, self.target = columns, target
        left = np.array([value == "true" for value in rows[target].to_pylist()])
        self._edges = {c: np.quantile(_numbers(rows, c), [0.2, 0.4, 0.6, 0.8]) for c in columns if _is_number(rows, c)}
        self._odds: dict[str, dict[Any, float]] = {}
        for column in columns:
            cells = self._cells(rows, column)
            self._odds[column] = {
                value: float(np.log(((cells == value) & left).sum() + 1) - np.log(((cells == value) & ~left).sum() + 1))
                for value in set(cells.tolist())
            }
        self._base = float(np.log(left.sum() + 1) - np.log((~left).sum() + 1))

    def predict(self, rows: pa.Table) -> list[float]:
        """Probability of leaving, per row."""
        margin = np.full(rows.num_rows, self._base)
        for column in self.columns:
            margin += [self._odds[column].get(value, self._base) - self._base for value in self._cells(rows, column)]
        return [float(p) for p in 1 / (1 + np.exp(-margin / 2))]

    def _cells(self, rows: pa.Table, column: str) -> Any:
        if column in self._edges:
            return np.searchsorted(self._edges[column], _numbers(rows, column))
        return np.array(rows[column].to_pylist(), dtype=object)


def _is_number(rows: pa.Table, column: str) -> bool:
    kind = rows.schema.field(column).type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _numbers(rows: pa.Table, column: str) -> Any:
    return np.array(rows[column].to_pylist(), dtype=float)


def _inputs(pipeline: Any) -> dict[str, Any]:
    inputs: dict[str, Any] = json_format.MessageToDict(raw(pipeline).training_task_inputs)
    return inputs


def _columns(inputs: Any) -> list[str]:
    each = (getattr(t, kind) for t in inputs.transformations for kind in ("numeric", "categorical") if kind in t)
    return [transformation.column_name for transformation in each]


def _source(dataset: Any) -> str:
    described = json_format.MessageToDict(raw(dataset).metadata)
    return str(described["inputConfig"]["bigquerySource"]["uri"])


def _name(uri: str) -> str:
    """What follows the project in `bq://project.dataset[.table]`."""
    return uri.removeprefix("bq://").partition(".")[2]


def _rpc(path: str) -> Any:
    return find_rpc(f"{SERVICES}{path}")
