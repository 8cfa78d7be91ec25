"""A line of the access network: what was reported of it, what was done to it, what it reads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["active", "degraded", "down", "restarting"]
Fault = Literal[
    "none", "incident", "frozen_modem", "lost_sync", "cut_cable", "weak_light", "noisy_pair", "weak_cell", "unstable"
]
POOR_OPTICAL_DBM, POOR_SNR_DB, POOR_RSRP_DBM = -27.0, 6.0, -110.0
"""Below these a line is degraded."""
NO_LIGHT_DBM = -38.0
"""What a fibre without light reads."""
DELAY_MS = {"FTTH": (4.0, 14.0), "xDSL": (20.0, 42.0), "mobile": (28.0, 63.0)}
"""Usual round trip, from … to, by technology."""


@dataclass(frozen=True)
class Incident:
    """Trouble of the line's node."""

    incident_id: str
    started_at: datetime
    expected_end_at: datetime


@dataclass(frozen=True)
class Line:
    """A line as the network last reported it; units as in the contract of network_lines."""

    line_id: str
    service: str
    technology: str
    city: str
    state: str
    area: str
    node_id: str
    status: str
    contracted_mbps: float | None
    sync_mbps: float | None
    optical_power_dbm: float | None
    snr_margin_db: float | None
    attenuation_db: float | None
    signal_rsrp_dbm: float | None
    packet_loss_pct: float | None
    latency_ms: float | None
    uptime_hours: float
    equipment_model: str | None
    firmware_version: str | None
    incident: Incident | None
    measured_at: datetime


@dataclass(frozen=True)
class Event:
    """Something that was done to a line: `at` is when it was commanded or, for a visit, when the technician is done."""

    event_id: str
    line_id: str
    kind: Literal["modem_restart", "technician_visit"]
    at: datetime


@dataclass(frozen=True)
class Levels:
    """What a line measures, in the units of network_lines; None: nothing is read."""

    sync_mbps: float | None = None
    optical_power_dbm: float | None = None
    snr_margin_db: float | None = None
    attenuation_db: float | None = None
    signal_rsrp_dbm: float | None = None
    packet_loss_pct: float | None = None
    latency_ms: float | None = None


@dataclass(frozen=True)
class Reading:
    """What the line reads at `at`: `incident` while it lasts, `ready_at` while it restarts.

    `fault` is what the simulation knows and no measure says; it is not for those who ask.
    """

    at: datetime
    status: Status
    levels: Levels
    uptime_hours: float
    fault: Fault
    incident: Incident | None = None
    ready_at: datetime | None = None
