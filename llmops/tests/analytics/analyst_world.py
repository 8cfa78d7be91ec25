"""A small warehouse whose every figure is known: two snapshots, drift, evaluations, runs, answers and their audit."""

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from llmops.tests.small_world import DAY, NOW
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.ports import Write
from telecom.settings import Settings
from telecom.tables import contract

BEFORE = DAY - timedelta(days=30)
CONTRACTS, PLANS = ("Month-to-month", "One year", "Two year"), ("No", "DSL", "Fiber optic")
BANDS = ("0-6", "7-12", "13-24", "25-48", "49+")
SEGMENTS = ("low", "medium", "high")
COUNT = 60
_PLAIN: Mapping[str, Any] = {
    "STRING": "x", "INT64": 1, "FLOAT64": 1.0, "NUMERIC": 1, "BOOL": False, "DATE": DAY, "TIMESTAMP": NOW,
}  # fmt: skip


def filled(table: str, rows: Iterable[Mapping[str, Any]]) -> pa.RecordBatch:
    """Rows of a table; columns that are REQUIRED and not given get a value that its contract allows."""
    described = contract(table)
    plain = {
        column.name: column.values[0] if column.values else _PLAIN[column.type]
        for column in described.columns
        if column.mode == "REQUIRED"
    }
    return pa.RecordBatch.from_pylist([plain | dict(row) for row in rows], schema=described.schema)


def customer(place: int, day: date = DAY) -> dict[str, Any]:
    """The customer of a place in one snapshot: everything follows from the place."""
    chance = ((place * 37) % 100) / 100 if day == DAY else 0.5
    reasons = [
        {"feature": "contract", "value": CONTRACTS[place % 3], "contribution": 0.4 if place % 2 else -0.4},
        {"feature": "tenure_months", "value": str(place), "contribution": 0.2},
        *([{"feature": "tech_support", "value": "false", "contribution": 0.1}] if place % 5 == 0 else []),
    ]
    return {
        "customer_id": f"{place:04d}-ABCDE",
        "snapshot_date": day,
        "churn_probability": chance,
        "risk_segment": SEGMENTS[0 if chance < 0.2 else 1 if chance < 0.4 else 2],
        "top_reasons": reasons,
        "monthly_charges": 20.0 + place,
        "model_version": "2" if day == DAY else "1",
        "contract": CONTRACTS[place % 3],
        "internet_service": PLANS[place % 3],
        "tenure_band": BANDS[place % 5],
        "tenure_months": place,
        "churned": None if day == DAY and place % 4 else place % 6 == 0,
    }


def write(warehouse: LocalWarehouse, table: str, rows: Iterable[Mapping[str, Any]], replace: Mapping[str, Any]) -> None:
    """The rows, whole in the place of what `replace` names."""
    warehouse.write(Write(table, [filled(table, [{**row, **replace} for row in rows])], dict(replace)))


def usage(place: int) -> dict[str, Any]:
    """The answer of a place: latency 10, 20, … ms; every tenth is degraded; two models, three intents."""
    return {
        "used_on": DAY - timedelta(days=place % 2),
        "trace_id": f"{place:032x}",
        "session_id": "s",
        "model": ("responder-1", "gemini-x")[place % 2],
        "prompt_version": "p@1",
        "intent": ("billing", "network", "plans")[place % 3],
        "channel": "desk",
        "input_tokens": 100,
        "output_tokens": 20,
        "cost_usd": 0.001 * (place % 2),
        "latency_ms": 10.0 * (place + 1),
        "degraded": place % 10 == 0,
        "answered_at": NOW,
    }


def chat_row(place: int, hits: list[str]) -> dict[str, Any]:
    """An audited chat."""
    detail = json.dumps({"role": "agent", "guardrails": hits}, separators=(",", ":"))
    return {
        "event_id": f"e{place}", "happened_on": DAY, "trace_id": f"{place:032x}", "principal": "ana",
        "event": "chat", "outcome": "allowed", "detail": detail, "happened_at": NOW,
    }  # fmt: skip


def metric(name: str, value: float, model: str = "telco-churn", **more: Any) -> dict[str, Any]:
    """A figure of version 2's evaluation."""
    version = {"telco-churn": "2", "champion": "1"}.get(model, "")
    figures = {"metric": name, "value": value, "model_name": model, "model_version": version, "slice": "all"}
    return {"evaluated_on": DAY, "evaluated_at": NOW, "customers": 813, "model_digest": "d2", **figures} | more


EVALUATION = [
    metric("roc_auc", 0.86, lower=0.83, upper=0.89),
    metric("precision", 0.6, lower=0.55, upper=0.65),
    metric("recall", 0.75, lower=0.7, upper=0.8),
    metric("gate_passed", 1.0),
    metric("roc_auc", 0.84, "champion"),
    metric("roc_auc", 0.85, "logistic regression"),
    metric("roc_auc", 0.9, slice="contract=Two year"),
]
DRIFT = [
    {"snapshot_date": day, "feature": name, "kind": "number", "psi": psi, "threshold": 0.1, "drifted": psi > 0.1,
     "feature_drift_score": psi * 10, "churn_feature_drift_score": score, "model_version": "1"}
    for day, score, rows in (
        (BEFORE, 0.2, (("tenure_months", 0.02), ("charge_change", 0.01))),
        (DAY, 3.0, (("tenure_months", 0.03), ("charge_change", 0.3))),
    )
    for name, psi in rows
]  # fmt: skip


@pytest.fixture(scope="session")
def analyst_world(tmp_path_factory: pytest.TempPathFactory) -> LocalWarehouse:
    """The warehouse."""
    warehouse = LocalWarehouse(Settings(home=tmp_path_factory.mktemp("analysts"), threads=1))
    for day in (BEFORE, DAY):
        rows = [customer(place, day) for place in range(COUNT)]
        for table in ("gold.telco_churn_scored", "gold.telco_churn_features", "silver.telco_churn_clean"):
            names = set(contract(f"telecom_{table}").schema.names)
            kept = [{name: value for name, value in row.items() if name in names} for row in rows]
            write(warehouse, f"telecom_{table}", kept, {"snapshot_date": day})
        of_day = [row for row in DRIFT if row["snapshot_date"] == day]
        write(warehouse, "telecom_monitoring.feature_drift_metrics", of_day, {"snapshot_date": day})
    write(warehouse, "telecom_monitoring.model_metrics", EVALUATION, {"model_digest": "d2"})
    run = {"started_on": DAY, "pipeline": "churn", "state": "failed", "failed_step": "train", "started_at": NOW}
    write(warehouse, "telecom_monitoring.pipeline_runs", [run], {"job_id": "churn-1"})
    write(warehouse, "telecom_monitoring.llm_usage", map(usage, range(100)), {"batch": "b"})
    verdicts = [
        {"given_on": DAY, "trace_id": f"{place:032x}", "rating": rating, "given_at": NOW, "given_by": "agent"}
        for place, rating in ((1, "up"), (2, "down"), (3, "up"))
    ]
    write(warehouse, "telecom_monitoring.llm_feedback", verdicts, {"batch": "b"})
    chats = [chat_row(0, ["masked_cpf", "masked_email"]), chat_row(1, ["masked_cpf"]), chat_row(2, [])]
    seen = {**chat_row(3, []), "event": "view.card", "outcome": "refused"}
    write(warehouse, "telecom_monitoring.assistant_audit", [*chats, seen], {"batch": "b"})
    online = {"evaluated_on": DAY, "figure": "score_psi", "part": "batch", "verdict": "good", "value": 0.02}
    write(warehouse, "telecom_monitoring.online_evaluation", [online], {"evaluated_on": DAY})
    return warehouse
