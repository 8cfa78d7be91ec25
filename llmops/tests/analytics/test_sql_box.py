"""Analysts' own SQL: one SELECT, over allowed tables, within bounds; and everything JSON cannot say, said."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from llmops.analytics import sql_box
from llmops.tests.analytics.analyst_world import COUNT, analyst_world
from telecom.adapters._sql_bounds import tables_of
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.errors import DependencyUnavailable, InputRefused, TelecomError
from telecom.serving.answers import Forbidden
from telecom.tables import contracts

__all__ = ["analyst_world"]
SCORED = "telecom_gold.telco_churn_scored"
ALLOWED = [found.table for found in sql_box.readable(())]


def run(warehouse: Any, sql: str, limit: int = 100, seconds: float = 20.0) -> sql_box.SqlResult:
    return sql_box.run(warehouse, lambda text: tables_of(text, frozenset(contracts())), sql, limit, ALLOWED, seconds)


def refused(warehouse: Any, sql: str, **more: Any) -> InputRefused:
    with pytest.raises(InputRefused) as found:
        run(warehouse, sql, **more)
    return found.value


def test_rows_come_with_their_columns(analyst_world: LocalWarehouse) -> None:
    found = run(analyst_world, f"SELECT risk_segment, COUNT(*) AS n, MAX(snapshot_date) AS d FROM {SCORED} GROUP BY 1")
    assert [(column.name, column.kind) for column in found.columns] == [
        ("risk_segment", "text"), ("n", "number"), ("d", "date"),
    ]  # fmt: skip
    assert sum(row[1] for row in found.rows) == 2 * COUNT and found.rows[0][2] == "2026-11-20"
    assert found.tables == (SCORED,) and found.scanned > 0 and not found.more


def test_no_more_rows_than_wanted_and_it_is_said(analyst_world: LocalWarehouse) -> None:
    sql = f"SELECT customer_id FROM {SCORED} ORDER BY 1"
    assert (len(run(analyst_world, sql, limit=5).rows), run(analyst_world, sql, limit=5).more) == (5, True)
    assert not run(analyst_world, sql, limit=2 * COUNT).more


def test_a_result_without_rows_has_its_columns(analyst_world: LocalWarehouse) -> None:
    found = run(analyst_world, f"SELECT customer_id FROM {SCORED} WHERE FALSE")
    assert [column.name for column in found.columns] == ["customer_id"] and found.rows == ()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (f"DELETE FROM {SCORED} WHERE TRUE", "Only a single SELECT"),
        ("DROP TABLE telecom_gold.telco_churn_scored", "Only a single SELECT"),
        ("SELECT 1 AS a; SELECT 2 AS b", "found 2"),
        (f"SELECT nme FROM {SCORED}", "nme"),
        ("SELECT * FROM read_csv('/etc/passwd')", "Table functions"),
        ("SELECT * FROM information_schema.tables", "no table"),
        ("SELECT current_setting('temp_directory') AS a", "no function"),
        ("SELECT REPEAT('x', 2000000000) AS a", "repeated"),
        ("SELECT REPEAT(REPEAT('x', 1000), 1000) AS a", "repeated"),
        ("SELECT RPAD('x', a) AS b FROM (SELECT 9 AS a)", "repeated"),
        ("SELECT GENERATE_ARRAY(1, 1000000000) AS a", "Arrays"),
        ("SELECT GENERATE_ARRAY(1, 10, 0) AS a", "Arrays"),
        (f"WITH a AS (SELECT * FROM {SCORED}) UPDATE {SCORED} SET x = 1 WHERE TRUE", ""),
        ("SELECT 1 / 0 AS a", "ivision"),
        ("SELECT 'open AS a", "quote"),
    ],
)
def test_what_is_not_one_select_is_refused_plainly(analyst_world: LocalWarehouse, sql: str, said: str) -> None:
    error = refused(analyst_world, sql)
    assert error.reason == "wrong_sql" and said in str(error)
    assert "/tmp" not in str(error) and "duckdb" not in str(error).lower()


@pytest.mark.parametrize(
    "made", ["SELECT LPAD('7', 3, '0') AS a", "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 20, 5)) AS x"]
)
def test_small_values_are_made(analyst_world: LocalWarehouse, made: str) -> None:
    assert run(analyst_world, made).rows


@pytest.mark.parametrize(
    "table", ["telecom_bronze.crm_customers", "telecom_bronze.network_lines", "telecom_monitoring.assistant_audit"]
)
def test_personal_tables_take_their_scope(analyst_world: LocalWarehouse, table: str) -> None:
    sql = f"SELECT customer_id FROM {SCORED} WHERE customer_id IN (SELECT customer_id FROM {table})"
    with pytest.raises(Forbidden, match=rf"{table}.*read:personal"):
        run(analyst_world, sql)
    everything = [found.table for found in sql_box.readable(("read:personal",))]
    assert table in everything and set(everything) == set(contracts())
    assert sql_box.run(analyst_world, lambda text: tables_of(text, contracts()), sql, 5, everything, 20).tables


def test_a_query_that_takes_long_is_ended(analyst_world: LocalWarehouse) -> None:
    rows = ", ".join(f"UNNEST(GENERATE_ARRAY(1, 100000)) AS {name}" for name in "abc")
    error = refused(analyst_world, f"SELECT COUNT(*) AS n FROM {rows} WHERE MOD(a * b, 7) = MOD(c, 5)", seconds=0.3)
    assert error.reason == "wrong_sql" and "longer than 0.3 s" in str(error)
    assert run(analyst_world, "SELECT 1 AS a").rows == ((1,),)


def test_a_query_that_reads_too_much_is_not_begun() -> None:
    class Huge:
        def estimate(self, sql: str) -> int:
            return 6 << 30

    assert refused(Huge(), f"SELECT * FROM {SCORED}").reason == "too_much"


@pytest.mark.parametrize(
    ("error", "told"),
    [(TelecomError("The local engine failed: Out of Memory."), InputRefused),
     (DependencyUnavailable("BigQuery does not answer."), DependencyUnavailable)],
)  # fmt: skip
def test_failures_of_the_engine_are_told_apart(error: TelecomError, told: type[TelecomError]) -> None:
    class Failing:
        def estimate(self, sql: str) -> int:
            return 0

        def stream(self, *_: Any) -> Iterator[pa.RecordBatch]:
            raise error

    with pytest.raises(told) as found:
        run(Failing(), f"SELECT * FROM {SCORED}")
    assert "Out of Memory" not in str(found.value)


def test_a_large_result_is_refused(monkeypatch: pytest.MonkeyPatch, analyst_world: LocalWarehouse) -> None:
    monkeypatch.setattr(sql_box, "MOST_BYTES", 100)
    assert refused(analyst_world, f"SELECT * FROM {SCORED}").reason == "too_much"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (2**53, 2**53), (2**53 + 1, "9007199254740993"), (Decimal("1.5"), 1.5), (Decimal(2**60), str(2**60)),
        (True, True), (None, None), (b"\x01\xff", "01ff"), (date(2026, 1, 2), "2026-01-02"),
        (timedelta(days=1), "1 day, 0:00:00"),
        ([1, {"a": Decimal("2")}], [1, {"a": 2.0}]),
    ],
)  # fmt: skip
def test_values_are_said_in_json(value: Any, said: Any) -> None:
    assert sql_box.plain(value) == said and type(sql_box.plain(value)) is type(said)
