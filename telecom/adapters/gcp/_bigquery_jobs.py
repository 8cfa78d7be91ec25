"""BigQuery jobs: begun once whatever becomes of the answer, waited for, read through the Storage API.

A job id is unique per project and location and is never run twice (cloud.google.com/bigquery/docs/running-jobs): a
request that is repeated because its answer was lost is refused as a duplicate, and the job it began is taken up again.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from google.api_core.exceptions import Conflict, NotFound

from telecom.adapters.gcp._bigquery_errors import Statement, told_of
from telecom.adapters.gcp._clients import bigquery_client, bigquery_read_client
from telecom.adapters.gcp._errors import DEADLINE, IDEMPOTENT, is_transient
from telecom.errors import DependencyUnavailable, QueryError
from telecom.ports import Scalar
from telecom.settings import Settings
from telecom.tables import Column, Contract

if TYPE_CHECKING:
    from google.cloud.bigquery import Client, QueryJobConfig, SchemaField

JOB_SECONDS = 3600
STAGED_FOR = timedelta(days=1)
_TRANSIENT_REASONS = ("rateLimitExceeded", "backendError", "internalError", "badGateway")
_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "BOOL"),
    (int, "INT64"),
    (float, "FLOAT64"),
    (datetime, "TIMESTAMP"),
    (date, "DATE"),
    (str, "STRING"),
    (NoneType, "STRING"),
)


def may_be_repeated(error: Exception) -> bool:
    """Whether a call that failed so may succeed in a moment. BigQuery's reason says more than the status."""
    errors = getattr(error, "errors", None)
    reason = errors[0].get("reason", "") if errors and isinstance(errors[0], dict) else ""
    return reason in _TRANSIENT_REASONS or (reason != "bytesBilledLimitExceeded" and is_transient(error))


RETRY = IDEMPOTENT.with_predicate(may_be_repeated)
# A job that was refused as a duplicate may still be unknown for a moment.
RETRY_UNTIL_KNOWN = IDEMPOTENT.with_predicate(lambda error: isinstance(error, NotFound) or may_be_repeated(error))


class BigQueryJobs:
    """Runs jobs in the settings' project and region, labelled and limited in what they may bill."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def run(self, statement: Statement, parameters: Mapping[str, Scalar], job_id: str, step: str) -> None:
        """Runs a statement to its end; the same id never runs a second time.

        Raises:
            TelecomError: see `told_of`.
        """
        self._finished(statement, parameters, job_id, step)

    def read(
        self, statement: Statement, parameters: Mapping[str, Scalar], job_id: str, seconds: float | None = None
    ) -> "Rows":
        """Runs a SELECT to its end; its rows wait in the table of results, which no later write changes.

        Raises:
            TelecomError: see `told_of`.
        """
        job = self._finished(statement, parameters, job_id, "read", seconds)
        with told_of(statement, "Reading the result"):
            return Rows(self._settings, job.destination, statement)

    def estimate(self, statement: Statement, parameters: Mapping[str, Scalar]) -> int:
        """Bytes that a SELECT would scan, without running it.

        Raises:
            TelecomError: see `told_of`.
        """
        config = self._config(parameters, "estimate")
        config.dry_run, config.use_query_cache = True, False
        with told_of(statement):
            job = self._client.query(statement.text, job_config=config, retry=RETRY, timeout=DEADLINE, job_retry=None)
            return int(job.total_bytes_processed)

    def load(self, file: Path, contract: Contract, table: str, job_id: str) -> None:
        """Loads a Parquet file into a staging table, which expires in a day.

        Raises:
            TelecomError: see `told_of`.
        """
        from google.cloud import bigquery

        schema = [_nullable(column) for column in contract.columns]
        target = bigquery.Table(f"{self._settings.project}.{table}", schema)
        target.expires = datetime.now(UTC) + STAGED_FOR
        options = bigquery.ParquetOptions()
        options.enable_list_inference = True
        config = bigquery.LoadJobConfig(
            source_format="PARQUET",
            schema=schema,
            write_disposition="WRITE_EMPTY",
            parquet_options=options,
            job_timeout_ms=JOB_SECONDS * 1000,
            labels=self._labels("load"),
        )
        with told_of(Statement("", ""), f"Loading rows for {contract.table}"):
            self._client.create_table(target, exists_ok=True, retry=RETRY, timeout=DEADLINE)
            try:
                with file.open("rb") as stream:
                    job = self._client.load_table_from_file(
                        stream, target, job_id=job_id, job_config=config, timeout=DEADLINE
                    )
            except Conflict:
                job = self._begun(job_id)
            self._wait(job, f"Loading rows for {contract.table}")

    def drop(self, table: str) -> None:
        """Removes a staging table, if it is there.

        Raises:
            DependencyUnavailable: BigQuery does not answer; the table expires in a day.
        """
        with told_of(Statement("", ""), f"Dropping {table}"):
            name = f"{self._settings.project}.{table}"
            self._client.delete_table(name, not_found_ok=True, retry=RETRY, timeout=DEADLINE)

    @property
    def _client(self) -> "Client":
        return bigquery_client(self._settings)

    def _finished(
        self,
        statement: Statement,
        parameters: Mapping[str, Scalar],
        job_id: str,
        step: str,
        seconds: float | None = None,
    ) -> Any:
        config = self._config(parameters, step)
        if seconds is not None:
            config.job_timeout_ms = max(1, int(seconds * 1000))
        with told_of(statement):
            try:
                job = self._client.query(
                    statement.text, job_id=job_id, job_config=config, retry=RETRY, timeout=DEADLINE, job_retry=None
                )
            except Conflict:
                job = self._begun(job_id)
            self._wait(job, "The query", max_results=0, job_retry=None)
        return job

    def _begun(self, job_id: str) -> Any:
        """The job of an earlier request whose answer was lost."""
        region = self._settings.region
        return self._client.get_job(job_id, location=region, retry=RETRY_UNTIL_KNOWN, timeout=DEADLINE)

    def _wait(self, job: Any, what: str, **more: Any) -> None:
        until = time.monotonic() + JOB_SECONDS
        while True:
            try:
                # It is also the time-out of every HTTP request beneath: an hour would be an hour of silence.
                job.result(retry=RETRY, timeout=DEADLINE, **more)
                return
            except TimeoutError as error:
                if time.monotonic() > until:
                    said = f"{what} took longer than {JOB_SECONDS} s (job {job.job_id})."
                    raise DependencyUnavailable(said, "Look at the job in the console.") from error

    def _config(self, parameters: Mapping[str, Scalar], step: str) -> "QueryJobConfig":
        from google.cloud.bigquery import QueryJobConfig, ScalarQueryParameter

        return QueryJobConfig(
            query_parameters=[
                ScalarQueryParameter(name, type_of(name, value), value) for name, value in parameters.items()
            ],
            maximum_bytes_billed=int(self._settings.max_gb_billed * 2**30),
            job_timeout_ms=JOB_SECONDS * 1000,
            labels=self._labels(step),
        )

    def _labels(self, step: str) -> dict[str, str]:
        return {"app": "telecom-ml-llmops", "env": self._settings.env, "step": step}


class Rows:
    """The rows of a finished query: one read session of one stream, which keeps the query's order."""

    def __init__(self, settings: Settings, destination: Any, statement: Statement) -> None:
        from google.cloud.bigquery_storage_v1 import types

        self._client, self._statement = bigquery_read_client(settings), statement
        session = types.ReadSession(
            table=f"projects/{destination.project}/datasets/{destination.dataset_id}/tables/{destination.table_id}",
            data_format=types.DataFormat.ARROW,
        )
        self._session = self._client.create_read_session(
            parent=f"projects/{settings.project}",
            read_session=session,
            max_stream_count=1,
            retry=RETRY,
            timeout=DEADLINE,
        )
        self._sent = pa.ipc.read_schema(pa.py_buffer(self._session.arrow_schema.serialized_schema))
        self.schema = pa.schema([pa.field(field.name, field.type) for field in self._sent])

    def batches(self, most: int) -> Iterator[pa.RecordBatch]:
        """The rows in batches of at most `most`. A stream that breaks is taken up where it broke.

        Raises:
            DependencyUnavailable: it does not come to its end.
        """
        with told_of(self._statement, "Reading the result"):
            for stream in self._session.streams:
                messages = self._client.read_rows(stream.name, retry=RETRY, timeout=JOB_SECONDS)
                try:
                    for message in messages:
                        data = pa.py_buffer(message.arrow_record_batch.serialized_record_batch)
                        batch = pa.ipc.read_record_batch(data, self._sent)
                        yield from _sliced(pa.RecordBatch.from_arrays(batch.columns, schema=self.schema), most)
                finally:
                    messages.cancel()


def type_of(name: str, value: Scalar) -> str:
    """The BigQuery type of a parameter. NULL goes as STRING: where a number or BOOL is wanted, the SQL must CAST it.

    Raises:
        QueryError: no type fits the value.
    """
    for kind, sql in _TYPES:
        if isinstance(value, kind):
            return sql
    raise QueryError(f"The parameter {name!r} is {value!r}, a {type(value).__name__}, which BigQuery has no type for.")


def _sliced(batch: pa.RecordBatch, most: int) -> Iterator[pa.RecordBatch]:
    for start in range(0, batch.num_rows, most):
        yield batch.slice(start, most)


def _nullable(column: Column) -> "SchemaField":
    """A staging table's column. Parquet's columns are optional; what is REQUIRED is checked before the upload."""
    from google.cloud.bigquery import SchemaField

    mode = "REPEATED" if column.mode == "REPEATED" else "NULLABLE"
    return SchemaField(column.name, column.type, mode=mode, fields=[_nullable(field) for field in column.fields])
