"""Lines of the bound customer and what was done to them. Reads network_lines and records, writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from llmops.tools.context import ToolContext
from llmops.tools.network_line import Event, Incident, Line, Reading
from llmops.tools.network_simulation import read
from llmops.tools.rows import customer_rows
from llmops.tools.simulated_systems import moment, remembered
from llmops.tools.visit_windows import local_day

_COPIED = frozenset(field.name for field in fields(Line)) - {"incident"}


@dataclass(frozen=True)
class LineNow:
    """A line, what it reads at the turn's moment, what was done to it, and the day of its last report's snapshot."""

    line: Line
    reading: Reading
    events: tuple[Event, ...]
    snapshot_date: date

    def restarts_today(self, now: datetime) -> int:
        """Restarts on the present day in Brasília."""
        today = local_day(now)
        return sum(e.kind == "modem_restart" and local_day(e.at) == today for e in self.events)

    def coming_visit(self, now: datetime) -> Event | None:
        """The next visit whose window is not over."""
        coming = [event for event in self.events if event.kind == "technician_visit" and event.at > now]
        return min(coming, key=lambda event: event.at, default=None)


def lines_now(context: ToolContext) -> tuple[LineNow, ...]:
    """The customer's lines, internet first; at most 10."""
    every = [_event(value) for value in remembered(context, "network_event")]
    found = []
    for row in customer_rows(context, "customer_lines"):
        line = line_of(row)
        events = tuple(event for event in every if event.line_id == line.line_id)
        found.append(LineNow(line, read(line, context.now, events), events, row["snapshot_date"]))
    return tuple(found)


def internet_line(lines: Sequence[LineNow]) -> LineNow | None:
    """The first internet line."""
    return next((each for each in lines if each.line.service == "internet"), None)


def line_of(row: Mapping[str, Any]) -> Line:
    """A row of network_lines."""
    incident = None
    if row["incident_id"]:
        incident = Incident(row["incident_id"], row["incident_started_at"], row["incident_expected_end_at"])
    return Line(**{name: row[name] for name in _COPIED}, incident=incident)


def _event(value: Mapping[str, Any]) -> Event:
    return Event(value["id"], value["line_id"], value["kind"], moment(value["at"]))
