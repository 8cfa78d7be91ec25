"""The promise about the public data: only run where its CSV is named."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pytest

from mlops.src.modelling.encoding import Matrix, encode
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.folds import stratified_folds
from mlops.src.modelling.metrics import brier_terms, roc_auc
from mlops.src.modelling.trainer import DEFAULT_PARAMS, DEFAULT_ROUNDS, fit, training_order

pytestmark = [pytest.mark.slow, pytest.mark.real_data]

FLAGS = {
    "partner": "Partner",
    "dependents": "Dependents",
    "phone_service": "PhoneService",
    "multiple_lines": "MultipleLines",
    "online_security": "OnlineSecurity",
    "online_backup": "OnlineBackup",
    "device_protection": "DeviceProtection",
    "tech_support": "TechSupport",
    "streaming_tv": "StreamingTV",
    "streaming_movies": "StreamingMovies",
    "paperless_billing": "PaperlessBilling",
}


def features_of(raw: pa.Table) -> pa.Table:
    """What the SQL preparation does, for this test alone."""
    tenure = raw["tenure"].to_numpy()
    monthly = raw["MonthlyCharges"].to_numpy().astype(float)
    total = pc.fill_null(raw["TotalCharges"], 0.0).to_numpy()
    months = np.array([{"Month-to-month": 1, "One year": 12, "Two year": 24}[c] for c in raw["Contract"].to_pylist()])
    flags = {name: pc.equal(raw[column], "Yes") for name, column in FLAGS.items()}
    return pa.table(
        flags
        | {
            "senior_citizen": pc.equal(raw["SeniorCitizen"], 1),
            "tenure_months": tenure,
            "internet_service": raw["InternetService"],
            "contract": raw["Contract"],
            "payment_method": raw["PaymentMethod"],
            "total_charges": total,
            "monthly_charge_level": 5 * np.floor(monthly / 5 + 0.5),
            "charge_change": monthly - np.where(tenure > 0, total / np.maximum(tenure, 1), monthly),
            "months_to_renewal": months - tenure % months,
        }
    )


@pytest.fixture(scope="module")
def telco() -> tuple[Matrix, np.ndarray]:
    path = os.environ.get("TELECOM_TEST_CSV")
    if not path:
        pytest.skip("TELECOM_TEST_CSV does not name the public Telco CSV: the promised AUC and Brier go unchecked")
    options = pcsv.ConvertOptions(column_types={"TotalCharges": pa.float64()}, null_values=["", " "])
    raw = pcsv.read_csv(Path(path), convert_options=options)
    raw = raw.take(training_order(raw["customerID"]))
    return encode(features_of(raw), CHURN_FEATURES), pc.equal(raw["Churn"], "Yes").to_numpy().astype(int)


def test_cross_validated_auc_and_brier_keep_the_promise(telco: tuple[Matrix, np.ndarray]) -> None:
    x, y = telco
    areas, errors = [], []
    for seed in range(3):
        for train, test in stratified_folds(y, 5, seed):
            booster = fit(x[train], y[train], CHURN_FEATURES, DEFAULT_PARAMS, DEFAULT_ROUNDS, seed)
            p = booster.inplace_predict(x[test])
            areas.append(roc_auc(y[test], p))
            errors.append(brier_terms(y[test], p).mean())
    assert np.mean(areas) >= 0.848, np.mean(areas)
    assert np.mean(errors) <= 0.1345, np.mean(errors)
