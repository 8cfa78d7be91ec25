"""Invoices: what changed and why, line by line, what is to be paid, copies."""

import re
from collections.abc import Sequence

from llmops.agent.intents.choices import channel_named
from llmops.agent.intents.features import words
from llmops.agent.intents.periods import months_back, months_named
from llmops.agent.responder.figures import lines, paragraphs, several, worded
from llmops.agent.responder.invoice_lines import items_listed, listed, month_meant, of_bills, owed, status
from llmops.agent.responder.invoice_sums import of_month, of_months, of_several
from llmops.agent.responder.invoice_words import names_late
from llmops.agent.responder.view import Refused, View
from llmops.tools.billing_tool import Comparison, InvoiceList, InvoiceSummary
from llmops.tools.drafts import ActionDraft
from llmops.tools.invoice_comparison import Change
from llmops.tools.invoices import Invoice
from llmops.tools.visit_windows import local_day
from llmops.tools.words import day, money
from telecom.passages import folded

CHANNELS = {"WhatsApp": "whatsapp", "SMS": "sms", "e-mail": "email"}
GENERAL = frozenset(
    "como aceita pix juros multa parcelar serasa religa how pay cartao debito fee dinheiro prazo".split()
)
OWN = frozenset(("owing", "paid_sum", "late_charge"))
"""Names of what is asked of one's own bills: that is told first."""
HOW_MUCH = frozenset(("how", "como"))
"""Of how much one owes, these ask for no rule."""
COMPARES = re.compile(
    r"\b(?:que|com|relacao|compara\w*|diferente|ante|than|from|with|to)\b[^?.!]{0,25}"
    r"\b(?:mes (?:passado|anterior)|(?:fatura|conta) (?:passada|anterior)|(?:last|previous) month)"
    r"|\bmes (?:passado|anterior) (?:pra|para) (?:ca|este|esse|agora)\b"
)
"""The month that a message names is what it compares with."""
MONTH = 45
"""Days within which the bill before falls due; one due earlier is not `the one before`."""
LISTED = 6
"""Invoices of a list of which nobody says how long."""


def change(view: View) -> str:
    """What changed from the invoice before or, where two months are named, from the earlier to the later."""
    if told := of_several(view):
        return told
    try:
        found: Comparison = view.ask("compare_invoices", **_compared(view))
    except Refused as refused:
        if refused.error.code != "no_previous_invoice":
            raise
        return paragraphs(view.say("invoices.no_previous"), items(view))
    now, before = found.invoice, found.previous
    difference = now.total - before.total
    phrase = "same" if not difference else "higher" if difference > 0 else "lower"
    blanks = {"due": day(now.due_on), "now": money(now.total)}
    if difference:
        blanks |= {"difference": money(abs(difference)), "before": money(before.total)}
    if (now.due_on - before.due_on).days > MONTH:
        phrase, blanks = f"{phrase}_than", blanks | {"other": day(before.due_on)}
    head = view.say(f"invoices.{phrase}", **blanks)
    view.state |= {"month": f"{now.due_on:%Y-%m}", "pending": {"kind": "contest", "intent": "contest"}}
    return paragraphs(
        head,
        _changes(view, found),
        _fees(view, (before, now)),
        _reason(view, found),
        status(view, now),
        view.say("invoices.may_contest"),
    )


def items(view: View) -> str:
    """One invoice line by line; the latest ones where several are asked for."""
    if told := of_several(view):
        return told
    if _asks_for_several(view):
        return _listed(view)
    found: Invoice = view.ask("read_invoice", month=month_meant(view))
    view.state |= {"month": f"{found.due_on:%Y-%m}", "pending": {"kind": "contest", "intent": "contest"}}
    said = view.say(
        "invoices.items", due=day(found.due_on), items=items_listed(view, found.items), total=money(found.total)
    )
    fee = view.say("invoices.fee_on_top", fee=money(found.late_fee)) if found.late_fee else ""
    taken = {"disputed": money(found.disputed), "due_amount": money(found.amount_due)}
    disputed = view.say("invoices.disputed", **taken) if found.disputed else ""
    stands = view.say("invoices.paid", paid=day(found.paid_on)) if found.paid_on else ""
    if not found.paid_on and found.status == "open":
        stands = view.say("invoices.open", method=worded(found.payment_method, view.language))
    return paragraphs(view.rule(), said, fee, disputed, stands)


def payment(view: View) -> str:
    """What is open and overdue, after the rules where they are asked for.

    A run of months, or `the largest`, is told by `of_several`; of months that are named what was or is to be paid, and
    where no invoice is of them, that there is none. Who asks of their own bills is told of these first.
    """
    if told := of_several(view):
        return told
    names = view.understood.names
    own = bool(names & OWN)
    general = bool((GENERAL - HOW_MUCH if own else GENERAL) & set(words(view.brief.message)))
    guide = view.guide(fits=of_bills) if general else ""
    guide = guide if own else view.guide(sure=True) or guide
    if view.understood.month:
        rules = guide if general and "paid_sum" not in names else ""
        told = of_months(view) or items(view)
        return paragraphs(told, rules) if own else paragraphs(rules, told)
    found: InvoiceList = view.ask("list_invoices", most=6)
    view.state["month"] = f"{found.invoices[0].due_on:%Y-%m}"
    account = _account(view, found)
    return paragraphs(account, guide) if own else paragraphs(guide, account)


def balance(view: View) -> str:
    """What is open and overdue; empty where there are no invoices."""
    found: InvoiceList | None = view.try_ask("list_invoices", most=6)
    return _account(view, found) if found and found.invoices else ""


def second_copy(view: View) -> str:
    """Prepares to send an invoice again: of the month that is named, else the late one, the next or the newest.

    It goes by the channel that is named, else by the customer's usual one. Where no invoice is of the month that is
    named, those that there are.
    """
    found, profile = view.ask_all(("list_invoices", {"most": 12}), ("customer_profile", {}))
    chosen = _to_copy(view, found)
    if chosen is None:
        return _listed(view)
    channel = channel_named(view.brief.message) or CHANNELS.get(profile.preferred_channel, "email")
    given = {"invoice_id": chosen.invoice_id, "channel": channel}
    title = view.propose(ActionDraft("second_copy", "Pedido de segunda via.", given)).title
    view.state["month"] = f"{chosen.due_on:%Y-%m}"
    guide = "" if view.before.get("topic") == "second_copy" else view.rule()
    said = view.say(
        "invoices.copy_proposed",
        due=day(chosen.due_on),
        amount=money(chosen.total),
        channel=view.say(f"invoices.{channel}"),
        title=title,
    )
    unpaid_fee = chosen.late_fee and not chosen.paid_on
    fee = view.say("invoices.copy_fee", sum=owed(view, chosen)) if unpaid_fee else ""
    return paragraphs(guide, said, fee)


def _to_copy(view: View, found: InvoiceList) -> InvoiceSummary | None:
    """The invoice that is meant; None where the month that is named has none."""
    if view.understood.month:
        return next(iter(of_month(view, found.invoices, view.understood.month)), None)
    unpaid = [each for each in found.invoices if each.paid_on is None]
    late = found.overdue if names_late(view.brief.message) else ()
    before = of_month(view, found.invoices, month_meant(view) or "")
    return next(iter([*late, *before, *unpaid, *found.invoices]))


def _compared(view: View) -> dict[str, str | None]:
    """Which invoices to compare."""
    message = view.brief.message
    months = sorted(months_named(message, local_day(view.now)))
    if len(months) > 1:
        return {"month": months[-1], "before": months[0]}
    return {"month": None if COMPARES.search(folded(message)) else month_meant(view)}


def _changes(view: View, found: Comparison) -> str:
    changes = [each for each in found.changes if each.cause != "late_fee"]
    if not changes:
        return view.say("invoices.nothing_changed")
    said = view.say("invoices.what_changed", changes=lines(_changed(view, each) for each in changes))
    return said + ("\n" + view.say("invoices.others", others=money(found.others)) if found.others else "")


def _fees(view: View, those: Sequence[InvoiceSummary]) -> str:
    """Late fees, which no bill's total has in it."""
    late = [each for each in those if each.late_fee]
    return lines(view.say("invoices.fee_apart", due=day(each.due_on), fee=money(each.late_fee)) for each in late)


def _changed(view: View, each: Change) -> str:
    if not view.english:
        return f"- {each.words}"
    known = {"item": each.description, "before": money(abs(each.before)), "after": money(abs(each.after))}
    return view.say(f"invoices.{each.cause}", **known)


def _reason(view: View, found: Comparison) -> str:
    """What the guide says, where a discount is the cause or somebody asks what something means."""
    causes = {each.cause for each in found.changes}
    return view.guide(most=300, fits=of_bills) if causes & {"discount_smaller", "discount_ended"} else ""


def _account(view: View, found: InvoiceList) -> str:
    """What is overdue and, beside it, what else is open and all of it together; or what is due next; or nothing."""
    late = found.overdue
    coming = sorted((each for each in found.invoices if each.status == "open"), key=lambda each: each.due_on)
    if late:
        blanks = {"count": several(found.overdue_count, "bill", view.language), "amount": money(found.overdue_amount)}
        said = view.say("invoices.some_overdue", lines=listed(view, late), **blanks)
        if not coming:
            return said
        sums = {"lines": listed(view, coming), "amount": money(found.open_amount)}
        return paragraphs(said, view.say("invoices.also_open", **sums))
    if coming:
        return view.say("invoices.next_due", due=day(coming[0].due_on), amount=owed(view, coming[0]))
    last = found.invoices[0]
    paid = day(last.paid_on) if last.paid_on else ""
    return view.say("invoices.nothing_open", due=day(last.due_on), amount=owed(view, last), paid=paid)


def _listed(view: View) -> str:
    """The latest invoices: as many months back as the message says."""
    most = months_back(view.brief.message, local_day(view.now)) or LISTED
    found: InvoiceList = view.ask("list_invoices", most=most)
    return view.say("invoices.list", lines=listed(view, found.invoices))


def _asks_for_several(view: View) -> bool:
    said = set(words(view.brief.message))
    return bool(said & {"faturas", "contas", "historico", "bills", "invoices", "ultimas", "history"})
