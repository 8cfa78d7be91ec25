"""What AutoML Tabular is asked, and how its answer is read. Pure: from a task to messages and SQL, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.cloud import aiplatform_v1 as vertex

from telecom.adapters.gcp._bigquery_staging import STAGING
from telecom.adapters.gcp._vertex import REQUEST, labels
from telecom.errors import TelecomError
from telecom.ports import AutoMlTask
from telecom.settings import Settings
from telecom.tables import Column, contract

TABULAR = "gs://google-cloud-aiplatform/schema/dataset/metadata/tabular_1.0.0.yaml"
TRAINING = "gs://google-cloud-aiplatform/schema/trainingjob/definition/automl_tabular_1.0.0.yaml"
EXPIRES = "OPTIONS(expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 4 DAY))"
"""After the longest budget."""
NUMBERS = ("INT64", "FLOAT64", "NUMERIC")


@dataclass(frozen=True)
class Search:
    """One task with its digest, which names everything that is made for it.

    The training rows leave out the key: AutoML has no use for customers' numbers. BOOL columns and the label become
    the texts `true` and `false`, whose meaning does not depend on how the service reads BOOL.
    """

    settings: Settings
    task: AutoMlTask
    digest: str

    @property
    def name(self) -> str:
        """For people, of dataset, training, model and prediction."""
        return f"telecom-automl-{self.digest[:12]}"

    @property
    def training_table(self) -> str:
        """Where the rows lie that AutoML learns from and evaluates on."""
        return f"{STAGING}.automl_rows_{self.digest}"

    @property
    def test_table(self) -> str:
        """Where the rows lie that it predicts."""
        return f"{STAGING}.automl_test_{self.digest}"

    @property
    def features(self) -> list[Column]:
        """The inputs' columns."""
        return [contract(self.task.table).column(name) for name in self.task.features]

    def stage_training(self) -> str:
        """SQL: features, label and split, in AutoML's words for the splits."""
        task = self.task
        split = f"CASE {task.split} WHEN 'train' THEN 'training' ELSE {task.split} END AS {task.split}"
        label = f"CAST({task.label} AS STRING) AS {task.label}"
        columns = ", ".join([*map(_as_trained, self.features), label, split])
        return f"CREATE OR REPLACE TABLE {self.training_table} {EXPIRES} AS SELECT {columns} FROM {task.table}"

    def stage_test(self) -> str:
        """SQL: key and features of the test rows, without the answer."""
        columns = ", ".join([self.task.key, *map(_as_trained, self.features)])
        rows = f"SELECT {columns} FROM {self.task.table} WHERE {self.task.split} = 'test'"
        return f"CREATE OR REPLACE TABLE {self.test_table} {EXPIRES} AS {rows}"

    def dataset(self) -> vertex.Dataset:
        """A tabular dataset over the training rows."""
        return vertex.Dataset(
            display_name=self.name,
            metadata_schema_uri=TABULAR,
            metadata={"inputConfig": {"bigquerySource": {"uri": self._uri(self.training_table)}}},
            labels=self._labels,
        )

    def training(self, dataset: str) -> vertex.TrainingPipeline:
        """The training on a dataset, given its resource name."""
        return vertex.TrainingPipeline(
            display_name=self.name,
            training_task_definition=TRAINING,
            training_task_inputs=self.inputs(),
            input_data_config={
                "dataset_id": dataset.rsplit("/", 1)[1],
                "predefined_split": {"key": self.task.split},
            },
            model_to_upload={"display_name": self.name, "labels": self._labels},
            labels=self._labels,
        )

    def inputs(self) -> dict[str, Any]:
        """The task inputs of automl_tabular_1.0.0.yaml (AutoMlTablesInputs)."""
        return {
            "targetColumn": self.task.label,
            "predictionType": "classification",
            "optimizationObjective": "minimize-log-loss",
            "trainBudgetMilliNodeHours": str(round(self.task.minutes / 60 * 1000)),
            "transformations": [_transformation(column) for column in self.features],
        }

    def prediction(self, model: str) -> vertex.BatchPredictionJob:
        """The prediction of the test rows by a model, given its resource name."""
        return vertex.BatchPredictionJob(
            display_name=self.name,
            model=model,
            input_config={
                "instances_format": "bigquery",
                "bigquery_source": {"input_uri": self._uri(self.test_table)},
            },
            output_config={
                "predictions_format": "bigquery",
                "bigquery_destination": {"output_uri": self._uri(STAGING)},
            },
            labels=self._labels,
        )

    @property
    def _labels(self) -> dict[str, str]:
        return labels(self.settings, **{REQUEST: self.digest})

    def _uri(self, name: str) -> str:
        return f"bq://{self.settings.project}.{name}"


def output_table(job: vertex.BatchPredictionJob) -> str:
    """`dataset.table` of a finished prediction; Vertex AI names the table alone or in full."""
    dataset = job.output_info.bigquery_output_dataset.removeprefix("bq://").rsplit(".", 1)[-1] or STAGING
    return f"{dataset}.{job.output_info.bigquery_output_table.rsplit('.', 1)[-1]}"


def probability(cell: Any, table: str) -> float:
    """The probability of `true` in one predicted cell, `{"classes": ["false", "true"], "scores": [0.8, 0.2]}`.

    Raises:
        TelecomError: it looks otherwise.
    """
    if isinstance(cell, Mapping):
        scores = dict(zip(cell.get("classes") or (), cell.get("scores") or (), strict=False))
        if isinstance(found := scores.get("true"), float):
            return found
    raise TelecomError(
        f"A prediction in {table} is {str(cell)[:200]!r}, not classes (true, false) with their scores.",
        "The service changed its output; see docs/mlops/retraining.md.",
    )


def _as_trained(column: Column) -> str:
    return f"CAST({column.name} AS STRING) AS {column.name}" if column.type == "BOOL" else column.name


def _transformation(column: Column) -> dict[str, Any]:
    if column.type in NUMBERS:
        # Otherwise rows with NULL would be left out of training in silence.
        return {"numeric": {"columnName": column.name, "invalidValuesAllowed": True}}
    return {"categorical": {"columnName": column.name}}
