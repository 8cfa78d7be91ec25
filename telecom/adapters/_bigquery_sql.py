"""BigQuery SQL as both warehouses take it: one SELECT over tables of ours, and errors that point at its tokens."""

import logging
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import TokenType

from telecom.errors import QueryError
from telecom.ports import Parameters, Scalar


@dataclass(frozen=True)
class TableName:
    """A table where the SQL names it: `text[start:end]`, with or without an alias after it."""

    table: str
    start: int
    end: int
    aliased: bool


@dataclass(frozen=True)
class Select:
    """A SELECT that may be run.

    `text` is the SQL as written, with project names and the closing semicolon blanked out, every other token in its
    place; `tree` the same, parsed; `names` the tables it reads, in the order of the text; `parameters` what it names.
    """

    text: str
    tree: exp.Expr
    names: tuple[TableName, ...]
    parameters: frozenset[str]

    @property
    def tables(self) -> tuple[str, ...]:
        """Full names (`dataset.table`) of the tables that are read, sorted."""
        return tuple(sorted({name.table for name in self.names}))

    def bound(self, given: Parameters | None) -> dict[str, Scalar]:
        """The parameters that the SELECT names, no others.

        Raises:
            QueryError: one is named and not given.
        """
        values = dict(given or {})
        if missing := sorted(self.parameters - set(values)):
            raise QueryError(f"The SQL names the parameters {missing}, which were not given.")
        return {name: values[name] for name in sorted(self.parameters)}


def one_select(sql: str, known: Collection[str], datasets: Collection[str] = ()) -> Select:
    """Checks one BigQuery SELECT.

    Args:
        sql: one statement; `@name` are parameters; a project before a dataset is dropped.
        known: full names of the tables that may be read.
        datasets: datasets of which every table may be read.

    Raises:
        QueryError: it does not parse, is not a SELECT, or reads something else.
    """
    try:
        tree = _parse(sql)
        if not isinstance(tree, exp.Query) or _writes(tree):
            raise point_at(sql, _first_word(sql), "Only a single SELECT is allowed here.")
        text, names = _resolve_tables(sql, tree, known, datasets)
    except RecursionError as error:
        raise QueryError("The SQL is nested too deeply.", "Split it with WITH.") from error
    return Select(text, tree, names, frozenset(p.name for p in tree.find_all(exp.Parameter)))


def point_at(sql: str, token: str, message: str) -> QueryError:
    """A QueryError whose message shows the line of `sql` with a caret under the first whole `token`."""
    found = re.search(rf"(?<![\w.]){re.escape(token)}(?!\w)", sql, re.IGNORECASE) or re.search(
        re.escape(token), sql, re.IGNORECASE
    )
    return QueryError(message if found is None or not token else f"{message}\n{caret(sql, *found.span())}")


def one_name_each(sql: str, names: Iterable[str]) -> None:
    """Checks the columns of a result.

    Raises:
        QueryError: two have one name, whatever their case; BigQuery refuses that too.
    """
    name, times = Counter(name.lower() for name in names).most_common(1)[0]
    if times > 1:
        raise twice(sql, name)


def twice(sql: str, name: str) -> QueryError:
    """The complaint about a name that two columns of a result bear."""
    return point_at(sql, name, f"Two columns of the result are called {name!r}. Rename one with AS.")


def offset(sql: str, line: int, column: int) -> int:
    """The place in `sql` of a column (counted from 0) of a line (counted from 1)."""
    starts = [0, *(m.end() for m in re.finditer("\n", sql))]
    return min(starts[min(line, len(starts)) - 1] + column, len(sql))


def caret(sql: str, start: int, end: int) -> str:
    """The line of `sql` that holds `start`, and below it carets up to `end`."""
    line_start = sql.rfind("\n", 0, start) + 1
    line = sql[line_start:].split("\n", 1)[0]
    number = sql.count("\n", 0, start) + 1
    lead = f"line {number}, column {start - line_start + 1}: "
    width = max(1, min(end, line_start + len(line)) - start)
    return f"{lead}{line}\n{' ' * (len(lead) + start - line_start)}{'^' * width}"


def _parse(sql: str) -> exp.Expr:
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    try:
        found = sqlglot.parse(sql, read="bigquery")
    except ParseError as error:
        first = error.errors[0]
        end = offset(sql, first["line"] or 1, first["col"] or 1)
        shown = caret(sql, max(end - len(first["highlight"] or " "), 0), end)
        complaint = _complaint(first["description"], sql[end:])
        raise QueryError(f"{complaint} near {first['highlight']!r}.\n{shown}") from error
    except TokenError as error:
        raise _left_open(sql, error) from error
    trees = [tree for tree in found if tree is not None and not isinstance(tree, exp.Semicolon)]
    if len(trees) != 1:
        raise QueryError(f"Expected one SELECT statement, found {len(trees)}.", "Run them one by one.")
    return trees[0]


def _writes(tree: exp.Expr) -> bool:
    return next(tree.find_all(exp.DML, exp.DDL, exp.Command), None) not in (None, tree)


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


def _resolve_tables(
    sql: str, tree: exp.Expr, known: Collection[str], datasets: Collection[str]
) -> tuple[str, tuple[TableName, ...]]:
    """The SQL without projects and semicolons, and the tables in it; drops the project from each in the tree, too."""
    for lateral in tree.find_all(exp.Lateral):
        if not isinstance(lateral.this, exp.Subquery | exp.Explode | exp.Unnest):
            raise _not_a_table(sql, lateral.this)
    ctes = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    text, names = _without_semicolon(sql), []
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise _not_a_table(sql, table.this)
        if not table.db and table.name.lower() in ctes:
            continue
        full = f"{table.db}.{table.name}"
        if full not in known and table.db not in datasets:
            raise point_at(sql, table.name, f"There is no table {full.lstrip('.')!r}.{_hint(full, sorted(known))}")
        text, start = _without_project(text, table)
        table.set("catalog", None)
        names.append(TableName(full, start, table.this.meta["end"] + 1, bool(table.alias)))
    return text, tuple(sorted(names, key=lambda name: name.start))


def _without_semicolon(sql: str) -> str:
    if ";" not in sql:
        return sql
    for token in sqlglot.tokenize(sql, read="bigquery"):
        if token.token_type == TokenType.SEMICOLON:
            sql = f"{sql[: token.start]} {sql[token.end + 1 :]}"
    return sql


def _without_project(text: str, table: exp.Table) -> tuple[str, int]:
    """Blanks out the project before a dataset; returns the text and where the table's name begins in it.

    The parser marks reliably only where the last part of a name stands, so the others are looked for before it.
    """
    start, project, dataset = table.this.meta["start"], table.catalog, re.escape(table.db)
    before, apart = text[:start], rf"`?{dataset}`?\s*\.\s*$"
    whole = "`" + (f"{project}." if project else "")
    if text.startswith(f"{whole}{table.db}.", start):  # `project.dataset.table`
        return _blanked(text, start, start + len(whole) - 1, "`" if project else "")
    if project and (found := re.search(rf"`{re.escape(project)}\.{dataset}`\s*\.\s*$", before)):
        return _blanked(text, found.start(), found.start() + len(whole) - 1, "`")
    if project and (found := re.search(rf"`?{re.escape(project)}`?\s*\.\s*(?={apart})", before)):
        return _blanked(text, *found.span())
    if not project and (found := re.search(apart, before)):
        return text, found.start()
    raise point_at(text, table.name, "Name the table as dataset.table.")


def _blanked(text: str, start: int, end: int, opened: str = "") -> tuple[str, int]:
    """Spaces from `start` to `end`, the last one of them a quote that is opened; and where what follows begins."""
    if opened:
        return f"{text[:start]}{' ' * (end - start)}{opened}{text[end + 1 :]}", end
    return f"{text[:start]}{' ' * (end - start)}{text[end:]}", end


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
