"""BigQuery statements made ready for the engine: split, checked for their tables, parameters bound, columns named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope
from sqlglot.tokenizer_core import TokenType

from telecom.adapters.local._dialect import to_duckdb
from tests.loopback.bigquery_errors import Refused, at, invalid
from tests.loopback.bigquery_types import literal

KINDS: dict[type[exp.Expr], str] = {
    exp.Insert: "INSERT",
    exp.Delete: "DELETE",
    exp.Update: "UPDATE",
    exp.Merge: "MERGE",
    exp.Drop: "DROP_TABLE",
    exp.Transaction: "BEGIN_TRANSACTION",
    exp.Commit: "COMMIT_TRANSACTION",
    exp.Rollback: "ROLLBACK_TRANSACTION",
}
CHANGES_ROWS = ("INSERT", "DELETE", "UPDATE", "MERGE")


@dataclass(frozen=True)
class Statement:
    """One statement of a script: its tree, its kind as BigQuery calls it, and where it begins in `script`."""

    tree: exp.Expr
    kind: str
    script: str
    start: int

    @property
    def target(self) -> exp.Table | None:
        """The table that it makes, changes or drops."""
        return None if self.kind == "SELECT" else self.tree.find(exp.Table)

    @property
    def target_name(self) -> str:
        """`dataset.table` of the target; empty of a SELECT or the borders of a transaction."""
        return f"{self.target.db}.{self.target.name}" if self.target else ""

    def tables(self) -> Iterator[exp.Table]:
        """Every table that it names, without its own WITH clauses.

        Raises:
            Refused: one has no dataset, or something else stands in its place.
        """
        for table in self._sources():
            if not isinstance(table.this, exp.Identifier):
                raise invalid(f"Table-valued function not found{at(self.script, table.sql(), self.start)}")
            if not table.db:
                said = f'Table "{table.name}" must be qualified with a dataset (e.g. dataset.table)'
                raise invalid(said + at(self.script, table.name, self.start))
            yield table

    def _sources(self) -> Iterator[exp.Table]:
        if self.kind != "SELECT":
            ctes = {cte.alias for cte in self.tree.find_all(exp.CTE)}
            yield from (t for t in self.tree.find_all(exp.Table) if t.db or t.name not in ctes)
            return
        for scope in traverse_scope(self.tree):
            yield from (source for source in scope.sources.values() if isinstance(source, exp.Table))


def statements(script: str) -> list[Statement]:
    """The statements of a script, in order.

    Raises:
        Refused: one of them does not parse, or is of a kind that is not served here.
    """
    try:
        return [_statement(text, script, start) for text, start in _split(script)]
    except SqlglotError as error:
        raise invalid(f"Syntax error: {str(error).splitlines()[0]}") from error


def rendered(tree: exp.Expr, parameters: Mapping[str, Mapping[str, Any]]) -> str:
    """The engine's SQL of a statement.

    Raises:
        Refused: a parameter was not given.
    """
    return to_duckdb(_bound(tree.copy(), parameters))


def with_names(query: exp.Expr) -> exp.Expr:
    """The query with columns called f0_, f1_, … where they have no name."""
    number = 0
    select = query.find(exp.Select) if isinstance(query, exp.SetOperation) else query
    if not isinstance(select, exp.Select):
        return query
    for column in list(select.expressions):
        if not isinstance(column, exp.Alias | exp.Column | exp.Dot | exp.Star):
            column.replace(exp.alias_(column.copy(), f"f{number}_"))
            number += 1
    return query


def _split(script: str) -> Iterator[tuple[str, int]]:
    start = 0
    for token in sqlglot.tokenize(script, read="bigquery"):
        if token.token_type == TokenType.SEMICOLON:
            yield script[start : token.start], start
            start = token.end + 1
    if script[start:].strip():
        yield script[start:], start


def _statement(text: str, script: str, start: int) -> Statement:
    tree = sqlglot.parse_one(text, read="bigquery")
    if isinstance(tree, exp.Create) and tree.args["kind"] == "TABLE" and isinstance(tree.expression, exp.Query):
        return Statement(tree, "CREATE_TABLE_AS_SELECT", script, start)
    kind = "SELECT" if isinstance(tree, exp.Query) else KINDS.get(type(tree))
    if kind is None:
        raise Refused(501, "notImplemented", f"The loopback does not serve {type(tree).__name__} statements.")
    return Statement(tree, kind, script, start)


def _bound(tree: exp.Expr, parameters: Mapping[str, Mapping[str, Any]]) -> exp.Expr:
    for table in tree.find_all(exp.Table):
        table.set("catalog", None)
    for parameter in list(tree.find_all(exp.Parameter)):
        given = parameters.get(parameter.name)
        if given is None:
            raise invalid(f"Query parameter '{parameter.name}' not found")
        parameter.replace(literal(given["parameterType"], given["parameterValue"]))
    for number in list(tree.find_all(exp.Literal)):
        if not number.is_string and not number.this.isdigit():  # the engine takes 1.5 for a DECIMAL
            number.replace(exp.cast(number.copy(), "DOUBLE"))
    return tree
