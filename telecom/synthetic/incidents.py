"""Trouble that a whole node has: every line on it shares the incident, whoever asks."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from telecom.synthetic import calendar
from telecom.synthetic.columns import instants, joined
from telecom.synthetic.identity import Bools, Floats, of_ids

_SHARE = 0.03
_OLDEST_HOURS, _SHORTEST_HOURS, _LONGEST_HOURS = 20.0, 30.0, 54.0
_SECONDS_IN_AN_HOUR = 3600


@dataclass(frozen=True)
class Incidents:
    """One entry per line: whether its node has an open incident, its identifier, start and expected end."""

    open: Bools
    ids: pa.Array
    started: calendar.Days
    expected_end: calendar.Days

    def columns(self) -> dict[str, pa.Array]:
        """The contract's incident columns; NULL without an incident."""
        return {
            "incident_id": pc.if_else(pa.array(self.open), self.ids, None),
            "incident_started_at": instants(self.started, ~self.open),
            "incident_expected_end_at": instants(self.expected_end, ~self.open),
        }


def of_nodes(nodes: pa.Array, snapshot: date, seed: int) -> Incidents:
    """The incident of each line's node: begun up to 20 hours before the day, over after it is read."""
    today = of_ids(nodes, seed).child(calendar.day_number(snapshot))
    before = _hours(_OLDEST_HOURS * today.uniform("incident/age"))
    lasting = _hours(_SHORTEST_HOURS + (_LONGEST_HOURS - _SHORTEST_HOURS) * today.uniform("incident/length"))
    started = calendar.midnight(snapshot) - before
    return Incidents(
        open=today.uniform("incident") < _SHARE,
        ids=joined(["INC-", pa.repeat(f"{snapshot:%Y%m%d}", len(nodes)), "-", nodes]),
        started=started,
        expected_end=started + lasting,
    )


def _hours(hours: Floats) -> npt.NDArray[np.timedelta64]:
    return (hours * _SECONDS_IN_AN_HOUR).astype(np.int64).astype("timedelta64[s]")
