"""BigQuery as a service that fails, answers late, and counts what it is asked."""

import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import requests
from google.cloud.bigquery import QueryJob

from telecom.adapters._staged_rows import write_parquet
from telecom.adapters.gcp import _bigquery_jobs
from telecom.adapters.gcp._bigquery_jobs import BigQueryJobs
from telecom.adapters.gcp.warehouse import BigQueryWarehouse
from telecom.errors import DependencyUnavailable, NotFound, QueryError, TelecomError, WarehouseBusy
from telecom.ports import Reader, Write
from telecom.settings import Settings
from telecom.tables import contract
from tests.loopback.bigquery_errors import Refused
from tests.loopback.bigquery_jobs import Job
from tests.loopback.cloud import Cloud
from tests.loopback.faults import Kind

TABLE = "telecom_monitoring.llm_feedback"
QUALITY = "telecom_monitoring.data_quality_results"
SCORED = "telecom_gold.telco_churn_scored"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = date(2026, 11, 20)
COUNTED = f"""
    SELECT DATE '2026-11-20' AS snapshot_date, 't' AS table_name, 'rows' AS check_name, COUNT(*) AS rows_checked,
      0 AS rows_failing, 0.0 AS failing_share, 0 AS allowed_share, TRUE AS passed, @now AS checked_at
    FROM {TABLE}
"""
JOBS, QUERIES, TABLES = "POST /jobs?prettyPrint", "GET /queries/", "POST /datasets/telecom_staging/tables"


@pytest.fixture
def warehouse(gcp_settings: Settings) -> BigQueryWarehouse:
    return BigQueryWarehouse(gcp_settings)


def with_settings(settings: Settings, **more: Any) -> BigQueryWarehouse:
    return BigQueryWarehouse(settings.model_copy(update=more))


def feedback(trace: str, rows: int = 1) -> pa.RecordBatch:
    row = {"given_on": DAY, "trace_id": trace, "rating": "up", "comment": None, "given_by": "a", "given_at": NOW}
    row["batch"] = trace
    return pa.RecordBatch.from_pylist([row] * rows, schema=contract(TABLE).schema)


def put(warehouse: BigQueryWarehouse, trace: str = "a", rows: int = 1) -> tuple[int, ...]:
    return warehouse.write(Write(TABLE, [feedback(trace, rows)], {"batch": trace}))


def counted(warehouse: BigQueryWarehouse, **more: Any) -> tuple[int, ...]:
    keys = {"snapshot_date": DAY, "table_name": "t"}
    return warehouse.write(Write(QUALITY, COUNTED, keys, {"now": NOW}), **more)


def held(cloud: Cloud, table: str = TABLE) -> int:
    return int(cloud.bigquery.engine.rows(table).num_rows)


def staging(cloud: Cloud) -> list[str]:
    return [name for name in cloud.bigquery.engine.tables if name.startswith("telecom_staging.")]


def commits(cloud: Cloud) -> list[Job]:
    return [job for job in cloud.bigquery.jobs if "-commit-" in job.id]


# A job runs once, whatever becomes of the answer.


def test_a_lost_answer_after_the_commit_is_not_a_second_write(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    put(warehouse, "a", 2)
    before = len(cloud.bigquery.requests("POST", "/jobs?prettyPrint"))
    cloud.fail(JOBS, kind="half")
    assert put(warehouse, "a", 3) == (3,)
    assert not cloud.faults.unspent
    assert held(cloud) == 3
    assert len(commits(cloud)) == 2, "one per write"
    sent = cloud.bigquery.requests("POST", "/jobs?prettyPrint")[before:]
    assert len(sent) == 2 and sent[0].body == sent[1].body, "the same job was sent twice, and ran once"


def test_a_lost_answer_after_staging_a_select_is_not_a_second_run(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    cloud.fail(JOBS, times=3, kind="half")
    assert counted(warehouse) == (1,)
    assert held(cloud, QUALITY) == 1
    assert len(cloud.bigquery.jobs) == len({job.id for job in cloud.bigquery.jobs}) == 3, "stage, check, commit"


@pytest.mark.parametrize("target", ["POST /upload/", "PUT /upload/"])
@pytest.mark.parametrize("kind", ["half", "503"])
def test_an_upload_is_repeated_not_doubled(
    warehouse: BigQueryWarehouse, cloud: Cloud, target: str, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    from google.resumable_media.requests import _request_helpers

    monkeypatch.setattr(_request_helpers.time, "sleep", lambda _: None, raising=False)
    cloud.fail(target, kind=kind)
    assert put(warehouse, "a", 4) == (4,)
    assert held(cloud) == 4
    assert not cloud.faults.unspent


@pytest.mark.parametrize(
    ("target", "kind"),
    [(JOBS, "429"), (JOBS, "503"), (QUERIES, "500"), (QUERIES, "timeout"), (TABLES, "429"), ("DELETE /tables/", "503")],
)
def test_transient_refusals_are_ridden_out(warehouse: BigQueryWarehouse, cloud: Cloud, target: str, kind: Kind) -> None:
    cloud.fail(target, times=2, kind=kind)
    assert put(warehouse) == (1,)
    assert held(cloud) == 1
    assert not cloud.faults.unspent
    assert staging(cloud) == []


@pytest.mark.parametrize("kind", ["half", "503"])
@pytest.mark.parametrize("target", [JOBS, QUERIES, "CreateReadSession", "ReadRows"])
def test_reads_survive_broken_answers(warehouse: BigQueryWarehouse, cloud: Cloud, target: str, kind: Kind) -> None:
    put(warehouse, "a", 1000)
    cloud.bigquery.reader.page_rows = 100
    cloud.fail(target, kind=kind)
    sql = f"SELECT ROW_NUMBER() OVER () AS n FROM {TABLE} ORDER BY n"
    batches = list(warehouse.stream(sql, batch_rows=64))
    assert [n for batch in batches for n in batch["n"].to_pylist()] == list(range(1, 1001)), "no row lost or doubled"
    assert max(batch.num_rows for batch in batches) <= 64
    assert not cloud.faults.unspent


def loaded(settings: Settings, folder: Path, rows: int = 3) -> None:
    file = folder / "rows.parquet"
    write_parquet([feedback("a", rows)], contract(TABLE), file)
    BigQueryJobs(settings).load(file, contract(TABLE), "telecom_staging.t", "x")


def test_a_load_that_was_begun_is_taken_up_again(gcp_settings: Settings, cloud: Cloud, tmp_path: Path) -> None:
    for _ in range(2):
        loaded(gcp_settings, tmp_path)
    assert held(cloud, "telecom_staging.t") == 3
    assert [job.id for job in cloud.bigquery.jobs] == ["x"]


def test_a_duplicate_that_is_not_known_yet_is_asked_for_again(
    gcp_settings: Settings, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(gcp_settings, tmp_path)
    get, asked = cloud.bigquery.runner.get, []

    def late(identity: str) -> Job:
        asked.append(identity)
        if len(asked) == 1:
            raise Refused(404, "notFound", f"Not found: Job {identity}")
        return get(identity)

    monkeypatch.setattr(cloud.bigquery.runner, "get", late)
    loaded(gcp_settings, tmp_path)
    assert len(asked) > 1 and held(cloud, "telecom_staging.t") == 3


def test_no_request_may_be_silent_for_as_long_as_a_job_may_take(
    warehouse: BigQueryWarehouse, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeouts: list[float] = []
    send = requests.Session.request

    def recorded(self: requests.Session, *given: Any, timeout: Any = None, **more: Any) -> Any:
        timeouts.append(timeout)
        return send(self, *given, timeout=timeout, **more)

    monkeypatch.setattr(requests.Session, "request", recorded)
    cloud.bigquery.runner.polls = 1
    put(warehouse)
    counted(warehouse)
    assert len(timeouts) > 10 and all(seconds and seconds <= 130 for seconds in timeouts)


def test_a_job_is_waited_for_beyond_one_deadline(
    warehouse: BigQueryWarehouse, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bigquery_jobs, "DEADLINE", 0.5)
    result, waited = QueryJob.result, []

    def impatient(self: QueryJob, **given: Any) -> Any:
        waited.append(given["timeout"])
        if len(waited) < 3:
            raise TimeoutError
        return result(self, **given)

    monkeypatch.setattr(QueryJob, "result", impatient)
    assert warehouse.query("SELECT 1 AS x").num_rows == 1
    assert waited == [0.5] * 3
    waited.clear()
    monkeypatch.setattr(_bigquery_jobs, "JOB_SECONDS", -1)
    with pytest.raises(DependencyUnavailable, match=r"The query took longer than -1 s \(job telecom-read-"):
        warehouse.query("SELECT 1 AS x")
    assert len(waited) == 1


def test_a_job_that_is_still_running_is_waited_for(warehouse: BigQueryWarehouse, cloud: Cloud) -> None:
    put(warehouse, "a", 2)
    cloud.bigquery.runner.polls = 2
    assert warehouse.query(f"SELECT COUNT(*) AS n FROM {TABLE}")["n"].to_pylist() == [2]


def test_what_stays_out_of_reach_is_said_so(
    warehouse: BigQueryWarehouse, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bigquery_jobs, "RETRY", _bigquery_jobs.RETRY.with_timeout(0.3))
    cloud.fail(JOBS, times=1000)
    with pytest.raises(DependencyUnavailable, match=r"The query failed: the service does not answer") as raised:
        warehouse.query("SELECT 1 AS x")
    assert "again later" in raised.value.remedy


# What a write leaves behind.


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


# What BigQuery is told and asked.


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
