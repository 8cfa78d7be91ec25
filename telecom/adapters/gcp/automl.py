"""A search for a model by somebody else: AutoML Tabular of Vertex AI.

What could not be tried without a project, as of November 2026 (docs/mlops/retraining.md tells how to find out):

- whether the service still takes new projects. Its messages and reference pages are published under the product's new
  name, its classes load, and no end date was seen;
- the output of batch prediction. A record `predicted_<label>` of `classes` and `scores` is what was known of it; what
  looks otherwise is refused, never guessed at;
- the words of the split. `training`, `validation` and `test` are those of the API's message (PredefinedSplit), which
  says that rows of any other word are ignored; the product before it, AutoML Tables, wrote TRAIN, VALIDATE and TEST;
- whether an hour suffices. The service may say that a budget is too small for the data.
"""

import uuid
from contextlib import suppress

import pyarrow as pa
from google.api_core.exceptions import NotFound as Missing
from google.cloud import aiplatform_v1 as vertex

from telecom.adapters.gcp._automl_requests import Search, output_table, probability
from telecom.adapters.gcp._bigquery_errors import Statement
from telecom.adapters.gcp._bigquery_jobs import BigQueryJobs
from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import vendor_errors
from telecom.adapters.gcp._patience import Patience
from telecom.adapters.gcp._vertex import CHANGE, READ, REQUEST, digest, ended, failure, has_ended, location
from telecom.errors import DependencyUnavailable, UsageError
from telecom.ports import AutoMlResult, AutoMlTask, Warehouse
from telecom.settings import Settings
from telecom.tables import contract

LEAST_MINUTES, MOST_MINUTES = 60, 72 * 60
"""Vertex AI trains for 1 to 72 node hours."""
OVERHEAD = 3 * 3_600
"""Seconds that may pass beside the budget: reading the data, waiting for machines, evaluating."""
PREDICTING = 6 * 3_600
IMPORTING = 600
CONSOLE = "Look at it in the console of Vertex AI; then run the comparison again."


class VertexAutoMl:
    """Implements `telecom.ports.AutoMl`: dataset, training pipeline, and batch prediction of the test rows.

    A training costs money, so it carries a label that is the digest of task and rows: a repetition waits for the
    training that the first attempt started, or takes its model. Dataset and staged rows are removed; the model stays
    in the Model Registry, under a name of its own, for people to look at. `seed` has no effect: the service takes none.

    Args:
        settings: project and region.
        warehouse: holds the task's table.
        patience: how to wait for each job; None is as long as the budget asks for.
    """

    def __init__(self, settings: Settings, warehouse: Warehouse, patience: Patience | None = None) -> None:
        self._settings = settings
        self._warehouse = warehouse
        self._patience = patience
        self._tables = BigQueryJobs(settings)

    def search(self, task: AutoMlTask) -> AutoMlResult:
        """Trains for a budget of `task.minutes` and predicts the test rows with the model found.

        Raises:
            UsageError: the minutes are not within 60 to 4,320.
            NotFound: the table has no such column.
            DependencyUnavailable: a job failed, was cancelled or took too long; it is named.
            TelecomError: the predictions do not look as documented.
        """
        if not LEAST_MINUTES <= task.minutes <= MOST_MINUTES:
            raise UsageError(
                f"Vertex AI AutoML trains for {LEAST_MINUTES} to {MOST_MINUTES:,} minutes, not {task.minutes:g}.",
                "Ask for 60 or more (each hour costs money), or search on one machine: TELECOM_BACKEND=local.",
            )
        for name in (task.key, *task.features, task.label, task.split):
            contract(task.table).column(name)
        with vendor_errors(f"AutoML on {task.table}"):
            search = Search(self._settings, task, self._digest(task))
            model = self._trained(search).model_to_upload.name
            predictions = self._predicted(search, model)
        for table in (search.training_table, search.test_table):
            self._tables.drop(table)
        described = f"Vertex AI AutoML Tabular, {task.minutes:g} minutes, model {model.rsplit('/', 1)[1]}"
        return AutoMlResult(described, 1, predictions)

    def _digest(self, task: AutoMlTask) -> str:
        """Of the task and its rows, in whatever order BigQuery keeps them."""
        hashed = "CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(TO_JSON_STRING(line))), 1, 15)) AS INT64)"
        sql = f"SELECT COUNT(*) AS n, BIT_XOR({hashed}) AS content FROM {task.table} AS line"
        (found,) = self._warehouse.query(sql).to_pylist()
        return digest(vars(task), found)

    def _trained(self, search: Search) -> vertex.TrainingPipeline:
        begun = self._begun(search) or self._train(search)
        patience = self._patience or Patience(search.task.minutes * 60 + OVERHEAD, longest=60.0)
        # A pipeline's states have the numbers of a job's.
        done = ended(lambda: self._pipelines.get_training_pipeline(name=begun.name, **READ), patience, begun.name)
        self._remove_dataset(done.input_data_config.dataset_id)
        if complaint := failure(done, done.error.message):
            raise DependencyUnavailable(f"The training {done.name} {complaint}", CONSOLE)
        return done

    def _begun(self, search: Search) -> vertex.TrainingPipeline | None:
        """An earlier training of this very request: one under way, or one whose model is still there."""
        asked = vertex.ListTrainingPipelinesRequest(
            parent=location(self._settings), filter=f'labels.{REQUEST}="{search.digest}"'
        )
        for pipeline in self._pipelines.list_training_pipelines(asked, **READ):
            if not has_ended(pipeline) or (not failure(pipeline, "") and self._kept(pipeline.model_to_upload.name)):
                return pipeline
        return None

    def _kept(self, model: str) -> bool:
        try:
            grpc_client(vertex.ModelServiceClient, self._settings).get_model(name=model, **READ)
        except Missing:
            return False
        return True

    def _train(self, search: Search) -> vertex.TrainingPipeline:
        self._stage(search.stage_training())
        parent = location(self._settings)
        dataset = self._datasets.create_dataset(parent=parent, dataset=search.dataset(), **CHANGE).result(IMPORTING)
        return self._pipelines.create_training_pipeline(
            parent=parent, training_pipeline=search.training(dataset.name), **CHANGE
        )

    def _remove_dataset(self, number: str) -> None:
        with suppress(Missing):
            name = f"{location(self._settings)}/datasets/{number}"
            self._datasets.delete_dataset(name=name, **CHANGE)

    def _predicted(self, search: Search, model: str) -> pa.Table:
        self._stage(search.stage_test())
        begun = self._jobs.create_batch_prediction_job(
            parent=location(self._settings), batch_prediction_job=search.prediction(model), **CHANGE
        )
        patience = self._patience or Patience(PREDICTING)
        done = ended(lambda: self._jobs.get_batch_prediction_job(name=begun.name, **READ), patience, begun.name)
        if complaint := failure(done, done.error.message):
            raise DependencyUnavailable(f"The batch prediction {done.name} {complaint}", CONSOLE)
        key, answer, table = search.task.key, f"predicted_{search.task.label}", output_table(done)
        sql = f"SELECT {key}, {answer} FROM {table} ORDER BY {key}"
        rows = self._tables.read(Statement(sql, sql), {}, f"telecom-automl-{uuid.uuid4().hex}")
        found = pa.Table.from_batches(rows.batches(65_536), schema=rows.schema)
        values = [probability(cell, table) for cell in found[answer].to_pylist()]
        return pa.table({key: found[key], "probability": pa.array(values, pa.float64())})

    def _stage(self, sql: str) -> None:
        self._tables.run(Statement(sql, sql), {}, f"telecom-automl-{uuid.uuid4().hex}", "stage")

    @property
    def _datasets(self) -> vertex.DatasetServiceClient:
        return grpc_client(vertex.DatasetServiceClient, self._settings)

    @property
    def _pipelines(self) -> vertex.PipelineServiceClient:
        return grpc_client(vertex.PipelineServiceClient, self._settings)

    @property
    def _jobs(self) -> vertex.JobServiceClient:
        return grpc_client(vertex.JobServiceClient, self._settings)
