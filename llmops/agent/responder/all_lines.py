"""How all lines of a customer are, of every service: one entry each, those with a fault first."""

import re
from collections.abc import Sequence

from llmops.agent.responder.figures import lines, measured, moment, paragraphs, worded
from llmops.agent.responder.view import View
from llmops.tools.network_diagnostics_tool import Diagnosis, LineDiagnosis
from telecom.passages import folded

ORDER = ("no_light", "no_service", "poor", "area_outage", "restarting", "at_limit", "good")
"""Verdicts, those first that something can be done about."""
TO_DO = frozenset(("no_light", "no_service", "poor"))
_CLOCK = re.compile(r"\b\d{2}:\d{2}\b")
_ASKED = re.compile(
    r"\b(?:como (?:esta|estao|andam?|tao?|vai|vao)|how(?: is| are|.?s))\b[^.!?]{0,20}\b(?:linhas?|lines?)\b"
    r"|\b(?:estado|situacao|status|diagnostico|teste|state|diagnosis)\b[^.!?]{0,15}\b(?:linhas|lines)\b"
    r"|\b(?:test\w*|verific\w*|diagnostic\w*|confer\w*|chec\w+|diagnose)\b[^.!?]{0,15}\b(?:linhas|lines)\b"
)
_ONE_SERVICE = re.compile(
    r"\b(?:internet|fibra|fibre|dsl|banda larga|broadband|movel|moveis|celular\w*|mobiles?|chips?)\b"
)


def asks_for_all(message: str) -> bool:
    """Whether a message asks how the lines are, and names no service."""
    plain = folded(message)
    return bool(_ASKED.search(plain)) and not _ONE_SERVICE.search(plain)


def all_lines(view: View) -> str:
    """Every line with what is the matter with it; where something can be done, the worst one is offered next.

    Raises:
        Refused: there is no line at all.
    """
    found: Diagnosis = view.ask("diagnose_line", service="all")
    named = _named(view, found.lines)
    named.sort(key=lambda each: ORDER.index(each[1].advice.verdict))
    told = [_told(view, name, line, found) for name, line in named]
    worst, line = named[0]
    out = next((each.service for _, each in named if each.advice.verdict == "area_outage"), "")
    view.state |= {"service": line.service, "stage": 0, "outage": out}
    after = view.say("faults.lines_good")
    if line.advice.verdict in TO_DO:
        view.state["pending"] = {"kind": "diagnosis", "intent": "mobile" if line.service == "mobile" else "no_internet"}
        after = view.say("faults.lines_next", line=worst)
    return paragraphs(view.say("faults.lines", lines=lines(told)), *_others(view, found), after)


def _named(view: View, every: Sequence[LineDiagnosis]) -> list[tuple[str, LineDiagnosis]]:
    """The lines with what they are called, told apart by their order where there are several of a service."""
    named = []
    for line in every:
        name = view.say(f"faults.name_{line.service}", technology=worded(line.technology, view.language))
        same = [each for each in every if each.service == line.service]
        if len(same) > 1:
            name = view.say(f"faults.place_{same.index(line) + 1}", line=name)
        named.append((name[:1].upper() + name[1:], line))
    return named


def _told(view: View, name: str, line: LineDiagnosis, found: Diagnosis) -> str:
    verdict = line.advice.verdict
    if verdict == "area_outage":
        own = next((one for one in found.outages if one.own and one.technology == line.technology), None)
        if own is None:
            return view.say("faults.line_outage_told", line=name, message=line.advice.conclusion)
        return view.say("faults.line_outage", line=name, incident=own.incident_id, until=moment(own.expected_end_at))
    if verdict == "restarting":
        ready = _CLOCK.search(line.advice.conclusion)
        return view.say("faults.line_restarting", line=name, ready=ready[0] if ready else "")
    measures = measured(line, view.language, few=not view.for_agent)
    return view.say(f"faults.line_{verdict}", line=name, measures=measures)


def _others(view: View, found: Diagnosis) -> list[str]:
    others = [one for one in found.outages if not one.own]
    said = [(one.incident_id, moment(one.expected_end_at)) for one in others]
    return [view.say("faults.other_outages", incident=name, until=until) for name, until in said]
