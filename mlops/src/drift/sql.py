"""The two SELECTs of drift, in BigQuery SQL: where to cut the reference, and how many rows each bin has."""

import re
from collections.abc import Sequence

from mlops.src.drift.profile import Bins
from mlops.src.utils_bigquery import literal
from telecom.errors import UsageError

MOST_BINS = 20

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def profile_sql(bins: Sequence[Bins], source: str, where: str) -> str:
    """One aggregate SELECT that counts every column of `bins`; a single row comes back.

    It names `row_count` and, per column, `<name>__nulls`, `<name>__<i>` (rows below edge i, rows of category
    i, true rows) and for numbers `<name>__mean` and `<name>__variance`.

    Args:
        bins: columns of `source` and how they are cut.
        source: a table, or a SELECT in parentheses.
        where: a condition on the rows; may name parameters.

    Raises:
        UsageError: a column's name cannot stand in SQL.
    """
    aggregates = ["COUNT(*) AS row_count", *(line for column in bins for line in _aggregates(column))]
    return "SELECT\n  " + ",\n  ".join(aggregates) + f"\nFROM {source}\nWHERE {where}"


def edges_sql(names: Sequence[str], source: str, where: str) -> str:
    """Where to cut number columns into at most `MOST_BINS` bins of equal weight, exactly.

    Returns rows (`feature`, `value`), ascending per feature: all values of a column that has at most
    `MOST_BINS` of them; of others the smallest, the largest, and each at which the cumulated share of rows
    reaches another twentieth.
    """
    branches = "\n  UNION ALL\n".join(_cumulated(name) for name in names)
    return f"""WITH chosen AS (
  SELECT {", ".join(map(_quoted, names))} FROM {source} WHERE {where}
),
cumulated AS (
{branches}
)
SELECT feature, value
FROM cumulated
WHERE distinct_values <= {MOST_BINS} OR upto = n OR upto = total
  OR DIV({MOST_BINS} * upto, total) > DIV({MOST_BINS} * (upto - n), total)
ORDER BY feature, value"""


def _cumulated(name: str) -> str:
    column = _quoted(name)
    return f"""  SELECT
    '{name}' AS feature, value, n,
    SUM(n) OVER (ORDER BY value) AS upto, SUM(n) OVER () AS total, COUNT(*) OVER () AS distinct_values
  FROM (
    SELECT CAST({column} AS FLOAT64) AS value, COUNT(*) AS n
    FROM chosen
    WHERE {column} IS NOT NULL
    GROUP BY value
  )"""


def _aggregates(column: Bins) -> list[str]:
    name, quoted = column.name, _quoted(column.name)
    conditions = [f"COUNTIF({test}) AS {name}__{i}" for i, test in enumerate(_tests(column, quoted))]
    moments = [f"AVG({quoted}) AS {name}__mean", f"VAR_SAMP({quoted}) AS {name}__variance"]
    return [f"COUNTIF({quoted} IS NULL) AS {name}__nulls", *conditions, *(moments if column.ordered else [])]


def _tests(column: Bins, quoted: str) -> list[str]:
    if column.kind == "bool":
        return [quoted]
    if column.kind == "category":
        return [f"{quoted} = {literal(value)}" for value in column.categories]
    return [f"{quoted} < {_number(edge)}" for edge in column.edges]


def _quoted(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be a column's name.", "Use letters, digits and '_'.")
    return f"`{name}`"


def _number(value: float) -> str:
    """A FLOAT64 literal; the exponent keeps DuckDB from reading a DECIMAL, which is rounded when compared."""
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"
