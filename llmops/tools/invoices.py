"""Invoices of the bound customer as they lie in billing_invoices, in cents, with what was executed here since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from llmops.tools.churn_words import PAYMENTS
from llmops.tools.context import ToolContext, ToolError
from llmops.tools.rows import check_filled, customer_rows
from llmops.tools.simulated_systems import remembered
from llmops.tools.words import cents, short

MOST_ITEMS = 30
Status = Literal["paid", "open", "overdue"]
STATES: Mapping[str, str] = {"paid": "paga", "open": "em aberto, a vencer", "overdue": "vencida"}
UNITEMISED = "Valor sem item discriminado"


@dataclass(frozen=True)
class Item:
    """A line of an invoice: text, kind (as in the contract of billing_invoices), BRL; negative for discounts."""

    description: str
    kind: str
    amount: Decimal


@dataclass(frozen=True)
class Invoice:
    """One invoice. `total` is the sum of `items`; `late_fee` (fine and interest up to the extract) comes on top.

    `disputed` is the amount that executed contestations took out of the charge; `amount_due` is what is asked for in
    all: total and late fee, less what is disputed.
    """

    invoice_id: str
    reference_month: date
    period_start: date
    period_end: date
    issued_on: date
    due_on: date
    paid_on: date | None
    status: Status
    status_words: str
    payment_method: str
    items: tuple[Item, ...]
    total: Decimal
    late_fee: Decimal
    disputed: Decimal
    amount_due: Decimal
    snapshot_date: date


def read_invoices(context: ToolContext) -> tuple[Invoice, ...]:
    """At most 13 invoices, the newest first.

    Raises:
        ToolError: `no_invoices`.
        DependencyUnavailable: there are no invoices of anybody.
    """
    rows = customer_rows(context, "customer_invoices")
    if not rows:
        check_filled(context, "any_invoice")
        raise ToolError(
            "no_invoices",
            "Ainda não há faturas emitidas para este cliente.",
            "Explique que a primeira fatura sai um mês depois da contratação; não invente valores.",
        )
    disputed = _disputed(remembered(context, "billing_adjustment"))
    return tuple(_invoice(row, disputed.get(row["invoice_id"], Decimal(0)), context.today) for row in rows)


def find_invoice(invoices: Sequence[Invoice], month: str | None) -> Invoice:
    """The newest invoice, or that of a month: due in it or, if none is, issued in it, or of that reference month.

    Args:
        invoices: of the customer.
        month: `YYYY-MM`; None or empty: the newest.

    Raises:
        ToolError: `no_such_invoice`.
    """
    if not month:
        return invoices[0]
    due = {f"{invoice.due_on:%Y-%m}": invoice for invoice in reversed(invoices)}
    billed = {f"{invoice.reference_month:%Y-%m}": invoice for invoice in reversed(invoices)}
    issued = {f"{invoice.issued_on:%Y-%m}": invoice for invoice in reversed(invoices)}
    if found := due.get(month) or issued.get(month) or billed.get(month):
        return found
    known = ", ".join(reversed(due))
    raise ToolError(
        "no_such_invoice",
        "Não encontrei fatura desse mês.",
        f"Use month no formato YYYY-MM. Meses de vencimento disponíveis: {known}.",
    )


def _invoice(row: Mapping[str, Any], disputed: Decimal, today: date) -> Invoice:
    total = cents(row["total_amount"])
    # The extract may be older than the due date.
    status: Status = "paid" if row["paid_on"] else "overdue" if row["due_on"] < today else "open"
    late_fee, disputed = cents(row["late_fee"]), cents(min(disputed, total))
    return Invoice(
        invoice_id=short(row["invoice_id"], 64),
        reference_month=row["reference_month"],
        period_start=row["period_start"],
        period_end=row["period_end"],
        issued_on=row["issued_on"],
        due_on=row["due_on"],
        paid_on=row["paid_on"],
        status=status,
        status_words=STATES[status],
        payment_method=PAYMENTS.get(row["payment_method"], short(row["payment_method"], 40)),
        items=_items(row["items"] or (), total),
        total=total,
        late_fee=late_fee,
        disputed=disputed,
        amount_due=total + late_fee - disputed,
        snapshot_date=row["snapshot_date"],
    )


def _items(found: Sequence[Mapping[str, Any]], total: Decimal) -> tuple[Item, ...]:
    """The lines, which always add up to `total`: what they lack, or what lies beyond the last one shown, is a line."""
    items = [
        Item(short(item["description"], 80), short(item["kind"], 20), cents(item["amount"]))
        for item in found[:MOST_ITEMS]
    ]
    rest = total - sum((item.amount for item in items), Decimal(0))
    return (*items, Item(UNITEMISED, "other", rest)) if rest else tuple(items)


def _disputed(adjustments: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Amounts under dispute, by invoice."""
    found: dict[str, Decimal] = {}
    for value in adjustments:
        if value["kind"] == "contestation":
            found[value["invoice_id"]] = found.get(value["invoice_id"], Decimal(0)) + Decimal(value["amount"])
    return found
