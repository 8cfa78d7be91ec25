"""Which journey answers which intent."""

from collections.abc import Callable, Mapping

from llmops.agent.intents import of_bills
from llmops.agent.intents.choices import picks
from llmops.agent.intents.topics import FAULTS, INVOICES, SMALL_TALK
from llmops.agent.intents.wishes import KNOWN, LISTED
from llmops.agent.responder import contacts, faults, invoice_disputes, invoices, offers, relations, steps, summaries
from llmops.agent.responder.all_lines import all_lines, asks_for_all
from llmops.agent.responder.extracts import QUITE_ALIKE
from llmops.agent.responder.figures import paragraphs
from llmops.agent.responder.named_offers import asks_for_offers, names_offer
from llmops.agent.responder.view import CLEARLY, Refused, View

Journey = Callable[[View], str]
ABOUT = 300
"""Letters of a message that the next one may go on with."""
WHOLE = 700
"""Letters of an answer that only quotes."""
SURE_OF_OWN = 0.5
LIKE_SOMETHING = 0.16
"""Less like anything that is asked for, a message that nobody understands gets no passage."""
OWN = INVOICES | {"contract", "cancel", "plan", "upgrade", "retention", "ticket", "account"}
"""What is told from the customer's own data, with the rule before it."""
_RATHER_RULES = FAULTS | {"retention", "human", "account", "ticket", "register_contact"}
_NEVER_IN_VAIN = SMALL_TALK | {"churn_risk", "outage", "out_of_scope"}
_ALWAYS = SMALL_TALK | {"churn_risk", "outage", "summary"}


def journey(view: View) -> str:
    """The answer to the turn's message; leaves the state for the next turn in `view.state`.

    Raises:
        Needed: tools have to be called first.
    """
    view.state["about"] = view.before.get("about", "") if view.understood.said else view.brief.message[:ABOUT]
    if len(view.brief.wishes) < 2:
        said = [_answered(view)]
    else:
        views = [view.of(wish) for wish in view.brief.wishes]
        said = [_answered(each) for each in views]
        for each in reversed(views):
            view.state |= each.state
    if told := view.before.get("outage"):
        view.state.setdefault("outage", told)
    return "\n\n".join(dict.fromkeys(said))


def _answered(view: View) -> str:
    """The answer to one wish."""
    if "secrets" in view.understood.names:
        return view.say("service.blocked")
    if "others" in view.understood.names:
        return view.say("service.others_agent" if view.for_agent else "service.others")
    if (order := _order_in_vain(view)) is not None:
        return order
    if view.pending.get("kind") == "approval" and view.understood.answer in ("yes", "no"):
        view.state["pending"] = dict(view.pending)
        return view.say(f"service.approval_{view.understood.answer}")
    try:
        if (at_once := _at_once(view)) is not None:
            return at_once(view)
        if _asked_for_nowhere(view):
            return _nothing(view)
        if rule := _only_rule(view):
            view.state["topic"] = "knowledge"
            _keep_pending(view)
            return view.say("service.knowledge", text=rule)
        return _JOURNEYS.get(_meant(view), _from_knowledge)(view)
    except Refused as refused:
        return _without(view, refused)


def _order_in_vain(view: View) -> str | None:
    """What is said to who wants hidden data, or customers counted; None for anything else."""
    if "personal" in view.understood.names:
        return view.say("service.personal")
    if "portfolio" in view.understood.names:
        return view.say("service.portfolio")
    return None


def _at_once(view: View) -> Journey | None:
    """The journey of a message that picks or names something, whatever rule it may look like."""
    message, kind = view.brief.message, view.pending.get("kind")
    if asks_for_all(message):
        view.state["topic"] = "no_internet"
        return all_lines
    picked = kind in LISTED and picks(message)
    if view.for_agent and (names_offer(message) or (asks_for_offers(message) and not picked)):
        view.state["topic"] = "retention"
        return offers.retention
    if picked:
        return _JOURNEYS.get(view.understood.intent)
    return None


def _meant(view: View) -> str:
    """The intent or, where it would propose what the words do not wish for, what is left of it."""
    intent, said = view.understood.intent, view.ideas
    if view.understood.answer in ("done", "still") and intent not in FAULTS and view.before.get("told"):
        return "next_step"
    if view.understood.answer or view.pending.get("intent") == intent:
        return intent
    if intent == "second_copy" and ("scam" in said or not said & {"copy", "bill"}):
        return "knowledge"
    if intent == "contest" and "dispute" not in said:
        return "invoice_change" if said & {"bill", "charge"} else "unclear"
    return intent


def _asked_for_nowhere(view: View) -> bool:
    """Whether it is like what people ask in vain, and like nothing else."""
    understood = view.understood
    if understood.answer or understood.intent in _NEVER_IN_VAIN or understood.names & of_bills.PATTERNS.keys():
        return False
    return understood.nowhere >= CLEARLY > view.asked


def _only_rule(view: View) -> str:
    """The rule, where the message asks for it and for nothing of the customer's own."""
    intent = view.understood.intent
    if view.understood.answer or view.understood.month or intent in _ALWAYS:
        return ""
    if intent == "human" and view.understood.names & {"person", "callback", "calling"}:
        return ""
    if intent == "account" and view.of_this_customer:
        return ""
    rather = intent in _RATHER_RULES and not (intent == "ticket" and view.understood.sure >= SURE_OF_OWN)
    guessed = view.understood.sure < SURE_OF_OWN and view.asked >= KNOWN
    surely = view.asked >= CLEARLY or guessed or (view.asked >= QUITE_ALIKE and rather)
    if not surely or not (view.asks_rule or guessed or (view.asked >= CLEARLY and intent in FAULTS)):
        return ""
    if intent in FAULTS and not view.asks_rule and steps.reports(view.brief.message):
        return ""
    if intent == "retention" and view.of_this_customer:
        return ""
    if intent == "contest" and view.asked >= CLEARLY and view.for_agent:
        return view.guide(most=WHOLE, sure=True)
    if intent in OWN and view.understood.sure >= SURE_OF_OWN and intent not in _RATHER_RULES:
        return ""
    fits = steps.no_step if intent in FAULTS else None
    return view.guide(most=WHOLE, passages=2, sure=True, fits=fits)


def _keep_pending(view: View) -> None:
    """What was asked before a question in between still waits for its answer."""
    if view.pending.get("kind") in ("cancel", "offer", "callback"):
        view.state["pending"] = dict(view.pending)


def _without(view: View, refused: Refused) -> str:
    """What can be said where a tool refused: of a rule that was asked for, the rule alone."""
    view.state.clear()
    error = refused.error
    rule = view.guide(most=WHOLE) if view.asks_rule else ""
    if rule and (error.code == "no_customer" or view.asked >= QUITE_ALIKE):
        return view.say("service.knowledge", text=rule)
    match error.code:
        case "unavailable" | "agents_only" | "no_customer":
            said = view.say(f"service.{error.code}")
        case _:
            said = view.say("service.not_found", message=error.message)
    return paragraphs(said, rule or view.guide(sure=True))


def _from_knowledge(view: View) -> str:
    if text := view.guide(most=WHOLE, passages=2):
        _keep_pending(view)
        return view.say("service.knowledge", text=text)
    return _nothing(view)


def _nothing(view: View) -> str:
    view.state["pending"] = {"kind": "callback", "intent": "human"}
    return view.say("service.nothing_found")


def _unclear(view: View) -> str:
    if view.understood.answer == "no":
        return view.say("service.dropped")
    guessed = view.understood.answer or view.asked < LIKE_SOMETHING
    text = "" if guessed else view.guide(most=WHOLE, passages=2)
    return view.say("service.knowledge", text=text) if text else view.say("service.unclear")


def _out_of_scope(view: View) -> str:
    """What a document surely answers is in scope after all."""
    rule = view.rule() if view.asked >= KNOWN else ""
    return rule or view.say("service.out_of_scope")


def _plan(view: View) -> str:
    """The present plan; who wants internet and has none gets the catalogue, who has it what fits the line."""
    if "hires" not in view.understood.names:
        return relations.plan(view)
    if view.ask("customer_profile").plan:
        return offers.upgrade(view)
    return paragraphs(view.guide(most=WHOLE), relations.plan_now(view))


def _small(phrase: str) -> Journey:
    return lambda view: view.say(f"service.{phrase}")


_JOURNEYS: Mapping[str, Journey] = {
    "no_internet": faults.fault,
    "slow_internet": faults.fault,
    "wifi": faults.fault,
    "mobile": faults.fault,
    "equipment": faults.fault,
    "visit": faults.fault,
    "outage": faults.outage,
    "next_step": steps.next_step,
    "invoice_change": invoices.change,
    "invoice_items": invoices.items,
    "second_copy": invoices.second_copy,
    "payment": invoices.payment,
    "contest": invoice_disputes.contest,
    "cancel": relations.cancel,
    "contract": relations.contract,
    "plan": _plan,
    "churn_risk": relations.churn_risk,
    "upgrade": offers.upgrade,
    "retention": offers.retention,
    "ticket": contacts.tickets,
    "register_contact": contacts.register,
    "human": contacts.human,
    "account": contacts.account,
    "summary": summaries.summary,
    "greeting": _small("welcome"),
    "thanks": _small("thanks"),
    "goodbye": _small("goodbye"),
    "out_of_scope": _out_of_scope,
    "unclear": _unclear,
}
