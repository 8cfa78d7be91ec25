"""Invoices of the bound customer: list, one in detail, what changed. Reads billing_invoices, writes nothing.

All money is BRL as Decimal, to the cent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from llmops.tools.context import ToolContext, ToolError
from llmops.tools.invoice_comparison import Change, changes
from llmops.tools.invoices import Invoice, find_invoice, read_invoices
from llmops.tools.simulated_systems import remembered
from llmops.tools.words import money

MOST_INVOICES, MOST_CHANGES, MOST_ADJUSTMENTS = 12, 12, 5


@dataclass(frozen=True)
class InvoiceSummary:
    """An invoice without its items. `days_late`: to the payment or, unpaid, to the day of the turn; 0 when in time."""

    invoice_id: str
    reference_month: date
    due_on: date
    paid_on: date | None
    status: str
    status_words: str
    payment_method: str
    total: Decimal
    late_fee: Decimal
    disputed: Decimal
    amount_due: Decimal
    days_late: int


@dataclass(frozen=True)
class Adjustment:
    """A discount, credit, free service or contestation that was executed here, in words."""

    kind: str
    words: str
    on: date


@dataclass(frozen=True)
class InvoiceList:
    """The newest invoices, or those of so many last `months`, the newest first. `open_amount` is what all unpaid ones
    ask for, `overdue_amount` those of them that are past due, `overdue_count` how many these are; `paid_amount` is what
    was paid on the listed ones, and `paid_late_fees` how much of it for being late. Fees are as of the extract's day.
    """

    invoices: tuple[InvoiceSummary, ...]
    open_amount: Decimal
    overdue_amount: Decimal
    overdue_count: int
    paid_amount: Decimal
    paid_late_fees: Decimal
    adjustments: tuple[Adjustment, ...]
    snapshot_date: date
    months: int | None = None

    @property
    def overdue(self) -> tuple[InvoiceSummary, ...]:
        """Those of `invoices` that are past due and unpaid."""
        return tuple(each for each in self.invoices if each.status == "overdue")


@dataclass(frozen=True)
class Comparison:
    """An invoice and the one before, or that of another month. `difference` is what its total is more, and the sum of
    the differences of all changes but that of late fees, which are no part of a total; `others` is what those beyond
    `changes` add up to.
    """

    invoice: InvoiceSummary
    previous: InvoiceSummary
    difference: Decimal
    changes: tuple[Change, ...]
    others: Decimal
    words: str


def list_invoices(context: ToolContext, *, most: int = 6, months: int | None = None) -> InvoiceList:
    """The newest invoices with their payments, and what is open.

    Args:
        context: the turn.
        most: how many, 1 to 12.
        months: list only those that fell due or were paid in so many last months, 1 to 12; None: whenever.

    Raises:
        ToolError: `no_invoices`.
    """
    found = read_invoices(context)
    unpaid = [invoice for invoice in found if invoice.paid_on is None]
    overdue = [invoice for invoice in unpaid if invoice.due_on < context.today]
    listed = _lately(found, context.today, months)[: max(1, min(most, MOST_INVOICES))]
    return InvoiceList(
        invoices=tuple(_summary(invoice, context.today) for invoice in listed),
        open_amount=sum((invoice.amount_due for invoice in unpaid), Decimal(0)),
        overdue_amount=sum((invoice.amount_due for invoice in overdue), Decimal(0)),
        overdue_count=len(overdue),
        paid_amount=sum((invoice.amount_due for invoice in listed if invoice.paid_on), Decimal(0)),
        paid_late_fees=sum((invoice.late_fee for invoice in listed if invoice.paid_on), Decimal(0)),
        adjustments=_adjustments(context),
        snapshot_date=found[0].snapshot_date,
        months=months,
    )


def read_invoice(context: ToolContext, *, month: str | None = None) -> Invoice:
    """One invoice, line by line.

    Args:
        context: the turn.
        month: `YYYY-MM` in which it is due (or, if none is, issued; or its reference month); None: the newest.

    Raises:
        ToolError: `no_invoices` or `no_such_invoice`.
    """
    return find_invoice(read_invoices(context), month)


def compare_invoices(context: ToolContext, *, month: str | None = None, before: str | None = None) -> Comparison:
    """What changed from the invoice before, or from that of another month, and why.

    Args:
        context: the turn.
        month: as for `read_invoice`.
        before: likewise, of the invoice to compare with; None: the one before.

    Raises:
        ToolError: `no_invoices`, `no_such_invoice` or `no_previous_invoice`.
    """
    found = read_invoices(context)
    invoice = find_invoice(found, month)
    place = found.index(find_invoice(found, before)) if before else found.index(invoice) + 1
    if place == len(found):
        raise ToolError(
            "no_previous_invoice",
            "Não há fatura anterior para comparar.",
            "Use read_invoice e explique os itens desta fatura.",
        )
    previous = found[place]
    every = changes(previous, invoice)
    difference = invoice.total - previous.total
    return Comparison(
        invoice=_summary(invoice, context.today),
        previous=_summary(previous, context.today),
        difference=difference,
        changes=every[:MOST_CHANGES],
        others=sum((change.difference for change in every[MOST_CHANGES:]), Decimal(0)),
        words=_verdict(difference),
    )


def _lately(found: Sequence[Invoice], today: date, months: int | None) -> Sequence[Invoice]:
    """Those that fell due or were paid in so many last months."""
    if months is None:
        return found
    place = today.year * 12 + today.month - 1 - max(1, min(months, MOST_INVOICES))
    # The 28th is a day of every month.
    since = date(place // 12, place % 12 + 1, min(today.day, 28))
    return [each for each in found if since <= (each.paid_on or each.due_on) <= today or since <= each.due_on <= today]


def _verdict(difference: Decimal) -> str:
    if not difference:
        return "O valor é igual ao da fatura anterior."
    return f"A fatura ficou {money(abs(difference))} {'maior' if difference > 0 else 'menor'} que a anterior."


def _summary(invoice: Invoice, today: date) -> InvoiceSummary:
    return InvoiceSummary(
        invoice_id=invoice.invoice_id,
        reference_month=invoice.reference_month,
        due_on=invoice.due_on,
        paid_on=invoice.paid_on,
        status=invoice.status,
        status_words=invoice.status_words,
        payment_method=invoice.payment_method,
        total=invoice.total,
        late_fee=invoice.late_fee,
        disputed=invoice.disputed,
        amount_due=invoice.amount_due,
        days_late=max(0, ((invoice.paid_on or today) - invoice.due_on).days),
    )


def _adjustments(context: ToolContext) -> tuple[Adjustment, ...]:
    found = remembered(context, "billing_adjustment", MOST_ADJUSTMENTS)
    return tuple(Adjustment(value["kind"], value["words"], date.fromisoformat(value["at"][:10])) for value in found)
