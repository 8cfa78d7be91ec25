"""The simulated network: the same for the same arguments, and it behaves."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.tests.small_world import NOW, down_row, dsl_row, incident, line_row
from llmops.tools.network_line import Event, Line
from llmops.tools.network_lines import line_of
from llmops.tools.network_simulation import RESTART, RESTART_CURES, VISIT_CURES, read

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
MOBILE = {"technology": "mobile", "service": "mobile", "contracted_mbps": None, "sync_mbps": None}


def restart(line: Line, number: int = 1, at: Any = NOW) -> Event:
    return Event(f"restart-{number}", line.line_id, "modem_restart", at)


def broken(fault: str) -> Line:
    """A line that is down with this fault."""
    lines = (line_of(down_row(line_id=f"L{n}", optical_power_dbm=None)) for n in range(200))
    return next(line for line in lines if read(line, NOW).fault == fault)


rows = st.sampled_from([line_row(), down_row(), dsl_row(), dsl_row(snr_margin_db=4.0, status="degraded"),
                        line_row(optical_power_dbm=-30.0, status="degraded"), down_row(**incident())])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(rows, st.integers(0, 5_000), st.lists(st.integers(0, 3_000), max_size=4), st.integers(0, 3))
def test_it_depends_on_its_arguments_only(row: Any, minutes: int, restarts: list[int], seed: int) -> None:
    line, now = line_of(row), NOW + minutes * MINUTE
    events = [restart(line, n, NOW + at * MINUTE) for n, at in enumerate(restarts)]
    found = read(line, now, events, seed)
    assert found == read(line, now, list(reversed(events)), seed)
    others = [*events, replace(restart(line, 99), line_id="another"), restart(line, 98, now + MINUTE)]
    assert found == read(line, now, others, seed)
    dark = found.status in ("down", "restarting")
    assert dark == (found.levels.latency_ms is None) and (not dark or found.uptime_hours == 0)
    assert (found.status == "active") == (found.fault == "none" and found.ready_at is None)


def test_what_was_done_before_the_report_is_in_it() -> None:
    line = broken("frozen_modem")
    before = [restart(line, n, line.measured_at - HOUR) for n in range(9)]
    assert read(line, NOW, before) == read(line, NOW)


def test_an_incident_ends_when_expected_and_nothing_mends_it_before() -> None:
    line = line_of(down_row(**incident(hours=10)))
    during = read(line, NOW + 9 * HOUR, [restart(line), Event("v", line.line_id, "technician_visit", NOW + HOUR)])
    assert (during.status, during.fault) == ("down", "incident") and during.incident == line.incident
    after = read(line, NOW + 11 * HOUR)
    assert (after.status, after.incident, after.uptime_hours) == ("active", None, 1.0)


def test_a_restart_takes_two_minutes_and_mends_what_it_can() -> None:
    line = broken("frozen_modem")
    while_away = read(line, NOW + MINUTE, [restart(line)])
    assert (while_away.status, while_away.ready_at) == ("restarting", NOW + RESTART)
    mended = [read(line, NOW + HOUR, [restart(line, n)]).status == "active" for n in range(200)]
    assert 0.85 < sum(mended) / len(mended) < 0.99
    back = read(line, NOW + HOUR, [restart(line, mended.index(True))])
    assert back.uptime_hours == pytest.approx(1.0, abs=0.05) and back.levels.packet_loss_pct is not None
    assert read(line, NOW + 200 * HOUR, [restart(line, mended.index(False))]).status == "down"


@pytest.mark.parametrize("fault", ["frozen_modem", "lost_sync", "cut_cable"])
def test_the_chance_depends_on_the_fault(fault: Any) -> None:
    line = broken(fault)
    mended = sum(read(line, NOW + HOUR, [restart(line, n)]).fault == "none" for n in range(300)) / 300
    assert mended == pytest.approx(RESTART_CURES.get(fault, 0.0), abs=0.09)
    visits = [Event(f"v{n}", line.line_id, "technician_visit", NOW) for n in range(300)]
    assert sum(read(line, NOW, [visit]).status == "active" for visit in visits) / 300 == pytest.approx(
        VISIT_CURES, abs=0.05
    )


def test_a_second_restart_helps_less() -> None:
    line = line_of(dsl_row(snr_margin_db=4.0, status="degraded"))
    stubborn = [n for n in range(400) if read(line, NOW + MINUTE * 3, [restart(line, n)]).fault != "none"]
    again = [[restart(line, n), restart(line, 1_000 + n, NOW + HOUR)] for n in stubborn]
    mended = sum(read(line, NOW + 2 * HOUR, events).fault == "none" for events in again) / len(stubborn)
    assert mended == pytest.approx(RESTART_CURES["noisy_pair"] / 2, abs=0.08)


def test_lines_that_are_down_have_different_faults_and_only_a_cut_fibre_is_dark() -> None:
    found = [read(line_of(down_row(line_id=f"L{n}", optical_power_dbm=None)), NOW) for n in range(300)]
    assert set(Counter(reading.fault for reading in found)) == {"frozen_modem", "lost_sync", "cut_cable"}
    assert {reading.fault for reading in found if reading.levels.optical_power_dbm == -38.0} == {"cut_cable"}


def test_a_mended_line_has_good_levels() -> None:
    line = line_of(line_row(optical_power_dbm=-31.0, status="degraded", packet_loss_pct=4.0, latency_ms=30.0))
    assert read(line, NOW).status == "degraded"
    visit = next(
        event
        for event in (Event(f"v{n}", line.line_id, "technician_visit", NOW) for n in range(50))
        if read(line, NOW, [event]).status == "active"
    )
    levels = read(line, NOW + HOUR, [visit]).levels
    assert levels.optical_power_dbm and levels.optical_power_dbm > -25 and (levels.packet_loss_pct or 9) < 1


def test_levels_wander_with_time_within_what_is_usual() -> None:
    line = line_of(line_row())
    readings = [read(line, NOW + n * HOUR).levels for n in range(48)]
    assert len({levels.latency_ms for levels in readings}) > 5
    assert all(4 <= (levels.latency_ms or 0) <= 14 and (levels.packet_loss_pct or 0) < 1 for levels in readings)
    assert all(0.97 * 300 <= (levels.sync_mbps or 0) <= 300 for levels in readings)


def test_a_phone_finds_the_network_again_by_itself() -> None:
    line = line_of(down_row(**MOBILE, optical_power_dbm=None, signal_rsrp_dbm=-132.0))
    assert read(line, line.measured_at + HOUR).status == "down"
    assert read(line, line.measured_at + 19 * HOUR).status == "active"


def test_before_the_report_the_report_is_read() -> None:
    line = line_of(line_row())
    assert read(line, line.measured_at - HOUR).at == line.measured_at


def test_a_fibre_that_reports_no_light_is_cut_and_only_a_visit_mends_it() -> None:
    lines = [line_of(down_row(line_id=f"L{n}")) for n in range(60)]
    for line in lines:
        found = read(line, NOW + HOUR, [restart(line), restart(line, 2, NOW + 10 * MINUTE)])
        assert (found.fault, found.status, found.levels.optical_power_dbm) == ("cut_cable", "down", -38.0)
    visits = [Event(f"v{n}", line.line_id, "technician_visit", NOW) for n, line in enumerate(lines)]
    assert sum(read(a, NOW, [b]).status == "active" for a, b in zip(lines, visits, strict=True)) > 50
