"""Visits of a technician: the red lamp that calls for one, and the day and part of it that somebody wishes for."""

import re
from datetime import date
from typing import Any

from llmops.agent.intents.dates import When, when_named
from llmops.agent.responder.view import View
from llmops.tools.drafts import ActionDraft
from llmops.tools.network_diagnostics_tool import LineDiagnosis
from llmops.tools.visit_windows import Visit, local_day, next_visit, wished_visit
from telecom.passages import folded

FIBRE = "fibra"
WEEKDAYS = {
    "pt-BR": "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo".split(),
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
}
PARTS = {
    "pt-BR": {"morning": "de manhã", "afternoon": "à tarde", "evening": "à noite"},
    "en": {"morning": "in the morning", "afternoon": "in the afternoon", "evening": "in the evening"},
}
_RED = re.compile(
    r"\blos\b(?! angeles)|\bluz(?:es|inha)?\b[^.!?]{0,30}\bvermelh\w+|\bvermelh\w+\b[^.!?]{0,15}\bluz"
    r"|\bred (?:light|lamp|led)\b|\b(?:light|lamp|led)\b[^.!?]{0,20}\bred\b"
)
_NOT_RED = re.compile(
    r"\b(?:nao (?:e|esta|ta|tem|fica|vejo|acende)|not|no longer|no)\b[^.!?]{0,15}\b(?:los|vermelh\w+|red)\b"
)


def sees_red(view: View, line: LineDiagnosis) -> bool:
    """Whether, of a fibre line, this message or one before tells of the red lamp; kept for the turns that follow."""
    said = folded(view.brief.message)
    now = bool(_RED.search(said)) and not _NOT_RED.search(said)
    red = line.technology == FIBRE and (now or (view.before.get("red") is True and view.going_on))
    if red:
        view.state["red"] = True
    return red


def wants_visit(view: View) -> bool:
    """Whether a technician is wished for: now or, where this message names the day, before."""
    if view.understood.intent == "visit":
        view.state["visit"] = True
    elif view.before.get("visit") is True and view.going_on:
        view.state["visit"] = True
        return bool(_said(view)) or view.understood.answer in ("yes", "still")
    return view.understood.intent == "visit"


def draft(view: View, line: LineDiagnosis, offered: ActionDraft | None) -> tuple[ActionDraft, bool]:
    """The visit at the time that is wished for, else at the first one that is free; and whether the wish was met.

    Args:
        view: the turn.
        line: that is to be looked at.
        offered: what the diagnosis suggests; None where it suggests none.
    """
    down, wish = line.status == "down", _wish(view)
    met = wished_visit(view.now, wish.day, wish.window, no_service=down) if wish else None
    visit: Visit = met or next_visit(view.now, no_service=down)
    reason = offered.reason if offered else "Visita técnica: pedida pelo cliente depois do diagnóstico."
    given = {"line_id": line.line_id, "day": visit.day.isoformat(), "window": visit.window}
    return ActionDraft("technician_visit", reason, given), met is not None or not wish


def spoken(view: View, line: LineDiagnosis) -> tuple[str, bool]:
    """When a visit would come, without figures that no tool has told yet: `sábado, à tarde`; and whether as wished."""
    found, met = draft(view, line, None)
    weekday = WEEKDAYS[view.language][date.fromisoformat(str(found.parameters["day"])).weekday()]
    return f"{weekday}, {PARTS[view.language][str(found.parameters['window'])]}", met


def _wish(view: View) -> When:
    """The time that was wished for, now or before."""
    said, kept = _said(view), view.before.get("when") or {}
    day = said.day or (date.fromisoformat(kept["day"]) if kept.get("day") else None)
    wish = When(day, said.window or kept.get("window"))
    if wish:
        remembered: dict[str, Any] = {"day": day.isoformat() if day else "", "window": wish.window}
        view.state["when"] = remembered
    return wish


def _said(view: View) -> When:
    return when_named(view.brief.message, local_day(view.now))
