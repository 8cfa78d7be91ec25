"""What is taken, and what is refused with which words."""

import json
from typing import Any

import pytest

from mlops.src.serving.fields import LARGEST, Choice, Number, Refusal
from mlops.src.serving.instances import MOST_TOLD, Instances, InstancesRefused
from mlops.tests.serving.churn_fakes import CUSTOMER, FEATURE_ROW
from telecom.tables import Column

INSTANCES = Instances()
SAME_ROW = INSTANCES.rows([CUSTOMER])


def faults(*instances: Any) -> list[tuple[int, str, str, str]]:
    with pytest.raises(InstancesRefused) as refused:
        INSTANCES.rows(instances)
    return [(fault.instance, fault.field, fault.value, fault.reason) for fault in refused.value.faults]


@pytest.mark.parametrize(
    "change",
    [
        {"SeniorCitizen": 0, "tenure": 10, "MonthlyCharges": 62.5, "TotalCharges": 600},
        {"tenure": 10.0, "MonthlyCharges": "62.50", "TotalCharges": " 600.0 "},
        {"Contract": " One year ", "Partner": "Yes\n"},
        {"gender": None, "Churn": 7, "customerID": 12},
        {"MultipleLines": "No phone service"},
    ],
)
def test_strings_numbers_and_blanks_mean_the_same(change: dict[str, Any]) -> None:
    assert INSTANCES.rows([CUSTOMER | change]) == SAME_ROW


def test_only_what_is_read_must_be_there() -> None:
    needed = {name: value for name, value in CUSTOMER.items() if name not in ("customerID", "gender")}
    assert INSTANCES.rows([needed]) == SAME_ROW
    for name in needed:
        without = {other: value for other, value in needed.items() if other != name}
        if name == "TotalCharges":
            (row,) = INSTANCES.rows([without])
            assert row[16] == 10 * 62.5 and INSTANCES.rows([needed | {name: ""}, needed | {name: None}]) == [row, row]
        else:
            assert faults(without) == [(0, name, "null", "missing_value")]
    for name in FEATURE_ROW:
        assert faults(FEATURE_ROW | {name: None}) == [(0, name, "null", "missing_value")]


@pytest.mark.parametrize(
    "change",
    [
        {"senior_citizen": "false", "partner": "true", "dependents": 0, "phone_service": 1},
        {"tenure_months": "10", "months_to_renewal": 2.0, "charge_change": "2.5e0", "total_charges": "600"},
        {"customer_id": "x", "snapshot_date": "2026-11-20", "tenure_band": None, "split": "train"},
    ],
)
def test_feature_columns_as_a_warehouse_exports_them(change: dict[str, Any]) -> None:
    assert INSTANCES.rows([FEATURE_ROW | change]) == SAME_ROW


@pytest.mark.parametrize(
    ("form", "field", "value", "reason"),
    [
        (CUSTOMER, "Contract", "Weekly", "value_not_allowed"),
        (CUSTOMER, "Contract", "one year", "value_not_allowed"),
        (CUSTOMER, "Contract", 1, "value_not_allowed"),
        (CUSTOMER, "Contract", ["One year"], "wrong_type"),
        (CUSTOMER, "Partner", True, "value_not_allowed"),
        (CUSTOMER, "SeniorCitizen", 2, "value_not_allowed"),
        (CUSTOMER, "SeniorCitizen", "Yes", "value_not_allowed"),
        (CUSTOMER, "SeniorCitizen", True, "wrong_type"),
        (CUSTOMER, "SeniorCitizen", False, "wrong_type"),
        (CUSTOMER, "tenure", -1, "out_of_range"),
        (CUSTOMER, "tenure", 1_201, "out_of_range"),
        (CUSTOMER, "tenure", 10.5, "not_whole"),
        (CUSTOMER, "tenure", "10.5", "not_whole"),
        (CUSTOMER, "tenure", True, "wrong_type"),
        (CUSTOMER, "tenure", {}, "wrong_type"),
        (CUSTOMER, "tenure", 10**400, "out_of_range"),
        (CUSTOMER, "MonthlyCharges", "1e3", "not_a_number"),
        (CUSTOMER, "MonthlyCharges", "62,50", "not_a_number"),
        (CUSTOMER, "MonthlyCharges", "NaN", "not_a_number"),
        (CUSTOMER, "MonthlyCharges", "٦٢", "not_a_number"),
        (CUSTOMER, "MonthlyCharges", "", "missing_value"),
        (CUSTOMER, "MonthlyCharges", 100_000.01, "out_of_range"),
        (CUSTOMER, "TotalCharges", -0.01, "out_of_range"),
        (CUSTOMER, "MonthlyCharge", 1, "unknown_field"),
        (CUSTOMER, "tenure_months", 10, "unknown_field"),
        (FEATURE_ROW, "internet_service", "Cable", "value_not_allowed"),
        (FEATURE_ROW, "partner", "Yes", "value_not_allowed"),
        (FEATURE_ROW, "months_to_renewal", 0, "out_of_range"),
        (FEATURE_ROW, "months_to_renewal", 25, "out_of_range"),
        (FEATURE_ROW, "charge_change", 1e39, "out_of_range"),
        (FEATURE_ROW, "charge_change", "1e999", "out_of_range"),
        (FEATURE_ROW, "charge_change", float("inf"), "out_of_range"),
        (FEATURE_ROW, "charge_change", "", "missing_value"),
        (FEATURE_ROW, "total_charge", 3, "unknown_field"),
    ],
)
def test_what_is_not_taken(form: dict[str, Any], field: str, value: Any, reason: str) -> None:
    ((index, name, shown, why),) = faults(form, form | {field: value})
    assert (index, name, why) == (1, field, reason)
    assert json.dumps(value).startswith(shown.removesuffix("…")) and len(shown) <= 80


@pytest.mark.parametrize("instance", [None, 7, "text", [], True])
def test_an_instance_is_an_object(instance: Any) -> None:
    assert faults(CUSTOMER, instance) == [(1, "", json.dumps(instance), "not_an_object")]


def test_the_words_name_field_value_and_what_is_allowed() -> None:
    with pytest.raises(InstancesRefused) as refused:
        INSTANCES.rows([CUSTOMER, CUSTOMER | {"Contract": "Weekly", "tenure": -3}, CUSTOMER | {"tenure": 9_999}])
    said = str(refused.value)
    assert said == (
        "Instance 1: field 'Contract' is \"Weekly\" (value_not_allowed); allowed: Month-to-month, One year, Two year. "
        "3 faults in 2 of 3 instances."
    )
    assert (refused.value.read, refused.value.refused) == (3, 2)
    assert [fault.instance for fault in refused.value.faults] == [1, 1, 2]
    tenure = refused.value.faults[1]
    assert tenure.allowed == "a whole number from 0 to 1200"
    assert "allowed: true, false." in str(_only(FEATURE_ROW | {"partner": 7}))


def _only(instance: Any) -> InstancesRefused:
    with pytest.raises(InstancesRefused) as refused:
        INSTANCES.rows([instance])
    return refused.value


def test_only_so_many_faults_are_looked_for() -> None:
    error = _only(dict.fromkeys(f"field{n}" for n in range(1_000)))
    assert len(error.faults) == MOST_TOLD and "1020 faults" in str(error)
    with pytest.raises(InstancesRefused) as refused:
        INSTANCES.rows([CUSTOMER] + [7] * 300_000)
    assert str(refused.value).endswith("20 faults in 20 of the first 21 of 300001 instances.")
    assert (refused.value.read, refused.value.refused, len(refused.value.faults)) == (21, 20, 20)


def column(mode: str, **more: Any) -> Column:
    return Column.model_validate({"name": "x", "type": "FLOAT64", "mode": mode, "description": "x", **more})


def test_what_the_contract_calls_nullable_may_be_missing_and_is_unknown_to_the_model() -> None:
    for field in (Number(column("NULLABLE")), Choice(column("NULLABLE"), {"a": 1}, ["a"])):
        assert all(value != value for value in (field.read(None), field.read(""), field.read(" ")))
    for field in (Number(column("REQUIRED")), Choice(column("REQUIRED"), {"a": 1}, ["a"])):
        for nothing in (None, "", "\t"):
            with pytest.raises(Refusal, match="missing_value"):
                field.read(nothing)


def test_numbers_without_bounds_are_those_of_the_matrix() -> None:
    field = Number(column("REQUIRED"), scientific=True)
    assert field.read(LARGEST) == LARGEST and field.read("-1.5E-3") == -0.0015
    with pytest.raises(Refusal) as refused:
        field.read(1e39)
    assert refused.value.allowed == "a finite number"


def test_the_order_of_the_models_inputs_is_free() -> None:
    from mlops.src.modelling.features import CHURN_FEATURES

    backwards = Instances(CHURN_FEATURES[::-1])
    assert backwards.rows([CUSTOMER]) == backwards.rows([FEATURE_ROW]) == [SAME_ROW[0][::-1]]
