"""Jobs of the BigQuery server: each id runs once, and is remembered with what it did."""

import io
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.loopback.bigquery_engine import Engine, Outcome
from tests.loopback.bigquery_errors import Refused
from tests.loopback.bigquery_types import Field, arrow_schema, normal

ANONYMOUS = "_anonymous"


@dataclass
class Job:
    """A job that ran: its id, its configuration as it arrived, the API's description and what came of it."""

    id: str
    configuration: dict[str, Any]
    resource: dict[str, Any]
    outcome: Outcome = field(default_factory=Outcome)
    failure: Refused | None = None
    polls: int = 0

    @property
    def sql(self) -> str:
        """The query; empty of a load."""
        return str(self.configuration.get("query", {}).get("query", ""))


class Jobs:
    """Runs jobs; `done` holds them by id.

    `polls` is how often each of the next jobs says that it is still running.
    """

    def __init__(self, engine: Engine, storage: Any = None) -> None:
        self.reset()
        self._engine = engine
        self._storage = storage
        self._lock = threading.Lock()

    def reset(self) -> None:
        """No jobs."""
        self.done: dict[str, Job] = {}
        self.polls = 0

    def describe(self, job: Job) -> dict[str, Any]:
        """What the API tells of a job now."""
        if not job.polls:
            return job.resource
        job.polls -= 1
        return job.resource | {"status": {"state": "RUNNING"}}

    def get(self, identity: str) -> Job:
        """A job that ran.

        Raises:
            Refused: there is none of that id.
        """
        if identity not in self.done:
            raise Refused(404, "notFound", f"Not found: Job {self._engine.project}:{identity}")
        return self.done[identity]

    def insert(self, body: dict[str, Any], content: bytes = b"") -> Job:
        """Runs a job now, with the bytes that came with it.

        Raises:
            Refused: its id was used before, or what it asks cannot even be begun.
        """
        given = body.get("jobReference", {})
        identity = given.get("jobId") or f"job_{uuid.uuid4().hex}"
        project, location = self._engine.project, self._engine.location
        if given.get("location") not in (None, location):
            raise Refused(404, "notFound", f"Not found: Location {given['location']}")
        with self._lock:
            if identity in self.done:
                raise Refused(409, "duplicate", f"Already Exists: Job {project}:{location}.{identity}")
            reference = {"projectId": project, "jobId": identity, "location": location}
            resource = {"kind": "bigquery#job", "id": f"{project}:{location}.{identity}", "jobReference": reference}
            job = Job(identity, body["configuration"], resource, polls=self.polls)
            self._run(job, content)
            if not job.configuration.get("dryRun"):
                self.done[identity] = job
        return job

    def _run(self, job: Job, content: bytes) -> None:
        try:
            if "load" in job.configuration:
                statistics = {"load": {"outputRows": str(self._load(job.configuration["load"], content))}}
            else:
                statistics = {"query": self._query(job)}
        except Refused as refusal:
            if job.configuration.get("dryRun") or " at [" in refusal.message:
                raise  # what the analysis of a statement finds is told at once, the rest by the job
            job.failure, statistics = refusal, {}
        job.resource["configuration"] = job.configuration
        job.resource["status"] = _status(job.failure)
        moments = {"creationTime": "1", "startTime": "1", "endTime": "2"}
        job.resource["statistics"] = moments | {"totalBytesProcessed": str(job.outcome.processed)} | statistics

    def _query(self, job: Job) -> dict[str, Any]:
        asked = job.configuration["query"]
        parameters = {p["name"]: p for p in asked.get("queryParameters", [])}
        limit = asked.get("maximumBytesBilled")
        dry = bool(job.configuration.get("dryRun"))
        job.outcome = outcome = self._engine.run(asked["query"], parameters, int(limit) if limit else None, dry)
        project = self._engine.project
        if outcome.result is not None and not dry:
            name = f"anon_{job.id.replace('-', '_')}"
            self._engine.results[f"{ANONYMOUS}.{name}"] = outcome.result
            asked["destinationTable"] = {"projectId": project, "datasetId": ANONYMOUS, "tableId": name}
        tables = [dict(zip(("datasetId", "tableId"), name.split("."), strict=True)) for name in outcome.tables]
        return {
            "statementType": outcome.kind,
            "totalBytesProcessed": str(outcome.processed),
            "referencedTables": [{"projectId": project, **table} for table in tables],
            "schema": {"fields": outcome.fields},
            "numDmlAffectedRows": str(outcome.affected),
        }

    def _load(self, asked: dict[str, Any], content: bytes) -> int:
        if asked.get("sourceFormat") != "PARQUET":
            raise Refused(501, "notImplemented", "The loopback loads Parquet only.")
        target = asked["destinationTable"]
        name = f"{target['datasetId']}.{target['tableId']}"
        files = [content] if content else [self._storage.content(uri) for uri in asked["sourceUris"]]
        rows = pa.concat_tables(pq.read_table(io.BytesIO(file)) for file in files)
        fields = self._fields(asked, name)
        with self._engine.lock:
            self._dispose(asked, name, fields)
            self._engine.append(name, _typed(rows, fields, asked))
        return int(rows.num_rows)

    def _fields(self, asked: dict[str, Any], name: str) -> list[Field]:
        if "schema" in asked:
            return normal(asked["schema"]["fields"])
        return list(self._engine.description(name)["schema"]["fields"])

    def _dispose(self, asked: dict[str, Any], name: str, fields: list[Field]) -> None:
        """Makes the table ready, as create and write disposition say."""
        disposition = asked.get("writeDisposition", "WRITE_APPEND")
        exists = name in self._engine.tables
        if not exists and asked.get("createDisposition") == "CREATE_NEVER":
            self._engine.description(name)
        if not exists or disposition == "WRITE_TRUNCATE":
            self._engine.create(name, fields)
        elif disposition == "WRITE_EMPTY" and self._engine.rows(name).num_rows:
            raise Refused(409, "duplicate", f"Already Exists: Table {self._engine.project}:{name}")


def _typed(rows: pa.Table, fields: list[Field], asked: dict[str, Any]) -> pa.Table:
    if unknown := set(rows.schema.names) - {f["name"] for f in fields}:
        raise Refused(400, "invalid", f"Provided Schema does not match Table. Cannot add fields ({sorted(unknown)})")
    inferred = asked.get("parquetOptions", {}).get("enableListInference")
    if any(f["mode"] == "REPEATED" for f in fields) and not inferred:
        raise Refused(400, "invalid", "A list becomes a RECORD unless parquetOptions.enableListInference is set.")
    schema = pa.schema([f.with_nullable(True) for f in arrow_schema(fields) if f.name in rows.schema.names])
    try:
        return rows.select(schema.names).cast(schema)
    except pa.ArrowException as error:
        raise Refused(400, "invalid", f"Error while reading data: {error}") from error


def _status(failure: Refused | None) -> dict[str, Any]:
    if failure is None:
        return {"state": "DONE"}
    told = {"reason": failure.reason, "message": failure.message}
    return {"state": "DONE", "errorResult": told, "errors": [told]}
