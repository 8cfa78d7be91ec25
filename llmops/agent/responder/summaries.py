"""How things stand with the customer at a glance: profile, plan, bills, tickets and, for agents, the risk."""

from llmops.agent.responder import contacts, invoices, relations
from llmops.agent.responder.figures import paragraphs
from llmops.agent.responder.view import Refused, View


def summary(view: View) -> str:
    """One paragraph of each; what a tool refuses is left out.

    Raises:
        Refused: the profile cannot be read.
    """
    told = contacts.account(view)
    parts = [part(view) for part in (relations.terms_now, invoices.balance)]
    risk = _risk(view) if view.for_agent else ""
    return paragraphs(told, *parts, risk)


def _risk(view: View) -> str:
    try:
        return relations.churn_risk(view)
    except Refused:
        return ""
