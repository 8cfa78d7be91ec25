"""BigQuery SQL → DuckDB SQL."""

from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from telecom.adapters._bigquery_sql import Select, one_select, point_at
from telecom.errors import QueryError

_TELLTALES = frozenset(("current_setting", "getenv", "getvariable", "setval", "sleep_ms", "write_log"))
"""Functions of the engine that BigQuery does not know, and that tell of this machine or do other than compute."""
_OF_THE_ENGINE = ("duckdb_", "pg_", "sqlite_", "pragma_", "information_schema")


@dataclass(frozen=True)
class Translated:
    """A SELECT, and the same in DuckDB's SQL."""

    select: Select
    sql: str


@lru_cache(maxsize=256)
def translate(sql: str, known: frozenset[str]) -> Translated:
    """Translates one BigQuery SELECT over the tables in `known`.

    Raises:
        QueryError: it is not one, or reads something else; see `one_select`.
    """
    select = one_select(sql, known)
    for cte in select.tree.find_all(exp.CTE):
        # One opened elsewhere in the statement would let the engine's own view of that name through.
        if cte.alias_or_name.lower().startswith(_OF_THE_ENGINE):
            raise point_at(sql, cte.alias_or_name, f"The name {cte.alias_or_name!r} is reserved.")
    for call in select.tree.find_all(exp.Anonymous):
        if call.name.lower() in _TELLTALES:
            raise point_at(sql, call.name, f"There is no function {call.name!r}.")
    try:
        return Translated(select, to_duckdb(select.tree))
    except RecursionError as error:
        raise QueryError("The SQL is nested too deeply.", "Split it with WITH.") from error


@lru_cache(maxsize=64)
def duckdb_type(bigquery: str) -> str:
    """A BigQuery type as DuckDB spells it."""
    return to_duckdb(exp.DataType.build(bigquery, dialect="bigquery"))


def to_duckdb(tree: exp.Expr) -> str:
    """Renders for DuckDB, where two things would silently mean something else: a bare NUMERIC (DECIMAL(18, 3) there,
    DECIMAL(38, 9) in BigQuery) and COUNTIF over nothing but NULL (NULL there, 0 in BigQuery).
    """
    for kind in tree.find_all(exp.DataType):
        if kind.this in (exp.DataType.Type.DECIMAL, exp.DataType.Type.BIGDECIMAL) and not kind.expressions:
            kind.set("expressions", [exp.DataTypeParam(this=exp.Literal.number(n)) for n in (38, 9)])
    for count in list(tree.find_all(exp.CountIf)):
        whole = count.parent if isinstance(count.parent, exp.Window) else count
        whole.replace(exp.cast(exp.Coalesce(this=whole.copy(), expressions=[exp.Literal.number(0)]), "BIGINT"))
    return tree.sql(dialect="duckdb")
