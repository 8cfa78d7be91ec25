"""Small rows that the tests of the BigQuery warehouse write, and what the service then holds."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from telecom.adapters.gcp.warehouse import BigQueryWarehouse
from telecom.ports import Write
from telecom.settings import Settings
from telecom.tables import contract
from tests.loopback.bigquery_jobs import Job
from tests.loopback.cloud import Cloud

TABLE = "telecom_monitoring.llm_feedback"
QUALITY = "telecom_monitoring.data_quality_results"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = date(2026, 11, 20)
COUNTED = f"""
    SELECT DATE '2026-11-20' AS snapshot_date, 't' AS table_name, 'rows' AS check_name, COUNT(*) AS rows_checked,
      0 AS rows_failing, 0.0 AS failing_share, 0 AS allowed_share, TRUE AS passed, @now AS checked_at
    FROM {TABLE}
"""


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
