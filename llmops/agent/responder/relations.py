"""Contract, cancellation, plan and churn risk."""

import re

from llmops.agent.responder.figures import joined, lines, paragraphs, several, worded
from llmops.agent.responder.preparing import prepared
from llmops.agent.responder.view import View
from llmops.tools.churn_tool import ChurnRisk
from llmops.tools.crm_tool import Profile
from llmops.tools.drafts import ActionDraft
from llmops.tools.loyalty import STAY_MONTHS
from llmops.tools.words import day, money, number, short
from telecom.passages import folded
from telecom.ports import Passage

IN_PART = re.compile(r"\b(?:so|manter|pela telecom)\b")
"""Sections on cancelling one service, or on our cancelling."""
FINES = "| Meses completos de contrato |"
"""Head of the table of fines: months, fibre, copper."""


def contract(view: View) -> str:
    """What kind of contract it is, how long it still runs, and the rules on leaving early."""
    profile: Profile = view.ask("customer_profile")
    return paragraphs(view.rule(), _terms(view, profile), _leaving(view, profile))


def cancel(view: View) -> str:
    """The right to cancel, what it takes, and the request itself once it is wanted."""
    profile: Profile = view.ask("customer_profile")
    if view.pending.get("kind") == "cancel" and view.understood.answer == "no":
        return view.say("service.dropped")
    if view.pending.get("kind") == "cancel" and view.understood.answer == "yes":
        return _request(view)
    view.state["pending"] = {"kind": "cancel", "intent": "cancel"}
    return paragraphs(
        view.say("relations.cancel_right"),
        view.guide(sure=True) or view.guide(fits=of_leaving),
        _leaving(view, profile),
        view.say("relations.cancel_agent") if view.for_agent else "",
        view.say("relations.cancel_ask"),
    )


def plan(view: View) -> str:
    """The present plan; the catalogue where that is asked for."""
    return paragraphs(view.rule(), plan_now(view))


def _plan(view: View, profile: Profile) -> str:
    extras = joined([each for each in profile.products if each != profile.plan], view.language)
    products = extras or view.say("relations.no_products")
    said = view.say("relations.plan_none", products=products)
    if profile.plan:
        said = view.say("relations.plan", plan=profile.plan, products=products)
    charge = view.say("relations.charge", charge=money(profile.contract.monthly_charge)) if profile.contract else ""
    return f"{said} {charge}".strip()


def plan_now(view: View) -> str:
    """The present plan and its charge."""
    return _plan(view, view.ask("customer_profile"))


def terms_now(view: View) -> str:
    """The present contract."""
    return _terms(view, view.ask("customer_profile"))


def churn_risk(view: View) -> str:
    """The score and its reasons, for agents."""
    found: ChurnRisk = view.ask("churn_risk", reasons=3)
    blanks = {
        "segment": view.say(f"relations.{found.segment}"),
        "percent": f"{number(found.percent)} %",
        "day": day(found.snapshot_date),
    }
    head = view.say("relations.risk_today", **blanks)
    if found.age_days:
        head = view.say("relations.risk", **blanks, age=several(found.age_days, "day", view.language))
    reasons = [
        view.say("relations.risk_up" if each.effect == "aumenta" else "relations.risk_down", reason=each.words)
        for each in found.reasons
    ]
    why = view.say("relations.risk_reasons", lines=lines(reasons)) if reasons else ""
    view.state["pending"] = {"kind": "offers", "intent": "retention"}
    return paragraphs(head, why, view.say("relations.risk_note"))


def _terms(view: View, profile: Profile) -> str:
    terms = profile.contract
    if terms is None:
        return view.say("relations.contract_unknown")
    said = view.say(
        "relations.contract",
        words=worded(terms.words, view.language),
        charge=money(terms.monthly_charge),
        method=worded(terms.payment_method, view.language),
    )
    if terms.months <= 1:
        return f"{said} {view.say('relations.contract_free')}"
    if terms.term_over:
        return f"{said} {view.say('relations.contract_over')}"
    left = several(terms.months_to_renewal, "month", view.language)
    return f"{said} {view.say('relations.contract_left', left=left)}"


def of_leaving(passage: Passage) -> bool:
    """Whether a passage is on cancelling in general."""
    section = folded(passage.section)
    return "cancel" in folded(f"{passage.document} {section}") and not IN_PART.search(section)


def _leaving(view: View, profile: Profile) -> str:
    """What leaving now would cost this customer, with the table of fines where it was found."""
    terms, tenure = profile.contract, profile.tenure_months
    if terms is None or tenure is None:
        return ""
    if terms.months <= 1 or not profile.plan:
        return view.say("relations.fine_never")
    if tenure >= STAY_MONTHS:
        return view.say("relations.fine_over")
    if not terms.fine_today:
        return view.say("relations.fine_runs")
    months = several(tenure, "month", view.language)
    said = view.say("relations.fine_now", months=months, amount=money(terms.fine_today))
    places = (place for place, one in enumerate(view.brief.found, 1) if FINES in one.passage.text)
    return f"{said} [{place}]" if (place := next(places, 0)) else said


def _request(view: View) -> str:
    told = " / ".join([*(turn.user for turn in view.brief.session.turns[-2:]), view.brief.message])
    draft = ActionDraft(
        "ticket_registration",
        "O cliente pediu o cancelamento.",
        {
            "category": "cancellation",
            "priority": "high",
            "subject": "Pedido de cancelamento",
            "description": short(f"Relato: {told}", 480),
        },
    )
    return prepared(view, draft, "relations.cancel_proposed")
