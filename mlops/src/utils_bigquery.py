"""SQL files and the pieces of SQL that contracts spell out. Reads mlops/src/queries, writes nothing."""

from pathlib import Path

from telecom.queries import read_query
from telecom.tables import Column, contract

QUERIES = Path(__file__).parent / "queries"
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def load_query(name: str) -> str:
    """The BigQuery SQL of `queries/<name>.sql`.

    Raises:
        NotFound: there is no such file.
    """
    return read_query(QUERIES, name)


def projection(table: str) -> str:
    """The table's columns, comma-separated in contract order."""
    return ", ".join(contract(table).schema.names)


def literal(text: str) -> str:
    """A STRING literal of BigQuery."""
    return "'" + "".join(_ESCAPES.get(sign, sign) for sign in text) + "'"


def column_rules(column: Column) -> dict[str, str]:
    """What the contract says of one column, as BigQuery conditions that are TRUE for a bad cell.

    Returns:
        Rule name (`not_null`, `allowed_values`, `minimum`, `maximum`, `pattern`) → condition.
    """
    name = column.name
    rules = {}
    if column.mode == "REQUIRED":
        rules["not_null"] = f"{name} IS NULL"
    if column.values:
        allowed = ", ".join(map(literal, column.values))
        rules["allowed_values"] = f"{name} NOT IN ({allowed})"
    if column.type in ("INT64", "FLOAT64", "NUMERIC"):
        if column.minimum is not None:
            rules["minimum"] = f"{name} < {column.minimum!r}"
        if column.maximum is not None:
            rules["maximum"] = f"{name} > {column.maximum!r}"
    if column.pattern:
        rules["pattern"] = f"NOT REGEXP_CONTAINS({name}, r'^(?:{column.pattern})$')"
    return rules
