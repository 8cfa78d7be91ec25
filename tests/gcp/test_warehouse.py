"""What BigQuery is told and asked."""

import contextlib
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from telecom.adapters.gcp.warehouse import BigQueryWarehouse
from telecom.errors import DependencyUnavailable, NotFound, QueryError, TelecomError
from telecom.settings import Settings
from tests.gcp.feedback_rows import (
    DAY,
    NOW,
    TABLE,
    counted,
    put,
    with_settings,
)
from tests.loopback.bigquery_errors import Refused
from tests.loopback.cloud import Cloud


def test_jobs_are_labelled_and_limited(gcp_settings: Settings, cloud: Cloud) -> None:
    warehouse = with_settings(gcp_settings, max_gb_billed=2)
    counted(warehouse)
    put(warehouse)
    for job in cloud.bigquery.jobs:
        assert {"app": "telecom-ml-llmops", "env": "dev"}.items() <= job.configuration["labels"].items()
        assert int(job.configuration["jobTimeoutMs"]) > 0
        if "query" in job.configuration:
            assert job.configuration["query"]["maximumBytesBilled"] == str(2 * 2**30)
            assert job.configuration["query"]["useLegacySql"] is False
    steps = [job.configuration["labels"]["step"] for job in cloud.bigquery.jobs]
    assert steps == ["stage", "read", "commit", "load", "commit"]


def test_a_stream_may_be_given_its_own_time(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    put(warehouse)
    list(warehouse.stream(f"SELECT given_on FROM {TABLE}", seconds=2.5))
    assert int(cloud.bigquery.jobs[-1].configuration["jobTimeoutMs"]) == 2_500


def test_a_query_that_would_bill_too_much_is_refused(gcp_settings: Settings, cloud: Cloud) -> None:
    put(BigQueryWarehouse(gcp_settings))
    with pytest.raises(QueryError, match="exceeded limit for bytes billed") as raised:
        with_settings(gcp_settings, max_gb_billed=0.001).query(f"SELECT * FROM {TABLE}")
    assert "TELECOM_MAX_GB_BILLED" in raised.value.remedy


def test_a_dry_run_tells_the_bytes_and_runs_nothing(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    put(warehouse, "abcd", 10)
    ran = len(cloud.bigquery.jobs)
    assert warehouse.estimate(f"SELECT given_on FROM {TABLE}") == 10 * 8
    assert warehouse.estimate(f"SELECT trace_id FROM {TABLE} WHERE given_on = @d", {"d": DAY}) == 10 * (8 + 2 + 4)
    assert len(cloud.bigquery.jobs) == ran
    with pytest.raises(QueryError, match="given_onn"):
        warehouse.estimate(f"SELECT given_onn FROM {TABLE}")
    with pytest.raises(QueryError, match="Only a single SELECT"):
        warehouse.estimate(f"DELETE FROM {TABLE} WHERE TRUE")


def test_results_come_through_the_storage_api(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    put(warehouse, "a", 3)
    assert warehouse.query(f"SELECT trace_id FROM {TABLE}").num_rows == 3
    assert len(cloud.bigquery.read) == 1
    (request,) = cloud.grpc.requests("CreateReadSession")
    assert request.max_stream_count == 1, "several streams would lose the order"
    assert not any("/data?" in call.path for call in cloud.bigquery.calls)
    waits = cloud.bigquery.requests("GET", "/queries/")
    assert waits and all("maxResults=0" in call.path for call in waits), "rows are not sent twice"


@pytest.mark.parametrize(
    ("value", "sql", "expected"),
    [
        ("é 'x'", "STRING", "é 'x'"),
        (7, "INT64", 7),
        (1.5, "FLOAT64", 1.5),
        (True, "BOOL", True),
        (DAY, "DATE", DAY),
        (NOW, "TIMESTAMP", NOW),
        (None, "STRING", None),
    ],
)
def test_parameters_keep_their_type(
    warehouse: BigQueryWarehouse, cloud: Cloud, value: Any, sql: str, expected: Any
) -> None:
    assert warehouse.query("SELECT @p AS v", {"p": value}).to_pylist() == [{"v": expected}]
    (parameter,) = cloud.bigquery.jobs[-1].configuration["query"]["queryParameters"]
    assert parameter["parameterType"] == {"type": sql}


def test_a_parameter_without_a_type_is_refused(warehouse: BigQueryWarehouse) -> None:
    with pytest.raises(QueryError, match="'p' is 1j, a complex"):
        warehouse.query("SELECT @p AS v", {"p": 1j})  # type: ignore[dict-item]


def test_null_is_cast_to_what_the_sql_says(warehouse: BigQueryWarehouse) -> None:
    sql = "SELECT COALESCE(CAST(@d AS DATE), DATE '2026-01-01') AS d, CAST(@n AS INT64) AS n"
    assert warehouse.query(sql, {"d": None, "n": None}).to_pylist() == [{"d": date(2026, 1, 1), "n": None}]


def test_types_come_as_the_contracts_name_them(warehouse: BigQueryWarehouse) -> None:
    sql = (
        "SELECT SUM(n) AS i, NUMERIC '1.5' AS d, CURRENT_TIMESTAMP() AS t, [1] AS a, 1.5 AS f FROM UNNEST([1, 2]) AS n"
    )
    schema = warehouse.query(sql).schema
    assert schema.field("i").type == pa.int64()
    assert schema.field("d").type == pa.decimal128(38, 9)
    assert schema.field("t").type == pa.timestamp("us", tz="UTC")
    assert schema.field("a").type == pa.list_(pa.int64())
    assert schema.field("f").type == pa.float64()
    assert all(field.nullable and not field.metadata for field in schema)
    assert warehouse.query(sql)["d"].to_pylist() == [Decimal("1.5")]


def test_another_project_is_never_read(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    sql = f"SELECT 1 AS one FROM `other-project.{TABLE}` JOIN other-project.{TABLE} AS b USING (trace_id);"
    assert warehouse.query(sql).num_rows == 0
    sent = cloud.bigquery.jobs[-1].sql
    assert "other" not in sent and len(sent) == len(sql), "blanked out, every other token in its place"


def test_a_table_that_terraform_did_not_make_is_told_with_the_remedy(
    warehouse: BigQueryWarehouse, cloud: Cloud
) -> None:
    cloud.bigquery.engine.drop(TABLE)
    with pytest.raises(NotFound, match="llm_feedback was not found") as raised:
        warehouse.query(f"SELECT * FROM {TABLE}")
    assert "Terraform" in raised.value.remedy


@pytest.mark.parametrize(
    ("reason", "code", "kind", "remedy"),
    [
        ("accessDenied", 403, DependencyUnavailable, "roles/bigquery"),
        ("quotaExceeded", 403, DependencyUnavailable, "quota"),
        ("resourcesExceeded", 400, TelecomError, "snapshot"),
    ],
)
def test_refusals_keep_their_remedy(
    warehouse: BigQueryWarehouse,
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
    code: int,
    kind: type[TelecomError],
    remedy: str,
) -> None:
    def refuse(*_: Any) -> None:
        raise Refused(code, reason, "BigQuery's own words")

    monkeypatch.setattr(cloud.bigquery.engine, "run", refuse)
    with pytest.raises(kind, match="BigQuery's own words") as raised:
        warehouse.query("SELECT 1 AS x")
    assert remedy in raised.value.remedy


def test_a_stream_that_is_left_early_ends_its_call(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    put(warehouse, "a", 100)
    cloud.bigquery.reader.page_rows = 10
    with contextlib.closing(warehouse.stream(f"SELECT * FROM {TABLE}", batch_rows=5)) as stream:
        assert next(stream).num_rows == 5
    assert warehouse.query(f"SELECT COUNT(*) AS n FROM {TABLE}")["n"].to_pylist() == [100]
