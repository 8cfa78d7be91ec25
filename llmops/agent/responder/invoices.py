"""Invoices: what changed and why, line by line, what is to be paid, copies, disputes."""

import re
from collections.abc import Sequence
from decimal import Decimal

from llmops.agent.intents.choices import LAST, place_named
from llmops.agent.intents.features import words
from llmops.agent.responder.figures import lines, paragraphs, several, worded
from llmops.agent.responder.view import Refused, View
from llmops.tools.billing_tool import Comparison, InvoiceList, InvoiceSummary
from llmops.tools.drafts import ActionDraft
from llmops.tools.invoice_comparison import Change
from llmops.tools.invoices import Invoice, Item
from llmops.tools.words import day, money, short
from telecom.passages import folded
from telecom.ports import Passage

CHANNELS = {"WhatsApp": "whatsapp", "SMS": "sms", "e-mail": "email"}
GENERAL = frozenset(
    "como aceita pix juros multa parcelar serasa religa how pay cartao debito fee dinheiro prazo".split()
)
COMPARES = re.compile(
    r"\b(?:que|com|relacao|compara\w*|diferente|ante|than|from|with|to)\b[^?.!]{0,25}"
    r"\b(?:mes (?:passado|anterior)|(?:fatura|conta) (?:passada|anterior)|(?:last|previous) month)"
    r"|\bmes (?:passado|anterior) (?:pra|para) (?:ca|este|esse|agora)\b"
)
"""The month that a message names is what it compares with."""
LATE = re.compile(r"\b(?:vencid|atrasad|em atraso|overdue)")
"""An invoice that is late, rather than the next one."""
AMOUNT = re.compile(r"\b\d{1,4}[.,]\d{2}\b")
BILLS = ("billing/", "faq/faq-fatura")
SIMILAR = 4
"""So many first letters in common make two words of an item alike."""


def change(view: View) -> str:
    """What changed from the invoice before."""
    month = None if COMPARES.search(folded(view.brief.message)) else _month(view)
    try:
        found: Comparison = view.ask("compare_invoices", month=month)
    except Refused as refused:
        if refused.error.code != "no_previous_invoice":
            raise
        return paragraphs(view.say("invoices.no_previous"), items(view))
    now, before = found.invoice, found.previous
    difference = now.total - before.total
    phrase = "same" if not difference else "higher" if difference > 0 else "lower"
    blanks = {"due": day(now.due_on), "now": money(now.total)}
    if difference:
        blanks |= {"difference": money(abs(difference))}
    head = view.say(f"invoices.{phrase}", **_filled(phrase, blanks, money(before.total)))
    view.state |= {"month": f"{now.due_on:%Y-%m}", "pending": {"kind": "contest", "intent": "contest"}}
    return paragraphs(
        head,
        _changes(view, found),
        _fees(view, (before, now)),
        _reason(view, found),
        _status(view, now),
        view.say("invoices.may_contest"),
    )


def items(view: View) -> str:
    """One invoice line by line; the latest ones where several are asked for."""
    if _asks_for_several(view):
        return _listed(view)
    found: Invoice = view.ask("read_invoice", month=_month(view))
    view.state |= {"month": f"{found.due_on:%Y-%m}", "pending": {"kind": "contest", "intent": "contest"}}
    said = view.say("invoices.items", due=day(found.due_on), items=_items(view, found.items), total=money(found.total))
    fee = view.say("invoices.fee_on_top", fee=money(found.late_fee)) if found.late_fee else ""
    taken = {"disputed": money(found.disputed), "due_amount": money(found.amount_due)}
    disputed = view.say("invoices.disputed", **taken) if found.disputed else ""
    status = view.say("invoices.paid", paid=day(found.paid_on)) if found.paid_on else ""
    if not found.paid_on and found.status == "open":
        status = view.say("invoices.open", method=worded(found.payment_method, view.language))
    return paragraphs(view.rule(), said, fee, disputed, status)


def payment(view: View) -> str:
    """What is open and overdue; first the rules where they are asked for."""
    if view.understood.month:
        return items(view)
    found: InvoiceList = view.ask("list_invoices", most=6)
    general = bool(GENERAL & set(words(view.brief.message)))
    guide = view.guide(sure=True) or (view.guide(fits=of_bills) if general else "")
    view.state["month"] = f"{found.invoices[0].due_on:%Y-%m}"
    return paragraphs(guide, _account(view, found))


def balance(view: View) -> str:
    """What is open and overdue; empty where there are no invoices."""
    found: InvoiceList | None = view.try_ask("list_invoices", most=6)
    return _account(view, found) if found and found.invoices else ""


def second_copy(view: View) -> str:
    """Prepares to send an invoice again."""
    found, profile = view.ask_all(("list_invoices", {"most": 12}), ("customer_profile", {}))
    month = _month(view)
    asked = [each for each in found.invoices if month and f"{each.due_on:%Y-%m}" == month]
    if view.understood.month and not asked:
        return _listed(view)
    late = [each for each in found.invoices if each.status == "overdue" and LATE.search(folded(view.brief.message))]
    unpaid = [each for each in found.invoices if each.paid_on is None]
    chosen: InvoiceSummary = next(iter([*asked, *late, *unpaid, *found.invoices]))
    named = next((name for name in ("email", "sms", "whatsapp") if name in view.understood.names), "")
    channel = named or CHANNELS.get(profile.preferred_channel, "email")
    given = {"invoice_id": chosen.invoice_id, "channel": channel}
    title = view.propose(ActionDraft("second_copy", "Pedido de segunda via.", given)).title
    view.state["month"] = f"{chosen.due_on:%Y-%m}"
    guide = view.rule()
    said = view.say(
        "invoices.copy_proposed",
        due=day(chosen.due_on),
        amount=money(chosen.total),
        channel=view.say(f"invoices.{channel}"),
        title=title,
    )
    unpaid_fee = chosen.late_fee and not chosen.paid_on
    fee = view.say("invoices.copy_fee", sum=_owed(view, chosen)) if unpaid_fee else ""
    return paragraphs(guide, said, fee)


def contest(view: View) -> str:
    """Prepares the dispute of an item; asks which one where the message names none."""
    found: Invoice = _disputed(view)
    charged = [item for item in found.items if item.amount > 0]
    meant = _meant(view.brief.message, charged)
    if view.pending.get("kind") == "which_item" and (place := place_named(view.brief.message)):
        meant = charged[place - 1 : place] if place != LAST else charged[-1:]
    view.state |= {"month": f"{found.due_on:%Y-%m}"}
    if len(meant) != 1:
        if view.understood.answer == "no":
            return view.say("service.dropped")
        view.state["pending"] = {"kind": "which_item", "intent": "contest"}
        which = view.say("invoices.contest_which", due=day(found.due_on), items=_items(view, charged))
        return paragraphs(view.guide(sure=True, fits=of_bills), which)
    item = meant[0]
    given = {
        "invoice_id": found.invoice_id,
        "item": item.description,
        "amount": f"{item.amount:.2f}",
        "explanation": short(_told(view), 480),
    }
    try:
        title = view.propose(ActionDraft("invoice_contestation", f"Contestação de {item.description}.", given)).title
    except Refused as refused:
        return view.say("service.not_proposed", message=refused.error.message)
    said = view.say(
        "invoices.contest_proposed",
        amount=money(item.amount),
        item=item.description,
        due=day(found.due_on),
        title=title,
    )
    return paragraphs(said, view.rule(most=300))


def _disputed(view: View) -> Invoice:
    """The invoice of the month that is named or, where an amount is named, the newest that has an item of it."""
    newest: Invoice = view.ask("read_invoice", month=_month(view))
    amounts = _amounts(view.brief.message)
    if view.understood.month or not amounts or any(item.amount in amounts for item in newest.items):
        return newest
    listed: InvoiceList = view.ask("list_invoices", most=6)
    months = dict.fromkeys(f"{each.due_on:%Y-%m}" for each in listed.invoices)
    older = view.ask_all(*(("read_invoice", {"month": month}) for month in months))
    return next((each for each in older if any(item.amount in amounts for item in each.items)), newest)


def _amounts(message: str) -> frozenset[Decimal]:
    return frozenset(Decimal(found.replace(",", ".")) for found in AMOUNT.findall(message))


def of_bills(passage: Passage) -> bool:
    """Whether a passage is of the documents on bills and payment."""
    return passage.document.startswith(BILLS)


def _month(view: View) -> str | None:
    """Named now or, going on with the topic, before."""
    going_on = view.before.get("topic") == view.understood.intent or bool(view.pending)
    return view.understood.month or (str(view.before.get("month", "")) if going_on else "") or None


def _filled(phrase: str, blanks: dict[str, str], before: str) -> dict[str, str]:
    return blanks if phrase == "same" else {**blanks, "before": before}


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


def _owed(view: View, each: InvoiceSummary) -> str:
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


def _changed(view: View, each: Change) -> str:
    if not view.english:
        return f"- {each.words}"
    known = {"item": each.description, "before": money(abs(each.before)), "after": money(abs(each.after))}
    return view.say(f"invoices.{each.cause}", **known)


def _reason(view: View, found: Comparison) -> str:
    """What the guide says, where a discount is the cause or somebody asks what something means."""
    causes = {each.cause for each in found.changes}
    return view.guide(most=300, fits=of_bills) if causes & {"discount_smaller", "discount_ended"} else ""


def _status(view: View, invoice: InvoiceSummary) -> str:
    if invoice.paid_on:
        return view.say("invoices.paid", paid=day(invoice.paid_on))
    if invoice.days_late:
        return view.say("invoices.overdue", days=several(invoice.days_late, "day", view.language))
    return view.say("invoices.open", method=worded(invoice.payment_method, view.language))


def _account(view: View, found: InvoiceList) -> str:
    late = [each for each in found.invoices if each.status == "overdue"]
    if late:
        blanks = {"count": several(found.overdue_count, "bill", view.language), "amount": money(found.overdue_amount)}
        return view.say("invoices.some_overdue", lines=lines(_line(view, each) for each in late), **blanks)
    coming = [each for each in found.invoices if each.paid_on is None]
    if coming:
        first = min(coming, key=lambda each: each.due_on)
        return view.say("invoices.next_due", due=day(first.due_on), amount=_owed(view, first))
    last = found.invoices[0]
    paid = day(last.paid_on) if last.paid_on else ""
    return view.say("invoices.nothing_open", due=day(last.due_on), amount=_owed(view, last), paid=paid)


def _listed(view: View) -> str:
    found: InvoiceList = view.ask("list_invoices", most=6)
    return view.say("invoices.list", lines=lines(_line(view, each) for each in found.invoices))


def _line(view: View, each: InvoiceSummary) -> str:
    if each.paid_on:
        status = view.say("invoices.status_paid", paid=day(each.paid_on))
    elif each.days_late:
        status = view.say("invoices.status_overdue", days=several(each.days_late, "day", view.language))
    else:
        status = view.say("invoices.status_open")
    return view.say("invoices.list_line", due=day(each.due_on), amount=_owed(view, each), status=status)


def _items(view: View, found: Sequence[Item]) -> str:
    return lines(view.say("invoices.item", item=item.description, amount=money(item.amount)) for item in found)


def _asks_for_several(view: View) -> bool:
    said = set(words(view.brief.message))
    return bool(said & {"faturas", "contas", "historico", "bills", "invoices", "ultimas", "history"})


def _meant(message: str, charged: Sequence[Item]) -> list[Item]:
    """The items of which the message names the most words."""
    if amounts := _amounts(message):
        charged = [item for item in charged if item.amount in amounts]
    said = {word[:SIMILAR] for word in words(message) if len(word) > 3}
    counts = [
        (len(said & {word[:SIMILAR] for word in words(item.description) if len(word) > 3}), item) for item in charged
    ]
    most = max((count for count, _ in counts), default=0)
    return [item for count, item in counts if count == most] if most else []


def _told(view: View) -> str:
    """What the customer reported: this message, and the one before where this only names the item."""
    before = view.brief.session.turns[-1:] if view.pending.get("kind") == "which_item" else ()
    return " / ".join([*(turn.user for turn in before), view.brief.message])
