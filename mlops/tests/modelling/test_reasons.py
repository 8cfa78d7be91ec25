from typing import Any

import numpy as np
import pyarrow as pa

from mlops.src.modelling.encoding import FeatureSpec
from mlops.src.modelling.reasons import REASON_TYPE, as_text, top_reasons

FEATURES = (
    FeatureSpec("contract", "category", ("Month-to-month", "One year")),
    FeatureSpec("partner", "bool"),
    FeatureSpec("tenure_months", "number"),
    FeatureSpec("monthly_charge_level", "number"),
    FeatureSpec("paperless_billing", "bool"),
    FeatureSpec("charge_change", "number"),
)
TABLE = pa.table(
    {
        "contract": ["Month-to-month", "One year", None],
        "partner": [True, False, None],
        "tenure_months": pa.array([2, 40, None]),
        "monthly_charge_level": [89.1, 20.0, None],
        "paperless_billing": [False, True, None],
        "charge_change": [-0.001, 1 / 3, float("nan")],
    }
)


def test_known_answer() -> None:
    contributions = np.array(
        [
            [0.9, -0.01, 0.5, -0.7, 0.06, 0.05],
            [-0.2, 0.01, -0.3, 0.0, 0.049, 0.02],
            [0.06, 0.02, 0.03, 0.04, 0.05, -0.07],
        ]
    )
    found = top_reasons(contributions, TABLE, FEATURES)
    assert found.type == REASON_TYPE
    assert [[tuple(reason.values()) for reason in row] for row in found.to_pylist()] == [
        [
            ("contract", "Month-to-month", 0.9),
            ("monthly_charge_level", "89.1", -0.7),
            ("tenure_months", "2", 0.5),
            ("paperless_billing", "no", 0.06),
            ("charge_change", "0", 0.05),
        ],
        [("tenure_months", "40", -0.3), ("contract", "One year", -0.2), ("paperless_billing", "yes", 0.049)],
        [("charge_change", "unknown", -0.07), ("contract", "unknown", 0.06), ("paperless_billing", "unknown", 0.05)],
    ]


def test_against_a_loop_over_rows() -> None:
    rng = np.random.default_rng(1)
    contributions = rng.normal(0, 0.08, (400, 6)).round(2)
    table = TABLE.take(rng.integers(0, 3, 400))
    names = [feature.name for feature in FEATURES]
    for row, found in zip(contributions, top_reasons(contributions, table, FEATURES).to_pylist(), strict=True):
        ranked = sorted(range(6), key=lambda i: -abs(row[i]))[:5]
        expected = [abs(row[i]) for place, i in enumerate(ranked) if place < 3 or abs(row[i]) >= 0.05]
        assert [abs(reason["contribution"]) for reason in found] == expected
        assert all(row[names.index(reason["feature"])] == reason["contribution"] for reason in found)


def test_ties_keep_the_order_of_the_columns() -> None:
    found = top_reasons(np.zeros((1, 3)), TABLE.slice(0, 1), FEATURES[:3]).to_pylist()[0]
    assert [reason["feature"] for reason in found] == ["contract", "partner", "tenure_months"]


def test_no_rows_and_few_features() -> None:
    assert len(top_reasons(np.empty((0, 6)), TABLE.slice(0, 0), FEATURES)) == 0
    assert [len(row) for row in top_reasons(np.ones((3, 2)), TABLE, FEATURES[:2]).to_pylist()] == [2, 2, 2]


def test_text_of_values() -> None:
    assert as_text(pa.chunked_array([[True], [None]])).to_pylist() == ["yes", "unknown"]
    assert as_text(pa.array([20.0, 89.1, 1 / 3, -0.0, None])).to_pylist() == ["20", "89.1", "0.33", "0", "unknown"]
    assert as_text(pa.array(["DSL", None]).dictionary_encode()).to_pylist() == ["DSL", "unknown"]


def test_a_model_explains_in_blocks_as_in_one_piece(world: Any, model: Any, monkeypatch: Any) -> None:
    whole = model.reasons(world.table, world.x)
    monkeypatch.setattr("mlops.src.modelling.churn_model.REASON_ROWS", 400)
    assert model.reasons(world.table, world.x).equals(whole)
    assert model.reasons(world.table.slice(0, 0), world.x[:0]).type == REASON_TYPE
