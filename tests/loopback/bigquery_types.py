"""BigQuery's types in Arrow, in SQL and in JSON."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
from sqlglot import exp

from telecom.tables import Column, Contract
from tests.loopback.bigquery_errors import Refused

Field = dict[str, Any]

ARROW = {
    "STRING": pa.string(),
    "BYTES": pa.binary(),
    "INTEGER": pa.int64(),
    "FLOAT": pa.float64(),
    "NUMERIC": pa.decimal128(38, 9),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "DATETIME": pa.timestamp("us"),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    "TIME": pa.time64("us"),
}
STANDARD = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
LEGACY = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
WIDENS = {("INTEGER", "FLOAT"), ("INTEGER", "NUMERIC"), ("NUMERIC", "FLOAT")}
SIZES = {"BOOLEAN": 1, "NUMERIC": 16}


def fields_of(contract: Contract) -> list[Field]:
    """A contract's columns as the API describes them."""
    return [_field_of(column) for column in contract.columns]


def normal(fields: Iterable[Field]) -> list[Field]:
    """Fields as the API gives them back: the old names of the types, a mode in each."""
    return [
        {
            **field,
            "type": LEGACY.get(field["type"].upper(), field["type"].upper()),
            "mode": field.get("mode") or "NULLABLE",
            **({"fields": normal(field["fields"])} if field.get("fields") else {}),
        }
        for field in fields
    ]


def arrow_schema(fields: Iterable[Field]) -> pa.Schema:
    """How the Storage API gives such rows."""
    return pa.schema([pa.field(f["name"], _arrow_type(f), nullable=f["mode"] != "REQUIRED") for f in fields])


def sql_type(field: Field) -> str:
    """The type in BigQuery SQL."""
    inner = STANDARD.get(field["type"], str(field["type"]))
    if field["type"] == "RECORD":
        inner = "STRUCT<" + ", ".join(f"{f['name']} {sql_type(f)}" for f in field["fields"]) + ">"
    return f"ARRAY<{inner}>" if field["mode"] == "REPEATED" else inner


def described(schema: pa.Schema) -> list[Field]:
    """What BigQuery would call the columns of a result of the engine."""
    return [_described(field.name, field.type) for field in schema]


def as_bigquery(table: pa.Table) -> tuple[list[Field], pa.Table]:
    """A result of the engine in BigQuery's types, where no array is NULL."""
    fields = described(table.schema)
    schema = pa.schema([pa.field(f["name"], _arrow_type(f)) for f in fields])
    columns = [_without_null(c) if pa.types.is_list(t) else c for c, t in zip(table.columns, schema.types, strict=True)]
    return fields, pa.Table.from_arrays(columns, names=table.schema.names).cast(schema)


def literal(kind: Mapping[str, Any], value: Mapping[str, Any]) -> exp.Expr:
    """A query parameter as a typed constant.

    Raises:
        Refused: its type is not known here.
    """
    if kind["type"] == "ARRAY":
        items = [literal(kind["arrayType"], item) for item in value.get("arrayValues", [])]
        return exp.cast(
            exp.Array(expressions=items), exp.DataType.build(f"ARRAY<{kind['arrayType']['type']}>", "bigquery")
        )
    name = LEGACY.get(kind["type"], kind["type"])
    if name not in ARROW:
        raise Refused(400, "invalid", f"Invalid query parameter type {kind['type']}")
    text = value.get("value")
    if name == "BYTES" and text is not None:
        return exp.Unhex(this=exp.Literal.string(base64.b64decode(text).hex()))
    constant = exp.null() if text is None else exp.Literal.string(text)
    return exp.cast(constant, exp.DataType.build(STANDARD.get(name, name), "bigquery"))


def json_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as `tabledata.list` writes them."""
    return [{"f": [_cell(value) for value in row.values()]} for row in table.to_pylist()]


def insertable(found: Sequence[Field], wanted: Sequence[Field]) -> None:
    """Checks that a query's columns may go into a table's.

    Raises:
        Refused: one has another type.
    """
    for number, (source, target) in enumerate(zip(found, wanted, strict=True), 1):
        same = sql_type(source) == sql_type(target) or (source["type"], target["type"]) in WIDENS
        if not same:
            raise Refused(
                400,
                "invalidQuery",
                f"Query column {number} has type {sql_type(source)} which cannot be inserted into column "
                f"{target['name']}, which has type {sql_type(target)}",
            )


def _field_of(column: Column) -> Field:
    field: Field = {
        "name": column.name,
        "type": LEGACY.get(column.type, column.type),
        "mode": column.mode,
        "description": column.description,
    }
    return field | ({"fields": [_field_of(f) for f in column.fields]} if column.fields else {})


def _arrow_type(field: Field) -> pa.DataType:
    inner = pa.struct(arrow_schema(field["fields"])) if field["type"] == "RECORD" else ARROW[field["type"]]
    return pa.list_(inner) if field["mode"] == "REPEATED" else inner


def _described(name: str, kind: pa.DataType) -> Field:
    if pa.types.is_list(kind):
        return _described(name, kind.value_type) | {"mode": "REPEATED"}
    if pa.types.is_struct(kind):
        return {"name": name, "type": "RECORD", "mode": "NULLABLE", "fields": described(pa.schema(list(kind)))}
    return {"name": name, "type": _type_name(kind), "mode": "NULLABLE"}


def _type_name(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind) or pa.types.is_null(kind) or kind == pa.decimal128(38, 0):
        return "INTEGER"  # sums of integers are wider in the engine; an untyped NULL is an integer in BigQuery
    if pa.types.is_decimal(kind):
        return "NUMERIC"
    if pa.types.is_floating(kind):
        return "FLOAT"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP" if kind.tz else "DATETIME"
    if pa.types.is_time(kind):
        return "TIME"
    return next(name for name, arrow in ARROW.items() if arrow == kind)


def _without_null(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not column.null_count:
        return column
    return pa.chunked_array([pa.array([value or [] for value in column.to_pylist()], column.type)])


def _cell(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"v": [_cell(item) for item in value]}
    if isinstance(value, dict):
        return {"v": {"f": [_cell(item) for item in value.values()]}}
    return {"v": None if value is None else _text(value)}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime) and value.tzinfo:
        since = value - datetime(1970, 1, 1, tzinfo=UTC)
        return str((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
