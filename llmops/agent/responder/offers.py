"""What fits: other plans and services for everybody, retention offers within the policy for agents only."""

import re
from collections.abc import Sequence
from typing import Any

from llmops.agent.intents.choices import names_courtesy_visit
from llmops.agent.intents.features import words
from llmops.agent.responder.asking import against, customer_asked
from llmops.agent.responder.choosing import SIMILAR, chosen, entitled, mbps_named, speeds_named
from llmops.agent.responder.figures import lines, paragraphs, several, worded
from llmops.agent.responder.named_offers import asks_for_offers, named_draft
from llmops.agent.responder.preparing import prepared
from llmops.agent.responder.view import View
from llmops.tools.billing_tool import InvoiceList
from llmops.tools.drafts import ActionDraft
from llmops.tools.offers_tool import Offer, OfferSheet
from llmops.tools.plan_catalogue import PLANS as CATALOGUE
from llmops.tools.plan_catalogue import SERVICES
from llmops.tools.words import money
from telecom.passages import folded

PLANS = frozenset(("speed_upgrade", "fibre_migration"))
ADDING = frozenset("adicionar incluir contratar assinar add quero colocar ativar".split())
REMOVING = frozenset("tirar retirar remover cancelar remove tira sem".split())
_KEEPING = re.compile(
    r"\b(?:nao|nem|sem|don.?t|without)\b(?: (?:quero|queria|vou|posso|precisar?|ter|que|want|to))*"
    r" (?:tir\w+|retir\w+|remov\w+|cancel\w*|perder)\b[^,.!?;]*"
)
_MOST = re.compile(
    r"\b(?:qual|que|o|a|the|which|what)\b[^.!?]{0,25}"
    r"\b(?:mais (?:rapid[oa]|veloz)|maior velocidade|fastest|top speed)\b"
)
_FASTER = re.compile(
    r"\b(?:velocidade|veloz\w*|rapid[oa]s?|rapidez|megas?|gigas?|mbps|upgrade|turbin\w*|faster|speed)\b"
    r"|\bmais (?:internet|net|banda)\b"
)


def upgrade(view: View) -> str:
    """Plans and services that fit; the one that is named or agreed to is proposed.

    Who wants more speed is shown plans alone and, where none fits, told why. Services that could be given up are for
    who wants to give one up, or to change something and no plan fits.
    """
    if view.understood.answer == "no":
        return view.say("service.dropped")
    if (service := _service_named(view)) and ADDING & set(words(view.brief.message)) and not _removing(view):
        return _prepared(view, _adding(service))
    sheet = _sheet(view)
    fitting = [offer for offer in sheet.offers if offer.kind in PLANS or offer.kind == "remove_service"]
    if found := chosen(view, fitting):
        return _taken(view, found)
    plans = [offer for offer in fitting if offer.kind in PLANS]
    if not fitting or (not plans and _wants_speed(view)):
        return _no_faster(view, sheet)
    shown = (plans if not _removing(view) else fitting) or fitting
    guide = _most_told(view, sheet) or (view.rule() if view.asks_rule else "")
    guide = guide or _speed_told(view, sheet) or view.rule()
    view.state["pending"] = _offered(view, shown, "upgrade")
    return paragraphs(guide, _options(view, shown), _why_not(view, sheet), view.say("relations.option_ask"))


def retention(view: View) -> str:
    """For agents the offers of the policy and their limits; for customers what lowers the bill, and a call back."""
    sheet = _sheet(view)
    if view.for_agent:
        return _for_agent(view, sheet)
    if view.understood.answer == "no":
        return view.say("service.dropped")
    cheaper = [offer for offer in sheet.offers if offer.monthly_change < 0]
    view.state["pending"] = {"kind": "callback", "intent": "human"}
    shown = (
        view.say("relations.retention_lower", lines=lines(_option(view, each) for each in cheaper)) if cheaper else ""
    )
    return paragraphs(view.say("relations.retention_customer"), shown)


def _sheet(view: View) -> OfferSheet:
    """What fits; for agents as asked for only where they say that the customer asked, now or when it was shown."""
    given = {"asked_by_customer": True} if view.for_agent and _asked(view) else {}
    sheet: OfferSheet = view.ask("find_offers", **given)
    return sheet


def _asked(view: View) -> bool:
    return customer_asked(view.brief.message) or view.pending.get("asked") is True


def _for_agent(view: View, sheet: OfferSheet) -> str:
    ours = [offer for offer in sheet.offers if offer.kind not in PLANS and offer.kind != "remove_service"]
    if draft := named_draft(view, sheet, asked=_asked(view)):
        return _within(view, draft)
    if names_courtesy_visit(view.brief.message):
        reasons = [reason for no in sheet.not_offered if no.kind == "technical_visit" for reason in no.reasons]
        return view.say("service.not_proposed", message=" ".join(dict.fromkeys(reasons)))
    if found := entitled(view, sheet.offers) or chosen(view, ours):
        return _taken(view, found)
    if not ours:
        why = against(sheet.not_offered, view.language)
        refused = lines(view.say("relations.retention_not", offers=each, reasons=why[each]) for each in why)
        return paragraphs(view.say("relations.retention_none"), refused, _plans_too(view, sheet))
    view.state["pending"] = _offered(view, ours, "retention")
    shown = lines(
        view.say(
            "relations.retention_line",
            title=each.title,
            reason=each.reason,
            approval=worded(each.approval, view.language),
        )
        for each in ours
    )
    guide = "" if view.understood.answer or asks_for_offers(view.brief.message) else view.rule()
    return paragraphs(
        guide,
        view.say("relations.retention_agent", lines=shown),
        _limits(view, sheet),
        view.say("relations.retention_ask"),
    )


def _within(view: View, draft: ActionDraft) -> str:
    """Prepares what one of ours named; after a refusal, which tells the caps, the list still waits."""
    said = _prepared(view, draft)
    if view.state.get("pending", {}).get("kind") == "approval":
        return said
    if view.pending.get("kind") == "offer":
        view.state["pending"] = dict(view.pending)
    return said


def _limits(view: View, sheet: OfferSheet) -> str:
    if not sheet.maximum_percent or sheet.maximum_months is None or sheet.budget_left is None:
        return ""
    return view.say(
        "relations.retention_limits",
        percent=f"{sheet.maximum_percent} %",
        months=several(sheet.maximum_months, "month", view.language),
        budget=money(sheet.budget_left),
    )


def _plans_too(view: View, sheet: OfferSheet) -> str:
    plans = [offer for offer in sheet.offers if offer.kind in PLANS or offer.kind == "remove_service"]
    return _options(view, plans) if plans else ""


def _options(view: View, shown: Sequence[Offer]) -> str:
    return view.say("relations.options", lines=lines(_option(view, each) for each in shown))


def _option(view: View, each: Offer) -> str:
    if not each.monthly_change:
        return view.say("relations.option_same", title=each.title)
    amount = money(abs(each.monthly_change))
    change = view.say("relations.more" if each.monthly_change > 0 else "relations.less", amount=amount)
    return view.say("relations.option", title=each.title, change=change)


def _why_not(view: View, sheet: OfferSheet) -> str:
    """For agents, why the next speed does not fit."""
    reasons = [reason for no in sheet.not_offered if no.kind in PLANS for reason in no.reasons]
    return view.say("relations.why_not", reasons=" ".join(dict.fromkeys(reasons))) if reasons else ""


def _offered(view: View, shown: Sequence[Offer], intent: str) -> dict[str, Any]:
    return {"kind": "offer", "intent": intent, "titles": [each.title for each in shown], "asked": _asked(view)}


def _service_named(view: View) -> str:
    """A service of the catalogue of which the message has all long words."""
    said = {word[:SIMILAR] for word in words(view.brief.message)}
    for service in SERVICES.values():
        own = {word[:SIMILAR] for word in words(service.name) if len(word) > 1}
        if own <= said:
            return service.name
    return ""


def _speed_told(view: View, sheet: OfferSheet) -> str:
    """That the speed that is named is not sold, cannot be had, or is there already; empty where none is named."""
    if told := _most_told(view, sheet):
        return told
    if not (speeds := speeds_named(view.brief.message)):
        return ""
    return view.say("relations.that_already" if set(speeds) & set(sheet.plan.split()) else "relations.not_that")


def _most_told(view: View, sheet: OfferSheet) -> str:
    """The most speed that is sold, to who asks for it or for more than that."""
    if mbps_named(view.brief.message) > max(plan.mbps for plan in CATALOGUE.values()):
        return view.say("relations.not_sold", plan=sheet.fastest)
    return view.say("relations.fastest", plan=sheet.fastest) if _MOST.search(folded(view.brief.message)) else ""


def _no_faster(view: View, sheet: OfferSheet) -> str:
    """That no plan fits, in the view of the speed that was asked for, and why."""
    told = _speed_told(view, sheet)
    if sheet.plan == sheet.fastest:
        return told or view.say("relations.fastest_already", plan=sheet.plan)
    if view.for_agent:
        why = _why_not(view, sheet)
    else:
        found: InvoiceList | None = view.try_ask("list_invoices", most=6)
        late = found.overdue_count if found else 0
        count = several(late, "bill", view.language)
        why = view.say("relations.pay_first", count=count) if late else view.say("relations.line_must_carry")
    return paragraphs(told or view.say("relations.no_options"), why, "" if told else view.rule())


def _removing(view: View) -> bool:
    """Whether something is to be given up; `não quero tirar nada` is not."""
    return bool(REMOVING & set(words(_KEEPING.sub(" ", folded(view.brief.message)))))


def _wants_speed(view: View) -> bool:
    """Whether more speed is wished for, and nothing to be given up."""
    message = view.brief.message
    return not _removing(view) and bool(speeds_named(message) or _FASTER.search(folded(message)))


def _adding(service: str) -> ActionDraft:
    reason = f"Custa {money(SERVICES[service].price)} a mais por mês."
    return ActionDraft("plan_change", reason, {"operation": "add_service", "target": service})


def _taken(view: View, offer: Offer) -> str:
    """Prepares an offer that was picked."""
    return _surveyed(view, offer) if offer.kind == "fibre_migration" else _prepared(view, offer.draft)


def _surveyed(view: View, chosen: Offer) -> str:
    """Fibre needs somebody to see whether it reaches the address, which a ticket asks for."""
    given = {
        "category": "plan_change",
        "priority": "low",
        "subject": "Verificar a viabilidade da fibra",
        "description": f"Interesse em: {chosen.title}.",
    }
    draft = ActionDraft("ticket_registration", "A migração exige viabilidade.", given)
    return prepared(view, draft, "relations.survey", offer=chosen.title)


def _prepared(view: View, draft: ActionDraft) -> str:
    return prepared(view, draft, "service.proposed")
