"""Tickets, registering a contact, calls back, and the account's data."""

import re
from datetime import date, timedelta

from llmops.agent.intents.choices import complains
from llmops.agent.intents.dates import When, when_named
from llmops.agent.intents.features import ideas, words
from llmops.agent.intents.orders import priority_named, told_of
from llmops.agent.responder.figures import joined, lines, paragraphs, worded
from llmops.agent.responder.preparing import prepared
from llmops.agent.responder.view import Refused, View
from llmops.tools.crm_tool import Profile
from llmops.tools.drafts import ActionDraft
from llmops.tools.ticket_tool import CATEGORIES as TOPICS
from llmops.tools.ticket_tool import Category, Tickets
from llmops.tools.visit_windows import BRASILIA, FURTHEST_DAYS, SUNDAY, local_day, nearest_visit, wished_visit
from llmops.tools.words import day, short
from telecom.passages import folded

RULE = 300
"""Letters of what is told of complaining before one is registered."""
ENOUGH_WORDS = 6
"""A shorter request to register something does not say what."""
# The first idea that a report carries decides its category.
CATEGORIES: tuple[tuple[str, Category], ...] = (
    ("cancel", "cancellation"),
    ("charge", "billing"),
    ("bill", "billing"),
    ("pay", "billing"),
    ("mobile", "mobile_signal"),
    ("slow", "internet_slow"),
    ("wifi", "internet_slow"),
    ("down", "internet_down"),
    ("internet", "internet_down"),
    ("device", "equipment"),
    ("lamp", "equipment"),
    ("technician", "equipment"),
    ("plan", "plan_change"),
    ("change", "plan_change"),
)
USUAL: Category = "other"
_OF_A_TICKET = re.compile(r"\bcancel\w*\b[^.!?]{0,20}\b(?:chamado|protocolo|ticket|visita|agendamento|retorno|ligacao)")
"""What is cancelled is the request, not the contract."""
_POLITE = frozenset("por favor please agora now ja urgente para mim ele ela ai entao obrigado".split())
_MARK = re.compile(r"\s*\[[A-ZÇÃÁÉÍÓÚ-]+\]")
"""What stands for masked personal data."""


def tickets(view: View) -> str:
    """What is open, and how it stands; who wants to cancel one has that registered, or is told that nothing runs."""
    cancelling = "ticket_cancel" in view.understood.names
    if cancelling and view.pending.get("kind") == "approval":
        view.state["pending"] = dict(view.pending)
        return view.say("service.approval_no")
    found: Tickets = view.ask("open_tickets")
    if not found.tickets:
        return paragraphs(view.say("contacts.no_tickets"), view.say("contacts.new_ticket"))
    shown = lines(
        view.say(
            "contacts.ticket",
            id=each.ticket_id,
            about=worded(each.category_words, view.language),
            status=worded(each.status, view.language),
            opened=day(each.opened_at.astimezone(BRASILIA).date()),
            priority=worded(each.priority, view.language),
        )
        for each in found.tickets
    )
    more = view.say("contacts.more_tickets", count=found.open_count) if found.open_count > len(found.tickets) else ""
    last = _cancelled(view) if cancelling else view.rule(most=300)
    return paragraphs(view.say("contacts.tickets", lines=shown), more, last)


def _cancelled(view: View) -> str:
    """Registers that a ticket, a visit or a call back is to be cancelled, which somebody of ours then does."""
    draft = _ticket(view.brief.message, USUAL, "medium", "Pedido de cancelamento de chamado.")
    return prepared(view, draft, "contacts.cancel_registered")


def _ticket(told: str, category: Category, priority: str, reason: str) -> ActionDraft:
    subject = short(_MARK.sub("", told).strip(" ,.;:-"), 70) or f"Contato sobre {TOPICS[category]}"
    given = {"category": category, "priority": priority, "subject": subject, "description": short(told, 480)}
    return ActionDraft("ticket_registration", reason, given)


def register(view: View) -> str:
    """Prepares a ticket of what was told; asks where nothing was."""
    told = told_of(view.brief.message)
    if view.pending.get("kind") != "what" and not _enough(view, told):
        view.state["pending"] = {"kind": "what", "intent": "register_contact", "complaint": complains(told)}
        return paragraphs(view.rule(most=RULE) if complains(told) else "", view.say("contacts.what_about"))
    if view.understood.answer == "no":
        return view.say("service.dropped")
    priority = (priority_named(view.brief.message) if view.for_agent else None) or "medium"
    draft = _ticket(told, _category(view, told), priority, "Registro do contato a pedido.")
    return prepared(view, draft, "contacts.register_proposed")


def _enough(view: View, told: str) -> bool:
    """Whether it is told what to register: of an order, what is left of it, else a message of some length."""
    if not told or told == view.brief.message.strip(" ,.;:-"):
        return bool(told) and len(words(told)) >= ENOUGH_WORDS
    return bool(ideas(words(told))) or len(set(words(told)) - _POLITE) > 1


def _category(view: View, told: str) -> Category:
    """A complaint, also where only the message before called it one; else the matter that the report names."""
    if complains(told) or view.pending.get("complaint") is True:
        return "complaint"
    carried = ideas(words(told))
    if _OF_A_TICKET.search(folded(told)):
        return USUAL
    return next((name for idea, name in CATEGORIES if idea in carried), USUAL)


def human(view: View) -> str:
    """Prepares a call back at the time that is wished for or, where there can be none, at the nearest one."""
    wish = _wished(view)
    met = wished_visit(view.now, wish.day, wish.window, no_service=False)
    when = met or nearest_visit(view.now, wish.day, wish.window, no_service=False)
    view.state["call"] = {"day": when.day.isoformat(), "window": when.window if wish.window else ""}
    topic = short(" / ".join(turn.user for turn in view.brief.session.turns[-2:]) or view.brief.message, 300)
    given = {"day": when.day.isoformat(), "window": when.window, "topic": topic}
    try:
        title = view.propose(ActionDraft("callback", "O cliente pediu para falar com uma pessoa.", given)).title
    except Refused as refused:
        if refused.error.code in ("unavailable", "agents_only"):
            raise
        return view.say("contacts.callback_refused", message=refused.error.message)
    other = view.say(f"contacts.{_no_call(view, wish)}") if wish and not met else ""
    return paragraphs(view.say("contacts.callback_proposed", title=title), other)


def _wished(view: View) -> When:
    """The day and its part that are wished for: what this message does not name is as it was proposed before."""
    said = when_named(view.brief.message, local_day(view.now))
    kept = (view.before.get("call") or {}) if view.before.get("topic") == "human" else {}
    day = said.day or (date.fromisoformat(kept["day"]) if kept else None)
    return When(day, said.window or kept.get("window") or None)


def _no_call(view: View, wish: When) -> str:
    """The phrase that says why there is no call back at such a time."""
    if wish.window == "evening" or (wish.day and wish.day.weekday() == SUNDAY):
        return "callback_closed"
    far = wish.day and wish.day > local_day(view.now) + timedelta(days=FURTHEST_DAYS)
    return "callback_too_far" if far else "callback_too_soon"


def _open(view: View, profile: Profile) -> str:
    if not profile.open_tickets:
        return view.say("contacts.no_tickets")
    return view.say(
        "contacts.account_tickets", ids=joined([each.ticket_id for each in profile.open_tickets], view.language)
    )


def account(view: View) -> str:
    """Who the customer is; personal data stay masked."""
    profile: Profile = view.ask("customer_profile")
    said = view.say(
        "contacts.account",
        name=profile.full_name,
        city=profile.city,
        state=profile.state,
        since=day(profile.customer_since),
        email=profile.email,
        phone=profile.phone,
        channel=worded(profile.preferred_channel, view.language),
    )
    services = joined(profile.products, view.language)
    changing = "change" in ideas(words(view.brief.message)) or "atualizar" in view.brief.message.lower()
    return paragraphs(
        said,
        view.say("contacts.account_services", products=services) if services else "",
        _open(view, profile),
        view.say("contacts.account_change") if changing else "",
    )
