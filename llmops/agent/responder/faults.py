"""Troubleshooting: diagnose, one simple step, diagnose again, then propose a restart, a visit or a ticket."""

import re

from llmops.agent.intents.features import words
from llmops.agent.responder import diagnosing, outages, steps, visits
from llmops.agent.responder.figures import measured, paragraphs, several, worded
from llmops.agent.responder.preparing import prepared
from llmops.agent.responder.view import Refused, View
from llmops.tools.drafts import ActionDraft
from llmops.tools.network_diagnostics_tool import Diagnosis, LineDiagnosis
from llmops.tools.words import day

WAIT = ("area_outage", "restarting")
ASKABLE = frozenset(("visit", "equipment", "wifi", "mobile"))
WISHES = frozenset(
    "quero manda mande mandar agenda agendar marca marcar solicitar send schedule book caiu parou".split()
)
_CLOCK = re.compile(r"\b\d{2}:\d{2}\b")


def fault(view: View) -> str:
    """What is the matter with the lines, and the next step of the journey; for mere questions what the guide says."""
    if _only_asks(view) and (guide := view.guide(most=700)):
        waiting = view.pending.get("kind") == "cancel"
        offered = {"kind": "diagnosis", "intent": "no_internet" if not diagnosing.is_mobile(view) else "mobile"}
        view.state["pending"] = dict(view.pending) if waiting else offered
        return paragraphs(view.say("service.knowledge", text=guide), "" if waiting else view.say("faults.offer"))
    try:
        service, found, instead = diagnosing.read(view, "mobile" if diagnosing.is_mobile(view) else "internet")
    except Refused as refused:
        return diagnosing.no_line(view, refused)
    return paragraphs(instead, _told(view, service, found))


def _told(view: View, service: diagnosing.Service, found: Diagnosis) -> str:
    """The next step for the worst of these lines."""
    line = diagnosing.worst(found)
    stage = int(view.before.get("stage", 0)) if view.before.get("service") == service else 0
    view.state |= {"service": service, "stage": min(stage + 1, 9), "outage": ""}
    tried = view.understood.answer in ("done", "still") or (stage > 0 and view.before.get("tried") is True)
    view.state["tried"] = tried
    red = line.advice.verdict not in WAIT and (visits.sees_red(view, line) or line.advice.verdict == "no_light")
    match line.advice.verdict:
        case "area_outage":
            return outages.in_area(view, line, found)
        case "restarting":
            ready = _CLOCK.search(line.advice.conclusion)
            return view.say("faults.restarting", ready=ready[0] if ready else "")
        case _ if red:
            return _dark(view, line, tried=tried)
        case "no_light" | "no_service" | "poor" if service == "mobile":
            return _mobile_bad(view, line, tried=tried)
        case "no_light" | "no_service" | "poor":
            return _bad(view, line, tried=tried)
        case _:
            return _good(view, line, tried=tried)


def outage(view: View) -> str:
    """Whether there is an incident in the area."""
    mobile = "mobile" in view.understood.names or view.before.get("outage") == "mobile"
    try:
        service, found, instead = diagnosing.read(view, "mobile" if mobile else "internet")
    except Refused as refused:
        return diagnosing.no_line(view, refused)
    line = diagnosing.worst(found)
    if line.advice.verdict == "area_outage":
        longer = view.guide("faults.outage_longer", fits=steps.of_long_outages) if view.understood.said else ""
        return paragraphs(instead, outages.in_area(view, line, found), longer)
    others = [outages.other(view, each) for each in found.outages if not each.own]
    return paragraphs(instead, view.say("faults.no_outage"), *others, _told(view, service, found))


def _only_asks(view: View) -> bool:
    """A question about rules or steps, rather than a fault that is happening."""
    wished = WISHES & set(words(view.brief.message)) or "restart" in view.understood.names or view.understood.answer
    rule = view.asks_how and not view.of_this_customer
    return view.understood.intent in ASKABLE and rule and not wished


def _bad(view: View, line: LineDiagnosis, *, tried: bool) -> str:
    said = _diagnosed(view, line, tried=tried)
    visit = visits.wants_visit(view)
    wishes = visit or "restart" in view.understood.names
    offered = {draft.type: draft for draft in line.advice.drafts}
    agreed = view.understood.answer == "yes"
    if draft := offered.get("modem_restart"):
        if tried or agreed or wishes:
            phrase = "faults.restart_first" if visit and not tried else "faults.restart_proposed"
            after = _visit_after(view, line) if visit else ""
            return paragraphs(said, _proposed(view, draft, phrase), after, _overdue(view, line))
        step = "faults.poor_step" if line.advice.verdict == "poor" else "faults.no_service_step"
        view.state["pending"] = {"kind": "step"}
        return paragraphs(said, view.say(step), _overdue(view, line))
    if draft := offered.get("technician_visit"):
        return paragraphs(said, _visit(view, line, draft))
    return paragraphs(said, view.say("faults.visit_booked"))


def _dark(view: View, line: LineDiagnosis, *, tried: bool) -> str:
    """No light in the fibre, by the diagnosis or by the lamp: no restart helps, a visit does."""
    measured_dark = line.advice.verdict == "no_light"
    said = view.say(
        "faults.again_bad" if tried and measured_dark else "faults.no_light" if measured_dark else "faults.red"
    )
    if any("já há visita" in step.lower() for step in line.advice.next_steps):
        return paragraphs(said, view.say("faults.visit_booked"))
    offered = next((each for each in line.advice.drafts if each.type == "technician_visit"), None)
    if visits.wants_visit(view) or tried or view.understood.answer == "yes":
        return paragraphs(said, _visit(view, line, offered))
    view.state["pending"] = {"kind": "step", "intent": view.understood.intent}
    return paragraphs(said, view.say("faults.no_light_step"))


def _visit(view: View, line: LineDiagnosis, offered: ActionDraft | None) -> str:
    """Proposes a visit at the time that is wished for, or says that it is another one."""
    draft, met = visits.draft(view, line, offered)
    return paragraphs(
        _proposed(view, draft, "faults.visit_proposed"), "" if met else view.say("faults.visit_other_time")
    )


def _visit_after(view: View, line: LineDiagnosis) -> str:
    """When the visit comes, if what must come first does not help."""
    when, met = visits.spoken(view, line)
    return view.say("faults.visit_after" if met else "faults.visit_after_other", when=when)


def _diagnosed(view: View, line: LineDiagnosis, *, tried: bool) -> str:
    if tried:
        return view.say("faults.again_bad")
    technology = worded(line.technology, view.language)
    if line.advice.verdict == "no_service":
        return view.say("faults.no_service", technology=technology)
    return view.say("faults.poor", technology=technology, measures=_measures(view, line))


def _mobile_bad(view: View, line: LineDiagnosis, *, tried: bool) -> str:
    if tried:
        return paragraphs(view.say("faults.again_bad"), steps.ticket(view, line.status_words))
    view.state["pending"] = {"kind": "step"}
    if line.advice.verdict == "no_service":
        return view.say("faults.mobile_down")
    return view.say("faults.mobile_poor", measures=_measures(view, line))


def _good(view: View, line: LineDiagnosis, *, tried: bool) -> str:
    measures = _measures(view, line)
    if tried and view.understood.answer in ("still", "done", "yes"):
        stage = int(view.before.get("stage", 0))
        if stage < steps.ROUNDS and not steps.by_cable(view) and (told := steps.further(view, line)):
            view.state["pending"] = {"kind": "step"}
            return paragraphs(_healthy(view, line, measures), told, view.say("faults.say_still"))
        return paragraphs(_healthy(view, line, measures), steps.ticket(view, line.status_words))
    view.state["pending"] = {"kind": "step"}
    old = "firmware" in " ".join(line.advice.next_steps)
    firmware = view.say("faults.firmware", equipment=line.equipment) if old else ""
    if "restart" in view.understood.names:
        return paragraphs(view.say("faults.restart_not_needed", measures=measures), firmware)
    if view.understood.intent == "visit":
        if view.before.get("visit") is True and view.going_on:
            return paragraphs(_healthy(view, line, measures), _visit(view, line, None))
        view.state["visit"] = True
        return paragraphs(_healthy(view, line, measures), view.say("faults.visit_only_if"))
    if line.service == "mobile":
        return paragraphs(_healthy(view, line, measures), _advice(view, line), view.say("faults.say_still"))
    return paragraphs(
        _healthy(view, line, measures),
        _advice(view, line) or view.say("faults.good_step"),
        firmware,
        view.say("faults.say_still"),
    )


def _advice(view: View, line: LineDiagnosis) -> str:
    return view.guide("faults.guide", fits=lambda one: steps.helps(one, line))


def _healthy(view: View, line: LineDiagnosis, measures: str) -> str:
    if line.service == "mobile":
        return view.say("faults.mobile_good", measures=measures)
    phrase = "faults.at_limit" if line.advice.verdict == "at_limit" else "faults.good"
    return view.say(phrase, technology=worded(line.technology, view.language), measures=measures)


def _measures(view: View, line: LineDiagnosis) -> str:
    """Agents see all measures, customers what is not good or, where all is, the speed."""
    return measured(line, view.language, few=not view.for_agent)


def _proposed(view: View, draft: ActionDraft, phrase: str) -> str:
    wished = phrase == "faults.visit_proposed" and view.understood.intent == "visit"
    return prepared(view, draft, "faults.visit_wished" if wished else phrase)


def _overdue(view: View, line: LineDiagnosis) -> str:
    """A line may be down because it is suspended."""
    if line.advice.verdict != "no_service" or not (bills := view.try_ask("list_invoices", most=3)):
        return ""
    if not bills.overdue:
        return ""
    worst = max(bills.overdue, key=lambda each: each.days_late)
    return view.say("faults.overdue_line", due=day(worst.due_on), days=several(worst.days_late, "day", view.language))
