"""The same preparation in plain pandas: what a careful analyst would write, vectorised, without this project's SQL."""

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mlops.src.data_prep_churn import CLEAN, FEATURES
from telecom.tables import Column, Contract, contract

YES = {
    "Partner": "partner",
    "Dependents": "dependents",
    "PhoneService": "phone_service",
    "MultipleLines": "multiple_lines",
    "OnlineSecurity": "online_security",
    "OnlineBackup": "online_backup",
    "DeviceProtection": "device_protection",
    "TechSupport": "tech_support",
    "StreamingTV": "streaming_tv",
    "StreamingMovies": "streaming_movies",
    "PaperlessBilling": "paperless_billing",
}
SAME = {
    "gender": "gender",
    "InternetService": "internet_service",
    "Contract": "contract",
    "PaymentMethod": "payment_method",
    "source_digest": "source_digest",
    "ingested_at": "ingested_at",
}
PROTECTION = ["online_security", "online_backup", "device_protection", "tech_support"]
STREAMING = ["streaming_tv", "streaming_movies"]
Failures = dict[str, int]


def prepare(raw: Path, snapshot_date: date, silver: Path, gold: Path) -> tuple[Failures, Failures]:
    """Reads the bronze Parquet file, writes the silver and the gold one; returns the failing rows per check."""
    cleaned = clean(pd.read_parquet(raw), snapshot_date)
    cleaned.to_parquet(silver, index=False, compression="zstd", compression_level=1)
    silver_failures = checked(cleaned, CLEAN)
    featured = features(cleaned)
    featured.to_parquet(gold, index=False, compression="zstd", compression_level=1)
    return silver_failures, checked(featured, FEATURES)


def clean(raw: pd.DataFrame, snapshot_date: date) -> pd.DataFrame:
    """One typed row per customer: the newest row wins, a known label is kept."""
    raw = raw[raw["snapshot_date"] == snapshot_date]
    raw = raw.sort_values(["customerID", "ingested_at"], ascending=[True, False])
    labels = raw.dropna(subset="Churn").drop_duplicates("customerID").set_index("customerID")["Churn"]
    raw = raw.drop_duplicates("customerID")
    tenure = pd.to_numeric(raw["tenure"])
    monthly = pd.to_numeric(raw["MonthlyCharges"])
    stated = pd.to_numeric(raw["TotalCharges"], errors="coerce")
    columns: dict[str, Any] = {"snapshot_date": raw["snapshot_date"], "customer_id": raw["customerID"]}
    columns |= {name: raw[source] for source, name in SAME.items()}
    columns |= {name: raw[source] == "Yes" for source, name in YES.items()}
    columns |= {
        "senior_citizen": raw["SeniorCitizen"] == "1",
        "tenure_months": tenure,
        "monthly_charges": monthly,
        "total_charges": stated.fillna(tenure * monthly),
        "total_charges_imputed": stated.isna() & (tenure > 0),
        "churned": raw["customerID"].map(labels).map({"Yes": True, "No": False}),
    }
    return pd.DataFrame(columns)[contract(CLEAN).schema.names]


def features(clean: pd.DataFrame) -> pd.DataFrame:
    """The gold columns of silver rows."""
    months = clean["contract"].map({"Month-to-month": 1, "One year": 12, "Two year": 24})
    tenure, monthly = clean["tenure_months"], clean["monthly_charges"]
    average = (clean["total_charges"] / tenure.where(tenure > 0)).fillna(monthly)
    protection = clean[PROTECTION].sum(axis=1)
    booked = clean[["phone_service", "multiple_lines", *STREAMING]].sum(axis=1)
    services = booked + (clean["internet_service"] != "No") + protection
    bands = pd.cut(tenure, [-1, 6, 12, 24, 48, np.inf], labels=["0-6", "7-12", "13-24", "25-48", "49+"])
    added = {
        "feature_timestamp": pd.to_datetime(clean["snapshot_date"], utc=True),
        "tenure_band": bands.astype("str"),
        "contract_months": months,
        "months_to_renewal": months - tenure % months,
        "autopay": clean["payment_method"].isin(["Bank transfer (automatic)", "Credit card (automatic)"]),
        "monthly_charge_level": 5 * np.floor(monthly / 5 + 0.5),
        "average_monthly_charge": average.round(6),
        "charge_change": (monthly - average).round(6),
        "services_count": services,
        "protection_count": protection,
        "price_per_service": (monthly / services.where(services > 0)).fillna(monthly).round(6),
    }
    rows = clean.assign(**added)
    return rows.assign(split=splits(rows))[contract(FEATURES).schema.names]


def splits(rows: pd.DataFrame) -> pd.Series:
    """70/15/15 by MD5 of the smallest id among customers alike in every model input; rows must be ordered by id."""
    inputs = [rows[column.name] for column in contract(FEATURES).features]
    smallest = rows["customer_id"].groupby(inputs, sort=False).transform("first")
    bucket = smallest.map(lambda name: hashlib.md5(name.encode()).hexdigest()[:4])
    return pd.Series(np.select([bucket < "b333", bucket < "d999"], ["train", "validation"], "test"), rows.index)


def checked(rows: pd.DataFrame, table: str) -> Failures:
    """Failing rows per check of the table's contract."""
    rules = contract(table)
    found = {"key.unique": int(rows.duplicated(list(rules.key)).sum())}
    for column in rules.columns:
        found |= _column_failures(rows[column.name], column)
    return found | _row_failures(rows, rules)


def _column_failures(values: pd.Series, column: Column) -> Failures:
    found: dict[str, Any] = {}
    if column.mode == "REQUIRED":
        found["not_null"] = values.isna()
    if column.values:
        found["allowed_values"] = ~values.isin(column.values)
    if column.minimum is not None:
        found["minimum"] = values < column.minimum
    if column.maximum is not None:
        found["maximum"] = values > column.maximum
    if column.pattern:
        found["pattern"] = ~values.str.fullmatch(column.pattern)
    return {f"{column.name}.{rule}": int(bad.sum()) for rule, bad in found.items()}


def _row_failures(rows: pd.DataFrame, rules: Contract) -> Failures:
    if rules.table != CLEAN:
        return {}
    estimate = rows["tenure_months"] * rows["monthly_charges"]
    offline = rows["internet_service"] == "No"
    good = {
        "total_charges_imputed": ~rows["total_charges_imputed"],
        "add_ons_need_internet": ~(offline & rows[[*PROTECTION, *STREAMING]].any(axis=1)),
        "lines_need_phone": rows["phone_service"] | ~rows["multiple_lines"],
        "has_a_service": rows["phone_service"] | ~offline,
        "total_near_tenure_times_monthly": (rows["tenure_months"] < 6)
        | rows["total_charges"].between(0.5 * estimate, 2.0 * estimate),
    }
    return {name: int((~passed).sum()) for name, passed in good.items()}
