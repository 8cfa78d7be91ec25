"""Which journey answers which intent."""

from collections.abc import Callable, Mapping

from llmops.agent.responder import contacts, faults, invoices, offers, relations
from llmops.agent.responder.view import Refused, View

Journey = Callable[[View], str]
WHOLE = 900
"""Letters of an answer that only quotes."""


def journey(view: View) -> str:
    """The answer to the turn's message; leaves the state for the next turn in `view.state`.

    Raises:
        Needed: tools have to be called first.
    """
    if "others" in view.understood.names:
        return view.say("service.others")
    if view.pending.get("kind") == "approval" and view.understood.answer in ("yes", "no"):
        view.state["pending"] = dict(view.pending)
        return view.say(f"service.approval_{view.understood.answer}")
    try:
        return _JOURNEYS.get(view.understood.intent, _from_knowledge)(view)
    except Refused as refused:
        return _without(view, refused)


def _without(view: View, refused: Refused) -> str:
    """What can be said where a tool refused."""
    view.state.clear()
    error = refused.error
    match error.code:
        case "unavailable" | "agents_only" | "no_customer":
            said = view.say(f"service.{error.code}")
        case _:
            said = view.say("service.not_found", message=error.message)
    return "\n\n".join(filter(None, (said, view.guide("contacts.guide"))))


def _from_knowledge(view: View) -> str:
    if text := view.guide(most=WHOLE, passages=2):
        return view.say("service.knowledge", text=text)
    view.state["pending"] = {"kind": "callback", "intent": "human"}
    return view.say("service.nothing_found")


def _unclear(view: View) -> str:
    if view.understood.answer == "no":
        return view.say("service.dropped")
    text = "" if view.understood.answer else view.guide(most=WHOLE, passages=2)
    return view.say("service.knowledge", text=text) if text else view.say("service.unclear")


def _out_of_scope(view: View) -> str:
    return view.say("service.out_of_scope")


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
    "invoice_change": invoices.change,
    "invoice_items": invoices.items,
    "second_copy": invoices.second_copy,
    "payment": invoices.payment,
    "contest": invoices.contest,
    "cancel": relations.cancel,
    "contract": relations.contract,
    "plan": relations.plan,
    "churn_risk": relations.churn_risk,
    "upgrade": offers.upgrade,
    "retention": offers.retention,
    "ticket": contacts.tickets,
    "register_contact": contacts.register,
    "human": contacts.human,
    "account": contacts.account,
    "greeting": _small("welcome"),
    "thanks": _small("thanks"),
    "goodbye": _small("goodbye"),
    "out_of_scope": _out_of_scope,
    "unclear": _unclear,
}
