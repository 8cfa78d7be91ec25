"""BigQuery SQL → DuckDB SQL, and errors that point at the token of the SQL that the person wrote."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from telecom.errors import QueryError

_NAMED_BY_DUCKDB = (
    re.compile(r'Referenced column "(?P<name>[^"]+)" not found'),
    re.compile(r'Referenced table "(?P<name>[^"]+)" not found'),
    re.compile(r"Function with name (?P<name>\w+) does not exist", re.IGNORECASE),
    re.compile(r"matches the given name and argument types '(?P<name>\w+)\("),
    re.compile(r"Could not convert string '(?P<name>[^']+)'"),
    re.compile(r'syntax error at or near "(?P<name>[^"]+)"'),
    re.compile(r'column "(?P<name>[^"]+)" must appear in the GROUP BY'),
)


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


def point_at(sql: str, token: str, message: str) -> QueryError:
    """A QueryError whose message shows the line of `sql` with a caret under the first whole `token`."""
    found = re.search(rf"(?<![\w.]){re.escape(token)}(?!\w)", sql, re.IGNORECASE) or re.search(
        re.escape(token), sql, re.IGNORECASE
    )
    return QueryError(message if found is None or not token else f"{message}\n{_caret(sql, *found.span())}")


def explain(sql: str, vendor_message: str) -> QueryError:
    """DuckDB's complaint in terms of the BigQuery text: its first line, and the token it names, underlined."""
    headline = vendor_message.split("\n\nLINE ")[0].split("\n\tCandidate functions")[0].strip()
    headline = re.sub(r"^\w+ Error: ", "", headline)
    for pattern in _NAMED_BY_DUCKDB:
        if match := pattern.search(vendor_message):
            return point_at(sql, match["name"], headline)
    return QueryError(headline)


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
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="bigquery") if tree is not None]
    except ParseError as error:
        first = error.errors[0]
        end = _offset(sql, first["line"] or 1, first["col"] or 1)
        shown = _caret(sql, max(end - len(first["highlight"] or " "), 0), end)
        raise QueryError(f"{first['description']} near {first['highlight']!r}.\n{shown}") from error
    except TokenError as error:
        raise QueryError(f"The SQL cannot be read: {error}. Is a quote or comment left open?") from error
    if len(trees) != 1:
        raise QueryError(f"Expected one SELECT statement, found {len(trees)}.", "Run them one by one.")
    return trees[0]


def _resolve_tables(sql: str, tree: exp.Expr, known: Iterable[str]) -> tuple[str, ...]:
    """Full names of the warehouse tables in the tree; drops the project from each."""
    ctes = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
    names = sorted(known)
    used = set()
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise point_at(sql, _function_name(table.this), "Table functions are not allowed; only tables are.")
        if not table.db and table.name in ctes:
            continue
        table.set("catalog", None)
        full = f"{table.db}.{table.name}"
        if full not in names:
            raise point_at(sql, table.name, f"There is no table {full.lstrip('.')!r}.{_hint(full, names)}")
        used.add(full)
    return tuple(sorted(used))


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


def _offset(sql: str, line: int, column: int) -> int:
    starts = [0, *(m.end() for m in re.finditer("\n", sql))]
    return min(starts[min(line, len(starts)) - 1] + column, len(sql))


def _caret(sql: str, start: int, end: int) -> str:
    line_start = sql.rfind("\n", 0, start) + 1
    line = sql[line_start:].split("\n", 1)[0]
    number = sql.count("\n", 0, start) + 1
    lead = f"line {number}, column {start - line_start + 1}: "
    width = max(1, min(end, line_start + len(line)) - start)
    return f"{lead}{line}\n{' ' * (len(lead) + start - line_start)}{'^' * width}"
