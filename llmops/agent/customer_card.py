"""What somebody needs to see of a customer at a glance: the tools' answers side by side, as the role may see them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from llmops.agent.tool_results import shown_to
from llmops.agent.turn import ProposedAction
from llmops.tools import billing_tool, churn_tool, crm_tool, network_diagnostics_tool, offers_tool, ticket_tool
from llmops.tools.context import ToolContext, ToolError
from telecom.errors import NotFound

UNKNOWN = "customer_unknown"
PARTS: Mapping[str, Callable[[ToolContext], Any]] = {
    "profile": crm_tool.customer_profile,
    "invoices": billing_tool.list_invoices,
    "network": network_diagnostics_tool.diagnose_all,
    "tickets": partial(ticket_tool.open_tickets, most=ticket_tool.MOST),
    "offers": offers_tool.find_offers,
    "churn": churn_tool.churn_risk,
}
FOR_AGENTS = frozenset(("offers", "churn"))


def part(name: str, context: ToolContext) -> Any:
    """One part of the card as JSON, or `{"error": code, "message": …}` where a tool says no.

    Raises:
        NotFound: nobody knows this customer.
    """
    try:
        return shown_to(context.role, PARTS[name](context))
    except ToolError as refusal:
        if name == "profile" and refusal.code == UNKNOWN:
            raise NotFound("There is no such customer.") from refusal
        return {"error": refusal.code, "message": refusal.message}


def names(role: str) -> tuple[str, ...]:
    """The parts that a role sees."""
    return tuple(name for name in PARTS if role == "agent" or name not in FOR_AGENTS)


def whole(customer_id: str, parts: Mapping[str, Any], actions: tuple[ProposedAction, ...]) -> dict[str, Any]:
    """The card."""
    return {"customer_id": customer_id, **parts, "actions": actions}
