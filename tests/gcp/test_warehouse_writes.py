"""What a write to BigQuery leaves behind: all of it, or nothing."""

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pyarrow as pa
import pytest

from telecom.adapters.gcp.warehouse import BigQueryWarehouse
from telecom.errors import NotFound, QueryError, TelecomError, WarehouseBusy
from telecom.ports import Reader, Write
from telecom.settings import Settings
from telecom.tables import contract
from tests.gcp.feedback_rows import (
    COUNTED,
    DAY,
    NOW,
    QUALITY,
    TABLE,
    commits,
    counted,
    feedback,
    held,
    put,
    staging,
    with_settings,
)
from tests.loopback.cloud import Cloud

SCORED = "telecom_gold.telco_churn_scored"


def failing() -> Iterator[pa.RecordBatch]:
    yield feedback("b")
    raise TelecomError("stopped half-way")


def test_staging_tables_are_gone_after_success_and_failure(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    counted(warehouse)
    put(warehouse, "a")
    assert staging(cloud) == []
    with pytest.raises(TelecomError, match="half-way"):
        warehouse.write(Write(TABLE, [feedback("a", 5)], {"batch": "a"}), Write(TABLE, failing(), {"batch": "b"}))
    assert (staging(cloud), held(cloud)) == ([], 1)


def test_a_refusal_by_inspect_leaves_nothing(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    put(warehouse, "a", 2)
    during: list[str] = []

    def inspect(reader: Reader) -> None:
        during.extend(staging(cloud))
        found = reader.query(f"SELECT rows_checked FROM {QUALITY}")
        raise TelecomError(f"saw {found['rows_checked'].to_pylist()}")

    with pytest.raises(TelecomError, match=r"saw \[2\]"):
        counted(warehouse, inspect=inspect)
    assert len(during) == 1
    assert (staging(cloud), held(cloud, QUALITY), len(commits(cloud))) == ([], 0, 1)


def test_staging_tables_expire_should_this_process_die(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    expiries: list[float] = []

    def inspect(_: Reader) -> None:
        tables = cloud.bigquery.engine.tables
        expiries.extend(int(tables[name]["expirationTime"]) / 1000 - time.time() for name in staging(cloud))

    keys = {"snapshot_date": DAY, "table_name": "t"}
    warehouse.write(
        Write(TABLE, [feedback("a")], {"batch": "a"}), Write(QUALITY, COUNTED, keys, {"now": NOW}), inspect=inspect
    )
    assert len(expiries) == 2
    assert all(23 * 3600 < seconds <= 24 * 3600 for seconds in expiries)


def test_several_tables_change_in_one_transaction(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    keys = {"snapshot_date": DAY, "table_name": "t"}
    put(warehouse, "b", 1)
    writes = (
        Write(TABLE, [feedback("a", 2)], {"batch": "a"}),
        Write(QUALITY, COUNTED, keys, {"now": NOW}),
        Write(TABLE, [], {"batch": "b"}),
    )
    assert warehouse.write(*writes) == (2, 1, 0)
    assert held(cloud) == 2
    *_, last = commits(cloud)
    steps = last.sql.split("\n")
    assert [step.split(" ")[0] for step in steps] == ["BEGIN", "DELETE", "DELETE", "INSERT", "INSERT", "COMMIT"]
    assert "2026-11-20" not in last.sql, "values go as parameters"


def test_an_error_in_the_middle_rolls_everything_back(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    put(warehouse, "a", 2)

    def inspect(_: Reader) -> None:
        (table,) = staging(cloud)
        cloud.bigquery.engine.drop(table)

    with pytest.raises(NotFound, match="was not found"):
        warehouse.write(Write(TABLE, [feedback("a", 5)], {"batch": "a"}), inspect=inspect)
    assert held(cloud) == 2


def test_a_cancelled_transaction_is_tried_again(gcp_settings: Settings, cloud: Cloud) -> None:
    cloud.bigquery.engine.conflicts = 1
    assert put(with_settings(gcp_settings, lock_seconds=30), "a", 2) == (2,)
    assert (held(cloud), len(commits(cloud))) == (2, 2)
    first, second = commits(cloud)
    assert first.failure and not second.failure and first.id != second.id


def test_those_who_met_once_do_not_wait_alike(
    gcp_settings: Settings, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=pauses.append)
    monkeypatch.setattr("telecom.adapters.gcp.warehouse.time", clock)
    for _ in range(2):
        cloud.bigquery.engine.conflicts = 2
        put(with_settings(gcp_settings, lock_seconds=30))
    assert len(pauses) == len(set(pauses)) == 4
    for first, second in (pauses[:2], pauses[2:]):
        assert 0.25 <= first <= 0.5 <= second <= 1.0


def test_who_waits_too_long_is_told_that_others_write(gcp_settings: Settings, cloud: Cloud) -> None:
    cloud.bigquery.engine.conflicts = 99
    with pytest.raises(WarehouseBusy, match="concurrent update"):
        put(with_settings(gcp_settings, lock_seconds=0))
    assert (held(cloud), staging(cloud)) == (0, [])


def test_writers_at_once_leave_one_set_of_rows(gcp_settings: Settings, cloud: Cloud) -> None:
    errors: list[BaseException] = []

    def write(rows: int) -> None:
        try:
            for _ in range(3):
                put(with_settings(gcp_settings), "a", rows)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(rows,)) for rows in (2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert held(cloud) in (2, 3)


def test_rows_go_up_in_the_contracts_types(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    put(warehouse)
    (load,) = (job.configuration["load"] for job in cloud.bigquery.jobs if "load" in job.configuration)
    assert load["writeDisposition"] == "WRITE_EMPTY"
    assert [field["name"] for field in load["schema"]["fields"]] == contract(TABLE).schema.names


def test_a_missing_column_is_named_before_anything_is_sent(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    with pytest.raises(TelecomError, match=r"lack the columns \['rating'\]"):
        warehouse.write(Write(TABLE, [feedback("a").drop_columns(["rating"])], {"batch": "a"}))
    assert cloud.bigquery.calls == []


def test_a_select_without_a_column_names_it(warehouse: BigQueryWarehouse) -> None:
    keys = {"snapshot_date": DAY, "table_name": "t"}
    with pytest.raises(QueryError, match="table_name"):
        warehouse.write(Write(QUALITY, "SELECT DATE '2026-11-20' AS snapshot_date", keys))


def test_a_fault_in_a_selects_own_text_is_shown_in_it(warehouse: BigQueryWarehouse) -> None:
    sql = f"SELECT\n  given_on,\n  ratting\nFROM {TABLE}"
    with pytest.raises(QueryError) as raised:
        warehouse.write(Write(QUALITY, sql, {"snapshot_date": DAY, "table_name": "t"}))
    *_, shown, carets = raised.value.message.split("\n")
    assert shown == "line 3, column 3:   ratting"
    assert carets.count("^") == len("ratting") and carets.endswith("^" * 7)


def test_other_services_results_may_be_written_but_not_queried(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    cloud.bigquery.engine.create("telecom_staging.predictions", [{"name": "n", "type": "INT64"}])
    cloud.bigquery.engine.append("telecom_staging.predictions", pa.table({"n": [7]}))
    sql = COUNTED.replace("COUNT(*)", "n").replace(TABLE, "telecom_staging.predictions")
    assert warehouse.write(Write(QUALITY, sql, {"snapshot_date": DAY, "table_name": "t"}, {"now": NOW})) == (1,)
    with pytest.raises(QueryError, match=r"no table 'telecom_staging\.predictions'"):
        warehouse.query("SELECT n FROM telecom_staging.predictions")


def test_nested_rows_come_from_a_select(warehouse: BigQueryWarehouse) -> None:
    sql = """
    SELECT 'c1' AS customer_id, DATE '2026-11-20' AS snapshot_date, 0.5 AS churn_probability, 'high' AS risk_segment,
      [STRUCT('tenure_months' AS feature, '3' AS value, 0.25 AS contribution)] AS top_reasons, 70 AS monthly_charges,
      'churn' AS model_name, '7' AS model_version, @now AS scored_at
    """
    assert warehouse.write(Write(SCORED, sql, {"snapshot_date": DAY}, {"now": NOW})) == (1,)
    (row,) = warehouse.query(f"SELECT * FROM {SCORED}").to_pylist()
    assert row["top_reasons"] == [{"feature": "tenure_months", "value": "3", "contribution": 0.25}]
    assert (row["monthly_charges"], row["scored_at"]) == (70.0, NOW)
