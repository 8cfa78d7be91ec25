"""What may be proposed to a customer in a state of the line, and what was not needed. Pure."""

from collections.abc import Set

from llmops.agent.proposals import Proposal
from llmops.agent.proposing import AGENTS_PROPOSE

GOOD = ("good", "at_limit")
PASSING = ("area_outage", "restarting")
"""States that pass by themselves."""
RESTARTED, VISITED = ("no_service", "poor"), ("no_light", "no_service", "poor")


def allowed(proposal: Proposal, verdict: str) -> bool:
    """Whether a customer may be proposed this; `verdict` is the line's before the message."""
    if proposal.type in AGENTS_PROPOSE:
        return False
    match proposal.type:
        case "modem_restart":
            return verdict in RESTARTED
        case "technician_visit":
            return verdict in VISITED
        case _:
            return True


def unneeded(proposal: Proposal, verdict: str, cures: Set[str], told: Set[str]) -> bool:
    """Whether it passes on somebody who could be helped.

    Args:
        proposal: what is proposed.
        verdict: the line's, before the message.
        cures: steps that would put it right at home.
        told: steps that were told so far.
    """
    if proposal.type == "callback":
        return True
    if proposal.type != "ticket_registration":
        return False
    return verdict in PASSING or bool(cures and not cures & told)
