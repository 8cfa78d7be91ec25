"""Every SQL file parses as BigQuery, and uses nothing that the two engines read differently in silence."""

import pytest
import sqlglot
from sqlglot import exp

from mlops.src.batch_inference import PREDICTIONS
from mlops.src.utils_bigquery import QUERIES, load_query
from telecom.errors import NotFound
from telecom.tables import contracts

NAMES = sorted(path.stem for path in QUERIES.glob("*.sql"))
FORBIDDEN_FUNCTIONS = {
    "FARM_FINGERPRINT": "passes through untranslated; use TO_HEX(MD5(x))",
    "APPROX_QUANTILES": "differs numerically between the engines",
    "CURRENT_DATE": "pass the day as a parameter",
    "CURRENT_TIMESTAMP": "pass the moment as a parameter",
    "RAND": "not reproducible",
    "IEEE_DIVIDE": "unknown to the local engine; use SAFE_DIVIDE",
}


def is_nonzero(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and float(node.name) != 0


def faults(sql: str) -> list[str]:
    """What the two engines would read differently, or only one of them could run."""
    tree = sqlglot.parse_one(sql, read="bigquery")
    found = []
    for node in tree.walk():
        name = node.name.upper() if isinstance(node, exp.Anonymous) else node.key.upper()
        if known := next((f for f in FORBIDDEN_FUNCTIONS if f.replace("_", "") == name.replace("_", "")), None):
            found.append(f"{known}: {FORBIDDEN_FUNCTIONS[known]}")
        if isinstance(node, exp.Unnest) and node.args.get("offset"):
            found.append("UNNEST WITH OFFSET: 0-based in BigQuery, 1-based locally")
        if isinstance(node, exp.Extract) and node.name.upper() == "DAYOFWEEK":
            found.append("EXTRACT(DAYOFWEEK): 1..7 in BigQuery, 0..6 locally")
        if isinstance(node, exp.Round) and node.args.get("decimals"):
            found.append("ROUND(x, n): the engines part at halves; use ROUND(x * 1e6) / 1e6")
        if isinstance(node, exp.Div) and not is_nonzero(node.expression):
            found.append("x / y: an error in BigQuery when y is 0, infinity locally; use SAFE_DIVIDE")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_query_means_the_same_on_both_engines(name: str) -> None:
    assert faults(load_query(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_each_query_reads_only_tables_under_contract(name: str) -> None:
    tree = sqlglot.parse_one(load_query(name), read="bigquery")
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    read = {f"{t.db}.{t.name}" for t in tree.find_all(exp.Table) if t.db or t.name not in ctes}
    assert read and read <= {*contracts(), PREDICTIONS}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT FARM_FINGERPRINT(a) FROM t",
        "SELECT a, o FROM t, UNNEST(x) AS a WITH OFFSET AS o",
        "SELECT EXTRACT(DAYOFWEEK FROM d) FROM t",
        "SELECT APPROX_QUANTILES(a, 10) FROM t",
        "SELECT CURRENT_TIMESTAMP() FROM t",
        "SELECT a / b FROM t",
        "SELECT RAND() FROM t",
        "SELECT ROUND(a, 2) FROM t",
    ],
)
def test_the_lint_sees_what_it_must(sql: str) -> None:
    assert len(faults(sql)) == 1


def test_an_unknown_query_is_answered_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="features"):
        load_query("nothing")
