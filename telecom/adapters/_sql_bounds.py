"""SELECTs of people over HTTP: the usual check, and no value that is made large out of nothing.

The local engine's limit of memory does not hold for a single text or array, so that one REPEAT could end the process.
"""

from collections.abc import Collection
from math import isnan, prod

from sqlglot import exp

from telecom.adapters._bigquery_sql import Select, one_select, point_at

MOST_CHARACTERS, MOST_ELEMENTS = 10_000, 1_000_000


def tables_of(sql: str, known: Collection[str]) -> tuple[str, ...]:
    """The tables that one SELECT reads.

    Raises:
        QueryError: it is not one, reads something else, or makes a text of more than 10,000 characters or an array of
            more than 1,000,000 elements, as far as its literals tell; other sizes than literals are refused.
    """
    select = one_select(sql, known)
    _check_texts(sql, select)
    _check_arrays(sql, select)
    return select.tables


def _check_texts(sql: str, select: Select) -> None:
    """One may be made from another, so that all of them together stay below the bound."""
    times = [_number(call.args.get("times")) for call in select.tree.find_all(exp.Repeat)]
    widths = [_number(call.args.get("expression")) for call in select.tree.find_all(exp.Pad)]
    if times or widths:
        longest = prod(max(n, 1) for n in times) * max([1, *widths])
        if not longest <= MOST_CHARACTERS or any(map(isnan, (*times, *widths))):
            name = "REPEAT" if times else "PAD"
            raise point_at(sql, name, f"Texts are repeated or filled up to {MOST_CHARACTERS:,} characters in all.")


def _check_arrays(sql: str, select: Select) -> None:
    for series in select.tree.find_all(exp.GenerateSeries):
        start, end, step = (_number(series.args.get(part)) for part in ("start", "end", "step"))
        step = 1.0 if series.args.get("step") is None else step
        if not step or not abs((end - start) / step) < MOST_ELEMENTS:
            said = f"Arrays are generated between two numbers, up to {MOST_ELEMENTS:,} elements."
            raise point_at(sql, "GENERATE_ARRAY", said)


def _number(node: exp.Expr | None) -> float:
    """What a literal says; anything else is not a number."""
    sign, inner = (-1, node.this) if isinstance(node, exp.Neg) else (1, node)
    known = isinstance(inner, exp.Literal) and not inner.is_string
    return sign * float(inner.name) if known and inner is not None else float("nan")
