"""The simulated access network: what a line reads at a moment, from its last report and what was done to it since.

Deterministic in (line, seed, moment, events). The report of the snapshot is true when it was measured; then incidents
end when expected, levels wander, and a restart or a visit mends what it can. Events before the report are in it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from llmops.tools import network_levels
from llmops.tools.network_line import (
    NO_LIGHT_DBM,
    POOR_OPTICAL_DBM,
    POOR_RSRP_DBM,
    POOR_SNR_DB,
    Event,
    Fault,
    Incident,
    Levels,
    Line,
    Reading,
)

SEED = 7
RESTART = timedelta(minutes=2)
"""From the command until the line is back, or is not."""
RESTART_CURES: dict[Fault, float] = {"frozen_modem": 0.92, "lost_sync": 0.7, "unstable": 0.5, "noisy_pair": 0.35}
"""Chance that the first restart mends a fault; a later one has half the chance of the one before. Others: none."""
VISIT_CURES = 0.97
CELL_HEALS_HOURS = (6.0, 18.0)
"""A mobile line that is down by itself registers again after so long."""
SLOT_SECONDS = 300
"""Levels stay the same for so long."""
DARK: frozenset[Fault] = frozenset(("frozen_modem", "lost_sync", "cut_cable"))


@dataclass(frozen=True)
class _State:
    """What is wrong with a line, and since when it is up if that is later than its report says."""

    fault: Fault
    since: datetime | None = None


def read(line: Line, now: datetime, events: Sequence[Event] = (), seed: int = SEED) -> Reading:
    """Reads a line.

    Args:
        line: the last report.
        now: the moment of the reading, UTC; before the report, the report's moment is taken.
        events: what was executed on the customer's lines, in any order; those of other lines are left out.
        seed: of the simulated world.
    """
    now = max(now, line.measured_at)
    ours = sorted(
        (e for e in events if e.line_id == line.line_id and line.measured_at < e.at <= now),
        key=lambda e: (e.at, e.event_id),
    )
    state = _state(line, ours, now, seed)
    for event in ours:
        if event.kind == "modem_restart" and now < event.at + RESTART:
            return Reading(
                now, "restarting", _unread(line), 0.0, state.fault, _incident(line, state), event.at + RESTART
            )
    if _is_down(line, state):
        light = NO_LIGHT_DBM if line.technology == "FTTH" and state.fault in ("cut_cable", "incident") else None
        return Reading(now, "down", _unread(line, light), 0.0, state.fault, _incident(line, state))
    return _answering(line, now, state, seed)


def _state(line: Line, events: Sequence[Event], now: datetime, seed: int) -> _State:
    """After the events, in order. While an incident lasts nothing mends anything."""
    ends = line.incident.expected_end_at if line.incident else line.measured_at
    if line.incident and now < ends:
        return _State("incident")
    state = _State(_first_fault(line, seed), ends if line.incident and line.status == "down" else None)
    restarts = 0
    for event in events:
        if event.at < ends:
            continue
        mended = _uniform(line, seed, f"cure/{event.event_id}")
        if event.kind == "modem_restart":
            chance, since = RESTART_CURES.get(state.fault, 0.0) / 2**restarts, event.at + RESTART
            restarts += 1
        else:
            chance, since = VISIT_CURES, event.at
        state = _State("none" if mended < chance else state.fault, since)
    return _healed(line, state, now, seed)


def _first_fault(line: Line, seed: int) -> Fault:
    """What is wrong besides an incident, by the report: a dark fibre is cut, any other has one of three by lot."""
    if line.status == "down":
        if line.incident:
            return "none"
        if line.technology == "FTTH" and line.optical_power_dbm is not None and line.optical_power_dbm <= NO_LIGHT_DBM:
            return "cut_cable"
        if line.technology == "mobile":
            return "weak_cell"
        lot = _uniform(line, seed, f"fault/{line.measured_at.date()}")
        return "frozen_modem" if lot < 0.45 else "lost_sync" if lot < 0.75 else "cut_cable"
    if (line.optical_power_dbm or 0.0) < POOR_OPTICAL_DBM:
        return "weak_light"
    if line.snr_margin_db is not None and line.snr_margin_db < POOR_SNR_DB:
        return "noisy_pair"
    if (line.signal_rsrp_dbm or 0.0) < POOR_RSRP_DBM:
        return "weak_cell"
    return "unstable" if line.status == "degraded" and not line.incident else "none"


def _healed(line: Line, state: _State, now: datetime, seed: int) -> _State:
    """A mobile line that was down registers again by itself."""
    if state.fault != "weak_cell" or line.status != "down":
        return state
    low, high = CELL_HEALS_HOURS
    at = line.measured_at + timedelta(hours=low + (high - low) * _uniform(line, seed, "heals"))
    return _State("none", at) if at <= now else state


def _is_down(line: Line, state: _State) -> bool:
    return state.fault in DARK or (line.status == "down" and state.fault in ("incident", "weak_cell"))


def _incident(line: Line, state: _State) -> Incident | None:
    return line.incident if state.fault == "incident" else None


def _unread(line: Line, light: float | None = None) -> Levels:
    """A line that does not answer: only a fibre without light is seen, from the other end."""
    return Levels(optical_power_dbm=light, attenuation_db=line.attenuation_db)


def _answering(line: Line, now: datetime, state: _State, seed: int) -> Reading:
    slot = int(now.timestamp()) // SLOT_SECONDS

    def draw(name: str) -> float:
        return _uniform(line, seed, f"{name}/{slot}")

    def lasting(name: str) -> float:
        return _uniform(line, seed, name)

    poor = state.fault != "none"
    levels = network_levels.degraded(line, draw) if poor else network_levels.sound(line, now, draw, lasting)
    up = (now - state.since).total_seconds() / 3600 if state.since else None
    reported = line.uptime_hours + (now - line.measured_at).total_seconds() / 3600
    uptime = round(reported if up is None else max(0.0, up), 1)
    return Reading(now, "degraded" if poor else "active", levels, uptime, state.fault, _incident(line, state))


def _uniform(line: Line, seed: int, what: str) -> float:
    """A number in [0, 1) that depends on its arguments only."""
    digest = hashlib.blake2b(f"{seed}|{line.line_id}|{what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
