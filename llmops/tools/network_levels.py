"""Levels that a line measures when it answers. Pure: draws come from the caller."""

from collections.abc import Callable
from datetime import datetime

from llmops.tools.network_line import DELAY_MS, POOR_OPTICAL_DBM, POOR_RSRP_DBM, POOR_SNR_DB, Levels, Line

PEAK_HOURS_UTC = (22, 23, 0, 1)
"""Evening in Brasília, when shared links are fullest."""
Draw = Callable[[str], float]


def degraded(line: Line, draw: Draw) -> Levels:
    """As the line was reported, a little up and down.

    Args:
        line: the report.
        draw: a number in [0, 1) for a name, for this line at this time.
    """
    return Levels(
        sync_mbps=_near(line.sync_mbps, 0.06, draw("sync")),
        optical_power_dbm=_wander(line.optical_power_dbm, 0.2, draw("optical")),
        snr_margin_db=_wander(line.snr_margin_db, 0.3, draw("snr")),
        attenuation_db=line.attenuation_db,
        signal_rsrp_dbm=_wander(line.signal_rsrp_dbm, 1.0, draw("rsrp")),
        packet_loss_pct=_near(line.packet_loss_pct, 0.15, draw("loss"), 2),
        latency_ms=_near(line.latency_ms, 0.1, draw("delay")),
    )


def sound(line: Line, now: datetime, draw: Draw, lasting: Draw) -> Levels:
    """As a healthy line of this technology: reported levels where they are healthy, else those of a mended line.

    Args:
        line: the report.
        now: evenings are slower.
        draw: a number in [0, 1) for a name, for this line at this time.
        lasting: the same, for this line at any time.
    """
    margin = None
    if line.technology == "xDSL":
        margin = _healthy(line.snr_margin_db, POOR_SNR_DB, 9.0 + 6.0 * lasting("snr"), 0.3, draw("snr"))
    optical = rsrp = None
    if line.technology == "FTTH":
        optical = _healthy(
            line.optical_power_dbm, POOR_OPTICAL_DBM, -21.0 + 4.0 * lasting("optical"), 0.2, draw("optical")
        )
    if line.technology == "mobile":
        rsrp = _healthy(line.signal_rsrp_dbm, POOR_RSRP_DBM, -98.0 + 12.0 * lasting("rsrp"), 1.0, draw("rsrp"))
    return Levels(
        sync_mbps=_sync(line, margin, draw("sync")),
        optical_power_dbm=optical,
        snr_margin_db=margin,
        attenuation_db=line.attenuation_db,
        signal_rsrp_dbm=rsrp,
        packet_loss_pct=round(min(0.9, 0.05 + 0.4 * lasting("loss") * (0.5 + draw("loss"))), 2),
        latency_ms=_delay(line, now, draw, lasting),
    )


def _sync(line: Line, margin: float | None, lot: float) -> float | None:
    if not line.contracted_mbps:
        return None
    share = 0.97 + 0.03 * lot if margin is None else min(1.0, max(0.3, margin / 16.0))
    return round(line.contracted_mbps * share, 1)


def _delay(line: Line, now: datetime, draw: Draw, lasting: Draw) -> float:
    low, high = DELAY_MS[line.technology]
    place = 0.6 * lasting("delay") + 0.2 * draw("delay") + (0.2 if now.hour in PEAK_HOURS_UTC else 0.0)
    return round(low + (high - low) * place, 1)


def _healthy(value: float | None, poor: float, mended: float, width: float, lot: float) -> float:
    """The reported level where it is not poor, else the mended one; never poor."""
    base = value if value is not None and value >= poor else mended
    return max(poor, round(base + width * (2.0 * lot - 1.0), 1))


def _near(value: float | None, share: float, lot: float, digits: int = 1) -> float | None:
    return None if value is None else round(value * (1.0 + share * (2.0 * lot - 1.0)), digits)


def _wander(value: float | None, width: float, lot: float) -> float | None:
    return None if value is None else round(value + width * (2.0 * lot - 1.0), 1)
