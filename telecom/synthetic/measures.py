"""What the network reads on a line: levels, loss, delay and uptime that agree with the line's state."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from telecom.synthetic import calendar
from telecom.synthetic.columns import instants, rounded
from telecom.synthetic.identity import Bools, Floats, Ints, Streams
from telecom.synthetic.incidents import Incidents

FIBER, DSL, MOBILE = 0, 1, 2
ACTIVE, DEGRADED, DOWN = 0, 1, 2

# Below these a line is called degraded.
POOR_OPTICAL_DBM, POOR_SNR_DB, POOR_RSRP_DBM = -27.0, 6.0, -110.0
_DOWN_BY_INCIDENT, _DOWN_ALONE = 0.6, 0.004
_DELAY_MS = np.array([[4.0, 10.0], [20.0, 22.0], [28.0, 35.0]])  # least and spread, by technology


@dataclass(frozen=True)
class Condition:
    """What is known of each line before it is read; `contracted` in Mbit/s, `poor` is lasting trouble."""

    technology: Ints
    contracted: Floats
    poor: Bools
    incident: Incidents
    read_at: calendar.Days


@dataclass(frozen=True)
class Reading:
    """State of each line (`ACTIVE`, `DEGRADED`, `DOWN`) and the contract's measured columns."""

    state: Ints
    columns: dict[str, pa.Array]


def read(line: Streams, today: Streams, condition: Condition) -> Reading:
    """Reads every line: `line` gives what lasts (length, reception), `today` what changes by the day."""
    optical = _optical(line, today, condition)
    attenuation = 10.0 + 45.0 * line.uniform("attenuation") + 12.0 * condition.poor
    margin = np.clip(24.0 - 0.22 * attenuation - 9.0 * condition.poor + 1.5 * today.normal("snr"), 0.5, 30.0)
    rsrp = np.clip(-90.0 + 8.0 * line.normal("rsrp") + 2.0 * today.normal("rsrp"), -125.0, -60.0)
    poor = np.select(
        [condition.technology == FIBER, condition.technology == DSL],
        [optical < POOR_OPTICAL_DBM, margin < POOR_SNR_DB],
        rsrp < POOR_RSRP_DBM,
    )
    state = _state(today, condition, poor)
    down = state == DOWN
    fiber, dsl, mobile = (condition.technology == kind for kind in (FIBER, DSL, MOBILE))
    columns = {
        # A cut fibre reads as darkness, a dead pair as no margin, a dead cell as its neighbours' noise.
        "optical_power_dbm": rounded(np.where(down, -38.0, optical), 2, ~fiber),
        "snr_margin_db": rounded(np.where(down, 0.0, margin), 1, ~dsl),
        "attenuation_db": rounded(attenuation, 1, ~dsl),
        "signal_rsrp_dbm": rounded(np.where(down, -132.0, rsrp), 1, ~mobile),
        "contracted_mbps": rounded(condition.contracted, 0, mobile),
        "sync_mbps": rounded(_sync(today, condition, state, margin), 1, mobile | down),
        **_quality(today, condition, state),
        **_uptime(today, condition, state),
    }
    return Reading(state, columns)


def _optical(line: Streams, today: Streams, condition: Condition) -> Floats:
    level = -19.0 + 2.0 * line.normal("optical") - 9.5 * condition.poor + 0.3 * today.normal("optical")
    return np.clip(level, -34.0, -9.0)


def _state(today: Streams, condition: Condition, poor: Bools) -> Ints:
    u = today.uniform("state")
    hit = condition.incident.open
    down = u < np.where(hit, _DOWN_BY_INCIDENT, _DOWN_ALONE)
    return np.where(down, DOWN, np.where(hit | poor, DEGRADED, ACTIVE))


def _sync(today: Streams, condition: Condition, state: Ints, margin: Floats) -> Floats:
    good = np.where(
        condition.technology == FIBER, 0.97 + 0.03 * today.uniform("sync"), np.clip(margin / 16.0, 0.3, 1.0)
    )
    share = np.where(state == DEGRADED, good * (0.35 + 0.45 * today.uniform("sync/poor")), good)
    return np.asarray(condition.contracted * share)


def _quality(today: Streams, condition: Condition, state: Ints) -> dict[str, pa.Array]:
    degraded, down = state == DEGRADED, state == DOWN
    usual = -0.12 * np.log1p(-today.uniform("loss"))
    loss = np.where(degraded, 1.0 + 7.0 * today.uniform("loss/poor"), np.minimum(usual, 0.9))
    least, spread = _DELAY_MS[condition.technology].T
    delay = (least + spread * today.uniform("delay")) * np.where(degraded, 1.8 + 1.5 * today.uniform("delay/poor"), 1.0)
    return {"packet_loss_pct": rounded(loss, 2, down), "latency_ms": rounded(delay, 1, down)}


def _uptime(today: Streams, condition: Condition, state: Ints) -> dict[str, pa.Array]:
    down, hit = state == DOWN, condition.incident.open
    hours = np.minimum(0.2 - np.where(condition.poor, 18.0, 260.0) * np.log1p(-today.uniform("uptime")), 2000.0)
    alone = condition.read_at - (hours / 24.0 * 3600.0).astype(np.int64).astype("timedelta64[s]")
    lost = np.where(hit, condition.incident.started, alone)
    none = np.zeros(len(down), dtype=np.bool_)
    return {
        "uptime_hours": rounded(np.where(down, 0.0, hours), 1, none),
        "last_seen_at": instants(np.where(down, lost, condition.read_at)),
    }
