"""The contracts: complete, valid, and as docs and other programs rely on them."""

import pyarrow as pa
import pytest

from telecom.errors import NotFound, TelecomError
from telecom.tables import contract, contracts, parse

PROMISED = {
    "telecom_bronze": ["telco_churn_raw", "crm_customers", "billing_invoices", "service_tickets", "network_lines"],
    "telecom_silver": ["telco_churn_clean"],
    "telecom_gold": [
        "telco_churn_features",
        "telco_churn_features_score_input",
        "telco_churn_scored",
        "retention_actions",
    ],
    "telecom_monitoring": [
        "feature_drift_metrics",
        "model_metrics",
        "data_quality_results",
        "llm_usage",
        "llm_feedback",
        "assistant_audit",
        "test_runs",
    ],
}
MINIMAL = """
table: telecom_gold.t
description: d
owner: o
domain: customer
sensitivity: internal
freshness_hours: 1
key: [a]
replace_by: []
columns:
  - {name: a, type: STRING, description: d}
"""


def test_every_promised_table_has_a_contract() -> None:
    assert {f"{dataset}.{name}" for dataset, names in PROMISED.items() for name in names} <= set(contracts())


def test_the_scored_table_is_what_both_planes_agreed_on() -> None:
    scored = contract("telecom_gold.telco_churn_scored")
    assert [(c.name, c.sql) for c in scored.columns] == [
        ("customer_id", "STRING"),
        ("snapshot_date", "DATE"),
        ("churn_probability", "FLOAT64"),
        ("risk_segment", "STRING"),
        ("top_reasons", "ARRAY<STRUCT<feature STRING, value STRING, contribution FLOAT64>>"),
        ("monthly_charges", "FLOAT64"),
        ("model_name", "STRING"),
        ("model_version", "STRING"),
        ("scored_at", "TIMESTAMP"),
    ]
    assert (scored.partition_by, scored.cluster_by) == ("snapshot_date", ("risk_segment",))
    assert set(scored.key) == {"customer_id", "snapshot_date"}


def test_score_input_is_the_key_and_the_model_inputs_in_model_order() -> None:
    inputs = [c.name for c in contract("telecom_gold.telco_churn_features").features]
    names = contract("telecom_gold.telco_churn_features_score_input").schema.names
    assert names == ["snapshot_date", "customer_id", "monthly_charges", *inputs]


@pytest.mark.parametrize("table", sorted(contracts()))
def test_contracts_are_fit_for_bigquery(table: str) -> None:
    found = contract(table)
    if found.partition_by:
        assert found.column(found.partition_by).type == "DATE"
    assert len(found.cluster_by) <= 4
    assert set(found.key) <= set(found.required), "a key column must be REQUIRED"
    assert all(c.description.endswith(".") for c in found.columns)
    assert all(c.reason for c in found.features), "each model input has a name for people"
    assert len(found.schema) == len(found.columns)


def test_people_are_never_told_apart_without_a_mark() -> None:
    for found in contracts().values():
        for column in found.columns:
            if column.name in ("customer_id", "customerID", "full_name", "cpf", "email", "phone"):
                assert column.pii != "none", f"{found.table}.{column.name}"


def test_types_become_arrow() -> None:
    invoices = contract("telecom_bronze.billing_invoices").schema
    assert invoices.field("total_amount").type == pa.decimal128(38, 9)
    assert invoices.field("items").type.value_type.field("amount").type == pa.decimal128(38, 9)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("type: STRING", "type: VARCHAR"), "VARCHAR"),
        (("key: [a]", "key: [b]"), r"\['b'\] are not columns"),
        (("owner: o", "owner: o\ncolour: red"), "colour"),
        (("freshness_hours: 1", "freshness_hours: 0"), "freshness_hours"),
        (("type: STRING", "type: RECORD"), "RECORD and fields go together"),
        (("columns:", "columns:\n  - {name: a, type: DATE, description: d}"), "declared twice"),
        (("table: ", "table: ["), "while parsing"),
        (("name: a,", "name: rows,"), r"\['a'\] are not columns"),
        (("columns:", "columns:\n  - {name: Rows, type: DATE, description: d}"), r"\['rows'\] are reserved"),
        (("replace_by: []", "replace_by: []\npartition_by: a"), "neither DATE nor TIMESTAMP"),
    ],
)
def test_a_bad_contract_is_named_with_its_fault(change: tuple[str, str], said: str) -> None:
    with pytest.raises(TelecomError, match=r"t\.yaml") as raised:
        parse(MINIMAL.replace(*change), "t.yaml")
    import re

    assert re.search(said, str(raised.value))


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(NotFound, match="telco_churn_scored"):
        contract("telecom_gold.nothing")
    with pytest.raises(NotFound, match="risk_segment"):
        contract("telecom_gold.telco_churn_scored").column("nothing")
