"""The model's inputs are those that the contract marks, in the same order, with the same categories."""

from mlops.src.modelling.features import CHURN_FEATURES
from telecom.tables import contract

KINDS = {"BOOL": "bool", "INT64": "number", "FLOAT64": "number", "STRING": "category"}


def test_model_inputs_are_the_contracts_features() -> None:
    marked = contract("telecom_gold.telco_churn_features").features
    assert [(f.name, f.kind, f.categories) for f in CHURN_FEATURES] == [
        (c.name, KINDS[c.type], c.values) for c in marked
    ]


def test_gender_is_no_input() -> None:
    assert "gender" not in {f.name for f in CHURN_FEATURES}
    assert "gender" not in contract("telecom_gold.telco_churn_features").schema.names
