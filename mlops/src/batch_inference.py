"""Scores one snapshot with the champion, in this process or by batch prediction outside it.

Reads telco_churn_features; writes telco_churn_features_score_input and telco_churn_scored.
"""

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import pyarrow as pa

from mlops.src.config import ChurnConfig
from mlops.src.feature_store_loader import TABLE as FEATURES
from mlops.src.feature_store_loader import resolve_snapshot
from mlops.src.model_versions import MODEL, champion
from mlops.src.modelling import bundle
from mlops.src.modelling.churn_model import ChurnModel
from mlops.src.modelling.encoding import encode
from mlops.src.modelling.reasons import REASON_TYPE
from mlops.src.utils_bigquery import load_query, projection
from telecom.errors import DependencyUnavailable, UsageError
from telecom.ports import (
    BatchPredictor,
    BatchRequest,
    ModelRegistry,
    ModelVersion,
    Parameters,
    Reader,
    Warehouse,
    Write,
)
from telecom.progress import Progress
from telecom.tables import contract

INPUT = "telecom_gold.telco_churn_features_score_input"
SCORED = "telecom_gold.telco_churn_scored"
KEY = "customer_id"
PREDICTIONS = "telecom_staging.predictions"
"""Stands in the SQL for the table that a batch prediction wrote."""
T = TypeVar("T")


@dataclass(frozen=True)
class Scored:
    """Customers scored, in all and by risk segment."""

    snapshot_date: date
    rows: int
    high: int
    medium: int
    low: int
    model_version: str


def run(
    warehouse: Warehouse,
    registry: ModelRegistry,
    progress: Progress,
    *,
    now: datetime,
    snapshot_date: date | None = None,
    with_reasons: bool = True,
    batch: BatchPredictor | None = None,
    config: ChurnConfig | None = None,
) -> Scored:
    """Scores the given (or newest) snapshot; again the same day gives one set of rows, never two.

    Scoring happens in this process unless `config.batch_mode` is `vertex`; then `batch` predicts.

    Raises:
        NotFound: no champion, or the snapshot was not prepared.
        ModelRejected: the champion's files do not verify.
        DependencyUnavailable: another scoring replaced the input meanwhile, or the batch prediction failed or left
            customers out; the scored table stays as it was.
        UsageError: batch prediction is wanted of a backend that has none.
    """
    day, customers = resolve_snapshot(warehouse, snapshot_date)
    version = champion(registry)
    if config is None or config.batch_mode == "process":
        return _in_process(warehouse, registry, progress, version, day, customers, now, with_reasons)
    if batch is None:
        raise UsageError(
            f"TELECOM_CHURN_BATCH_MODE is {config.batch_mode!r}, and this backend has no batch prediction.",
            "Set it to process, or TELECOM_BACKEND to gcp.",
        )
    _write_input(warehouse, day)
    asked = BatchRequest(
        MODEL,
        version.version,
        INPUT,
        KEY,
        _carried_along(),
        config.batch_machine,
        config.batch_replicas,
        {"reasons": with_reasons},
    )
    return _merge(warehouse, batch.predict(asked), version, day, customers, now)


def _in_process(
    warehouse: Warehouse,
    registry: ModelRegistry,
    progress: Progress,
    version: ModelVersion,
    day: date,
    customers: int,
    now: datetime,
    with_reasons: bool,
) -> Scored:
    model = bundle.load(registry.fetch(MODEL, version.version), expected_digest=version.digest).model
    _write_input(warehouse, day)
    progress.start(f"Scoring with version {version.version}", customers)
    segments: Counter[str] = Counter()
    rows = _scored(warehouse, model, version, day, now, with_reasons, segments, progress)
    (written,) = warehouse.write(Write(SCORED, _complete(rows, customers), {"snapshot_date": day}))
    progress.stop()
    return Scored(day, written, segments["high"], segments["medium"], segments["low"], version.version)


def _merge(
    warehouse: Warehouse, predictions: str, version: ModelVersion, day: date, customers: int, now: datetime
) -> Scored:
    """Puts the predictions into the scored table, in the place of the snapshot's rows, if they are all there."""
    counts: dict[str, int] = {}

    def all_are_there(following: Reader) -> None:
        counts.update(following.query(load_query("scored_counts"), {"snapshot_date": day}).to_pylist()[0])
        if not counts["scores"] == counts["customers"] == customers:
            raise DependencyUnavailable(
                f"{predictions} has {counts['scores']:,} valid predictions of {counts['customers']:,} customers, not "
                f"one for each of {customers:,}; nothing was written.",
                f"Look at that table, and at the errors table beside it, for what version {version.version} answered.",
            )

    sql = load_query("merge_predictions").replace(PREDICTIONS, predictions)
    parameters: Parameters = {
        "snapshot_date": day,
        "model_name": version.name,
        "model_version": version.version,
        "scored_at": now,
    }
    merged = Write(SCORED, sql, {"snapshot_date": day}, parameters)
    (written,) = warehouse.write(merged, inspect=all_are_there)
    return Scored(day, written, counts["high"], counts["medium"], counts["low"], version.version)


def _write_input(warehouse: Warehouse, day: date) -> None:
    selected = f"SELECT {projection(INPUT)} FROM {FEATURES} WHERE snapshot_date = @snapshot_date"
    warehouse.write(Write(INPUT, selected, {}, {"snapshot_date": day}))


def _carried_along() -> tuple[str, ...]:
    """Columns of the input that the model does not read."""
    return tuple(c.name for c in contract(INPUT).columns if not c.feature and c.name != KEY)


def score_batch(model: ChurnModel, batch: pa.RecordBatch, with_reasons: bool) -> dict[str, Any]:
    """The model's three columns of a batch of feature rows, by name of the scored table."""
    x = encode(batch, model.features)
    probability = model.predict(x, threads=1)
    reasons = model.reasons(batch, x, threads=1) if with_reasons else pa.array([[]] * batch.num_rows, REASON_TYPE)
    return {
        "churn_probability": pa.array(probability),
        "risk_segment": model.segment(probability),
        "top_reasons": reasons,
    }


def in_order(work: Callable[[pa.RecordBatch], T], batches: Iterator[pa.RecordBatch], threads: int) -> Iterator[T]:
    """Results in the order of the batches; at most `threads` + 1 batches are held at once."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[T]] = deque()
        for batch in batches:
            waiting.append(pool.submit(work, batch))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _scored(
    warehouse: Warehouse,
    model: ChurnModel,
    version: ModelVersion,
    day: date,
    now: datetime,
    with_reasons: bool,
    segments: Counter[str],
    progress: Progress,
) -> Iterator[pa.RecordBatch]:
    schema = contract(SCORED).schema
    fixed = {"model_name": version.name, "model_version": version.version, "scored_at": now}

    def score(batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = score_batch(model, batch, with_reasons)
        carried = {name: batch.column(name) for name in ("customer_id", "snapshot_date", "monthly_charges")}
        constant = {n: pa.repeat(pa.scalar(v, schema.field(n).type), batch.num_rows) for n, v in fixed.items()}
        return pa.RecordBatch.from_pydict(carried | columns | constant, schema=schema)

    sql = f"SELECT * FROM {INPUT} WHERE snapshot_date = @snapshot_date"
    for rows in in_order(score, warehouse.stream(sql, {"snapshot_date": day}), os.cpu_count() or 1):
        segments.update({c["values"]: c["counts"] for c in rows["risk_segment"].value_counts().to_pylist()})
        yield rows
        progress.advance(rows.num_rows)


def _complete(batches: Iterator[pa.RecordBatch], customers: int) -> Iterator[pa.RecordBatch]:
    """Passes the batches on, unless they are not all of the customers: then nothing is written."""
    seen = 0
    for batch in batches:
        seen += batch.num_rows
        yield batch
    if seen != customers:
        raise DependencyUnavailable(
            f"{INPUT} gave {seen:,} of {customers:,} customers: another scoring replaced it meanwhile.",
            "Run it again when the other has finished.",
        )
