"""The warehouse on one machine: immutable Parquet files, one atomically replaced catalog, DuckDB as the engine.

Readers hold a shared lock only so that files are not removed under them; they never wait for a writer. A writer
prepares its files aside and takes the write lock for the commit alone. See docs/adr/0002-local-warehouse.md.
"""

import shutil
import threading
import uuid
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from telecom.adapters._bigquery_sql import one_name_each
from telecom.adapters._staged_rows import ROW_GROUP, scope_of, verified_rows, write_parquet
from telecom.adapters.local._catalog import Catalog, CatalogFile, DataFile, read_catalog, write_catalog
from telecom.adapters.local._complaints import vendor_errors
from telecom.adapters.local._dialect import Translated, duckdb_type, translate
from telecom.adapters.local._files import exclusive, exclusive_now, replace_file, shared
from telecom.adapters.local._shelf import Shelves
from telecom.adapters.local._time_limit import ended_after, too_long
from telecom.ports import Parameters, Reader, Write
from telecom.settings import Settings
from telecom.tables import Contract, contracts

MOST_STATES = 32


class LocalWarehouse:
    """Implements `telecom.ports.Warehouse` below `<home>/warehouse`."""

    def __init__(self, settings: Settings) -> None:
        self._root = settings.home / "warehouse"
        self._settings = settings
        self._catalog_path = self._root / "catalog.json"
        self._opened = _Opened(self)
        self._catalog = CatalogFile(self._catalog_path).read
        ours = weakref.proxy(self)
        self._shelves = Shelves(lambda *given: ours._answered(*given), self._root)

    def stream(
        self, sql: str, parameters: Parameters | None = None, batch_rows: int = 65_536, seconds: float | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yields the result in batches of at most `batch_rows`, in the query's order, from one consistent state.

        Raises:
            QueryError: the SQL does not parse or cannot run; the message points at the token. Or it took too long.
        """
        with self._reading(sql) as (connection, translated), vendor_errors(sql), ended_after(connection, seconds) as up:
            reader = connection.sql(translated.sql, params=translated.select.bound(parameters)).to_arrow_reader(
                batch_rows
            )
            one_name_each(sql, reader.schema.names)
            for batch in reader:
                if up.is_set() and seconds:
                    raise too_long(seconds)
                yield batch

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """The whole result as one table.

        Raises:
            QueryError: as for `stream`.
        """
        catalog, translated = self._catalog(), translate(sql, frozenset(contracts()))
        found = self._shelves.find(translated, parameters, catalog)
        return self._query(sql, parameters) if found is None else found

    def estimate(self, sql: str, parameters: Parameters | None = None) -> int:
        """Size of the files of the tables that the query names, which is what it reads at most.

        Raises:
            QueryError: as for `stream`.
        """
        with self._reading(sql) as (connection, translated), vendor_errors(sql):
            connection.sql(f"EXPLAIN {translated.sql}", params=translated.select.bound(parameters)).fetchall()
            catalog = read_catalog(self._catalog_path)
            files = [file for table in translated.select.tables for file in catalog.files.get(table, ())]
            return sum((self._root / file.path).stat().st_size for file in files)

    def _query(self, sql: str, parameters: Parameters | None, preview: "_Preview | None" = None) -> pa.Table:
        with self._reading(sql, preview) as (connection, translated), vendor_errors(sql):
            table = connection.sql(translated.sql, params=translated.select.bound(parameters)).to_arrow_table()
            one_name_each(sql, table.schema.names)
            return table

    def _answered(self, question: Translated, sql: str, parameters: Parameters) -> pa.Table:
        """The answer to the engine's own SQL over the tables of a question."""
        with self._reading(question.select.text) as (connection, _):
            return connection.sql(sql, params=dict(parameters)).to_arrow_table()

    def write(self, *writes: Write, inspect: Callable[[Reader], None] | None = None) -> tuple[int, ...]:
        """Replaces the named rows of each table, all in one commit, unless `inspect` raises at the sight of them.

        Raises:
            TelecomError: a column is missing or a REQUIRED one holds NULL; nothing was changed.
            WarehouseBusy: another process kept the write lock for too long; nothing was changed.
        """
        with self._staging() as staging:
            files = [self._stage(write, staging) for write in writes]
            staged = [(w.table, file) for w, file in zip(writes, files, strict=True)]
            if inspect:
                inspect(_Preview(self, staging, read_catalog(self._catalog_path).replaced(_by_table(staged))))
            self._commit(staging, staged)
        return tuple(file.rows for file in files)

    def erase(self, table: str, where: str, parameters: Parameters) -> int:
        """Writes the files that hold such rows anew without them; files of earlier states go at once.

        Raises:
            QueryError: the condition does not parse or names what is not there.
            WarehouseBusy: another process kept writing, or reading, for too long; run it again.
        """
        with self._staging() as staging, self._alone("write.lock"):
            catalog = read_catalog(self._catalog_path)
            counted = f"SELECT COUNT(*) AS found FROM {table} WHERE {where}"
            (found,) = self._query(counted, parameters)["found"].to_pylist()
            files = catalog.files.get(table, ()) if found else ()
            left = [self._without(file, table, where, parameters, staging) for file in files]
            changed = [each for each in left if each]
            if changed:
                for file, _ in changed:
                    replace_file(staging / file.path, self._root / file.path)
                write_catalog(self._catalog_path, catalog.replaced({table: tuple(file for file, _ in changed)}))
        with self._alone("write.lock"), self._alone("files.lock"):
            self._delete_unreferenced(read_catalog(self._catalog_path))
            shutil.rmtree(self._root / ".spill", ignore_errors=True)
        return sum(rows for _, rows in changed)

    def _without(
        self, file: DataFile, table: str, where: str, parameters: Parameters, staging: Path
    ) -> tuple[DataFile, int] | None:
        """The file anew without such rows, and how many these were; None where it has none."""
        catalog = read_catalog(self._catalog_path)
        alone = _Preview(self, staging, Catalog(catalog.version, {**catalog.files, table: (file,)}))
        kept = f"SELECT * FROM {table} WHERE ({where}) IS NOT TRUE"
        counted = f"SELECT COUNT(*) AS found FROM {table} WHERE {where}"
        (found,) = self._query(counted, parameters, alone)["found"].to_pylist()
        if not found:
            return None
        name = f"{file.path.rpartition('-')[0]}-{uuid.uuid4().hex}.parquet"
        (staging / name).parent.mkdir(parents=True, exist_ok=True)
        self._stage_select(kept, parameters, contracts()[table], staging / name, alone)
        return DataFile(name, file.rows - found, file.scope), found

    def _stage(self, write: Write, staging: Path) -> DataFile:
        contract = contracts()[write.table]
        scope = scope_of(write, contract)
        stem = "_".join(value for _, value in scope) or "all"
        name = f"{write.table.replace('.', '/')}/{stem}-{uuid.uuid4().hex}.parquet"
        target = staging / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(write.source, str):
            self._stage_select(write.source, write.parameters, contract, target)
        else:
            write_parquet(write.source, contract, target)
        return DataFile(name, verified_rows(target, contract, write.replace), scope)

    def _stage_select(
        self, sql: str, parameters: Parameters, contract: Contract, target: Path, preview: "_Preview | None" = None
    ) -> None:
        typed = ", ".join(f"CAST({c.name} AS {duckdb_type(c.sql)}) AS {c.name}" for c in contract.columns)
        options = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROW_GROUP}"
        with self._reading(sql, preview) as (connection, translated), vendor_errors(sql):
            rows = f"SELECT {typed} FROM ({translated.sql})"
            connection.execute(f"COPY ({rows}) TO '{_quoted(target)}' ({options})", translated.select.bound(parameters))

    def _commit(self, staging: Path, staged: list[tuple[str, DataFile]]) -> None:
        with self._alone("write.lock"):
            for _, file in staged:
                replace_file(staging / file.path, self._root / file.path)
            following = read_catalog(self._catalog_path).replaced(_by_table(staged))
            write_catalog(self._catalog_path, following)
            self._remove_unreferenced(following)

    @contextmanager
    def _reading(
        self, sql: str, preview: "_Preview | None" = None
    ) -> Iterator[tuple[duckdb.DuckDBPyConnection, Translated]]:
        """A connection that sees one state of the tables that `sql` names, and its SQL in DuckDB's dialect."""
        translated = translate(sql, frozenset(contracts()))
        with ExitStack() as stack:
            stack.enter_context(shared(self._root / "files.lock"))
            if preview is None:
                cursor = self._opened.cursor(self._catalog(), translated.select.tables)
                connection = stack.enter_context(closing(cursor))
            else:
                connection = stack.enter_context(self._opened.aside(preview, translated.select.tables))
            yield connection, translated

    def _show(
        self,
        connection: duckdb.DuckDBPyConnection,
        catalog: Catalog,
        tables: Iterable[str],
        preview: "_Preview | None" = None,
    ) -> None:
        for table in tables:
            files = [self._place(file, preview) for file in catalog.files.get(table, ())]
            _create_view(connection, contracts()[table], files)

    def _place(self, file: DataFile, preview: "_Preview | None") -> Path:
        """Where a file of the catalogue lies: a staged one is not in its place yet."""
        staged = preview.staging / file.path if preview else None
        return staged if staged and staged.is_file() else self._root / file.path

    def _connect(self) -> duckdb.DuckDBPyConnection:
        spill = self._root / ".spill"
        config: dict[str, str | int] = {
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
            # The files' bytes are the system's to cache.
            "enable_external_file_cache": "false",
            "memory_limit": f"{int(self._settings.memory_gb * 1024)}MiB",
            "temp_directory": str(spill),
            # BigQuery raises on a zero divisor and on LN(0); the default here is infinity.
            "ieee_floating_point_ops": "false",
        }
        if self._settings.threads:
            config["threads"] = self._settings.threads
        connection = duckdb.connect(":memory:", config=config)
        connection.execute("LOAD icu")
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        return connection

    @contextmanager
    def _staging(self) -> Iterator[Path]:
        """A folder of this writer's own; its lock tells later writers whether this one still lives."""
        parent = self._root / ".staging"
        folder = parent / uuid.uuid4().hex
        with ExitStack() as stack:
            with exclusive(parent / "sweep.lock", self._settings.lock_seconds, f"The folder {parent}"):
                _sweep(parent)
                folder.mkdir()
                stack.enter_context(exclusive(folder / "writer.lock", 0, f"The folder {folder}"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            yield folder

    def _remove_unreferenced(self, catalog: Catalog) -> None:
        """Deletes files of no table, unless somebody is reading; the next commit tries again."""
        with exclusive_now(self._root / "files.lock") as free:
            if not free:
                return
            self._delete_unreferenced(catalog)

    def _delete_unreferenced(self, catalog: Catalog) -> None:
        kept = catalog.paths()
        for path in self._root.glob("*/*/*.parquet"):
            if path.relative_to(self._root).as_posix() not in kept:
                path.unlink(missing_ok=True)

    def _alone(self, lock: str) -> AbstractContextManager[None]:
        return exclusive(self._root / lock, self._settings.lock_seconds, f"The warehouse {self._root}")


def _sweep(parent: Path) -> None:
    """Removes what killed writers left behind. A live one holds its lock; one killed while tidying up has none."""
    for folder in parent.glob("*/"):
        marker = folder / "writer.lock"
        if not marker.exists():
            shutil.rmtree(folder, ignore_errors=True)
            continue
        with exclusive_now(marker) as free:
            if free:
                shutil.rmtree(folder, ignore_errors=True)


class _Opened:
    """One engine with a database of views for each state of the tables: opening one costs more than most questions.

    Views are never replaced, so that whoever holds a cursor goes on seeing their state. After MOST_STATES another
    engine takes over, so that old views do not pile up; the earlier one ends with its last cursor.
    """

    def __init__(self, warehouse: LocalWarehouse) -> None:
        self._warehouse = weakref.proxy(warehouse)
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._states = 0
        self._shown: dict[str, tuple[DataFile, ...]] = {}

    def cursor(self, catalog: Catalog, tables: Iterable[str]) -> duckdb.DuckDBPyConnection:
        """A connection that sees these tables as the catalogue has them."""
        with self._lock:
            files = {table: catalog.files.get(table, ()) for table in tables}
            engine = self._engine()
            if not self._states or any(self._shown.get(table, known) != known for table, known in files.items()):
                _begin(engine, f"state_{self._states + 1}")
                self._states, self._shown = self._states + 1, {}
            self._warehouse._show(engine, catalog, files.keys() - self._shown.keys())
            self._shown |= files
            cursor = engine.cursor()
            cursor.execute(f"USE state_{self._states}")
        return cursor

    @contextmanager
    def aside(self, preview: "_Preview", tables: Iterable[str]) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that sees these tables as a preview has them, for one question."""
        with self._lock:
            cursor = self._engine().cursor()
        name = f"preview_{uuid.uuid4().hex}"
        with closing(cursor):
            _begin(cursor, name)
            try:
                self._warehouse._show(cursor, preview.catalog, tables, preview)
                yield cursor
            finally:
                cursor.execute("USE memory")
                cursor.execute(f"DETACH {name}")

    def _engine(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None or self._states >= MOST_STATES:
            connection = self._warehouse._connect()
            _confine(connection, self._warehouse._root)
            self._connection, self._states, self._shown = connection, 0, {}
        return self._connection


def _begin(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """From here on what the connection makes and names is in an empty database of that name."""
    connection.execute(f"ATTACH ':memory:' AS {name}")
    connection.execute(f"USE {name}")


@dataclass(frozen=True)
class _Preview:
    """The tables as they will be after a commit; implements `telecom.ports.Reader`."""

    warehouse: LocalWarehouse
    staging: Path
    catalog: Catalog

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """As `LocalWarehouse.query`."""
        return self.warehouse._query(sql, parameters, self)


def _by_table(staged: Iterable[tuple[str, DataFile]]) -> dict[str, tuple[DataFile, ...]]:
    found: dict[str, tuple[DataFile, ...]] = {}
    for table, file in staged:
        found[table] = (*found.get(table, ()), file)
    return found


def _create_view(connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[Path]) -> None:
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {contract.dataset}")
    if files:
        quoted = ", ".join(f"'{_quoted(path)}'" for path in files)
        rows = f"SELECT * FROM read_parquet([{quoted}])"
        names = tuple(contract.schema.names)
        if any(_columns_of(path) != names for path in files):  # written before the table had all its columns
            typed = ", ".join(f"CAST(NULL AS {duckdb_type(c.sql)}) AS {c.name}" for c in contract.columns)
            old = f"SELECT * FROM read_parquet([{quoted}], union_by_name = true)"
            rows = f"(SELECT {typed} LIMIT 0) UNION ALL BY NAME {old}"
        connection.execute(f"CREATE VIEW {contract.table} AS {rows}")
        return
    connection.register("_empty", contract.schema.empty_table())
    connection.execute(f"CREATE TABLE {contract.table} AS SELECT * FROM _empty")
    connection.unregister("_empty")


@lru_cache(maxsize=16_384)
def _columns_of(path: Path) -> tuple[str, ...]:
    """The columns of a file, which never change."""
    return tuple(pq.read_schema(path).names)


def _confine(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """From here on the connection reads and writes nothing outside `folder`."""
    connection.execute(f"SET allowed_directories = ['{_quoted(folder)}']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
