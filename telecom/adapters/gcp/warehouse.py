"""The warehouse on Google Cloud: BigQuery.

Reads run as query jobs whose results come in Arrow through the Storage Read API. A write goes to a staging table of its
own first; one script then puts all of them in place in a single transaction (see `_bigquery_staging`).
"""

import random
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pyarrow as pa

from telecom.adapters._bigquery_sql import one_name_each, one_select
from telecom.adapters._staged_rows import scope_of, verified_rows, write_parquet
from telecom.adapters.gcp._bigquery_errors import Statement
from telecom.adapters.gcp._bigquery_jobs import BigQueryJobs, Rows
from telecom.adapters.gcp._bigquery_staging import (
    STAGING,
    Staged,
    check,
    checked,
    create_from,
    preview,
    replace_all,
)
from telecom.errors import DependencyUnavailable, WarehouseBusy
from telecom.ports import Parameters, Reader, Write
from telecom.settings import Settings
from telecom.tables import Contract, contracts

FIRST_PAUSE = 0.5


class BigQueryWarehouse:
    """Implements `telecom.ports.Warehouse` on the settings' project and region."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._jobs = BigQueryJobs(settings)

    def stream(
        self, sql: str, parameters: Parameters | None = None, batch_rows: int = 65_536, seconds: float | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yields the result in batches of at most `batch_rows`, in the query's order, from one consistent state.

        Raises:
            QueryError: the SQL does not parse, cannot run, would bill too much, or took too long; the message points
                at the token.
        """
        yield from self._read(sql, parameters, seconds=seconds).batches(batch_rows)

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """The whole result as one table.

        Raises:
            QueryError: as for `stream`.
        """
        return _whole(self._read(sql, parameters))

    def estimate(self, sql: str, parameters: Parameters | None = None) -> int:
        """Bytes that the query would scan (a dry run; costs nothing).

        Raises:
            QueryError: as for `stream`.
        """
        select = one_select(sql, contracts())
        return self._jobs.estimate(Statement(select.text, sql), select.bound(parameters))

    def write(self, *writes: Write, inspect: Callable[[Reader], None] | None = None) -> tuple[int, ...]:
        """Replaces the named rows of each table, all in one transaction, unless `inspect` raises at the sight of them.

        A SELECT among the sources may also read tables of `telecom_staging`, where other services leave their results.

        Raises:
            TelecomError: a column is missing or a REQUIRED one holds NULL; nothing was changed.
            WarehouseBusy: others kept changing the same tables for `lock_seconds`; nothing was changed.
        """
        token = uuid.uuid4().hex
        made: list[str] = []
        try:
            staged = [self._stage(write, number, token, made) for number, write in enumerate(writes)]
            if inspect:
                inspect(_Preview(self, staged))
            self._commit(staged, token)
        finally:
            with suppress(DependencyUnavailable):  # they expire in a day
                for table in made:
                    self._jobs.drop(table)
        return tuple(each.rows for each in staged)

    def erase(self, table: str, where: str, parameters: Parameters) -> int:
        """Deletes rows with one statement; BigQuery's own time travel still holds them for its days.

        Raises:
            QueryError: the condition does not parse or names what is not there.
            DependencyUnavailable: BigQuery does not answer, or does not delete rows that were streamed in just now.
        """
        asked = f"SELECT COUNT(*) AS found FROM {table} WHERE {where}"
        (counted,) = self.query(asked, parameters)["found"].to_pylist()
        if counted:
            bound = one_select(asked, contracts()).bound(parameters)
            text = f"DELETE FROM {table} WHERE {where}"
            self._jobs.run(Statement(text, text), bound, f"telecom-erase-{uuid.uuid4().hex}", "erase")
        return int(counted)

    def _read(
        self, sql: str, parameters: Parameters | None, staged: Sequence[Staged] = (), seconds: float | None = None
    ) -> Rows:
        select = one_select(sql, contracts())
        bound = select.bound(parameters)
        text, more = preview(select, staged)
        statement = Statement(text, sql, above=0 if text == select.text else None)
        rows = self._jobs.read(statement, bound | more, f"telecom-read-{uuid.uuid4().hex}", seconds)
        one_name_each(sql, rows.schema.names)
        return rows

    def _stage(self, write: Write, number: int, token: str, made: list[str]) -> Staged:
        """Puts a write's rows into a table of their own, whose name joins `made` before it is made."""
        contract = contracts()[write.table]
        scope_of(write, contract)
        name = f"write_{token}_{number}"
        table, job = f"{STAGING}.{name}", f"telecom-{name}"
        stage = self._stage_select if isinstance(write.source, str) else self._stage_rows
        rows = stage(write, contract, table, job, made)
        return Staged(contract, write, table if rows else "", rows, number)

    def _stage_select(self, write: Write, contract: Contract, table: str, job: str, made: list[str]) -> int:
        sql = str(write.source)
        select = one_select(sql, contracts(), datasets=(STAGING,))
        bound = select.bound(write.parameters)
        made.append(table)
        self._jobs.run(create_from(select, sql, contract, table), bound, f"{job}-stage", "stage")
        text, values = check(table, contract, write)
        (found,) = _whole(self._jobs.read(Statement(text, text), values, f"{job}-check")).to_pylist()
        return checked(found, contract, write)

    def _stage_rows(self, write: Write, contract: Contract, table: str, job: str, made: list[str]) -> int:
        with tempfile.TemporaryDirectory(prefix="telecom-write-") as folder:
            file = Path(folder) / "rows.parquet"
            write_parquet(cast(Iterable[pa.RecordBatch], write.source), contract, file)
            rows = verified_rows(file, contract, write.replace)
            if rows:
                made.append(table)
                self._jobs.load(file, contract, table, f"{job}-load")
        return rows

    def _commit(self, staged: Sequence[Staged], token: str) -> None:
        """Runs the transaction; a cancelled one changed nothing and is tried again, under an id of its own."""
        text, parameters = replace_all(staged)
        until, pause, attempt = time.monotonic() + self._settings.lock_seconds, FIRST_PAUSE, 0
        while True:
            try:
                self._jobs.run(Statement(text, text), parameters, f"telecom-write_{token}-commit-{attempt}", "commit")
                return
            except WarehouseBusy:
                if time.monotonic() + pause > until:
                    raise
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  lest those who met once meet again
            pause, attempt = min(pause * 2, 10), attempt + 1


@dataclass(frozen=True)
class _Preview:
    """The tables as they will be after a commit; implements `telecom.ports.Reader`."""

    warehouse: BigQueryWarehouse
    staged: Sequence[Staged]

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """As `BigQueryWarehouse.query`."""
        return _whole(self.warehouse._read(sql, parameters, self.staged))


def _whole(rows: Rows) -> pa.Table:
    return pa.Table.from_batches(rows.batches(2**20), schema=rows.schema)
