"""Invoices add up, list what was bought, and are paid as people pay."""

from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom.synthetic import billing
from telecom.synthetic.identity import of_ids
from telecom.synthetic.items import price_list
from tests.unit.synthetic.conftest import SEED, SNAPSHOT


def test_invoices_add_up_to_the_total(frames: dict[str, pd.DataFrame], silver: pa.Table) -> None:
    invoices = frames["billing_invoices"]
    assert len(invoices) == sum(silver["tenure_months"].to_pylist())
    sums = invoices.groupby("customer_id").total_amount.sum()
    wanted = silver.to_pandas().set_index("customer_id").total_charges
    for customer, total in sums.items():
        assert total == Decimal(f"{wanted[customer]:.2f}"), customer
    assert set(wanted.index) - set(sums.index) == set(wanted[wanted == 0].index)
    newest = invoices[invoices.tenure_months > 1].groupby("customer_id").tail(1)
    assert newest.total_amount.astype(float).to_numpy() == pytest.approx(newest.monthly_charges.to_numpy())


def test_items_add_up_and_name_what_was_bought(frames: dict[str, pd.DataFrame]) -> None:
    for invoice in frames["billing_invoices"].iloc[::37].itertuples():
        assert sum(item["amount"] for item in invoice.items) == invoice.total_amount
        texts = " / ".join(item["description"] for item in invoice.items)
        assert ("Internet fibra" in texts) == (invoice.internet_service == "Fiber optic")
        assert ("Internet banda larga" in texts) == (invoice.internet_service == "DSL")
        assert ("Linha móvel" in texts) == invoice.phone_service
        assert ("adicional" in texts.replace("Consumo adicional", "")) == invoice.multiple_lines
        assert ("Segurança digital" in texts) == invoice.online_security
        assert ("Streaming filmes" in texts) == invoice.streaming_movies
        assert all((item["amount"] < 0) == (item["kind"] == "discount") for item in invoice.items)


def test_prices_move_plausibly(frames: dict[str, pd.DataFrame]) -> None:
    long = frames["billing_invoices"].query("tenure_months > 12")
    ratio = long.total_amount.astype(float) / long.monthly_charges
    assert ratio.between(0.5, 1.6).mean() > 0.999
    assert ratio.std() < 0.2


def test_payment_states(frames: dict[str, pd.DataFrame], silver: pa.Table) -> None:
    invoices = frames["billing_invoices"]
    method = dict(zip(silver["customer_id"].to_pylist(), silver["payment_method"].to_pylist(), strict=True))
    assert (invoices.payment_method == invoices.customer_id.map(method)).all()
    paid = invoices.status == "paid"
    assert (invoices.paid_on.notna() == paid).all()
    done = invoices[paid]
    assert (done.paid_on >= done.issued_on).all() and (done.paid_on <= SNAPSHOT).all()
    assert (invoices[invoices.status == "open"].due_on >= SNAPSHOT).all()
    assert (invoices[invoices.status == "overdue"].due_on < SNAPSHOT).all()
    late = (invoices.status == "overdue") | (paid & (invoices.paid_on > invoices.due_on))
    assert ((invoices.late_fee > 0) == (late & (invoices.total_amount > 0))).all()
    share = late.groupby(invoices.payment_method).mean()
    assert share["Electronic check"] > 2 * share["Credit card (automatic)"] > 0
    assert 0.0005 < (invoices.status == "overdue").mean() < 0.02


@given(
    st.lists(
        st.tuples(st.integers(0, 80), st.integers(0, 12_000_000), st.integers(0, 900_000_000)),
        min_size=1,
        max_size=8,
    )
)
def test_price_paths_add_up_whatever_the_charges(charges: list[tuple[int, int, int]]) -> None:
    tenure, monthly, total = (pd.Series(list(part)).to_numpy() for part in zip(*charges, strict=True))
    row = pd.Series(range(len(tenure))).repeat(tenure).to_numpy()
    number = pd.Series(row).groupby(row).cumcount().to_numpy() + 1
    amount = billing.price_path(row, number, tenure, monthly, total)
    assert (amount >= 0).all()
    sums = pd.Series(amount).groupby(row).sum()
    assert all(sums[i] == total[i] for i in range(len(tenure)) if tenure[i] > 0)


def test_price_lists_add_up_even_for_odd_charges(silver: pa.Table) -> None:
    some = silver.slice(0, 500)
    streams = of_ids(some["customer_id"].combine_chunks(), 1)
    for charge in (0, 1, 700, 2_500, 995_000):
        monthly = pd.Series([charge] * 500).to_numpy()
        prices = price_list(some, streams, monthly)
        assert (prices.sum(axis=1) == charge).all() and (prices >= 0).all()


def test_an_unknown_total_bills_the_monthly_charge(silver: pa.Table) -> None:
    some = silver.slice(0, 50)
    blank = some.set_column(
        some.column_names.index("total_charges"), "total_charges", pa.nulls(some.num_rows, pa.float64())
    )
    invoices = billing.rows(blank, SNAPSHOT, SEED).to_pandas()
    monthly = dict(zip(some["customer_id"].to_pylist(), some["monthly_charges"].to_pylist(), strict=True))
    assert invoices.total_amount.astype(float).to_list() == [monthly[one] for one in invoices.customer_id]
