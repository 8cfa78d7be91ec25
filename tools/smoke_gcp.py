"""What only a real Google Cloud project can tell: access, quotas, and what its servers do with what we send.

`make smoke-gcp` runs the checks below with TELECOM_PROJECT and your credentials. Each leaves nothing behind, or one
tiny object that it finds again. `--submit` and `--batch` cost money (a pipeline run, a batch prediction) and are off.
docs/mlops/google-cloud.md lists the same checks.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from mlops.src import batch_inference, feature_store_loader, model_versions
from mlops.src.config import load_config
from mlops.src.utils_bigquery import QUERIES, load_query
from telecom import console
from telecom.bootstrap import Platform
from telecom.errors import DependencyUnavailable, TelecomError, UsageError, WarehouseBusy
from telecom.ports import Run, Sample, Write
from telecom.settings import load_settings
from telecom.tables import contract

TABLE = "telecom_monitoring.llm_feedback"
DAY = date(2026, 1, 1)
PARAMETERS: Mapping[str, Any] = {
    "snapshot_date": DAY,
    "up_to": DAY,
    "below": "g",
    "horizon_months": 12,
    "model_name": model_versions.MODEL,
    "model_version": "1",
}


@dataclass(frozen=True)
class Check:
    """One question to the real cloud. `run` raises when the answer is no, else says what it saw."""

    name: str
    asks: str
    run: Callable[[Platform], str]
    option: str = ""


def rows_written(platform: Platform) -> str:
    """One row in, read back, out again."""
    trace = "smoke-" + datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    try:
        put_feedback(platform, trace, 1)
        found = feedback_rows(platform, trace)
        if found != 1:
            raise TelecomError(f"{found} rows were read after one was written.")
    finally:
        put_feedback(platform, trace, 0)
    return "one row written, read through the Storage API, and replaced by none"


def writes_at_once(platform: Platform) -> str:
    """Two writers of one set of rows: the set is always one of the two, whole."""
    trace = "smoke-race-" + datetime.now(UTC).strftime("%Y%m%d%H%M%S")

    def write(rows: int) -> str:
        try:
            put_feedback(platform, trace, rows)
        except WarehouseBusy:
            return "busy"
        return "written"

    try:
        with ThreadPoolExecutor(2) as pool:
            outcomes = sorted(pool.map(write, (2, 3)))
        found = feedback_rows(platform, trace)
        if found not in (2, 3):
            raise TelecomError(f"{found} rows after two writers of 2 and 3: they were mixed.")
    finally:
        put_feedback(platform, trace, 0)
    return f"outcomes {', '.join(outcomes)}; {found} rows, whole"


def put_feedback(platform: Platform, trace: str, rows: int) -> None:
    """Makes `rows` the number of feedback rows of a trace."""
    row = {"given_on": DAY, "trace_id": trace, "rating": "up", "given_by": "smoke", "given_at": datetime.now(UTC)}
    row["batch"] = trace
    batch = pa.RecordBatch.from_pylist([row] * rows, schema=contract(TABLE).schema)
    platform.warehouse.write(Write(TABLE, [batch] if rows else [], {"batch": trace}))


def feedback_rows(platform: Platform, trace: str) -> int:
    """Feedback rows of a trace."""
    sql = f"SELECT COUNT(*) AS n FROM {TABLE} WHERE trace_id = @trace"
    return int(platform.warehouse.query(sql, {"trace": trace})["n"][0].as_py())


def every_query_is_valid(platform: Platform) -> str:
    """BigQuery's own analyser on every SQL file, without running it; the one over predictions is for `batch`."""
    texts = [load_query(path.stem) for path in sorted(QUERIES.glob("*.sql"))]
    lasting = [sql for sql in texts if batch_inference.PREDICTIONS not in sql]
    scanned = sum(platform.warehouse.estimate(sql, PARAMETERS) for sql in lasting)
    return f"{len(lasting)} statements accepted; together they would scan {scanned / 2**30:,.3f} GiB"


def objects_are_immutable(platform: Platform) -> str:
    """Generation preconditions are enforced."""
    with TemporaryDirectory() as folder:
        same, other = Path(folder) / "same", Path(folder) / "other"
        same.write_bytes(b"smoke\n")
        other.write_bytes(b"something else\n")
        uri = platform.objects.put(same, "pipelines/smoke/probe.txt")
        try:
            platform.objects.put(other, "pipelines/smoke/probe.txt")
        except UsageError:
            return f"{uri} kept its bytes"
    raise TelecomError(f"{uri} was overwritten: preconditions do not hold.")


def features_registered(platform: Platform) -> str:
    """Feature group and features over the gold table."""
    group = feature_store_loader.churn_features()
    platform.features.register(group)
    return f"{group.name} with {len(group.features)} features"


def registry_listed(platform: Platform) -> str:
    """Model Registry can be read."""
    found = platform.registry.versions(model_versions.MODEL)
    return f"{len(found)} versions of {model_versions.MODEL}"


def run_recorded(platform: Platform) -> str:
    """Vertex AI Experiments take a run."""
    return platform.experiments.record(Run("telecom-smoke", "probe", {"seed": "7"}, {"auc": 0.5}, {}))


def gauge_published(platform: Platform) -> str:
    """Cloud Monitoring takes a custom metric."""
    platform.metrics.publish("smoke", [Sample("churn/smoke", 1.0)])
    return "custom.googleapis.com/churn/smoke"


def pipeline_accepted(platform: Platform) -> str:
    """Vertex AI Pipelines accepts the specification that this kfp compiles. It retrains only if that is needed."""
    from mlops.src.pipelines.requests import Clock, make_request

    with TemporaryDirectory(prefix="telecom-smoke-") as folder:
        clock = Clock(datetime.now(UTC), "")
        request = make_request("churn-retraining", platform.settings, load_config(), clock, {}, Path(folder))
        return platform.pipelines.start(request).link


def batch_predicted(platform: Platform) -> str:
    """The columns and types that Vertex AI Batch Prediction really writes."""
    config = load_config().model_copy(update={"batch_mode": "vertex"})
    p = platform
    scored = batch_inference.run(
        p.warehouse, p.registry, p.progress, now=datetime.now(UTC), batch=p.batch, config=config
    )
    return f"{scored.rows:,} customers of {scored.snapshot_date} scored by version {scored.model_version}"


CHECKS = (
    Check("queries", "Is every SQL file valid for BigQuery itself, and what does it scan?", every_query_is_valid),
    Check("write", "May this account write and read, and does the transaction hold?", rows_written),
    Check("concurrent-writes", "What happens to two writers of the same rows?", writes_at_once),
    Check("objects", "Are generation preconditions enforced?", objects_are_immutable),
    Check("features", "Does the Feature Store take our group?", features_registered),
    Check("registry", "May this account read the Model Registry?", registry_listed),
    Check("experiments", "Is there a metadata store, and does it take a run?", run_recorded),
    Check("metrics", "Does Cloud Monitoring take our metrics?", gauge_published),
    Check("pipeline", "Does Vertex AI Pipelines accept what this kfp compiles?", pipeline_accepted, "submit"),
    Check("batch", "What does Batch Prediction write into BigQuery?", batch_predicted, "batch"),
)


def main() -> int:
    """Runs the checks; 0 when all hold, 1 when one does not, 5 when there is no project to ask."""
    parser = argparse.ArgumentParser(prog="make smoke-gcp", description=__doc__)
    parser.add_argument("--submit", action="store_true", help="also submit a pipeline (costs money)")
    parser.add_argument("--batch", action="store_true", help="also run a batch prediction (costs money)")
    chosen = parser.parse_args()
    if not os.environ.get("TELECOM_PROJECT"):
        none = DependencyUnavailable(
            "There is no project to ask: TELECOM_PROJECT is not set. Nothing was checked.",
            "Set TELECOM_PROJECT (and TELECOM_REGION), run gcloud auth application-default login, and try again.",
        )
        console.print_error(none, as_json=False)
        return none.exit_code
    os.environ["TELECOM_BACKEND"] = "gcp"
    platform = Platform(load_settings(), console.Voice())
    if emulators := sorted(name for name in os.environ if name.endswith("_EMULATOR_HOST")):
        console.print_next(f"{', '.join(emulators)} set: this asks emulators and proves nothing about Google Cloud.")
    rows = [ask(check, platform) for check in CHECKS if not check.option or getattr(chosen, check.option)]
    console.print_table(f"Project {platform.settings.project}", ("check", "holds", "seconds", "found"), rows)
    return 0 if all(row[1] for row in rows) else 1


def ask(check: Check, platform: Platform) -> tuple[str, bool, str, str]:
    """One check as a row of the table: its name, whether it holds, seconds, and what was found."""
    began = time.monotonic()
    try:
        found, holds = check.run(platform), True
    except TelecomError as error:
        found, holds = str(error), False
    return check.name, holds, f"{time.monotonic() - began:.1f}", found


if __name__ == "__main__":
    sys.exit(main())
