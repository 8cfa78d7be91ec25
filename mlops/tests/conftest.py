"""A platform of one's own, and rows to put into it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from telecom.bootstrap import Platform
from telecom.ports import Write
from telecom.settings import Settings
from telecom.tables import contract

RAW = "telecom_bronze.telco_churn_raw"
CUSTOMER = {
    "customerID": "0001-AAAAA",
    "gender": "Female",
    "SeniorCitizen": "0",
    "Partner": "Yes",
    "Dependents": "No",
    "tenure": "10",
    "PhoneService": "Yes",
    "MultipleLines": "No",
    "InternetService": "DSL",
    "OnlineSecurity": "Yes",
    "OnlineBackup": "No",
    "DeviceProtection": "No",
    "TechSupport": "No",
    "StreamingTV": "No",
    "StreamingMovies": "Yes",
    "Contract": "One year",
    "PaperlessBilling": "Yes",
    "PaymentMethod": "Credit card (automatic)",
    "MonthlyCharges": "62.5",
    "TotalCharges": "600",
    "Churn": "No",
}
Insert = Callable[..., None]


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(Settings(home=tmp_path / "home"))


@pytest.fixture
def insert(platform: Platform) -> Insert:
    """Puts raw rows (differences from CUSTOMER) into the bronze table as one file."""

    def put(*rows: dict[str, str | None], day: date = date(2026, 11, 20), digest: str = "d1", hour: int = 0) -> None:
        technical = {
            "snapshot_date": day,
            "source_digest": digest,
            "ingested_at": datetime(2026, 11, 20, hour, tzinfo=UTC),
        }
        full = [CUSTOMER | technical | {"source_row": n} | row for n, row in enumerate(rows, 1)]
        batch = pa.RecordBatch.from_pylist(full, schema=contract(RAW).schema)
        platform.warehouse.write(Write(RAW, [batch], {"snapshot_date": day, "source_digest": digest}))

    return put
