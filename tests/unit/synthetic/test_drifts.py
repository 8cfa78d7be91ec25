"""Each drift moves what its name says, and nothing else."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from telecom.errors import UsageError
from telecom.synthetic import customers, drifts

COUNT, SEED = 8_000, 11


def frame(kind: str) -> pd.DataFrame:
    return pa.Table.from_batches(customers.generate(COUNT, SEED, kind)).to_pandas()


@pytest.fixture(scope="module")
def usual() -> pd.DataFrame:
    return frame("none")


def moved(before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    return {name for name in before.columns if not before[name].equals(after[name])}


def totals(table: pd.DataFrame) -> pd.Series:
    return table.TotalCharges.str.strip().replace("", "0").astype(float)


def test_price_rise(usual: pd.DataFrame) -> None:
    after = frame("price_rise")
    assert moved(usual, after) == {"MonthlyCharges", "TotalCharges", "Churn"}
    assert (after.MonthlyCharges / usual.MonthlyCharges).to_numpy() == pytest.approx(1.15, abs=0.002)
    grown = (after.MonthlyCharges - usual.MonthlyCharges) * (usual.tenure > 0)
    assert (totals(after) - totals(usual)).to_numpy() == pytest.approx(grown.to_numpy())
    assert 0.015 < (after.Churn == "Yes").mean() - (usual.Churn == "Yes").mean() < 0.06
    assert not ((usual.Churn == "Yes") & (after.Churn == "No")).any()


def test_new_plan(usual: pd.DataFrame) -> None:
    after = frame("new_plan")
    taken = (after != usual).any(axis="columns")
    assert taken.mean() == pytest.approx(0.25, abs=0.04)
    assert taken[usual.InternetService == "No"].sum() == 0
    chosen = after[taken]
    assert (chosen.InternetService == "Fiber optic").all() and (chosen.Contract == "One year").all()
    assert chosen.MonthlyCharges.between(61, 69).all()
    kept = {"customerID", "gender", "SeniorCitizen", "Partner", "Dependents", "tenure", "PaymentMethod"}
    assert not moved(usual, after) & (kept | {"PaperlessBilling"})
    ratio = totals(chosen) / (chosen.tenure * chosen.MonthlyCharges)
    assert (ratio[chosen.tenure >= 6].between(0.5, 2.0)).mean() > 0.99


def test_unit_change(usual: pd.DataFrame) -> None:
    after = frame("unit_change")
    assert moved(usual, after) == {"MonthlyCharges"}
    assert after.MonthlyCharges.to_numpy() == pytest.approx(100 * usual.MonthlyCharges.to_numpy())
    assert after.MonthlyCharges.max() < 100_000


def test_null_burst(usual: pd.DataFrame) -> None:
    after = frame("null_burst")
    assert moved(usual, after) == {"TotalCharges"}
    blank = after.TotalCharges == " "
    assert blank[usual.tenure > 0].mean() == pytest.approx(0.30, abs=0.03)
    assert (after.TotalCharges[~blank] == usual.TotalCharges[~blank]).all()


def test_probabilities_follow_the_drift() -> None:
    truth = {kind: customers.churn_probabilities(3_000, SEED, kind) for kind in drifts.KINDS}
    assert np.array_equal(truth["none"], truth["unit_change"])
    assert np.array_equal(truth["none"], truth["null_burst"])
    assert (truth["price_rise"] > truth["none"]).all()
    assert truth["new_plan"].mean() < truth["none"].mean()


def test_unknown_kind_names_the_choices() -> None:
    for call in (
        lambda: customers.generate(5, 1, "tsunami"),
        lambda: customers.churn_probabilities(5, 1, "tsunami"),
    ):
        with pytest.raises(UsageError) as caught:
            call()
        assert "'tsunami'" in str(caught.value)
        assert all(kind in str(caught.value) for kind in drifts.KINDS)
