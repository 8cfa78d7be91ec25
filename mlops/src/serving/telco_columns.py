"""One customer's Telco columns to the model's inputs, without an engine: what clean.sql and features.sql say of a row.

A test holds this against the two queries, up to the edges of every range.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

SAME: Mapping[str, str] = {
    "senior_citizen": "SeniorCitizen",
    "partner": "Partner",
    "dependents": "Dependents",
    "tenure_months": "tenure",
    "phone_service": "PhoneService",
    "multiple_lines": "MultipleLines",
    "internet_service": "InternetService",
    "online_security": "OnlineSecurity",
    "online_backup": "OnlineBackup",
    "device_protection": "DeviceProtection",
    "tech_support": "TechSupport",
    "streaming_tv": "StreamingTV",
    "streaming_movies": "StreamingMovies",
    "contract": "Contract",
    "paperless_billing": "PaperlessBilling",
    "payment_method": "PaymentMethod",
}
"""Feature → the one column that it comes from."""
TRUE = frozenset(("Yes", "1"))
"""Texts of a column that make a flag true; every other allowed text makes it false."""
MONTHS_OF = {"One year": 12, "Two year": 24}
LEVEL, HALF = 5, 0.5
MILLION = 1e6


class Derived(NamedTuple):
    """The features that come from several columns."""

    total_charges: float
    monthly_charge_level: float
    charge_change: float
    months_to_renewal: int


def derive(tenure: int, monthly: float, stated_total: float | None, contract: str) -> Derived:
    """The derived features of a customer; `stated_total` is None where the column is blank."""
    total = tenure * monthly if stated_total is None else stated_total
    average = total / tenure if tenure else monthly
    period = MONTHS_OF.get(contract, 1)
    return Derived(
        total_charges=total,
        monthly_charge_level=LEVEL * nearest(monthly / LEVEL),
        charge_change=nearest((monthly - average) * MILLION) / MILLION,
        months_to_renewal=period - tenure % period,
    )


def nearest(x: float) -> float:
    """SQL's ROUND: the nearest whole number, halves away from zero."""
    whole = math.trunc(x)
    rest = x - whole
    return float(whole + (rest >= HALF) - (rest <= -HALF))
