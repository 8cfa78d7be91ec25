"""What both engines are asked about: a small loop run by the real jobs, and rows that break every rule."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mlops.src import (
    batch_inference,
    data_ingestion,
    data_prep_churn,
    demo_data,
    drift_monitoring,
    evaluate_churn,
    feature_store_loader,
    model_versions,
    train_churn,
    training_data,
    world_loader,
)
from mlops.src.config import ChurnConfig
from telecom.bootstrap import Platform
from telecom.ports import Parameters, Reader, Scalar, Warehouse, Write
from telecom.settings import Settings
from telecom.synthetic import customers
from telecom.tables import Column, Contract, contracts

EARLIER, SMALL, LATER = date(2026, 9, 30), date(2026, 10, 15), date(2026, 10, 31)
PENDING, SPOILT = date(2026, 11, 1), date(2026, 11, 30)
NOW = datetime(2026, 11, 2, 6, 30, 15, 123_456, tzinfo=UTC)
SPOILT_ROWS = 48
_FILES = (
    (EARLIER, 300, 5, True),
    (SMALL, 40, 8, True),
    (LATER, 300, 5, False),
    (LATER, 60, 5, True),
    (LATER, 60, 7, False),
)
"""Day, customers, population, labelled or not. A later file of LATER repeats customers, now with a label."""
_REPEATING = "telecom_bronze.service_tickets"
PREDICTIONS = Contract(
    table="telecom_staging.predictions",
    description="What Vertex Batch Prediction writes.",
    owner="churn-ml",
    domain="model",
    sensitivity="internal",
    freshness_hours=1,
    key=("key",),
    replace_by=(),
    columns=(
        Column(name="key", type="STRING", description="The customer."),
        Column(name="prediction", type="STRING", description="JSON."),
    ),
)
# Neither malformed JSON nor null for the list: BigQuery has NULL for both, the engines here raise.
_ODD_PREDICTIONS = (
    None,
    "null",
    "[]",
    "{}",
    '{"churn_probability": 1.5, "risk_segment": "low", "top_reasons": []}',
    '{"churn_probability": "0.5", "risk_segment": "low"}',
    '{"churn_probability": 1e-3, "risk_segment": "medium"}',
    '{"churn_probability": 0, "risk_segment": "high", "top_reasons": [{"feature": "é\\n", "value": 7}]}',
    '{"churn_probability": 0.25, "risk_segment": "Low", "top_reasons": []}',
)
Asked = tuple[str, tuple[tuple[str, Scalar], ...]]


class Listening:
    """A warehouse that remembers each SELECT that the jobs send; implements `telecom.ports.Warehouse`."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.asked: set[Asked] = set()

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        self._note(sql, parameters)
        return self._warehouse.query(sql, parameters)

    def stream(
        self, sql: str, parameters: Parameters | None = None, batch_rows: int = 65_536, seconds: float | None = None
    ) -> Iterator[pa.RecordBatch]:
        self._note(sql, parameters)
        return self._warehouse.stream(sql, parameters, batch_rows, seconds)

    def estimate(self, sql: str, parameters: Parameters | None = None) -> int:
        return self._warehouse.estimate(sql, parameters)

    def write(self, *writes: Write, inspect: Callable[[Reader], None] | None = None) -> tuple[int, ...]:
        for write in writes:
            if isinstance(write.source, str):
                self._note(write.source, write.parameters)
        return self._warehouse.write(*writes, inspect=inspect and (lambda reader: inspect(_Overheard(self, reader))))

    def _note(self, sql: str, parameters: Parameters | None) -> None:
        self.asked.add((sql, tuple(sorted((parameters or {}).items()))))


class _Overheard:
    """The reader that an inspector is shown."""

    def __init__(self, ear: Listening, reader: Reader) -> None:
        self._ear, self._reader = ear, reader

    def query(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        self._ear._note(sql, parameters)
        return self._reader.query(sql, parameters)


def build(folder: Path) -> tuple[Warehouse, frozenset[Asked]]:
    """Two snapshots of generated customers through every job, three files of the later one, then the spoilt rows.

    Returns:
        The filled warehouse, and what the jobs asked it.
    """
    platform = Platform(Settings(home=folder / "home"))
    warehouse = Listening(platform.warehouse)
    _loop(platform, warehouse, folder)
    for rules in contracts().values():
        if rules.replace_by or not platform.warehouse.query(f"SELECT 1 AS one FROM {rules.table}").num_rows:
            _spoil(platform.warehouse, rules)
    _predict(platform.warehouse)
    return platform.warehouse, frozenset(warehouse.asked)


def tables() -> Mapping[str, Contract]:
    """What the engines hold: the tables under contract, and a serving container's predictions."""
    return {**contracts(), PREDICTIONS.table: PREDICTIONS}


def _predict(warehouse: Warehouse) -> None:
    """The scores as a serving container would have written them, among answers that are none."""
    held = warehouse.query(f"SELECT * FROM {batch_inference.SCORED} WHERE snapshot_date = '{LATER}'").to_pylist()
    names = ("churn_probability", "risk_segment", "top_reasons")
    rows = [{"key": row["customer_id"], "prediction": json.dumps({n: row[n] for n in names})} for row in held]
    for row, prediction in zip(rows, _ODD_PREDICTIONS, strict=False):
        row["prediction"] = prediction
    batch = pa.RecordBatch.from_pylist(rows, schema=PREDICTIONS.schema)
    warehouse.write(Write(PREDICTIONS.table, [batch], {}))


def _loop(platform: Platform, warehouse: Listening, folder: Path) -> None:
    p, progress = platform, platform.progress
    for index, (day, number, seed, labelled) in enumerate(_FILES):
        csv = folder / f"customers-{index}.csv"
        customers.write_csv(csv, number, seed, with_churn=labelled)
        moment = NOW + timedelta(hours=index)
        data_ingestion.run(warehouse, p.objects, progress, csv=str(csv), snapshot_date=day, now=moment)
    data_prep_churn.run(warehouse, progress, now=NOW)
    world_loader.run(warehouse, progress, snapshot_date=SMALL)
    feature_store_loader.run(warehouse, p.features, snapshot_date=LATER)
    config = ChurnConfig(tuning_trials=1, git_commit="parity")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_data, "FEWEST", 5)
        made = train_churn.run(warehouse, p.registry, p.experiments, progress, config, now=NOW)
        evaluate_churn.promote(warehouse, p.registry, p.metrics, progress, config, now=NOW)
        p.registry.point(model_versions.MODEL, model_versions.CHAMPION, made.version)
    for day in (EARLIER, LATER):
        batch_inference.run(warehouse, p.registry, progress, now=NOW, snapshot_date=day)
        champion = model_versions.champion(p.registry)
        drift_monitoring.check(warehouse, p.registry, p.metrics, champion, snapshot_date=day, now=NOW)
    pending = folder / "customers-0.csv"
    data_ingestion.run(warehouse, p.objects, progress, csv=str(pending), snapshot_date=PENDING, now=NOW)
    demo_data.drop_earlier(warehouse, p.objects, keep=demo_data.DemoFile(LATER, "none"))


def _spoil(warehouse: Warehouse, rules: Contract) -> None:
    """Rows of which each breaks rules of the contract, as one set of its own."""
    scope: dict[str, Scalar] = {name: _scope(rules.column(name)) for name in rules.replace_by}
    rows = [{c.name: _odd(c, n) for c in rules.columns} | _own(rules, n) | scope for n in range(SPOILT_ROWS)]
    warehouse.write(Write(rules.table, [pa.RecordBatch.from_pylist(rows, schema=rules.schema)], scope))


def _own(rules: Contract, n: int) -> dict[str, Scalar]:
    """Keys that no two rows share, in all tables but one: which of two twins a query takes is no engine's promise."""
    if rules.table == _REPEATING:
        return {}
    columns = [rules.column(name) for name in rules.key]
    return {c.name: f"{_text(c, n)}{n}" if c.type == "STRING" else _odd(c, n) for c in columns}


def _scope(column: Column) -> Scalar:
    return SPOILT if column.type == "DATE" else "spoilt"


_TEXTS = ("", " ", "it's", 'a "b"', "back\\slash", "two\nlines", "tab\there", "é", "e\u0301", "日本", "NO", "x" * 70)


def _odd(column: Column, n: int) -> Any:
    """The n-th value of a column: now and then NULL where that is allowed, out of bounds, or not of the contract."""
    if column.mode == "REPEATED":
        inner = column.model_copy(update={"mode": "REQUIRED"})
        return [_odd(inner, n + i) for i in range(n % 4)]
    if column.mode == "NULLABLE" and n % 5 == 3:
        return None
    if column.type == "RECORD":
        return {each.name: _odd(each, n) for each in column.fields}
    return _VALUES[column.type](column, n)


def _text(column: Column, n: int) -> str:
    good = (*column.values, "0001-AAAAA", "12", "2.5", "Yes")
    return _TEXTS[n // 2 % len(_TEXTS)] if n % 2 else good[n // 2 % len(good)]


def _number(column: Column, n: int) -> float:
    low, high = column.minimum or 0.0, column.maximum if column.maximum is not None else 1_000.0
    return (low, high, low - 1, high + 1, (low + high) / 2, low + 0.1, high - 0.7)[n % 7]


_VALUES: Mapping[str, Callable[[Column, int], Any]] = {
    "STRING": _text,
    "INT64": lambda column, n: int(_number(column, n)),
    "FLOAT64": _number,
    "NUMERIC": lambda column, n: Decimal(str(_number(column, n))).quantize(Decimal("0.01")),
    "BOOL": lambda column, n: n % 3 == 0,
    "DATE": lambda column, n: date(2024, 2, 27) + timedelta(days=n),
    "TIMESTAMP": lambda column, n: NOW + timedelta(hours=7 * n, microseconds=n),
}
