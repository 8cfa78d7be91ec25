"""Words of invoices that several journeys share: a line of a list, what is owed and from what it adds up, the items."""

from collections.abc import Iterable, Sequence

from llmops.agent.responder.figures import lines, several, worded
from llmops.agent.responder.view import View
from llmops.tools.billing_tool import InvoiceSummary
from llmops.tools.invoices import Item
from llmops.tools.words import day, money
from telecom.ports import Passage

BILLS = ("billing/", "faq/faq-fatura")


def of_bills(passage: Passage) -> bool:
    """Whether a passage is of the documents on bills and payment."""
    return passage.document.startswith(BILLS)


def month_meant(view: View) -> str | None:
    """The month named now or, going on with the topic, before; None: whichever is the newest."""
    going_on = view.before.get("topic") == view.understood.intent or bool(view.pending)
    return view.understood.month or (str(view.before.get("month", "")) if going_on else "") or None


def owed(view: View, each: InvoiceSummary) -> str:
    """What an invoice asks for, and from what it adds up: `R$ 90,45 + R$ 2,11 de multa e juros = R$ 92,56`."""
    if not each.late_fee and not each.disputed:
        return money(each.total)
    parts = [money(each.total)]
    if each.late_fee:
        phrase = "invoices.plus_fee" if each.paid_on else "invoices.plus_fee_today"
        parts.append(view.say(phrase, fee=money(each.late_fee)))
    if each.disputed:
        parts.append(view.say("invoices.less_disputed", disputed=money(each.disputed)))
    return f"{' '.join(parts)} = {money(each.amount_due)}"


def listed(view: View, found: Iterable[InvoiceSummary]) -> str:
    """A line for each invoice: its due date, what is owed, and whether it was paid."""
    return lines(
        view.say("invoices.list_line", due=day(each.due_on), amount=owed(view, each), status=standing(view, each))
        for each in found
    )


def standing(view: View, each: InvoiceSummary) -> str:
    """Whether and when an invoice was paid, or how late it is."""
    if each.paid_on:
        return view.say("invoices.status_paid", paid=day(each.paid_on))
    if each.days_late:
        return view.say("invoices.status_overdue", days=several(each.days_late, "day", view.language))
    return view.say("invoices.status_open")


def items_listed(view: View, found: Sequence[Item]) -> str:
    """A line for each item of an invoice."""
    return lines(view.say("invoices.item", item=item.description, amount=money(item.amount)) for item in found)


def status(view: View, invoice: InvoiceSummary) -> str:
    """The same of one invoice, as a sentence."""
    if invoice.paid_on:
        return view.say("invoices.paid", paid=day(invoice.paid_on))
    if invoice.days_late:
        return view.say("invoices.overdue", days=several(invoice.days_late, "day", view.language))
    return view.say("invoices.open", method=worded(invoice.payment_method, view.language))
