"""Diagnosis: the support manual's order of checks, limits of the manuals, and nothing beyond what may be said."""

from datetime import date, timedelta
from typing import Any

import pytest

from llmops.tests.small_world import (
    CUSTOMER,
    NOW,
    MemoryRecords,
    RowsReader,
    context,
    down_row,
    dsl_row,
    generated,
    ids,
    incident,
    line_row,
)
from llmops.tools.context import ToolError
from llmops.tools.network_diagnostics_tool import Diagnosis, diagnose, diagnose_all
from llmops.tools.network_lines import line_of
from llmops.tools.network_simulation import read
from llmops.tools.results import plain
from llmops.tools.visit_windows import Visit, next_visit, why_not
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.ports import Record

__all__ = ["generated"]


def diagnosed(row: dict[str, Any], *events: dict[str, Any], area: tuple[Any, ...] = (), **changes: Any) -> Diagnosis:
    records = MemoryRecords()
    for number, event in enumerate(events):
        value = {"id": f"e{number}", "line_id": row["line_id"], **event}
        records.change("network_event", f"e{number}", lambda _, v=value: Record(v["id"], v, CUSTOMER))
    reader = RowsReader(customer_lines=[row], area_outages=area)
    return diagnose(context(reader, records=records, **changes))


def restarted(minutes_ago: float) -> dict[str, Any]:
    return {"kind": "modem_restart", "at": (NOW - timedelta(minutes=minutes_ago)).isoformat()}


def faulty(fault: str) -> dict[str, Any]:
    rows = (down_row(line_id=f"L{n}", optical_power_dbm=None) for n in range(200))
    return next(row for row in rows if read(line_of(row), NOW).fault == fault)


def test_a_good_line_is_good_and_the_cause_is_at_home() -> None:
    [line] = diagnosed(line_row()).lines
    assert (line.status, line.advice.verdict, line.advice.drafts) == ("active", "good", ())
    assert {measure.judgement for measure in line.measures} == {"boa"}
    assert "teste por cabo" in line.advice.next_steps[0]


def test_an_incident_explains_everything_and_nothing_is_proposed() -> None:
    outage = {
        "technology": "FTTH",
        "started_at": NOW - timedelta(hours=12),
        "expected_end_at": NOW + timedelta(hours=10),
    }
    own, other = outage | {"incident_id": "INC-20261120-OLT-SAO-001"}, outage | {"incident_id": "INC-2"}
    over = other | {"incident_id": "INC-3", "expected_end_at": NOW - timedelta(minutes=1)}
    copper = other | {"incident_id": "INC-4", "technology": "xDSL"}
    found = diagnosed(down_row(**incident()), area=(other, own, over, copper))
    assert found.lines[0].advice.verdict == "area_outage" and found.drafts == ()
    assert "INC-20261120-OLT-SAO-001" in found.words and "20/11 22h00" in found.words
    assert [(o.incident_id, o.own) for o in found.outages] == [("INC-20261120-OLT-SAO-001", True), ("INC-2", False)]


def test_no_service_is_restarted_first_and_then_visited() -> None:
    row = faulty("cut_cable") | {"technology": "xDSL", "optical_power_dbm": None}
    first = diagnosed(row)
    assert [draft.type for draft in first.drafts] == ["modem_restart"]
    assert first.drafts[0].parameters == {"line_id": row["line_id"]}
    during = diagnosed(row, restarted(1))
    assert during.lines[0].advice.verdict == "restarting" and during.drafts == ()
    after = diagnosed(row, restarted(10))
    assert [draft.type for draft in after.drafts] == ["technician_visit"]
    assert after.drafts[0].parameters["window"] == "afternoon" or after.drafts[0].parameters["window"] == "evening"
    assert "24 horas" in after.lines[0].advice.next_steps[0]


def test_a_dark_fibre_needs_a_technician_at_once() -> None:
    found = diagnosed(faulty("cut_cable"))
    assert found.lines[0].advice.verdict == "no_light"
    assert [draft.type for draft in found.drafts] == ["technician_visit"]


def test_a_visit_that_is_booked_is_not_booked_again() -> None:
    booked = {"kind": "technician_visit", "at": (NOW + timedelta(hours=20)).isoformat()}
    found = diagnosed(faulty("cut_cable"), booked)
    assert found.drafts == () and "Já há visita técnica marcada" in " ".join(found.lines[0].advice.next_steps)


def test_the_diagnosis_after_a_restart_that_helped_differs() -> None:
    row = faulty("frozen_modem")
    assert diagnosed(row).lines[0].status == "down"
    events = ({"id": f"r{n}", "line_id": row["line_id"], **restarted(10)} for n in range(50))
    mended = next(found for event in events if (found := diagnosed(row, event)).lines[0].status == "active")
    assert mended.lines[0].advice.verdict in ("good", "at_limit") and mended.drafts == ()


def test_copper_is_judged_by_its_own_limits() -> None:
    row = dsl_row(snr_margin_db=7.5, attenuation_db=55.0, sync_mbps=4.6)
    [line] = diagnosed(row).lines
    judged = {measure.name: measure.judgement for measure in line.measures}
    assert judged["margem de ruído (SNR)"] == "no limite" and judged["atenuação"] == "ruim"
    assert "potência óptica" not in judged
    assert line.advice.verdict == "poor" and [draft.type for draft in line.advice.drafts] == ["modem_restart"]


def test_old_firmware_is_told() -> None:
    steps = diagnosed(line_row(firmware_version="3.2.1")).lines[0].advice.next_steps
    assert any("3.2.1" in step for step in steps)


def test_a_service_that_is_not_there() -> None:
    with pytest.raises(ToolError, match="não tem linha móvel") as refused:
        diagnose(context(RowsReader(customer_lines=[line_row()])), service="mobile")
    assert refused.value.code == "no_such_line" and "internet" in refused.value.hint


def test_the_hidden_fault_is_not_in_the_result() -> None:
    said = repr(plain(diagnosed(faulty("frozen_modem"))))
    assert "frozen" not in said and "fault" not in said


def test_windows_of_visits() -> None:
    friday, sunday = date(2026, 11, 20), date(2026, 11, 22)
    assert next_visit(NOW, no_service=False) == Visit(date(2026, 11, 21), "morning")
    assert next_visit(NOW, no_service=True) == Visit(friday, "evening")
    assert "menos de 2 horas" in why_not(Visit(friday, "afternoon"), NOW, no_service=True)
    assert "falta total" in why_not(Visit(sunday, "morning"), NOW, no_service=False)
    assert why_not(Visit(sunday, "morning"), NOW, no_service=True) == ""
    assert "14 dias" in why_not(Visit(date(2026, 12, 8), "morning"), NOW, no_service=True)
    assert Visit(friday, "evening").ends_at.hour == 0 and "das 18h às 21h" in Visit(friday, "evening").words


def test_the_generated_world_can_be_diagnosed(generated: LocalWarehouse) -> None:
    found = 0
    for customer in list(ids(generated))[:6]:
        try:
            result = diagnose(context(generated, customer_id=customer))
        except ToolError as refused:
            assert refused.code == "no_such_line"
            continue
        found += 1
        assert result.lines[0].line_id.startswith(customer) and len(repr(plain(result))) < 8_000
    assert found


def test_all_services_are_looked_at_together_with_the_incidents_of_each() -> None:
    mobile = line_row(line_id="M1", service="mobile", technology="mobile", node_id="CELL-1", **incident())
    outage = {
        "technology": "mobile",
        "started_at": NOW - timedelta(hours=12),
        "expected_end_at": NOW + timedelta(hours=10),
        "incident_id": incident()["incident_id"],
    }
    found = diagnose_all(context(RowsReader(customer_lines=[mobile, line_row()], area_outages=(outage,))))
    assert [(line.service, line.advice.verdict) for line in found.lines] == [
        ("internet", "good"),
        ("mobile", "area_outage"),
    ]
    assert [(each.technology, each.own) for each in found.outages] == [("móvel", True)]
    with pytest.raises(ToolError, match="nenhuma linha"):
        diagnose_all(context(RowsReader(customer_lines=[])))
