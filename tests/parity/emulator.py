"""A BigQuery that others wrote, in a process and a virtual environment of its own, spoken to by Google's client."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from telecom.ports import Scalar
from telecom.tables import Column, Contract

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-bqemulator" / "bin" / "python"
PROJECT = "telecom-test"
SECONDS = 60
_TYPES = ((bool, "BOOL"), (int, "INT64"), (float, "FLOAT64"), (datetime, "TIMESTAMP"), (date, "DATE"), (str, "STRING"))


class Emulator:
    """Context manager: the running server, and the two things that the tests ask of it."""

    def __enter__(self) -> "Emulator":
        command = [str(PYTHON), str(Path(__file__).with_name("launcher.py"))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        if not first:
            _, complaint = self._process.communicate(timeout=SECONDS)
            raise RuntimeError(f"bqemulator did not start:\n{complaint.decode()[-2_000:]}")
        self._client = bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options={"api_endpoint": json.loads(first)["rest_url"]},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._process.communicate(timeout=SECONDS)

    def create(self, rules: Contract, rows: Sequence[Mapping[str, Any]]) -> None:
        """The table as its contract describes it, holding `rows`."""
        self._client.create_dataset(rules.dataset, exists_ok=True)
        table = bigquery.Table(f"{PROJECT}.{rules.table}", schema=[_field(column) for column in rules.columns])
        self._client.create_table(table)
        for start in range(0, len(rows), 5_000):
            part = [_json(row) for row in rows[start : start + 5_000]]
            if refused := self._client.insert_rows_json(table, part, retry=None):
                raise AssertionError(f"{rules.table}: {refused[:3]}")

    def query(self, sql: str, parameters: Mapping[str, Scalar]) -> tuple[list[bigquery.SchemaField], list[list[Any]]]:
        """Fields and rows of one SELECT, in the order of the server's answer.

        Raises:
            GoogleAPICallError: the emulator refuses or cannot run it.
        """
        bound = [bigquery.ScalarQueryParameter(name, type_of(v), v) for name, v in sorted(parameters.items())]
        config = bigquery.QueryJobConfig(query_parameters=bound)
        job = self._client.query(sql, job_config=config, retry=None, job_retry=None, timeout=SECONDS)
        found = job.result(retry=None, job_retry=None, timeout=SECONDS)
        return list(found.schema), [list(row.values()) for row in found]


def type_of(value: Scalar) -> str:
    """The BigQuery type under which a parameter travels; NULL goes as STRING, the SQL casts it."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "STRING")


def _field(column: Column) -> bigquery.SchemaField:
    inner = tuple(_field(each) for each in column.fields)
    return bigquery.SchemaField(column.name, column.type, mode=column.mode, fields=inner)


def _json(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _json(value)
    if isinstance(value, list):
        return [_cell(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
