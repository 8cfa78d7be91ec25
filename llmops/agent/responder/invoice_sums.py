"""Several invoices at once: what was paid in a run of months, the largest or smallest of them, those of some months."""

import re
from collections.abc import Sequence

from llmops.agent.intents.periods import MOST_BACK, months_back, months_named
from llmops.agent.responder.figures import paragraphs, several
from llmops.agent.responder.invoice_lines import listed, owed, standing
from llmops.agent.responder.view import View
from llmops.tools.billing_tool import InvoiceList, InvoiceSummary
from llmops.tools.invoices import Invoice
from llmops.tools.visit_windows import local_day
from llmops.tools.words import day, money
from telecom.passages import folded

_LEAST = re.compile(r"\b(?:menor|mais (?:barata|baixa|em conta)|menos|cheapest|lowest|smallest|least)\b")
_FEES = frozenset(("late_charge", "late_fee"))


def of_several(view: View) -> str:
    """What was paid in a run of months, or the largest or smallest invoice of one; empty where that is not asked for.

    Without a run of months it is the last year; with a month's name it is that month, which `of_months` tells.
    """
    names = view.understood.names
    if "extreme_bill" in names:
        return _extreme(view)
    return _paid(view) if "paid_sum" in names and not view.understood.month else ""


def of_months(view: View) -> str:
    """What was or is to be paid for the invoices of the months that the message names; empty where there are none."""
    months = months_named(view.brief.message, local_day(view.now)) or (view.understood.month,)
    found: InvoiceList = view.ask("list_invoices", most=MOST_BACK)
    meant = [each for month in months for each in of_month(view, found.invoices, month)]
    if not meant:
        return ""
    view.state["month"] = f"{meant[-1].due_on:%Y-%m}"
    without_fee = _FEES & view.understood.names and not any(each.late_fee for each in meant)
    return paragraphs(listed(view, meant), view.say("invoices.no_fee") if without_fee else "")


def of_month(view: View, found: Sequence[InvoiceSummary], month: str) -> Sequence[InvoiceSummary]:
    """The one of these that is of a month (`YYYY-MM`), as `read_invoice` takes it; empty where none is."""
    due = [each for each in found if f"{each.due_on:%Y-%m}" == month]
    if due or not month:
        return due[:1]
    one: Invoice | None = view.try_ask("read_invoice", month=month)
    return [each for each in found if one and each.invoice_id == one.invoice_id]


def _paid(view: View) -> str:
    back = _back(view)
    found: InvoiceList = view.ask("list_invoices", most=MOST_BACK, months=back)
    paid = [each for each in found.invoices if each.paid_on]
    unpaid = [each for each in found.invoices if not each.paid_on]
    if _FEES & view.understood.names:
        return _fees_paid(view, found, several(back, "month", view.language))
    blanks = {"months": several(back, "month", view.language), "lines": listed(view, paid)}
    said = view.say("invoices.none_paid", months=blanks["months"])
    if paid:
        said = view.say("invoices.sum_paid", amount=money(found.paid_amount), **blanks)
    return paragraphs(said, view.say("invoices.still_unpaid", lines=listed(view, unpaid)) if unpaid else "")


def _fees_paid(view: View, found: InvoiceList, months: str) -> str:
    late = [each for each in found.invoices if each.paid_on and each.late_fee]
    if not late:
        return view.say("invoices.no_fees_paid", months=months)
    return view.say("invoices.fees_paid", months=months, amount=money(found.paid_late_fees), lines=listed(view, late))


def _extreme(view: View) -> str:
    back = _back(view)
    found: InvoiceList = view.ask("list_invoices", most=MOST_BACK, months=back)
    if not found.invoices:
        return view.say("invoices.none_paid", months=several(back, "month", view.language))
    pick, phrase = max, "invoices.largest"
    if _LEAST.search(folded(view.brief.message)):
        pick, phrase = min, "invoices.smallest"
    one = pick(found.invoices, key=lambda each: each.amount_due)
    view.state["month"] = f"{one.due_on:%Y-%m}"
    amount, months = owed(view, one), several(back, "month", view.language)
    return view.say(phrase, months=months, due=day(one.due_on), amount=amount, status=standing(view, one))


def _back(view: View) -> int:
    return months_back(view.brief.message, local_day(view.now)) or MOST_BACK
