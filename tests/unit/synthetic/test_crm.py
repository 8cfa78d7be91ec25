"""Holders agree with the customer they were invented for."""

from datetime import date

import pyarrow as pa
import pytest

from telecom.synthetic import billing, crm, names
from tests.unit.synthetic.conftest import SEED, SNAPSHOT


def test_holders_agree_with_the_customer(made: dict[str, pa.Table], silver: pa.Table) -> None:
    for holder, customer in zip(made["crm_customers"].to_pylist(), silver.to_pylist(), strict=True):
        first = holder["full_name"].split()[0]
        assert first in (names.FEMALE if customer["gender"] == "Female" else names.MALE)
        born, since = holder["birth_date"], holder["customer_since"]
        age = whole_months(born, SNAPSHOT) // 12
        assert (age >= 65) == customer["senior_citizen"]
        assert whole_months(born, since) // 12 >= 18
        assert whole_months(since, SNAPSHOT) == customer["tenure_months"]
        assert since <= holder["consent_updated_on"] <= SNAPSHOT
        assert holder["email"].rpartition("@")[2] in {"example.com", "example.net", "example.org"}
        assert holder["email"].isascii()
        assert holder["phone"][3:5] == holder["area_code"]


def whole_months(start: date, end: date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


def test_first_names_have_one_gender() -> None:
    assert not set(names.FEMALE) & set(names.MALE)


SNAPSHOTS = [date(2024, 2, 29), date(2025, 3, 1), date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 15)]


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_dates_agree_on_any_snapshot(snapshot: date, silver: pa.Table) -> None:
    holders = crm.rows(silver, snapshot, SEED)
    tenure = silver["tenure_months"].to_pylist()
    assert [whole_months(day, snapshot) for day in holders["customer_since"].to_pylist()] == tenure
    ages = [whole_months(born, snapshot) // 12 for born in holders["birth_date"].to_pylist()]
    assert [age >= 65 for age in ages] == silver["senior_citizen"].to_pylist()
    assert min(ages) >= 18 and max(ages) <= 92
    invoices = billing.rows(silver.slice(0, 300), snapshot, SEED)
    assert pa.compute.max(invoices["issued_on"]).as_py() <= snapshot
    assert invoices.num_rows == sum(tenure[:300])
