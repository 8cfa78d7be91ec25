"""The inputs of the churn model, in the order of the matrix. `gender` is not among them: it only slices the report.

Chosen by cross-validation (ADR on the model): the exact monthly charge is the list price of the booked services plus
about one unit of noise, which trees fit, so the model reads it rounded to 5 (`monthly_charge_level`). Derived columns
that repeat others (tenure band, services count, price per service) cost accuracy and stay with the analysts.
The monotone directions are what the business holds to be true: commitment, tenure and protection never raise risk.
"""

from mlops.src.modelling.encoding import FeatureSpec

INTERNET = ("No", "DSL", "Fiber optic")
CONTRACTS = ("Month-to-month", "One year", "Two year")
PAYMENT_METHODS = ("Credit card (automatic)", "Bank transfer (automatic)", "Mailed check", "Electronic check")

CHURN_FEATURES: tuple[FeatureSpec, ...] = (
    FeatureSpec("senior_citizen", "bool", monotone=1),
    FeatureSpec("partner", "bool"),
    FeatureSpec("dependents", "bool", monotone=-1),
    FeatureSpec("tenure_months", "number", monotone=-1),
    FeatureSpec("phone_service", "bool"),
    FeatureSpec("multiple_lines", "bool", monotone=1),
    FeatureSpec("internet_service", "category", INTERNET, monotone=1),
    FeatureSpec("online_security", "bool", monotone=-1),
    FeatureSpec("online_backup", "bool", monotone=-1),
    FeatureSpec("device_protection", "bool", monotone=-1),
    FeatureSpec("tech_support", "bool", monotone=-1),
    FeatureSpec("streaming_tv", "bool", monotone=1),
    FeatureSpec("streaming_movies", "bool", monotone=1),
    FeatureSpec("contract", "category", CONTRACTS, monotone=-1),
    FeatureSpec("paperless_billing", "bool", monotone=1),
    FeatureSpec("payment_method", "category", PAYMENT_METHODS),
    FeatureSpec("total_charges", "number", monotone=-1),
    FeatureSpec("monthly_charge_level", "number"),
    FeatureSpec("charge_change", "number"),
    FeatureSpec("months_to_renewal", "number"),
)
