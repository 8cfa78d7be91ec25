"""A job of BigQuery runs once, whatever becomes of the answer; and it is waited for."""

from pathlib import Path
from typing import Any

import pytest
import requests
from google.cloud.bigquery import QueryJob

from telecom.adapters._staged_rows import write_parquet
from telecom.adapters.gcp import _bigquery_jobs
from telecom.adapters.gcp._bigquery_jobs import BigQueryJobs
from telecom.adapters.gcp.warehouse import BigQueryWarehouse
from telecom.errors import DependencyUnavailable
from telecom.settings import Settings
from telecom.tables import contract
from tests.gcp.feedback_rows import QUALITY, TABLE, commits, counted, feedback, held, put, staging
from tests.loopback.bigquery_errors import Refused
from tests.loopback.bigquery_jobs import Job
from tests.loopback.cloud import Cloud
from tests.loopback.faults import Kind

JOBS, QUERIES, TABLES = "POST /jobs?prettyPrint", "GET /queries/", "POST /datasets/telecom_staging/tables"


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
