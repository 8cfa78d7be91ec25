"""Disputes of an item: which invoice and which of its items is meant, and the proposal."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from llmops.agent.intents.choices import LAST, place_named
from llmops.agent.responder.figures import lines, paragraphs
from llmops.agent.responder.invoice_lines import items_listed, month_meant, of_bills
from llmops.agent.responder.invoice_words import amounts_named, item_words, names_item, names_late
from llmops.agent.responder.view import CLEARLY, Refused, View
from llmops.tools.billing_tool import InvoiceList
from llmops.tools.drafts import ActionDraft
from llmops.tools.invoices import Invoice, Item
from llmops.tools.words import day, money, short

RECENT = 6
"""Invoices among which an item is looked for where no month is named."""


@dataclass(frozen=True)
class Charge:
    """An item that was charged, and its invoice."""

    invoice: Invoice
    item: Item


def contest(view: View) -> str:
    """Prepares the dispute of an item; asks which one where the message names none, or several alike."""
    if view.understood.answer == "no":
        return view.say("service.dropped")
    newest: Invoice = view.ask("read_invoice", month=_month(view))
    meant = _picked(view) or _meant(view, newest)
    if len(meant) == 1:
        view.state["month"] = f"{meant[0].invoice.due_on:%Y-%m}"
        return _proposed(view, meant[0])
    view.state |= {"month": f"{newest.due_on:%Y-%m}"}
    asked: dict[str, Any] = {"kind": "which_item", "intent": "contest"}
    if meant:
        view.state["pending"] = asked | {"those": [_key(each) for each in meant]}
        return view.say("invoices.contest_which_of", lines=lines(_line(view, each) for each in meant))
    charged = _charged(newest)
    view.state["pending"] = asked | {"those": [_key(each) for each in charged]}
    which = items_listed(view, [each.item for each in charged])
    said = view.say("invoices.contest_which", due=day(newest.due_on), items=which)
    return paragraphs(view.guide(sure=True, fits=of_bills), said)


def _month(view: View) -> str | None:
    """The month of the invoice: named, or that of the late one, or as talked of before."""
    if not view.understood.month and names_late(view.brief.message):
        found: InvoiceList = view.ask("list_invoices", most=RECENT)
        if found.overdue:
            return f"{found.overdue[0].due_on:%Y-%m}"
    return month_meant(view)


def _picked(view: View) -> list[Charge]:
    """What the message picks by its place in the list that was shown."""
    place, those = place_named(view.brief.message), view.pending.get("those") or ()
    if not place or place > len(those):
        return []
    month, description, amount = those[place - 1 if place != LAST else -1]
    found: Invoice = view.ask("read_invoice", month=month)
    same = [each for each in _charged(found) if _key(each) == [month, description, amount]]
    return same[:1]


def _meant(view: View, newest: Invoice) -> list[Charge]:
    """What the message names by amount and words: of the invoice that is meant or, where none of its items fits
    wholly and the message names no invoice, of whichever recent one has the item that fits best, the newest first.
    """
    here = _fitting(view, _charged(newest))
    message = view.brief.message
    bound = view.understood.month or names_late(message) or view.pending.get("kind") == "which_item"
    if bound or (here and _whole(message, here)) or not (amounts_named(message) or names_item(message)):
        return here
    listed: InvoiceList = view.ask("list_invoices", most=RECENT)
    months = dict.fromkeys(f"{each.due_on:%Y-%m}" for each in listed.invoices)
    all_of_them = view.ask_all(*(("read_invoice", {"month": month}) for month in months))
    charged = list(chain.from_iterable(map(_charged, all_of_them)))
    # Month by month the same item stands in each invoice: the newest of them is meant.
    once: dict[str, Charge] = {}
    for each in _fitting(view, charged):
        once.setdefault(each.item.description, each)
    return list(once.values()) or here


def _fitting(view: View, charged: Sequence[Charge]) -> list[Charge]:
    """Of these the ones of the named amount, and of them those of which the message has the most words."""
    message = view.brief.message
    if amounts := amounts_named(message):
        charged = [each for each in charged if each.item.amount in amounts]
    said = item_words(message)
    counts = [len(said & item_words(each.item.description)) for each in charged]
    most = max(counts, default=0)
    if not most:
        return list(charged) if amounts else []
    best = [each for each, count in zip(charged, counts, strict=True) if count == most]
    whole = [each for each in best if item_words(each.item.description) <= said]
    return whole or best


def _whole(message: str, found: Sequence[Charge]) -> bool:
    """Whether the amount is named, or all words of an item."""
    said = item_words(message)
    return bool(amounts_named(message)) or any(item_words(each.item.description) <= said for each in found)


def _charged(invoice: Invoice) -> list[Charge]:
    return [Charge(invoice, item) for item in invoice.items if item.amount > 0]


def _key(each: Charge) -> list[str]:
    return [f"{each.invoice.due_on:%Y-%m}", each.item.description, f"{each.item.amount:.2f}"]


def _line(view: View, each: Charge) -> str:
    item, due = each.item, day(each.invoice.due_on)
    return view.say("invoices.contest_line", item=item.description, amount=money(item.amount), due=due)


def _proposed(view: View, meant: Charge) -> str:
    item, invoice = meant.item, meant.invoice
    given = {
        "invoice_id": invoice.invoice_id,
        "item": item.description,
        "amount": f"{item.amount:.2f}",
        "explanation": short(_told(view), 480),
    }
    try:
        title = view.propose(ActionDraft("invoice_contestation", f"Contestação de {item.description}.", given)).title
    except Refused as refused:
        return view.say("service.not_proposed", message=refused.error.message)
    blanks = {"amount": money(item.amount), "item": item.description, "due": day(invoice.due_on), "title": title}
    asks = view.asks_rule or view.asked >= CLEARLY
    rule = view.guide(most=300, sure=True, fits=of_bills) if asks else ""
    return paragraphs(view.say("invoices.contest_proposed", **blanks), rule)


def _told(view: View) -> str:
    """What the customer reported: this message, and the one before where this only names the item."""
    before = view.brief.session.turns[-1:] if view.pending.get("kind") == "which_item" else ()
    return " / ".join([*(turn.user for turn in before), view.brief.message])
