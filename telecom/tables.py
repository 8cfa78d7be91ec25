"""Every table that crosses a boundary, as data/schemas describes it: one YAML contract per table.

The vocabulary is BigQuery's table schema (`type`, `mode`, `fields`), so that the same file drives the local
Parquet tables, the quality checks, Terraform and the catalogue.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from telecom.errors import NotFound, TelecomError

SCHEMAS = Path(__file__).resolve().parents[1] / "data" / "schemas"

Type = Literal["STRING", "INT64", "FLOAT64", "NUMERIC", "BOOL", "DATE", "TIMESTAMP", "RECORD"]
Pii = Literal["none", "quasi_identifier", "identifier", "contact", "government_id"]

# BigQuery's reserved keywords (lexical structure of GoogleSQL): a column of that name must be quoted everywhere.
RESERVED = frozenset(
    """all and any array as asc assert_rows_modified at between by case cast collate contains create cross cube current
    default define desc distinct else end enum escape except exclude exists extract false fetch following for from full
    group grouping groups hash having if ignore in inner intersect interval into is join lateral left like limit lookup
    merge natural new no not null nulls of on or order outer over partition preceding proto qualify range recursive
    respect right rollup rows select set some struct tablesample then to treat true unbounded union unnest using when
    where window with within""".split()
)

_ARROW: Mapping[str, pa.DataType] = {
    "STRING": pa.string(),
    "INT64": pa.int64(),
    "FLOAT64": pa.float64(),
    "NUMERIC": pa.decimal128(38, 9),
    "BOOL": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Frozen):
    """One column: BigQuery type and mode, and what its values may be.

    `values`, `minimum`, `maximum` and `pattern` (RE2, whole value) are checked on every write of the table's job;
    `feature` marks an input of the churn model; `reason` is the name shown to people who read a prediction.
    """

    name: str
    type: Type
    mode: Literal["REQUIRED", "NULLABLE", "REPEATED"] = "NULLABLE"
    description: str
    unit: str = ""
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    pii: Pii = "none"
    feature: bool = False
    reason: str = ""
    fields: tuple["Column", ...] = ()

    @model_validator(mode="after")
    def _records_have_fields(self) -> "Column":
        if (self.type == "RECORD") != bool(self.fields):
            raise ValueError(f"column {self.name!r}: RECORD and fields go together")
        return self

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type of one cell."""
        inner = pa.struct([field.arrow_field for field in self.fields]) if self.fields else _ARROW[self.type]
        return pa.list_(inner) if self.mode == "REPEATED" else inner

    @property
    def arrow_field(self) -> pa.Field:
        """The Arrow field; nullability is checked by the writer, not by Arrow's flag, which engines drop."""
        return pa.field(self.name, self.arrow)

    @property
    def sql(self) -> str:
        """The column's type in BigQuery SQL."""
        inner = "STRUCT<" + ", ".join(f"{f.name} {f.sql}" for f in self.fields) + ">" if self.fields else self.type
        return f"ARRAY<{inner}>" if self.mode == "REPEATED" else inner


class RowCheck(_Frozen):
    """A rule over one row, in BigQuery SQL, true when the row is good; NULL counts as good.

    `max_failing_share` in 0..1 is the share of rows that may break it before the gate says no.
    """

    name: str
    expression: str
    description: str
    max_failing_share: float = Field(0.0, ge=0, le=1)


class Contract(_Frozen):
    """What a table promises. `replace_by` names the columns whose values a job replaces as one set."""

    table: str
    description: str
    owner: str
    domain: Literal["customer", "billing", "network", "service", "assistant", "model"]
    sensitivity: Literal["internal", "confidential", "restricted"]
    freshness_hours: int = Field(gt=0)
    key: tuple[str, ...]
    replace_by: tuple[str, ...]
    partition_by: str = ""
    cluster_by: tuple[str, ...] = ()
    quarantine_share: float = Field(0.0, ge=0, le=1)
    columns: tuple[Column, ...]
    checks: tuple[RowCheck, ...] = ()

    @model_validator(mode="after")
    def _names_exist(self) -> "Contract":
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.table}: a column is declared twice")
        used = {
            *self.key,
            *self.replace_by,
            *self.cluster_by,
            *([self.partition_by] if self.partition_by else []),
        }
        if unknown := used - set(names):
            raise ValueError(f"{self.table}: {sorted(unknown)} are not columns")
        if taken := RESERVED.intersection(name.lower() for name in names):
            raise ValueError(f"{self.table}: {sorted(taken)} are reserved words of BigQuery")
        if self.partition_by and self.column(self.partition_by).type not in ("DATE", "TIMESTAMP"):
            raise ValueError(f"{self.table}: partition_by is neither DATE nor TIMESTAMP")
        return self

    @property
    def dataset(self) -> str:
        """The dataset's name, e.g. `telecom_gold`."""
        return self.table.split(".")[0]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the table, in column order."""
        return pa.schema([column.arrow_field for column in self.columns])

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that never hold NULL."""
        return tuple(c.name for c in self.columns if c.mode == "REQUIRED")

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns that the churn model reads, in model order."""
        return tuple(c for c in self.columns if c.feature)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            NotFound: the contract has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise NotFound(f"{self.table} has no column {name!r}.", f"It has {', '.join(self.schema.names)}.")


def parse(text: str, origin: str) -> Contract:
    """Reads one contract.

    Raises:
        TelecomError: the YAML does not describe a table; the message names `origin` and the first fault.
    """
    try:
        loaded: Any = yaml.load(text, Loader=yaml.CSafeLoader)  # the safe loader, in C: eight times faster
        return Contract.model_validate(loaded)
    except (yaml.YAMLError, ValidationError) as error:
        raise TelecomError(f"The contract {origin} is not valid: {error}", "Mend the YAML.") from error


@lru_cache(maxsize=4)
def contracts(folder: Path = SCHEMAS) -> Mapping[str, Contract]:
    """All contracts by full table name (`dataset.table`), in name order. Read once per process.

    Raises:
        NotFound: the folder holds no contract.
    """
    found = [parse(path.read_text("utf-8"), path.name) for path in sorted(folder.glob("*.yaml"))]
    if not found:
        raise NotFound(f"No table contracts in {folder}.", "Run from a complete checkout of the repository.")
    return {contract.table: contract for contract in found}


def contract(table: str) -> Contract:
    """The contract of one table.

    Raises:
        NotFound: no contract describes it.
    """
    known = contracts()
    if table not in known:
        raise NotFound(f"There is no table {table!r}.", f"The tables are {', '.join(known)}.")
    return known[table]
