"""The verdicts on generated customers; docs/mlops/drift.md has the full study."""

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from benchmarks.drift_study import interval
from benchmarks.drift_world import gold, profile, snapshot
from mlops.src.drift.decision import FeatureDrift, judge, overall
from mlops.src.drift.profile import Profile
from mlops.src.utils_bigquery import load_query
from telecom.ports import Warehouse, Write
from telecom.synthetic.customers import generate
from telecom.tables import contract

CLEAN = "telecom_silver.telco_churn_clean"


@pytest.fixture(scope="module")
def reference() -> Profile:
    return profile(snapshot(4_930, seed=1)[0])


def judged(reference: Profile, columns: dict[str, np.ndarray]) -> tuple[FeatureDrift, ...]:
    return judge(list(zip(reference.columns, profile(columns, reference).columns, strict=True)))


def test_without_drift_alarms_are_rare() -> None:
    rng = np.random.default_rng(2026)
    pool, _ = snapshot(120_000, seed=42)
    alarms = 0
    for _ in range(60):
        rows = rng.permutation(120_000)
        then, now = rows[:2_000], rows[2_000:2_500]
        past = profile({name: values[then] for name, values in pool.items()})
        alarms += any(f.drifted for f in judged(past, {name: values[now] for name, values in pool.items()}))
    assert alarms <= 3


@pytest.mark.parametrize(
    ("kind", "feature"),
    [
        ("price_rise", "monthly_charge_level"),
        ("new_plan", "contract"),
        ("unit_change", "monthly_charge_level"),
        ("null_burst", "charge_change"),
    ],
)
def test_each_named_drift_is_found(reference: Profile, kind: str, feature: str) -> None:
    found = judged(reference, snapshot(7_000, seed=2, drift=kind)[0])
    assert overall(found) > 1
    assert feature in {f.feature for f in found if f.drifted}


def test_what_a_price_rise_leaves_alone_does_not_alarm(reference: Profile) -> None:
    found = judged(reference, snapshot(7_000, seed=2, drift="price_rise")[0])
    drifted = {f.feature for f in found if f.drifted}
    assert drifted <= {"monthly_charge_level", "charge_change"}


def test_larger_price_rises_score_higher(reference: Profile) -> None:
    rises = (0.0, 0.02, 0.05, 0.10, 0.15)
    scores = [overall(judged(reference, snapshot(7_000, 3, price_rise=rise)[0])) for rise in rises]
    assert scores == sorted(scores)
    assert scores[0] < 1 < scores[2]


def test_the_studys_interval_is_clopper_pearson() -> None:
    assert interval(0, 200) == (0.0, pytest.approx(1 - 0.025 ** (1 / 200)))
    assert interval(200, 200) == (pytest.approx(0.025 ** (1 / 200)), 1.0)
    assert interval(4, 10) == (pytest.approx(0.1216, abs=1e-4), pytest.approx(0.7376, abs=1e-4))


def test_the_studys_features_are_those_of_the_gold_table(warehouse: Warehouse) -> None:
    day = date(2026, 2, 1)
    raw = pa.Table.from_batches(generate(400, seed=9, drift="null_burst"))
    warehouse.write(Write(CLEAN, _clean(raw, day).to_batches(), {"snapshot_date": day}))
    table = warehouse.query(load_query("features"), {"snapshot_date": day})
    table = table.take(pc.index_in(raw["customerID"], table["customer_id"].combine_chunks()))
    for name, values in gold(raw)[0].items():
        stored = np.array(table[name].to_pylist())
        if values.dtype.kind == "f":
            np.testing.assert_allclose(stored, values, rtol=0, atol=2e-6, err_msg=name)
        else:
            np.testing.assert_array_equal(stored, values, err_msg=name)


def _clean(raw: pa.Table, day: date) -> pa.Table:
    """Silver rows of the generated ones."""
    n = raw.num_rows
    filler = {
        "snapshot_date": [day] * n,
        "customer_id": raw["customerID"].to_pylist(),
        "gender": raw["gender"].to_pylist(),
        "monthly_charges": raw["MonthlyCharges"].to_pylist(),
        "total_charges_imputed": [False] * n,
        "churned": [None] * n,
        "source_digest": ["d"] * n,
        "ingested_at": [datetime(2026, 2, 1, tzinfo=UTC)] * n,
    }
    rows = {name: values.tolist() for name, values in gold(raw)[0].items()} | filler
    schema = contract(CLEAN).schema
    return pa.table({name: pa.array(rows[name], schema.field(name).type) for name in schema.names})
