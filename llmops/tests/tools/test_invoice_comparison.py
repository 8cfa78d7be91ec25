"""Money adds up: items to totals, changes to differences, to the cent, whatever the invoices hold."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.tests.small_world import CUSTOMER, NOW, MemoryRecords, RowsReader, context, generated, ids, invoice_row
from llmops.tools import billing_tool
from llmops.tools.context import ToolError
from llmops.tools.invoices import UNITEMISED, read_invoices
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.ports import Record

__all__ = ["generated"]
INTERNET, PHONE = ("Internet fibra 300 Mega", "internet", "50.00"), ("Linha móvel", "mobile", "20.00")
KINDS = ("internet", "mobile", "security", "support", "streaming", "discount", "usage", "plan")
NAMES = (
    "Internet fibra 300 Mega",
    "Internet fibra 500 Mega",
    "Streaming TV",
    "Desconto de fidelidade",
    "Consumo adicional",
)
amounts = st.integers(-20_000, 20_000).map(lambda cents: str(Decimal(cents) / 100))
items = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(KINDS), amounts), min_size=1, max_size=18)
fees = st.integers(0, 900).map(lambda cents: Decimal(cents) / 100)


def reader(*invoices: dict[str, Any]) -> RowsReader:
    return RowsReader(customer_invoices=invoices)


def causes(before: tuple[Any, ...], after: tuple[Any, ...]) -> list[tuple[str, str]]:
    found = billing_tool.compare_invoices(context(reader(invoice_row(0, after), invoice_row(1, before))))
    return [(change.cause, change.words) for change in found.changes]


@settings(max_examples=80, deadline=None)
@given(items, items, fees, fees, st.integers(-300, 300))
def test_changes_add_up_to_the_difference(
    before: Any, after: Any, fee: Decimal, later_fee: Decimal, hidden: int
) -> None:
    newest = invoice_row(0, after, late_fee=later_fee)
    newest["total_amount"] += Decimal(hidden) / 100
    older = invoice_row(1, before, late_fee=fee)
    asked = context(reader(newest, older))
    found = billing_tool.compare_invoices(asked)
    shown = sum((change.difference for change in found.changes), Decimal(0))
    assert shown + found.others == found.difference + later_fee - fee
    assert found.difference == newest["total_amount"] - older["total_amount"]
    assert all(change.difference == change.after - change.before for change in found.changes)
    assert all(change.difference or change.cause == "plan_changed" for change in found.changes)
    for invoice in read_invoices(asked):
        assert sum((item.amount for item in invoice.items), Decimal(0)) == invoice.total
        assert all(item.amount == item.amount.quantize(Decimal("0.01")) for item in invoice.items)


def test_each_cause_is_told_apart() -> None:
    discount = ("Desconto de fidelidade", "discount", "-10.00")
    small = ("Desconto de fidelidade", "discount", "-4.00")
    usage = ("Consumo adicional", "usage", "19.90")
    faster = ("Internet fibra 500 Mega", "internet", "55.00")
    dearer = ("Internet fibra 300 Mega", "internet", "52.50")
    television = ("Streaming TV", "streaming", "10.00")
    told = {
        "discount_ended": ((INTERNET, discount), (INTERNET,), "Desconto de fidelidade de R$ 10,00 terminou."),
        "discount_smaller": ((INTERNET, discount), (INTERNET, small), "diminuiu de R$ 10,00 para R$ 4,00."),
        "discount_new": ((INTERNET,), (INTERNET, small), "Desconto de fidelidade de R$ 4,00 começou."),
        "discount_larger": ((INTERNET, small), (INTERNET, discount), "aumentou de R$ 4,00 para R$ 10,00."),
        "extra_usage": ((INTERNET,), (INTERNET, usage), "Consumo adicional de R$ 19,90 não existia"),
        "usage_ended": ((INTERNET, usage), (INTERNET,), "Consumo adicional de R$ 19,90 não se repetiu."),
        "item_added": ((INTERNET,), (INTERNET, television), "Streaming TV entrou na fatura por R$ 10,00."),
        "item_removed": ((INTERNET, television), (INTERNET,), "Streaming TV de R$ 10,00 saiu da fatura."),
        "plan_changed": ((INTERNET,), (faster,), "de Internet fibra 300 Mega (R$ 50,00) para Internet fibra 500 Mega"),
        "price_step": ((INTERNET,), (dearer,), "Internet fibra 300 Mega passou de R$ 50,00 para R$ 52,50."),
    }
    for cause, (before, after, words) in told.items():
        [(found, said)] = causes(before, after)
        assert found == cause and words in said


def test_an_equal_invoice_has_no_changes_and_says_so() -> None:
    found = billing_tool.compare_invoices(context(reader(invoice_row(0), invoice_row(1))))
    assert (found.changes, found.difference, found.words) == ((), 0, "O valor é igual ao da fatura anterior.")


def test_late_fees_are_a_change_of_their_own() -> None:
    late = invoice_row(0, late_fee=Decimal("1.62"))
    found = billing_tool.compare_invoices(context(reader(late, invoice_row(1))))
    assert [(change.cause, change.difference) for change in found.changes] == [("late_fee", Decimal("1.62"))]
    assert found.words == "O valor é igual ao da fatura anterior."


def test_what_no_item_tells_is_an_item() -> None:
    row = invoice_row(0, (INTERNET,))
    row["total_amount"] = Decimal("53.17")
    [internet, rest] = read_invoices(context(reader(row)))[0].items
    assert (rest.description, rest.amount, internet.amount) == (UNITEMISED, Decimal("3.17"), Decimal("50.00"))


def test_a_month_is_that_of_the_due_date_or_else_of_the_reference() -> None:
    asked = context(reader(*(invoice_row(n) for n in range(3))))
    assert billing_tool.read_invoice(asked).reference_month.month == 10
    assert billing_tool.read_invoice(asked, month="2026-11").reference_month.month == 10
    assert billing_tool.read_invoice(asked, month="2026-09").due_on.month == 9
    assert billing_tool.read_invoice(asked, month="2026-08").reference_month.month == 8
    with pytest.raises(ToolError, match="Não encontrei fatura") as refused:
        billing_tool.read_invoice(asked, month="2020-01")
    assert refused.value.code == "no_such_invoice" and "2026-11, 2026-10, 2026-09" in refused.value.hint


def test_without_invoices_or_a_former_one_it_says_what_to_do() -> None:
    with pytest.raises(ToolError) as none:
        billing_tool.list_invoices(context(reader()))
    with pytest.raises(ToolError) as first:
        billing_tool.compare_invoices(context(reader(invoice_row(0))))
    assert (none.value.code, first.value.code) == ("no_invoices", "no_previous_invoice")
    assert none.value.hint and first.value.hint


def test_open_amounts_count_what_is_unpaid_with_fees_and_without_what_is_disputed() -> None:
    records = MemoryRecords()
    dispute = {"id": "a", "at": NOW.isoformat(), "kind": "contestation", "invoice_id": f"{CUSTOMER}-202609"}
    value = dispute | {"item": "Linha móvel", "amount": "20.00", "words": "em análise"}
    records.change("billing_adjustment", "a", lambda _: Record("a", value, CUSTOMER))
    unpaid = {"paid_on": None, "status": "open"}
    coming = invoice_row(0, **unpaid) | {"due_on": NOW.date()}
    overdue = invoice_row(1, **unpaid, late_fee=Decimal("1.62"))
    found = billing_tool.list_invoices(context(reader(coming, overdue, invoice_row(2)), records=records))
    assert [i.status for i in found.invoices] == ["open", "overdue", "paid"]
    assert (found.open_amount, found.overdue_amount, found.overdue_count) == (Decimal("121.62"), Decimal("51.62"), 1)
    assert found.invoices[1].disputed == Decimal("20.00") and found.invoices[1].days_late == 40
    assert [adjustment.words for adjustment in found.adjustments] == ["em análise"]


def test_the_generated_world_adds_up(generated: LocalWarehouse) -> None:
    compared = 0
    for customer in list(ids(generated))[:12]:
        try:
            found = billing_tool.compare_invoices(context(generated, customer_id=customer))
        except ToolError as refused:
            assert refused.code in ("no_invoices", "no_previous_invoice")
            continue
        compared += 1
        fees = found.invoice.late_fee - found.previous.late_fee
        assert sum((change.difference for change in found.changes), Decimal(0)) == found.difference + fees
    assert compared >= 8
