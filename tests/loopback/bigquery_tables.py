"""The tables behind the BigQuery server: DuckDB in memory, described as BigQuery describes them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from telecom.adapters.local._dialect import duckdb_type
from telecom.tables import Contract, contracts
from tests.loopback.bigquery_errors import Refused, from_engine
from tests.loopback.bigquery_types import SIZES, Field, arrow_schema, fields_of, normal, sql_type

DATASETS = ("telecom_bronze", "telecom_silver", "telecom_gold", "telecom_monitoring", "telecom_staging")


class Tables:
    """`tables` describes each table (`dataset.table`) as the API does, `results` holds what queries gave."""

    def __init__(self, project: str, location: str) -> None:
        self.project, self.location = project, location
        self.lock = threading.RLock()
        self.db = duckdb.connect(
            config={"python_enable_replacements": "false", "threads": 1, "ieee_floating_point_ops": "false"}
        )
        self.db.execute("LOAD icu; SET TimeZone = 'UTC'")
        self.tables: dict[str, dict[str, Any]] = {}
        self.touched = set(contracts())
        self.reset()

    def reset(self) -> None:
        """The contracts' tables, empty, as Terraform makes them. Only what was touched is made anew."""
        with self.lock:
            self.datasets: dict[str, dict[str, Any]] = {name: {} for name in DATASETS}
            self.results: dict[str, pa.Table] = {}
            for name in self.touched:
                self.db.execute(f"DROP TABLE IF EXISTS {_quoted(name)}")
            for name in self.touched & set(contracts()):
                self.create(name, fields_of(contracts()[name]))
            self.tables = {name: _described(contract) for name, contract in contracts().items()}
            self.touched.clear()

    def create(self, name: str, fields: list[Field], **more: Any) -> None:
        """Makes a table, in the place of one of that name."""
        fields = normal(fields)
        dataset, _, _ = name.partition(".")
        if dataset not in self.datasets:
            raise Refused(404, "notFound", f"Not found: Dataset {self.project}:{dataset}")
        self.touched.add(name)
        columns = ", ".join(
            f'"{f["name"]}" {duckdb_type(sql_type(f))}{" NOT NULL" if f["mode"] == "REQUIRED" else ""}' for f in fields
        )
        with self.lock:
            self.db.execute(
                f"CREATE SCHEMA IF NOT EXISTS {dataset}; CREATE OR REPLACE TABLE {_quoted(name)} ({columns})"
            )
        self.tables[name] = {"schema": {"fields": fields}, **more}

    def drop(self, name: str) -> None:
        """Removes a table.

        Raises:
            Refused: there is none of that name.
        """
        self.description(name)
        self.touched.add(name)
        with self.lock:
            self.db.execute(f"DROP TABLE {_quoted(name)}")
            del self.tables[name]

    def description(self, name: str) -> dict[str, Any]:
        """What the API tells of a table.

        Raises:
            Refused: there is none of that name.
        """
        if name not in self.tables:
            full = f"{self.project}:{name}"
            raise Refused(404, "notFound", f"Not found: Table {full} was not found in location {self.location}")
        return self.tables[name]

    def rows(self, name: str) -> pa.Table:
        """All rows of a table or of a query's result."""
        if name in self.results:
            return self.results[name]
        schema = arrow_schema(self.description(name)["schema"]["fields"])
        with self.lock:
            return self.db.table(name).to_arrow_table().cast(schema)

    def append(self, name: str, rows: pa.Table) -> None:
        """Adds rows, columns by name.

        Raises:
            Refused: a REQUIRED column holds NULL.
        """
        self.touched.add(name)
        with self.lock, told_of("", 0):
            self.db.register("_rows", rows)
            self.db.execute(f"INSERT INTO {_quoted(name)} BY NAME SELECT * FROM _rows")
            self.db.unregister("_rows")

    def bytes_read(self, name: str, tree: exp.Expr) -> int:
        """Logical bytes of the columns that a statement names, as BigQuery counts them."""
        named = {column.name.lower() for column in tree.find_all(exp.Column)}
        whole = any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star))
        fixed, texts = 0, []
        for column in self.tables[name]["schema"]["fields"]:
            if not whole and column["name"].lower() not in named:
                continue
            if column["type"] == "STRING" and column["mode"] != "REPEATED":
                texts.append(f'COALESCE(2 + STRLEN("{column["name"]}"), 0)')
            else:
                fixed += SIZES.get(column["type"], 8)
        if not fixed and not texts:
            return 0
        # One sum and not one of each column: the engine takes longer to plan those than to run them.
        lengths = f" + COALESCE(SUM({' + '.join(texts)}), 0)" if texts else ""
        return self.number(f"SELECT {fixed} * COUNT(*){lengths} FROM {_quoted(name)}")

    def number(self, sql: str) -> int:
        """The one number that a statement gives: of a change, the rows changed."""
        ((number,),) = self.db.execute(sql).fetchall()
        return int(number)


@contextmanager
def told_of(script: str, start: int) -> Iterator[None]:
    """The engine's errors as BigQuery would word them."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException) as error:
        raise from_engine(script, start, str(error)) from error


def _described(contract: Contract) -> dict[str, Any]:
    """A contract's table as the API describes it."""
    about: dict[str, Any] = {"schema": {"fields": fields_of(contract)}, "description": contract.description}
    if contract.partition_by:
        about |= {"timePartitioning": {"type": "DAY", "field": contract.partition_by}}
    if contract.cluster_by:
        about |= {"clustering": {"fields": list(contract.cluster_by)}}
    return about


def _quoted(name: str) -> str:
    return ".".join(f'"{part}"' for part in name.split("."))
