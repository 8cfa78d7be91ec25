"""The lines that a message is about, as they read now; what is said where a customer has none of that service."""

from typing import Literal

from llmops.agent.responder.view import Refused, View
from llmops.tools.network_diagnostics_tool import Diagnosis, LineDiagnosis

BAD = ("no_light", "no_service", "poor", "area_outage", "restarting")
ON_WIFI = frozenset(("slow_internet", "wifi"))
"""Faults that a phone at home has by the Wi-Fi, not by its own line."""
ONLINE = frozenset(("no_internet", "slow_internet", "outage"))
"""What is said of the internet by the phone, too."""
Service = Literal["internet", "mobile"]


def read(view: View, service: Service) -> tuple[Service, Diagnosis, str]:
    """The lines of a service; where the internet of who has mobile lines alone is meant, these, and what says so.

    Raises:
        Refused: no such line is there, or the tool cannot be asked.
    """
    try:
        return service, view.ask("diagnose_line", service=service), ""
    except Refused as refused:
        only_mobile = service == "internet" and view.understood.intent in ONLINE
        found = view.try_ask("diagnose_line", service="mobile") if only_mobile and _lacking(refused) else None
        if found is None:
            raise
        told = "" if view.before.get("service") == "mobile" else view.say("faults.mobile_instead")
        return "mobile", found, told


def no_line(view: View, refused: Refused) -> str:
    """Of a service that this customer does not have there is nothing to test; the other one is offered.

    Raises:
        Refused: it is something else that the tool refused for.
    """
    if not _lacking(refused):
        raise refused
    other: Service = "internet" if is_mobile(view) else "mobile"
    if view.try_ask("diagnose_line", service=other) is None:
        return view.say("service.not_found", message=refused.error.message)
    view.state["pending"] = {"kind": "diagnosis", "intent": "mobile" if other == "mobile" else "no_internet"}
    return view.say(f"faults.only_{other}")


def is_mobile(view: View) -> bool:
    """Whether a mobile line is meant."""
    intent = view.understood.intent
    if intent in ON_WIFI and "on_device" in view.understood.names:
        return False
    if intent == "mobile" or "mobile" in view.understood.names:
        return True
    return intent == view.before.get("topic") and view.before.get("service") == "mobile"


def worst(found: Diagnosis) -> LineDiagnosis:
    """The line with the fault that most can be done about, else the first."""
    return min(found.lines, key=lambda line: BAD.index(v) if (v := line.advice.verdict) in BAD else len(BAD))


def _lacking(refused: Refused) -> bool:
    return refused.error.code == "no_such_line"
