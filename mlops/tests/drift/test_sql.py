from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.drift_world import count, quantile_edges
from mlops.src.drift.measure import edges_of, profile_rows
from mlops.src.drift.profile import Bins
from mlops.src.drift.sql import MOST_BINS, edges_sql, profile_sql
from telecom.errors import UsageError
from telecom.ports import Warehouse, Write
from telecom.tables import contract

CATEGORIES = ("plain", "it's", 'say "hi"', "back\\slash", "two\nlines", "tab\t", "ação", "")
HARD_NUMBERS = [0.0, -0.0, 0.1, 29.849999999999998, 1e-300, 1e12, -7.25, 72.00000000000001, 123456789012345.67]

NUMBERS = st.one_of(
    st.sampled_from(HARD_NUMBERS),
    st.integers(-3, 3).map(float),
    st.floats(-1e12, 1e12, allow_nan=False, allow_infinity=False),
)
ROWS = st.lists(
    st.tuples(st.none() | NUMBERS, st.none() | st.integers(-5, 40), st.none() | st.booleans(),
              st.none() | st.sampled_from((*CATEGORIES, "new"))),
    min_size=1, max_size=60,
)  # fmt: skip


LINES = "telecom_bronze.network_lines"
SOURCE = f"""(
  SELECT
    optical_power_dbm AS x, CAST(contracted_mbps AS INT64) AS i, CAST(port AS BOOL) AS b, equipment_model AS c
  FROM {LINES}
)"""
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking takes minutes: every example writes a table
DAY, MOMENT = date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)
FILLER = {"STRING": "", "FLOAT64": 0.0, "TIMESTAMP": MOMENT, "DATE": DAY}


def store(warehouse: Warehouse, rows: list[tuple[Any, ...]]) -> None:
    """Keeps the rows where `SOURCE` finds them: in a table whose columns take any number, text and NULL."""
    kept = {c.name: [FILLER[c.type] if c.mode == "REQUIRED" else None] * len(rows) for c in contract(LINES).columns}
    x, i, b, c = ([row[column] for row in rows] for column in range(4))
    kept |= {"optical_power_dbm": x, "contracted_mbps": i, "equipment_model": c}
    kept["port"] = [None if flag is None else str(flag).lower() for flag in b]
    batch = pa.RecordBatch.from_pydict(kept, schema=contract(LINES).schema)
    warehouse.write(Write(LINES, [batch], {"snapshot_date": DAY}))


def present(rows: list[tuple[Any, ...]], column: int, dtype: Any) -> np.ndarray:
    return np.array([row[column] for row in rows if row[column] is not None], dtype=dtype)


def sql_edges(warehouse: Warehouse, names: list[str]) -> dict[str, tuple[float, ...]]:
    found = warehouse.query(edges_sql(names, SOURCE, "TRUE")).to_pylist()
    return {name: edges_of(row["value"] for row in found if row["feature"] == name) for name in names}


@settings(max_examples=15, deadline=None, phases=QUICK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_sql_cuts_and_counts_as_numpy_does(warehouse: Warehouse, rows: list[tuple[Any, ...]]) -> None:
    store(warehouse, rows)
    values = {"x": present(rows, 0, np.float64), "i": present(rows, 1, np.int64)}
    edges = sql_edges(warehouse, ["x", "i"])
    assert edges == {name: quantile_edges(column) for name, column in values.items()}
    bins = [
        Bins("x", "number", edges["x"]),
        Bins("i", "number", edges["i"]),
        Bins("b", "bool", categories=("false", "true")),
        Bins("c", "category", categories=CATEGORIES),
    ]
    values |= {"b": present(rows, 2, np.bool_), "c": present(rows, 3, np.str_)}
    found = profile_rows(warehouse, bins, SOURCE, "TRUE", None)
    for profile, cut in zip(found, bins, strict=True):
        expected = count(cut, values[cut.name], len(rows) - len(values[cut.name]))
        assert (profile.rows, profile.nulls, profile.counts) == (expected.rows, expected.nulls, expected.counts)
        if cut.name == "i":
            assert profile.mean == pytest.approx(expected.mean)
            assert profile.variance == pytest.approx(expected.variance, abs=1e-9)


def test_large_columns_are_cut_at_their_quantiles(warehouse: Warehouse) -> None:
    rng = np.random.default_rng(3)
    rows = [(float(x), int(i), None, None) for x, i in zip(rng.normal(size=500), rng.integers(0, 60, 500), strict=True)]
    store(warehouse, rows)
    edges = sql_edges(warehouse, ["x", "i"])
    assert len(edges["x"]) == MOST_BINS + 2
    profile = profile_rows(warehouse, [Bins("x", "number", edges["x"])], SOURCE, "TRUE", None)[0]
    assert profile.counts[0] == profile.counts[-1] == 0
    assert profile.counts[-2] == 1
    assert all(24 <= rows_of_bin <= 26 for rows_of_bin in profile.counts[1:-2])
    assert profile.mean == pytest.approx(np.mean([row[0] for row in rows]))


def test_few_distinct_values_have_a_bin_each(warehouse: Warehouse) -> None:
    rows = [(None, i % MOST_BINS, None, None) for i in range(100)]
    store(warehouse, rows)
    edges = sql_edges(warehouse, ["i"])["i"]
    profile = profile_rows(warehouse, [Bins("i", "number", edges)], SOURCE, "TRUE", None)[0]
    assert profile.counts == (0, *[5] * MOST_BINS, 0)


def test_a_constant_has_one_bin_and_two_empty_ones(warehouse: Warehouse) -> None:
    rows = [(7.5, None, None, None)] * 9
    store(warehouse, rows)
    edges = sql_edges(warehouse, ["x"])["x"]
    profile = profile_rows(warehouse, [Bins("x", "number", edges)], SOURCE, "TRUE", None)[0]
    assert profile.counts == (0, 9, 0)
    assert profile.variance == 0


def test_the_sql_is_one_bigquery_select_with_its_parameters_left_in_place() -> None:
    bins = [Bins("x", "number", (1e-7, 0.1)), Bins("c", "category", categories=CATEGORIES)]
    sql = profile_sql(bins, "telecom_gold.telco_churn_features", "snapshot_date = @snapshot_date")
    (tree,) = sqlglot.parse(sql, read="bigquery")
    assert [p.name for p in tree.find_all(sqlglot.exp.Parameter)] == ["snapshot_date"]
    assert {node.this for node in tree.find_all(sqlglot.exp.Literal) if node.is_string} == set(CATEGORIES)
    assert "`x` < 1e-07" in sql and "`x` < 0.1e0" in sql


def test_a_column_that_is_no_name_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be a column's name"):
        profile_sql([Bins("x` OR TRUE --", "bool", categories=("false", "true"))], "t", "TRUE")
