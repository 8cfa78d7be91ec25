"""The generated customers look like the public ones, and are always the same."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from telecom.errors import UsageError
from telecom.synthetic import customers

VOCABULARY = {
    "gender": {"Female", "Male"},
    "SeniorCitizen": {0, 1},
    "Partner": {"Yes", "No"},
    "Dependents": {"Yes", "No"},
    "PhoneService": {"Yes", "No"},
    "MultipleLines": {"Yes", "No", "No phone service"},
    "InternetService": {"DSL", "Fiber optic", "No"},
    **{service: {"Yes", "No", "No internet service"} for service in customers.SERVICES},
    "Contract": {"Month-to-month", "One year", "Two year"},
    "PaperlessBilling": {"Yes", "No"},
    "PaymentMethod": {
        "Electronic check",
        "Mailed check",
        "Bank transfer (automatic)",
        "Credit card (automatic)",
    },
    "Churn": {"Yes", "No"},
}
# Shares of the public file, and churn among those customers.
PUBLIC = {
    ("SeniorCitizen", 1): (0.161, 0.419),
    ("Partner", "Yes"): (0.477, 0.191),
    ("Dependents", "Yes"): (0.297, 0.153),
    ("PhoneService", "Yes"): (0.905, 0.267),
    ("MultipleLines", "Yes"): (0.417, 0.287),
    ("InternetService", "DSL"): (0.345, 0.186),
    ("InternetService", "Fiber optic"): (0.442, 0.421),
    ("InternetService", "No"): (0.214, 0.071),
    ("OnlineSecurity", "Yes"): (0.289, 0.143),
    ("OnlineBackup", "Yes"): (0.343, 0.217),
    ("DeviceProtection", "Yes"): (0.344, 0.219),
    ("TechSupport", "Yes"): (0.293, 0.150),
    ("StreamingTV", "Yes"): (0.376, 0.297),
    ("StreamingMovies", "Yes"): (0.384, 0.292),
    ("Contract", "Month-to-month"): (0.556, 0.423),
    ("Contract", "One year"): (0.205, 0.116),
    ("Contract", "Two year"): (0.239, 0.026),
    ("PaperlessBilling", "Yes"): (0.594, 0.335),
    ("PaymentMethod", "Electronic check"): (0.337, 0.449),
    ("PaymentMethod", "Mailed check"): (0.224, 0.189),
    ("Churn", "Yes"): (0.265, 1.0),
}


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    return pa.Table.from_batches(customers.generate(40_000, 5)).to_pandas()


def test_columns_are_those_of_the_public_file(raw: pa.Table) -> None:
    assert raw.column_names == [
        *("customerID", "gender", "SeniorCitizen", "Partner", "Dependents", "tenure", "PhoneService"),
        *("MultipleLines", "InternetService", "OnlineSecurity", "OnlineBackup", "DeviceProtection"),
        *("TechSupport", "StreamingTV", "StreamingMovies", "Contract", "PaperlessBilling"),
        *("PaymentMethod", "MonthlyCharges", "TotalCharges", "Churn"),
    ]


@pytest.mark.parametrize("kind", ["none", "price_rise", "new_plan", "unit_change", "null_burst"])
def test_every_value_is_in_the_vocabulary(kind: str) -> None:
    table = pa.Table.from_batches(customers.generate(6_000, 1, kind))
    for name, allowed in VOCABULARY.items():
        assert set(table[name].unique().to_pylist()) == allowed, name
    assert min(table["tenure"].to_pylist()) >= 0 and max(table["tenure"].to_pylist()) <= 72
    assert min(table["MonthlyCharges"].to_pylist()) > 0 and max(table["MonthlyCharges"].to_pylist()) <= 100_000


def test_words_for_a_missing_service_agree(many: pd.DataFrame) -> None:
    offline = many.InternetService == "No"
    for service in customers.SERVICES:
        assert ((many[service] == "No internet service") == offline).all(), service
    assert ((many.MultipleLines == "No phone service") == (many.PhoneService == "No")).all()
    assert (many.PhoneService.eq("Yes") | ~offline).all()


def test_marginals_and_churn_are_near_the_public_ones(many: pd.DataFrame) -> None:
    left = many.Churn == "Yes"
    for (name, value), (share, churn) in PUBLIC.items():
        mine = many[name] == value
        assert mine.mean() == pytest.approx(share, abs=0.025), (name, value)
        assert left[mine].mean() == pytest.approx(churn, abs=0.045), (name, value)
    assert 0.0005 < (many.tenure == 0).mean() < 0.005
    assert [*many.tenure.quantile([0.25, 0.5, 0.75])] == pytest.approx([9, 29, 55], abs=4)
    assert [*many.MonthlyCharges.quantile([0.25, 0.5, 0.75])] == pytest.approx([36, 70, 90], abs=3)


def test_prices_follow_the_list(many: pd.DataFrame) -> None:
    has = {name: (many[name] == "Yes") * 1.0 for name in ("PhoneService", "MultipleLines", *customers.SERVICES)}
    internet = [many.InternetService == kind for kind in ("DSL", "Fiber optic")]
    facts = np.column_stack([*internet, *has.values()]).astype(float)
    prices, *_ = np.linalg.lstsq(facts, many.MonthlyCharges, rcond=None)
    assert prices == pytest.approx([25, 50, 20, 5, 5, 5, 5, 5, 10, 10], abs=0.1)
    assert (many.MonthlyCharges - facts @ prices).abs().max() < 5
    assert ((many.MonthlyCharges * 20).round(6) % 1 == 0).all()


def test_totals_are_close_to_tenure_times_monthly(many: pd.DataFrame) -> None:
    assert ((many.TotalCharges == " ") == (many.tenure == 0)).all()
    billed = many[many.tenure > 1]
    ratio = billed.TotalCharges.astype(float) / (billed.tenure * billed.MonthlyCharges)
    assert ratio.mean() == pytest.approx(1.0, abs=0.005)
    assert ratio.std() == pytest.approx(0.05, abs=0.015)
    assert (ratio == 1).mean() < 0.02
    first = many[many.tenure == 1]
    assert (first.TotalCharges.astype(float) == first.MonthlyCharges).all()


def test_identifiers_are_all_different_and_well_formed() -> None:
    ids = customers.customer_ids(0, 300_000, 9)
    assert len(ids.unique()) == 300_000
    far = customers.customer_ids(10**7, 10**7 + 1_000, 9)
    assert all(re.fullmatch(r"\d{4}-[A-Z]{5}", value) for value in far.to_pylist())
    assert not set(far.to_pylist()) & set(ids.to_pylist())
    assert customers.customer_ids(0, 5, 10).to_pylist() != ids[:5].to_pylist()


def test_a_larger_population_begins_with_the_smaller_in_any_batches(raw: pa.Table) -> None:
    small = pa.Table.from_batches(customers.generate(501, 42, batch_rows=100))
    assert small.equals(raw.slice(0, 501).combine_chunks())
    other = pa.Table.from_batches(customers.generate(501, 43))
    assert not set(other["customerID"].to_pylist()) & set(small["customerID"].to_pylist())


def test_same_arguments_same_bytes(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        assert customers.write_csv(tmp_path / name, 2_000, 3, "price_rise") == 2_000
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv"]


def test_csv_is_written_like_the_public_file(tmp_path: Path, raw: pa.Table) -> None:
    customers.write_csv(tmp_path / "c.csv", 7_000, 42)
    lines = (tmp_path / "c.csv").read_text("utf-8").splitlines()
    assert lines[0] == ",".join(customers.COLUMNS)
    assert len(lines) == 7_001
    rows = [line.split(",") for line in lines[1:]]
    assert {len(row) for row in rows} == {21}
    assert all(re.fullmatch(r"\d+(\.\d{1,2})?", row[18]) and not row[18].endswith(".0") for row in rows)
    assert all(re.fullmatch(r" |\d+(\.\d{1,2})?", row[19]) for row in rows)
    assert [float(row[18]) for row in rows] == raw["MonthlyCharges"].to_pylist()
    assert [row[0] for row in rows] == raw["customerID"].to_pylist()


def test_without_churn_only_the_label_is_missing(tmp_path: Path) -> None:
    customers.write_csv(tmp_path / "labelled.csv", 300, 3)
    customers.write_csv(tmp_path / "blind.csv", 300, 3, with_churn=False)
    labelled = (tmp_path / "labelled.csv").read_text("utf-8").splitlines()
    assert (tmp_path / "blind.csv").read_text("utf-8").splitlines() == [line.rpartition(",")[0] for line in labelled]


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "c.csv"
    target.write_text("old")

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(customers, "_write", broken)
    with pytest.raises(OSError, match="disk full"):
        customers.write_csv(target, 10, 1)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["c.csv"]


@pytest.mark.parametrize("count", [0, -3])
def test_no_customers_is_refused(count: int) -> None:
    with pytest.raises(UsageError, match=str(count)):
        customers.generate(count, 1)
