"""What every Warehouse promises."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from telecom.bootstrap import Platform
from telecom.errors import QueryError, TelecomError
from telecom.ports import Reader, Warehouse, Write
from telecom.settings import Settings
from telecom.tables import contract

pytestmark = pytest.mark.backends("local", "gcp")

TABLE = "telecom_monitoring.llm_feedback"
QUALITY = "telecom_monitoring.data_quality_results"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = date(2026, 11, 20)


@pytest.fixture
def warehouse(platform: Platform) -> Warehouse:
    return platform.warehouse


def feedback(trace: str, rating: str | None = "up", rows: int = 1) -> pa.RecordBatch:
    row = {
        "given_on": DAY,
        "trace_id": trace,
        "rating": rating,
        "comment": None,
        "given_by": "agent",
        "given_at": NOW,
        "batch": trace,
    }
    return pa.RecordBatch.from_pylist([row] * rows, schema=contract(TABLE).schema)


def count(warehouse: Warehouse, where: str = "TRUE") -> int:
    return int(warehouse.query(f"SELECT COUNT(*) AS n FROM {TABLE} WHERE {where}")["n"][0].as_py())


def put(warehouse: Warehouse, trace: str, rows: int = 1) -> None:
    warehouse.write(Write(TABLE, [feedback(trace, rows=rows)], {"batch": trace}))


def test_a_table_nobody_wrote_is_empty_with_the_contracts_columns(warehouse: Warehouse) -> None:
    found = warehouse.query(f"SELECT * FROM {TABLE}")
    assert found.num_rows == 0
    assert found.schema.names == contract(TABLE).schema.names


def test_a_write_replaces_only_the_rows_it_names(warehouse: Warehouse) -> None:
    put(warehouse, "a", 3)
    put(warehouse, "b", 2)
    put(warehouse, "a", 1)
    assert (count(warehouse, "trace_id = 'a'"), count(warehouse, "trace_id = 'b'")) == (1, 2)


def test_zero_rows_may_take_the_place_of_some(warehouse: Warehouse) -> None:
    put(warehouse, "a", 3)
    assert warehouse.write(Write(TABLE, [], {"batch": "a"})) == (0,)
    assert count(warehouse) == 0


def test_every_type_survives(warehouse: Warehouse) -> None:
    put(warehouse, "a")
    row = warehouse.query(f"SELECT * FROM {TABLE}").to_pylist()[0]
    assert (row["given_on"], row["given_at"], row["comment"]) == (DAY, NOW, None)


def test_nested_and_decimal_types_survive(warehouse: Warehouse) -> None:
    table = contract("telecom_bronze.billing_invoices")
    from decimal import Decimal

    row = {c.name: "x" for c in table.columns if c.type == "STRING"}
    row |= {c.name: DAY for c in table.columns if c.type == "DATE"}
    items = [{"description": "Internet", "kind": "internet", "amount": Decimal("99.990000000")}]
    row |= {"total_amount": Decimal("99.99"), "late_fee": Decimal(0), "items": items}
    warehouse.write(
        Write(table.table, [pa.RecordBatch.from_pylist([row], schema=table.schema)], {"snapshot_date": DAY})
    )
    found = warehouse.query(f"SELECT items, total_amount FROM {table.table}").to_pylist()[0]
    assert found["items"] == items
    assert found["total_amount"] == Decimal("99.99")
    total = warehouse.query(f"SELECT SUM(i.amount) AS s FROM {table.table}, UNNEST(items) AS i")["s"][0].as_py()
    assert total == Decimal("99.99")


def test_several_writes_are_one_transaction(warehouse: Warehouse) -> None:
    put(warehouse, "a")

    def failing() -> Iterator[pa.RecordBatch]:
        yield feedback("b")
        raise TelecomError("stopped half-way")

    with pytest.raises(TelecomError, match="half-way"):
        warehouse.write(
            Write(TABLE, [feedback("a", rows=5)], {"batch": "a"}),
            Write(TABLE, failing(), {"batch": "b"}),
        )
    assert count(warehouse) == 1


def test_select_writes_are_cast_to_the_contract(warehouse: Warehouse) -> None:
    put(warehouse, "a", 4)
    sql = f"""
    SELECT DATE '2026-11-20' AS snapshot_date, @name AS table_name, CONCAT('check', CAST(n AS STRING)) AS check_name,
      n AS rows_checked, 0 AS rows_failing, 0 AS failing_share, 0 AS allowed_share, TRUE AS passed, @now AS checked_at
    FROM (SELECT COUNT(*) AS n FROM {TABLE})
    """
    keys = {"snapshot_date": DAY, "table_name": "t"}
    assert warehouse.write(Write(QUALITY, sql, keys, {"name": "t", "now": NOW})) == (1,)
    row = warehouse.query(f"SELECT * FROM {QUALITY}").to_pylist()[0]
    assert (row["check_name"], row["rows_checked"], row["checked_at"]) == ("check4", 4, NOW)


def test_inspect_sees_the_tables_as_they_will_be_and_may_refuse(warehouse: Warehouse) -> None:
    put(warehouse, "a", 2)
    put(warehouse, "b", 1)
    seen: list[int] = []

    def inspect(reader: Reader) -> None:
        seen.append(reader.query(f"SELECT COUNT(*) AS n FROM {TABLE}")["n"][0].as_py())
        assert count(warehouse) == 3, "nobody else sees them yet"
        if seen[0] != 6:
            raise TelecomError("not six")

    with pytest.raises(TelecomError, match="not six"):
        warehouse.write(Write(TABLE, [feedback("a", rows=4)], {"batch": "a"}), inspect=inspect)
    assert (seen.pop(), count(warehouse)) == (5, 3)
    warehouse.write(Write(TABLE, [feedback("a", rows=5)], {"batch": "a"}), inspect=inspect)
    assert (seen.pop(), count(warehouse)) == (6, 6)


def test_null_in_a_required_column_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(TelecomError, match=r"llm_feedback\.rating is REQUIRED"):
        warehouse.write(Write(TABLE, [feedback("a", rating=None)], {"batch": "a"}))
    assert count(warehouse) == 0


def test_rows_outside_the_named_set_are_refused(warehouse: Warehouse) -> None:
    with pytest.raises(TelecomError, match="batch must be a in every row"):
        warehouse.write(Write(TABLE, [feedback("b")], {"batch": "a"}))


def test_a_missing_column_is_named(warehouse: Warehouse) -> None:
    with pytest.raises(TelecomError, match="rating"):
        warehouse.write(Write(TABLE, [feedback("a").drop_columns(["rating"])], {"batch": "a"}))


def test_replacing_by_other_columns_than_the_contracts_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(TelecomError, match="is replaced by"):
        warehouse.write(Write(TABLE, [feedback("a")], {"given_on": DAY}))


def test_streams_keep_order_and_batch_size(warehouse: Warehouse) -> None:
    put(warehouse, "a", 10)
    sql = f"SELECT ROW_NUMBER() OVER (ORDER BY given_at) AS n FROM {TABLE} ORDER BY n"
    batches = list(warehouse.stream(sql, batch_rows=4))
    assert all(batch.num_rows <= 4 for batch in batches)
    assert [n for batch in batches for n in batch["n"].to_pylist()] == list(range(1, 11))


def test_a_reader_keeps_its_state_while_others_write(warehouse: Warehouse) -> None:
    put(warehouse, "a", 9)
    stream = warehouse.stream(f"SELECT trace_id FROM {TABLE}", batch_rows=2)
    first = next(stream)
    for _ in range(3):
        put(warehouse, "a", 1)
    assert first.num_rows + sum(batch.num_rows for batch in stream) == 9
    assert count(warehouse) == 1


def test_parameters_are_values_never_sql(warehouse: Warehouse) -> None:
    put(warehouse, "a")
    evil = "a' OR '1'='1"
    sql = f"SELECT COUNT(*) AS n FROM {TABLE} WHERE trace_id = @trace"
    assert warehouse.query(sql, {"trace": evil})["n"][0].as_py() == 0
    assert warehouse.query(sql, {"trace": "a", "unused": 1})["n"][0].as_py() == 1


def test_a_parameter_not_given_is_named(warehouse: Warehouse) -> None:
    with pytest.raises(QueryError, match="trace"):
        warehouse.query(f"SELECT @trace AS t FROM {TABLE}")


@pytest.mark.parametrize(
    ("sql", "line", "token"),
    [
        (f"SELECT nothing FROM {TABLE}", 1, "nothing"),
        (f"SELECT rating\nFROM {TABLE}\nWHERE ratting = 'up'", 3, "ratting"),
        ("SELECT 1 FROM telecom_gold.no_such", 1, "no_such"),
        (f"SELECT NO_SUCH_FUNCTION(rating) FROM {TABLE}", 1, "NO_SUCH_FUNCTION"),
        (f"SELECT rating, COUNT(*) FROM {TABLE}", 1, "rating"),
        (f"SELECT CAST('abc' AS INT64) AS n FROM {QUALITY} UNION ALL SELECT CAST('abc' AS INT64)", 1, "abc"),
        (f"SELECT rating FROM {TABLE} WHERE (", 1, "("),
        ("SELEC rating FROM x", 1, "FROM"),
        ("SELECT 'a' AS a,\n  'open", 2, "'"),
        ("SELECT 1 +", 1, "+"),
        ("SELECT t.wrong FROM (SELECT 1 AS b) AS t", 1, "wrong"),
        ("SELECT 1 AS twice, 2 AS TWICE", 1, "twice"),
    ],
)
def test_errors_point_at_the_token(warehouse: Warehouse, sql: str, line: int, token: str) -> None:
    with pytest.raises(QueryError) as raised:
        warehouse.query(sql)
    *_, shown, carets = raised.value.message.split("\n")
    assert shown.startswith(f"line {line}, column ")
    start, end = carets.index("^"), carets.rindex("^") + 1
    assert shown[start:end] == token


@pytest.mark.parametrize(
    "sql",
    [
        f"DELETE FROM {TABLE} WHERE TRUE",
        f"DROP TABLE {TABLE}",
        f"CREATE TABLE telecom_gold.x AS SELECT * FROM {TABLE}",
        f"INSERT INTO {TABLE} SELECT * FROM {TABLE}",
        f"SELECT 1; DELETE FROM {TABLE} WHERE TRUE",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM `/etc/passwd`",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM information_schema.tables",
        f"SELECT * FROM {TABLE}, LATERAL duckdb_settings()",
        f"SELECT * FROM {TABLE} CROSS JOIN LATERAL read_text('/etc/passwd')",
        "SELECT * FROM (WITH duckdb_tables AS (SELECT 1 AS x) SELECT x FROM duckdb_tables), duckdb_tables",
        "SELECT * FROM (WITH PG_TABLES AS (SELECT 1 AS x) SELECT x FROM pg_tables), pg_tables",
        f"SELECT {'(' * 3_000}1{')' * 3_000}",
        "ATTACH '/tmp/x.db'",
        "COPY (SELECT 1) TO '/tmp/x'",
        "EXPORT DATA OPTIONS(uri='x') AS SELECT 1",
        "",
        "SELECT 'open",
    ],
)
def test_only_one_select_over_known_tables_is_allowed(warehouse: Warehouse, sql: str) -> None:
    put(warehouse, "a")
    with pytest.raises(QueryError):
        warehouse.query(sql)
    assert count(warehouse) == 1


def test_projects_before_the_dataset_are_accepted(warehouse: Warehouse) -> None:
    put(warehouse, "a")
    assert warehouse.query(f"SELECT COUNT(*) AS n FROM `my-project`.{TABLE}")["n"][0].as_py() == 1


def test_an_unwritable_scope_value_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(TelecomError, match="cannot name a set of rows"):
        warehouse.write(Write(TABLE, [feedback("../x")], {"batch": "../x"}))


def test_data_at_fault_late_in_a_stream_points_at_the_token(warehouse: Warehouse) -> None:
    sql = "SELECT CAST(IF(n = 190000, 'x', '1') AS INT64) AS z FROM UNNEST(GENERATE_ARRAY(1, 200000)) AS n"
    with pytest.raises(QueryError, match="Could not convert string 'x'") as raised:
        for _ in warehouse.stream(sql):
            pass
    assert "^" in raised.value.message


@pytest.mark.parametrize("sql", ["SELECT 1 +", "SELECT 1 FROM", "SELECT CASE WHEN TRUE THEN"])
def test_an_early_end_is_said_in_words(warehouse: Warehouse, sql: str) -> None:
    with pytest.raises(QueryError, match="ends too early") as raised:
        warehouse.query(sql)
    assert "<" not in raised.value.message


@pytest.mark.parametrize("divided", ["1 / 0", "1.5 / 0", "n / (n - n)", "DIV(n, 0)", "MOD(n, 0)"])
def test_a_zero_divisor_is_an_error(warehouse: Warehouse, divided: str) -> None:
    with pytest.raises(QueryError, match="Division by zero"):
        warehouse.query(f"SELECT {divided} AS x FROM UNNEST([1, 2]) AS n")


def test_division_is_of_floats_and_null_where_asked_for(warehouse: Warehouse) -> None:
    sql = "SELECT n / 2 AS a, SAFE_DIVIDE(n, 0) AS b, n / NULLIF(0, 0) AS c FROM UNNEST([7]) AS n"
    assert warehouse.query(sql).to_pylist() == [{"a": 3.5, "b": None, "c": None}]


def test_nothing_is_needed_on_disk_to_read() -> None:
    nowhere = Platform(Settings(home=Path("/proc/telecom"))).warehouse
    assert nowhere.query("SELECT 1 AS x").to_pylist() == [{"x": 1}]
    assert nowhere.query(f"SELECT * FROM {TABLE}").num_rows == 0


def test_an_estimate_runs_nothing_and_grows_with_the_table(warehouse: Warehouse) -> None:
    empty = warehouse.estimate(f"SELECT trace_id FROM {TABLE}")
    put(warehouse, "a", 500)
    assert warehouse.estimate(f"SELECT trace_id FROM {TABLE} WHERE trace_id = @t", {"t": "a"}) > empty == 0
    with pytest.raises(QueryError, match="wrong"):
        warehouse.estimate(f"SELECT wrong FROM {TABLE}")
