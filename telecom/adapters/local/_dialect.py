"""BigQuery SQL → DuckDB SQL, for one SELECT over tables of ours and nothing else."""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from telecom.adapters.local._complaints import caret, offset, point_at
from telecom.errors import QueryError

_OF_THE_ENGINE = ("duckdb_", "pg_", "sqlite_", "pragma_", "information_schema")


@dataclass(frozen=True)
class Translated:
    """A SELECT ready for DuckDB: its SQL, the tables it reads (`dataset.table`) and the parameters it names."""

    sql: str
    tables: tuple[str, ...]
    parameters: frozenset[str]


@lru_cache(maxsize=256)
def translate(sql: str, known: frozenset[str]) -> Translated:
    """Translates one BigQuery SELECT.

    Args:
        sql: one statement; `@name` are parameters; a project before the dataset is dropped.
        known: full names of the tables that may be read.

    Raises:
        QueryError: it does not parse, is not a SELECT, or reads something that is not a table of ours.
    """
    try:
        return _translate(sql, known)
    except RecursionError as error:
        raise QueryError("The SQL is nested too deeply.", "Split it with WITH.") from error


def _translate(sql: str, known: frozenset[str]) -> Translated:
    tree = _parse(sql)
    if not isinstance(tree, exp.Query) or next(tree.find_all(exp.DML, exp.DDL, exp.Command), None) not in (
        None,
        tree,
    ):
        raise point_at(sql, _first_word(sql), "Only a single SELECT is allowed here.")
    tables = _resolve_tables(sql, tree, known)
    parameters = frozenset(p.name for p in tree.find_all(exp.Parameter))
    return Translated(_duckdb(tree), tables, parameters)


@lru_cache(maxsize=64)
def duckdb_type(bigquery: str) -> str:
    """A BigQuery type as DuckDB spells it."""
    return _duckdb(exp.DataType.build(bigquery, dialect="bigquery"))


def _duckdb(tree: exp.Expr) -> str:
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


def _parse(sql: str) -> exp.Expr:
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="bigquery") if tree is not None]
    except ParseError as error:
        first = error.errors[0]
        end = offset(sql, first["line"] or 1, first["col"] or 1)
        shown = caret(sql, max(end - len(first["highlight"] or " "), 0), end)
        complaint = _complaint(first["description"], sql[end:])
        raise QueryError(f"{complaint} near {first['highlight']!r}.\n{shown}") from error
    except TokenError as error:
        raise _left_open(sql, error) from error
    if len(trees) != 1:
        raise QueryError(f"Expected one SELECT statement, found {len(trees)}.", "Run them one by one.")
    return trees[0]


def _complaint(description: str, rest: str) -> str:
    """What the parser misses, without the names of its own classes."""
    if "<" not in description:
        return description
    return "Something is missing here" if rest.strip() else "The SQL ends too early"


def _left_open(sql: str, error: TokenError) -> QueryError:
    """The tokenizer's complaint; it tells where a quote was opened, not where a comment was."""
    if found := re.search(r"Missing (\S+) from \d+:(\d+)", str(error.__cause__)):
        mark, start = found[1], int(found[2])
        return QueryError(f"A quote is left open.\n{caret(sql, start, start + len(mark))}")
    return QueryError("The SQL cannot be read to its end.", "Is a quote or a comment left open?")


def _resolve_tables(sql: str, tree: exp.Expr, known: Iterable[str]) -> tuple[str, ...]:
    """Full names of the warehouse tables in the tree; drops the project from each."""
    for lateral in tree.find_all(exp.Lateral):
        if not isinstance(lateral.this, exp.Subquery | exp.Explode | exp.Unnest):
            raise _not_a_table(sql, lateral.this)
    ctes = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    for name in ctes:
        # One opened elsewhere in the statement would let the engine's own view of that name through.
        if name.startswith(_OF_THE_ENGINE):
            raise point_at(sql, name, f"The name {name!r} is reserved.")
    names = sorted(known)
    used = set()
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise _not_a_table(sql, table.this)
        if not table.db and table.name.lower() in ctes:
            continue
        table.set("catalog", None)
        full = f"{table.db}.{table.name}"
        if full not in names:
            raise point_at(sql, table.name, f"There is no table {full.lstrip('.')!r}.{_hint(full, names)}")
        used.add(full)
    return tuple(sorted(used))


def _not_a_table(sql: str, node: exp.Expr) -> QueryError:
    return point_at(sql, _function_name(node), "Table functions are not allowed; only tables are.")


def _hint(full: str, names: list[str]) -> str:
    short = {name.split(".")[1]: name for name in names}
    close = get_close_matches(full, names, 1) or [
        short[n] for n in get_close_matches(full.split(".")[-1], list(short), 1)
    ]
    return f" Did you mean {close[0]!r}?" if close else f" The tables are {', '.join(names)}."


def _function_name(node: exp.Expr) -> str:
    return node.name if isinstance(node, exp.Anonymous) else node.sql_name() if isinstance(node, exp.Func) else ""


def _first_word(sql: str) -> str:
    match = re.search(r"\w+", sql)
    return match[0] if match else ""
