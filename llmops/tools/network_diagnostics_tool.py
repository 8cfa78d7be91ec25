"""State of the bound customer's lines, judged, and what to do. Reads network_lines and records, writes nothing.

The order of the checks is that of the support manual: incident, restart under way, no service, poor, good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from llmops.tools import network_measures
from llmops.tools.context import ToolContext, ToolError
from llmops.tools.drafts import ActionDraft
from llmops.tools.network_advice import Advice, advise
from llmops.tools.network_line import Incident
from llmops.tools.network_lines import LineNow, lines_now
from llmops.tools.network_measures import Measure
from llmops.tools.rows import load_query
from llmops.tools.words import counted, listed, short
from telecom.ports import Scalar

MOST_LINES, MOST_OUTAGES = 3, 5
STATES = {"active": "ativa", "degraded": "degradada", "down": "fora do ar", "restarting": "reiniciando"}
TECHNOLOGIES = {"FTTH": "fibra", "xDSL": "cobre (DSL)", "mobile": "móvel"}
SERVICES = {"internet": "internet", "mobile": "linha móvel"}


@dataclass(frozen=True)
class Outage:
    """An incident in the customer's area that is not over; `own`: of the node of one of the lines looked at."""

    incident_id: str
    technology: str
    started_at: datetime
    expected_end_at: datetime
    own: bool


@dataclass(frozen=True)
class LineDiagnosis:
    """One line at the turn's moment. `advice` says what is the matter and what to do; `uptime_hours` is 0 when down."""

    line_id: str
    service: str
    technology: str
    contracted_mbps: float | None
    sync_mbps: float | None
    status: str
    status_words: str
    uptime_hours: float
    equipment: str
    measures: tuple[Measure, ...]
    advice: Advice
    read_at: datetime


@dataclass(frozen=True)
class Diagnosis:
    """The customer's lines and the outages around them; `drafts` are what may be proposed now."""

    lines: tuple[LineDiagnosis, ...]
    outages: tuple[Outage, ...]
    drafts: tuple[ActionDraft, ...]
    words: str


def diagnose(context: ToolContext, *, service: Literal["internet", "mobile"] = "internet") -> Diagnosis:
    """Reads the customer's lines of a service now, judges each measure, and says what to do.

    Args:
        context: the turn.
        service: `internet` or `mobile`.

    Raises:
        ToolError: `no_such_line`.
    """
    every = lines_now(context)
    ours = [each for each in every if each.line.service == service][:MOST_LINES]
    if not ours:
        raise _no_such_line(service, sorted({each.line.service for each in every}))
    return _diagnosed(context, ours)


def diagnose_all(context: ToolContext) -> Diagnosis:
    """The same for the customer's lines of every service, internet first.

    Raises:
        ToolError: `no_such_line`; there is none at all.
    """
    every = lines_now(context)
    ours = [each for name in SERVICES for each in [e for e in every if e.line.service == name][:MOST_LINES]]
    if not ours:
        raise _no_lines()
    return _diagnosed(context, ours)


def _diagnosed(context: ToolContext, ours: Sequence[LineNow]) -> Diagnosis:
    found = tuple(_diagnosis(each, context.now) for each in ours)
    outages = _outages(context, ours)
    return Diagnosis(
        lines=found,
        outages=outages,
        drafts=tuple(draft for line in found for draft in line.advice.drafts),
        words=_words(found, outages),
    )


def _diagnosis(now_at: LineNow, now: datetime) -> LineDiagnosis:
    line, reading = now_at.line, now_at.reading
    found = network_measures.measures(line, reading.levels)
    return LineDiagnosis(
        line_id=line.line_id,
        service=line.service,
        technology=TECHNOLOGIES[line.technology],
        contracted_mbps=line.contracted_mbps,
        sync_mbps=reading.levels.sync_mbps,
        status=reading.status,
        status_words=STATES[reading.status],
        uptime_hours=reading.uptime_hours,
        equipment=" ".join(short(part, 40) for part in (line.equipment_model, line.firmware_version) if part),
        measures=found,
        advice=advise(now_at, found, now),
        read_at=reading.at,
    )


def _outages(context: ToolContext, lines: Sequence[LineNow]) -> tuple[Outage, ...]:
    """Open incidents of the lines' technologies where the first line lies, the line's own first."""
    place = lines[0].line
    day = lines[0].snapshot_date
    asked: dict[str, Scalar] = {"snapshot_date": day, "city": place.city, "state": place.state, "area": place.area}
    rows = context.warehouse.query(load_query("area_outages"), asked).to_pylist()
    technologies = {each.line.technology for each in lines}
    own = {each.line.incident.incident_id for each in lines if each.line.incident}
    found = [
        _outage(row["technology"], Incident(row["incident_id"], row["started_at"], row["expected_end_at"]), own)
        for row in rows
        if row["technology"] in technologies and row["expected_end_at"] > context.now
    ]
    return tuple(sorted(found, key=lambda outage: (not outage.own, outage.expected_end_at)))[:MOST_OUTAGES]


def _outage(technology: str, incident: Incident, own: set[str]) -> Outage:
    return Outage(
        incident_id=short(incident.incident_id, 64),
        technology=TECHNOLOGIES[technology],
        started_at=incident.started_at,
        expected_end_at=incident.expected_end_at,
        own=incident.incident_id in own,
    )


def _words(found: Sequence[LineDiagnosis], outages: Sequence[Outage]) -> str:
    told = [f"Linha {line.technology}: {line.advice.conclusion}" for line in found]
    others = sum(not outage.own for outage in outages)
    if others:
        told.append(f"Há {counted(others, 'outro incidente aberto', 'outros incidentes abertos')} na região.")
    return " ".join(told)


def _no_such_line(service: str, others: Sequence[str]) -> ToolError:
    if not others:
        return _no_lines()
    has = listed([SERVICES[other] for other in others])
    return ToolError(
        "no_such_line",
        f"Este cliente não tem {SERVICES[service]} para diagnosticar; tem {has}.",
        f"Chame de novo com service={others[0]!r}.",
    )


def _no_lines() -> ToolError:
    return ToolError("no_such_line", "Este cliente não tem nenhuma linha registrada.", "Confira os produtos.")
