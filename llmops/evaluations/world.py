"""The world in which scenarios are played: generated customers of one fixed day, and the documents of docs/telecom.

It is made with the project's own generator and a fixed seed, so that whoever plays a scenario meets the same customers
with the same invoices, lines and tickets. The scores are the generator's true probabilities. It lies in a folder of
its own, beside the state of whoever evaluates, and is made once.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from llmops.rag import ingest_documents
from telecom.ports import Retriever, Warehouse, Write
from telecom.progress import Silent
from telecom.synthetic import customers, world
from telecom.tables import contract

SEED, CUSTOMERS = 7, 6_000
AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
"""When every scenario begins: a Friday, noon in Brasília."""
DAY: date = AT.date()
DOCUMENTS = Path(__file__).resolve().parents[2] / "docs" / "telecom"
FEATURES = "telecom_gold.telco_churn_features"
SCORES = "telecom_gold.telco_churn_scored"
MODEL = "generator"
THRESHOLDS = (0.2, 0.4)
SEGMENTS = ("low", "medium", "high")
MONTHS = {"Month-to-month": 1, "One year": 12, "Two year": 24}
FLAGS: Mapping[str, str] = {
    "partner": "Partner",
    "dependents": "Dependents",
    "phone_service": "PhoneService",
    "paperless_billing": "PaperlessBilling",
    "multiple_lines": "MultipleLines",
    "online_security": "OnlineSecurity",
    "online_backup": "OnlineBackup",
    "device_protection": "DeviceProtection",
    "tech_support": "TechSupport",
    "streaming_tv": "StreamingTV",
    "streaming_movies": "StreamingMovies",
}
COPIED: Mapping[str, str] = {
    "customer_id": "customerID",
    "gender": "gender",
    "tenure_months": "tenure",
    "internet_service": "InternetService",
    "contract": "Contract",
    "payment_method": "PaymentMethod",
    "monthly_charges": "MonthlyCharges",
}
PLAIN: Mapping[str, Any] = {"INT64": 1, "FLOAT64": 1.0, "BOOL": False}
"""Values of features that no tool reads."""


def prepare(warehouse: Warehouse, retriever: Retriever, documents: Path = DOCUMENTS, count: int = CUSTOMERS) -> None:
    """Makes whatever of the world is not there yet; documents that changed are read again."""
    if not _is_made(warehouse):
        warehouse.write(*(Write(table, [rows], {"snapshot_date": DAY}) for table, rows in tables(count).items()))
    ingest_documents.run(retriever, None, documents, Silent())


def tables(count: int = CUSTOMERS, seed: int = SEED) -> dict[str, pa.RecordBatch]:
    """Rows of every table that the tools read."""
    people = silver(pa.Table.from_batches(customers.generate(count, seed, with_churn=False)))
    batch = pa.RecordBatch.from_pylist(people)
    made = {f"telecom_bronze.{name}": make(batch) for name, make in world.makers(DAY, seed).items()}
    made[FEATURES] = pa.RecordBatch.from_pylist([features(each, DAY) for each in people], contract(FEATURES).schema)
    chances = customers.churn_probabilities(count, seed)
    scores = [_score(each, float(chance)) for each, chance in zip(people, chances, strict=True)]
    made[SCORES] = pa.RecordBatch.from_pylist(scores, contract(SCORES).schema)
    return made


def _is_made(warehouse: Warehouse) -> bool:
    asked = f"SELECT COUNT(*) AS rows_there FROM {SCORES} WHERE snapshot_date = @day"
    return bool(warehouse.query(asked, {"day": DAY}).to_pylist()[0]["rows_there"])


def silver(telco: pa.Table) -> list[dict[str, Any]]:
    """Generated Telco customers as the silver table has them."""
    return [
        {name: row[source] for name, source in COPIED.items()}
        | {name: row[source] == "Yes" for name, source in FLAGS.items()}
        | {"senior_citizen": bool(row["SeniorCitizen"]), "total_charges": float(row["TotalCharges"].strip() or 0)}
        for row in telco.to_pylist()
    ]


def features(person: Mapping[str, Any], day: date) -> dict[str, Any]:
    """One of them as the features have them on a day: what the tools read, and any value for the rest."""
    months = MONTHS[person["contract"]]
    known = {
        **person,
        "snapshot_date": day,
        "feature_timestamp": datetime(day.year, day.month, day.day, tzinfo=UTC),
        "contract_months": months,
        "months_to_renewal": months - person["tenure_months"] % months,
    }
    columns = contract(FEATURES).columns
    return {c.name: known.get(c.name, c.values[0] if c.values else PLAIN.get(c.type)) for c in columns}


def _score(person: Mapping[str, Any], chance: float) -> dict[str, Any]:
    free = person["contract"] == "Month-to-month"
    reasons = [
        {"feature": "contract", "value": person["contract"], "contribution": 0.9 if free else -0.9},
        {"feature": "tenure_months", "value": str(person["tenure_months"]), "contribution": 0.4 if free else -0.4},
        {"feature": "payment_method", "value": person["payment_method"], "contribution": 0.2},
    ]
    return {
        "customer_id": person["customer_id"],
        "snapshot_date": DAY,
        "churn_probability": chance,
        "risk_segment": SEGMENTS[int(np.digitize(chance, THRESHOLDS))],
        "top_reasons": reasons,
        "monthly_charges": person["monthly_charges"],
        "model_name": MODEL,
        "model_version": "1",
        "scored_at": AT,
    }
