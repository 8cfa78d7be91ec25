"""The BigQuery loopback refuses what BigQuery refuses, so that what passes here has a chance there."""

import io
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from telecom.adapters.gcp._clients import bigquery_client
from telecom.settings import Settings
from tests.loopback.cloud import Cloud

ONE = [bigquery.SchemaField("n", "INT64"), bigquery.SchemaField("tags", "STRING", mode="REPEATED")]


@pytest.fixture
def client(gcp_settings: Settings) -> Any:
    return bigquery_client(gcp_settings)


@pytest.fixture
def table(client: Any) -> Any:
    made = client.create_table(bigquery.Table("telecom-test.telecom_staging.one", ONE))
    run(client, "INSERT INTO telecom_staging.one (n, tags) VALUES (1, ['a']), (2, [])")
    return made


def run(client: Any, sql: str, *parameters: Any, **more: Any) -> list[dict[str, Any]]:
    config = bigquery.QueryJobConfig(query_parameters=list(parameters))
    job = client.query(sql, job_config=config, retry=None, job_retry=None, **more)
    return [dict(row) for row in job.result(retry=None, job_retry=None, timeout=10)]


def values(client: Any) -> list[int]:
    return [row["n"] for row in run(client, "SELECT n FROM telecom_staging.one ORDER BY n")]


def parquet(rows: pa.Table) -> io.BytesIO:
    file = io.BytesIO()
    pq.write_table(rows, file)
    file.seek(0)
    return file


def test_a_job_id_is_used_once(client: Any, table: Any) -> None:
    run(client, "DELETE FROM telecom_staging.one WHERE n = 1", job_id="once")
    with pytest.raises(exceptions.Conflict, match=r"Already Exists: Job telecom-test:us-central1\.once"):
        run(client, "DELETE FROM telecom_staging.one WHERE TRUE", job_id="once")
    assert values(client) == [2]


def test_a_script_that_fails_before_its_commit_changes_nothing(client: Any, table: Any) -> None:
    sql = """
        BEGIN TRANSACTION;
        DELETE FROM telecom_staging.one WHERE TRUE;
        SELECT 1 / (n - n) FROM UNNEST([1]) AS n;
        COMMIT TRANSACTION
    """
    with pytest.raises(exceptions.BadRequest, match="division by zero"):
        run(client, sql)
    assert values(client) == [1, 2]
    run(client, "BEGIN TRANSACTION; DELETE FROM telecom_staging.one WHERE TRUE; ROLLBACK TRANSACTION")
    assert values(client) == [1, 2]
    run(client, "BEGIN TRANSACTION; DELETE FROM telecom_staging.one WHERE n = 1; COMMIT TRANSACTION")
    assert values(client) == [2]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("BEGIN TRANSACTION; CREATE TABLE telecom_staging.x AS SELECT 1 AS n; COMMIT TRANSACTION", "cannot use DDL"),
        ("COMMIT TRANSACTION", "no active transaction"),
        ("CREATE TABLE telecom_staging.one AS SELECT 1 AS n", "Already Exists"),
        ("INSERT INTO telecom_staging.one (n, tags) SELECT 'x', ['a']", "has type STRING which cannot be inserted"),
        ("SELECT m FROM telecom_staging.one", r"Unrecognized name: m at \[1:8\]"),
        ("SELECT n FROM telecom_staging.two", "two was not found in location us-central1"),
        ("SELECT n FROM other.telecom_staging.one", "Not found: Project other"),
        ("SELECT n FROM one", "must be qualified with a dataset"),
        ("SELECT n, n FROM telecom_staging.one", "Duplicate column names"),
        ("SELECT n FROM telecom_staging.one WHERE n = 'x'", "Bad int64 value: x"),
        ("SELECT @missing", "Query parameter 'missing' not found"),
        ("SELECT CAST(tag AS INT64) FROM telecom_staging.one, UNNEST(tags) AS tag", "Bad int64 value: a"),
    ],
)
def test_what_bigquery_refuses_is_refused(client: Any, table: Any, sql: str, message: str) -> None:
    with pytest.raises(exceptions.GoogleAPICallError, match=message):
        run(client, sql)
    assert values(client) == [1, 2]


def test_merge_insert_update_and_delete(client: Any, table: Any) -> None:
    run(client, """
        MERGE telecom_staging.one AS old USING (SELECT 2 AS n UNION ALL SELECT 3) AS new ON old.n = new.n
        WHEN NOT MATCHED THEN INSERT (n, tags) VALUES (new.n, [])
        WHEN NOT MATCHED BY SOURCE THEN DELETE
    """)  # fmt: skip
    assert values(client) == [2, 3]
    run(client, "DROP TABLE telecom_staging.one")
    with pytest.raises(exceptions.NotFound):
        client.get_table("telecom_staging.one")


def test_rows_by_rest_are_the_same(client: Any, table: Any) -> None:
    sql = """
        SELECT COUNT(*), ARRAY_AGG(tag) AS t FROM telecom_staging.one, UNNEST(tags) AS tag WHERE tag IN UNNEST(@names)
    """
    assert run(client, sql, bigquery.ArrayQueryParameter("names", "STRING", ["a", "b"])) == [{"f0_": 1, "t": ["a"]}]
    (row,) = client.query_and_wait("SELECT DATE '2026-01-02' AS d, STRUCT(1 AS x) AS s, b'x' AS b, NULL AS z")
    assert dict(row) == {"d": date(2026, 1, 2), "s": {"x": 1}, "b": b"x", "z": None}
    assert [row["n"] for row in client.list_rows(client.get_table("telecom_staging.one"), page_size=1)] == [1, 2]


@pytest.mark.parametrize("size", [None, 100])
def test_loads_append_replace_or_insist_on_an_empty_table(client: Any, table: Any, size: int | None) -> None:
    def load(disposition: str) -> int:
        options = bigquery.ParquetOptions()
        options.enable_list_inference = True
        config = bigquery.LoadJobConfig(
            source_format="PARQUET", schema=ONE, write_disposition=disposition, parquet_options=options
        )
        file = parquet(pa.table({"n": [7], "tags": [["x"]]}))
        length = len(file.getvalue()) if size else None
        return int(client.load_table_from_file(file, table, size=length, job_config=config).result(10).output_rows)

    assert load("WRITE_APPEND") == 1
    assert values(client) == [1, 2, 7]
    assert load("WRITE_TRUNCATE") == 1
    assert values(client) == [7]
    with pytest.raises(exceptions.Conflict, match="Already Exists: Table"):
        load("WRITE_EMPTY")


def test_lists_need_the_option_that_makes_them_repeated(client: Any, table: Any) -> None:
    config = bigquery.LoadJobConfig(source_format="PARQUET", schema=ONE)
    job = client.load_table_from_file(parquet(pa.table({"n": [7], "tags": [["x"]]})), table, job_config=config)
    with pytest.raises(exceptions.BadRequest, match="enableListInference"):
        job.result(10)


def test_the_contracts_tables_are_there_as_terraform_makes_them(client: Any, cloud: Cloud) -> None:
    scored = client.get_table("telecom_gold.telco_churn_scored")
    assert scored.time_partitioning.field == "snapshot_date"
    assert scored.clustering_fields == ["risk_segment"]
    reasons = next(field for field in scored.schema if field.name == "top_reasons")
    assert (reasons.mode, [field.name for field in reasons.fields]) == (
        "REPEATED",
        ["feature", "value", "contribution"],
    )
    assert {item.dataset_id for item in client.list_datasets()} >= {"telecom_gold", "telecom_staging"}
    assert "telco_churn_scored" in {item.table_id for item in client.list_tables("telecom_gold")}
