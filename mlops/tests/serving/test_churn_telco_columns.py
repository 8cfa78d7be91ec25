"""The derivation in Python against clean.sql and features.sql, at the edges of every range and in between."""

import itertools
import math
import random
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops.src import data_prep_churn
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.serving.instances import Instances
from mlops.src.serving.telco_columns import SAME, Derived, derive, nearest
from mlops.src.utils_bigquery import load_query
from mlops.tests.conftest import RAW, Insert
from mlops.tests.serving.churn_fakes import CUSTOMER, FEATURE_ROW
from telecom.bootstrap import Platform
from telecom.ports import Write
from telecom.tables import contract

DAY = date(2026, 11, 20)
TENURES = (0, 1, 6, 7, 11, 12, 13, 23, 24, 25, 71, 72, 1_199, 1_200)
MONTHLY = ("0", "0.01", "2.49999", "2.5", "7.5", "12.499999999999", "18.25", "62.5", "97.5", "99999.99", "100000")
TOTALS = ("", "0", "0.005", "18.25", "600", "1234567.125", "99999999.99999", "100000000")


def varied() -> list[dict[str, str]]:
    """Every tenure, charge and total of the lists with some other, and every value of every choice."""
    rng = random.Random(5)
    rows = [
        {"tenure": str(tenure), "MonthlyCharges": monthly, "TotalCharges": total}
        for tenure, monthly, total in itertools.product(TENURES, MONTHLY, TOTALS)
        # Worked out beyond its range, the gate of the preparation stops the snapshot.
        if total or tenure * float(monthly) <= 1e8
    ]
    for _ in range(1_500):
        digits = rng.randint(0, 12)
        charge, total = f"{rng.uniform(0, 200):.{digits}f}", f"{rng.uniform(0, 20_000):.{rng.randint(0, 9)}f}"
        rows.append({"tenure": str(rng.randint(0, 120)), "MonthlyCharges": charge, "TotalCharges": total})
    choices = {column.name: column.values for column in contract(RAW).columns if column.values}
    choices.pop("Churn")
    return [
        CUSTOMER | row | {name: rng.choice(values) for name, values in choices.items()} | {"customerID": f"c{number}"}
        for number, row in enumerate(rows)
    ]


@pytest.fixture
def prepared(platform: Platform, insert: Insert) -> dict[str, dict[str, Any]]:
    """The gold rows that the two queries make of `varied`, by customer."""
    insert(*varied())
    at = {"snapshot_date": DAY}
    for table, query in ((data_prep_churn.CLEAN, "clean"), (data_prep_churn.FEATURES, "features")):
        platform.warehouse.write(Write(table, load_query(query), at, at))
    rows = platform.warehouse.query(f"SELECT * FROM {data_prep_churn.FEATURES}").to_pylist()
    assert datetime(2026, 11, 20, tzinfo=UTC) == rows[0]["feature_timestamp"]
    return {row["customer_id"]: row for row in rows}


def test_telco_columns_become_the_queries_features_bit_for_bit(prepared: dict[str, dict[str, Any]]) -> None:
    customers, instances = varied(), Instances()
    assert len(prepared) == len(customers) > 2_500
    by_telco = instances.rows(customers)
    by_features = instances.rows(
        [prepared[customer["customerID"]] | {"feature_timestamp": 0} for customer in customers]
    )
    wrong = [
        (customer, mine, theirs)
        for customer, mine, theirs in zip(customers, by_telco, by_features, strict=True)
        if mine != theirs
    ]
    assert wrong == []
    assert {name: len({row[place] for row in by_telco}) > 1 for place, name in enumerate(NAMES)} == dict.fromkeys(
        NAMES, True
    )


NAMES = [feature.name for feature in CHURN_FEATURES]


def test_every_input_of_the_model_is_made() -> None:
    assert sorted([*SAME, *Derived._fields]) == sorted(NAMES)


def test_known_answers() -> None:
    assert derive(10, 62.5, 600.0, "One year") == Derived(600.0, 65.0, 2.5, 2)
    assert derive(0, 20.05, None, "Month-to-month") == Derived(0.0, 20.0, 0.0, 1)
    assert derive(24, 30.0, None, "Two year") == Derived(720.0, 30.0, 0.0, 24)
    assert Instances().rows([CUSTOMER]) == Instances().rows([FEATURE_ROW])


@settings(deadline=None)
@given(st.floats(-1e15, 1e15, allow_nan=False))
def test_halves_go_away_from_zero(x: float) -> None:
    found = nearest(x)
    assert found == int(found) and nearest(-x) == -found
    assert abs(found - x) <= 0.5 and (abs(found - x) < 0.5 or abs(found) > abs(x))


def test_the_largest_number_below_a_half_is_not_rounded_up() -> None:
    assert nearest(math.nextafter(0.5, 0)) == 0.0
    assert [nearest(x) for x in (0.5, 1.5, 2.5, -0.5, -2.5)] == [1, 2, 3, -1, -3]
