"""A generated population, its silver form and its world, made once."""

from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from telecom.synthetic import customers, world

SNAPSHOT = date(2026, 1, 31)
SEED = 42

SILVER = {
    "customerID": "customer_id",
    "SeniorCitizen": "senior_citizen",
    "Partner": "partner",
    "Dependents": "dependents",
    "tenure": "tenure_months",
    "PhoneService": "phone_service",
    "MultipleLines": "multiple_lines",
    "InternetService": "internet_service",
    "OnlineSecurity": "online_security",
    "OnlineBackup": "online_backup",
    "DeviceProtection": "device_protection",
    "TechSupport": "tech_support",
    "StreamingTV": "streaming_tv",
    "StreamingMovies": "streaming_movies",
    "Contract": "contract",
    "PaperlessBilling": "paperless_billing",
    "PaymentMethod": "payment_method",
    "MonthlyCharges": "monthly_charges",
    "TotalCharges": "total_charges",
}
WORDS = {"gender", "internet_service", "contract", "payment_method", "customer_id", "total_charges"}


def to_silver(table: pa.Table) -> pa.Table:
    """The columns that the world reads, typed as telecom_silver.telco_churn_clean types them."""
    table = table.rename_columns([SILVER.get(name, name) for name in table.column_names])
    columns = {}
    for name in table.column_names:
        values = table[name]
        if name == "total_charges":
            values = pc.if_else(pc.equal(values, " "), "0", values).cast(pa.float64())
        elif name == "senior_citizen":
            values = values.cast(pa.bool_())
        elif values.type == pa.string() and name not in WORDS:
            values = pc.equal(values, "Yes")
        columns[name] = values
    return pa.table(columns)


@pytest.fixture(scope="session")
def raw() -> pa.Table:
    return pa.Table.from_batches(customers.generate(7_000, SEED))


@pytest.fixture(scope="session")
def silver(raw: pa.Table) -> pa.Table:
    return to_silver(raw.slice(0, 3_000))


@pytest.fixture(scope="session")
def made(silver: pa.Table) -> dict[str, pa.Table]:
    batches: dict[str, list[pa.RecordBatch]] = {name: [] for name in world.TABLES}
    for name, batch in world.generate_world(silver.to_batches(max_chunksize=1_100), SNAPSHOT, SEED):
        batch.validate(full=True)
        batches[name].append(batch)
    return {name: pa.Table.from_batches(parts) for name, parts in batches.items()}


@pytest.fixture(scope="session")
def frames(made: dict[str, pa.Table], silver: pa.Table) -> dict[str, pd.DataFrame]:
    """Each table with what the customer bought beside it."""
    bought = silver.drop_columns(["gender", "payment_method"]).to_pandas()
    bought = bought.rename(columns={"contract": "commitment"})
    return {name: table.to_pandas().merge(bought, on="customer_id") for name, table in made.items()}
