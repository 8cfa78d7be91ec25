"""What is said of incidents in the area."""

from llmops.agent.responder.figures import moment, paragraphs
from llmops.agent.responder.view import View
from llmops.tools.network_diagnostics_tool import Diagnosis, LineDiagnosis, Outage


def in_area(view: View, line: LineDiagnosis, found: Diagnosis) -> str:
    """The incident that takes a line away, kept for the turns that follow; agents are told of others, too."""
    own = next((each for each in found.outages if each.own), None)
    again = bool(view.before.get("outage")) and view.understood.intent == "outage"
    view.state |= {"service": line.service, "stage": 0, "outage": line.service}
    if own is None:
        return view.say("faults.outage_told", message=line.advice.conclusion)
    said = view.say(
        "faults.outage_back" if again else "faults.area_outage",
        incident=own.incident_id,
        since=moment(own.started_at),
        until=moment(own.expected_end_at),
    )
    others = [each for each in found.outages if not each.own] if view.for_agent else []
    return paragraphs(said, *(other(view, each) for each in others))


def other(view: View, each: Outage) -> str:
    """An incident that is not that of the line."""
    return view.say("faults.other_outages", incident=each.incident_id, until=moment(each.expected_end_at))
