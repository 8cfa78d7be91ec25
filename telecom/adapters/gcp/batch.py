"""Batch scoring outside this process: Vertex AI batch prediction with our container, or our own CLI as a custom job.

Creating a job twice makes two jobs; so every request carries a label that is its digest, the rows to be predicted
included, and a repetition finds the job of the first attempt and waits for that.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from google.api_core.exceptions import NotFound as Missing
from google.cloud import aiplatform_v1 as vertex

from telecom.adapters.gcp._bigquery_staging import STAGING
from telecom.adapters.gcp._clients import bigquery_client, grpc_client
from telecom.adapters.gcp._errors import vendor_errors
from telecom.adapters.gcp._patience import Patience
from telecom.adapters.gcp._vertex import (
    CHANGE,
    READ,
    REQUEST,
    digest,
    ended,
    failure,
    has_ended,
    labels,
    location,
)
from telecom.errors import DependencyUnavailable, UsageError
from telecom.ports import BatchRequest, Warehouse
from telecom.progress import Progress, Silent
from telecom.settings import Settings

PATIENCE = Patience(seconds=6 * 3_600)


class VertexBatchPredictor:
    """Implements `telecom.ports.BatchPredictor`: BigQuery table in, table of the staging dataset out."""

    def __init__(
        self,
        settings: Settings,
        warehouse: Warehouse,
        progress: Progress | None = None,
        patience: Patience = PATIENCE,
    ) -> None:
        self._settings = settings
        self._warehouse = warehouse
        self._progress = progress or Silent()
        self._patience = patience

    def predict(self, request: BatchRequest) -> str:
        """Predicts every row and waits for it; the same rows for the same request again are the same job.

        Returns:
            `dataset.table` with `key` and `prediction`.

        Raises:
            NotFound: no such model version.
            DependencyUnavailable: the job failed, was cancelled, left rows out, or took too long; it is named.
        """
        with vendor_errors(f"Batch prediction with {request.model} version {request.version}"):
            request_digest, rows = self._identity(request)
            job = self._begun(request_digest) or self._create(request, request_digest)
            self._progress.start(f"Vertex AI predicts with version {request.version}", rows)
            job = self._finished(job)
            self._progress.stop()
            if complaint := _complaint(job):
                raise DependencyUnavailable(
                    f"The batch prediction {job.name} {complaint}",
                    f"Look at the job and at the errors_… table in {STAGING}; then run it again.",
                )
            return _output(job)

    def _identity(self, request: BatchRequest) -> tuple[str, int]:
        """The digest of the request and its rows, in whatever order BigQuery keeps them; and how many they are."""
        hashed = "CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(TO_JSON_STRING(line))), 1, 15)) AS INT64)"
        sql = f"SELECT COUNT(*) AS n, BIT_XOR({hashed}) AS content FROM {request.table} AS line"
        (found,) = self._warehouse.query(sql).to_pylist()
        return digest(vars(request), found), int(found["n"])

    def _begun(self, request_digest: str) -> vertex.BatchPredictionJob | None:
        """An earlier job of this very request: one under way, or one whose predictions are still there."""
        asked = vertex.ListBatchPredictionJobsRequest(
            parent=location(self._settings), filter=f'labels.{REQUEST}="{request_digest}"'
        )
        for job in self._jobs.list_batch_prediction_jobs(asked, **READ):
            if not has_ended(job) or (not _complaint(job) and self._exists(_output(job))):
                return job
        return None

    def _create(self, request: BatchRequest, request_digest: str) -> vertex.BatchPredictionJob:
        project = self._settings.project
        job = vertex.BatchPredictionJob(
            display_name=f"{request.model}-{request.version}-{request_digest[:12]}",
            model=f"{location(self._settings)}/models/{request.model}@{request.version}",
            input_config={
                "instances_format": "bigquery",
                "bigquery_source": {"input_uri": f"bq://{project}.{request.table}"},
            },
            # The key is not sent to the model, and with it the output has `key` in the place of the input's columns.
            instance_config={
                "instance_type": "object",
                "key_field": request.key,
                "excluded_fields": list(request.excluded),
            },
            output_config={
                "predictions_format": "bigquery",
                "bigquery_destination": {"output_uri": f"bq://{project}.{STAGING}"},
            },
            dedicated_resources={
                "machine_spec": {"machine_type": request.machine},
                "starting_replica_count": request.replicas,
                "max_replica_count": request.replicas,
            },
            service_account=self._settings.service_account,
            labels=labels(self._settings, **{REQUEST: request_digest}),
        )
        if request.parameters:
            job.model_parameters = dict(request.parameters)
        return self._jobs.create_batch_prediction_job(
            parent=location(self._settings), batch_prediction_job=job, **CHANGE
        )

    def _finished(self, job: vertex.BatchPredictionJob) -> vertex.BatchPredictionJob:
        done = 0

        def look() -> vertex.BatchPredictionJob:
            nonlocal done
            now = self._jobs.get_batch_prediction_job(name=job.name, **READ)
            self._progress.advance(now.completion_stats.successful_count - done)
            done = now.completion_stats.successful_count
            return now

        return ended(look, self._patience, job.name)

    def _exists(self, table: str) -> bool:
        try:
            bigquery_client(self._settings).get_table(f"{self._settings.project}.{table}", **READ)
        except Missing:
            return False
        return True

    @property
    def _jobs(self) -> vertex.JobServiceClient:
        return grpc_client(vertex.JobServiceClient, self._settings)


class CustomScoring:
    """Script mode: `telecom score` in our image, on a machine of Vertex AI's, for those who would rather not have the
    container asked over HTTP. The scored table is replaced by the job itself, as it is locally.
    """

    def __init__(self, settings: Settings, progress: Progress | None = None, patience: Patience = PATIENCE) -> None:
        self._settings = settings
        self._progress = progress or Silent()
        self._patience = patience

    def run(self, snapshot_date: date, machine: str, environment: Mapping[str, str] | None = None) -> str:
        """Scores one snapshot and waits for it; one that is under way already is waited for, not started again.

        Args:
            snapshot_date: a prepared snapshot.
            machine: machine type.
            environment: further variables of the job, such as `TELECOM_CHURN_…`.

        Returns:
            The job's resource name.

        Raises:
            UsageError: TELECOM_IMAGE is empty.
            DependencyUnavailable: the job failed, was cancelled, or took too long; it is named.
        """
        if not self._settings.image:
            raise UsageError(
                "TELECOM_IMAGE is empty, and a custom job needs the image to run.",
                "Set TELECOM_IMAGE to our image by digest (…@sha256:…).",
            )
        with vendor_errors(f"Scoring {snapshot_date} in a custom job"):
            wanted = self._job(snapshot_date, machine, {**_environment(self._settings), **(environment or {})})
            begun = self._begun(wanted.labels[REQUEST]) or self._jobs.create_custom_job(
                parent=location(self._settings), custom_job=wanted, **CHANGE
            )
            self._progress.start(f"Custom job {begun.name}")
            job = ended(lambda: self._jobs.get_custom_job(name=begun.name, **READ), self._patience, begun.name)
            self._progress.stop()
            if complaint := failure(job, job.error.message):
                raise DependencyUnavailable(
                    f"The custom job {job.name} {complaint}", "Read its log in Cloud Logging; then run it again."
                )
            return str(job.name)

    def _job(self, day: date, machine: str, environment: Mapping[str, str]) -> vertex.CustomJob:
        arguments = ["score", "--snapshot-date", day.isoformat()]
        pool = vertex.WorkerPoolSpec(
            machine_spec={"machine_type": machine},
            replica_count=1,
            container_spec={
                "image_uri": self._settings.image,
                "command": ["telecom"],
                "args": arguments,
                "env": [{"name": name, "value": environment[name]} for name in sorted(environment)],
            },
        )
        spec = vertex.CustomJobSpec(
            worker_pool_specs=[pool],
            service_account=self._settings.service_account,
            scheduling={"timeout": {"seconds": int(self._patience.seconds)}, "disable_retries": True},
        )
        request_digest = digest(self._settings.image, machine, arguments, environment)
        return vertex.CustomJob(
            display_name=f"telecom-score-{day}",
            job_spec=spec,
            labels=labels(self._settings, **{REQUEST: request_digest}),
        )

    def _begun(self, request_digest: str) -> vertex.CustomJob | None:
        asked = vertex.ListCustomJobsRequest(
            parent=location(self._settings), filter=f'labels.{REQUEST}="{request_digest}"'
        )
        found: Iterable[vertex.CustomJob] = self._jobs.list_custom_jobs(asked, **READ)
        return next((job for job in found if not has_ended(job)), None)

    @property
    def _jobs(self) -> vertex.JobServiceClient:
        return grpc_client(vertex.JobServiceClient, self._settings)


def _complaint(job: vertex.BatchPredictionJob) -> str:
    """What is wrong with a finished job; empty when every row was predicted."""
    missed = max(job.completion_stats.failed_count, 0) + max(job.completion_stats.incomplete_count, 0)
    if failed := failure(job, job.error.message):
        return failed
    if missed or job.partial_failures:
        said = job.partial_failures[0].message if job.partial_failures else ""
        return f"left {missed:,} rows without a prediction. {said}".strip()
    return "" if job.output_info.bigquery_output_table else "names no table of predictions."


def _output(job: vertex.BatchPredictionJob) -> str:
    """`dataset.table`; Vertex AI names the dataset as `bq://project.dataset` and the table alone or in full."""
    table = job.output_info.bigquery_output_table.rsplit(".", 1)[-1]
    dataset = job.output_info.bigquery_output_dataset.removeprefix("bq://").rsplit(".", 1)[-1] or STAGING
    return f"{dataset}.{table}"


def _environment(settings: Settings) -> dict[str, str]:
    """The settings as variables, so that the job works on what we work on; its home is its own."""
    given = settings.model_dump(exclude={"home"}, exclude_unset=True)
    return {f"TELECOM_{name.upper()}": str(value) for name, value in given.items()}
