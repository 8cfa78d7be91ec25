"""How all lines of a customer are: of every service, those with a fault first."""

from datetime import timedelta
from typing import Any

import pytest

from llmops.agent.responder import steps
from llmops.agent.responder.all_lines import asks_for_all
from llmops.tests.agent.stage import Stage
from llmops.tests.small_world import NOW, by_hand, incident, line_row
from telecom.ports import Passage

LEVELS = {"contracted_mbps": None, "sync_mbps": None, "optical_power_dbm": None, "latency_ms": 45.0}
HOW = "Como estão as linhas do cliente?"
BAD = {"status": "degraded", "packet_loss_pct": 9.0}


def mobile(number: int = 1, **changes: Any) -> dict[str, Any]:
    named = {"line_id": f"0001-AAAAA-MOB{number}", "service": "mobile", "technology": "mobile"}
    return line_row(**{**LEVELS, **named, "signal_rsrp_dbm": -80.0, "equipment_model": None, **changes})


@pytest.mark.parametrize(
    "message",
    [HOW, "como está a linha agora?", "How is the line now?", "how are the customer's lines", "verifica as linhas dele",
     "qual o estado das linhas?", "como estão minhas linhas"],
)  # fmt: skip
def test_a_question_for_the_lines(message: str) -> None:
    assert asks_for_all(message)


@pytest.mark.parametrize(
    "message",
    ["como está a linha móvel?", "como está a internet?", "quanto custa outra linha?", "how is the mobile line?",
     "minha fatura linha por linha", "a linha caiu"],
)  # fmt: skip
def test_other_questions(message: str) -> None:
    assert not asks_for_all(message)


@pytest.mark.parametrize(("role", "message"), [("agent", HOW), ("customer", "como estão as minhas linhas?")])
def test_lines_of_every_service_are_told(role: str, message: str) -> None:
    stage = Stage(warehouse=by_hand(customer_lines=[line_row(), mobile(1), mobile(2)]))
    reply = stage.say(message, role=role)
    entries = [line for line in reply.message.splitlines() if line.startswith("- ")]
    assert [each.partition(":")[0] for each in entries] == [
        "- Linha de fibra", "- Primeira linha móvel", "- Segunda linha móvel",
    ]  # fmt: skip
    assert [use.name for use in reply.tools] == ["diagnose_line"] and not reply.actions


def test_mobile_lines_alone_are_told_without_a_word_of_internet() -> None:
    reply = Stage(warehouse=by_hand(customer_lines=[mobile()])).say(HOW, role="agent")
    assert "- Linha móvel: funcionando bem" in reply.message and "internet" not in reply.message


def test_the_worst_one_comes_first_and_is_gone_on_with() -> None:
    stage = Stage(warehouse=by_hand(customer_lines=[mobile(), line_row(**BAD)]))
    first, second = stage.talk(HOW, "sim", role="agent")
    entries = [line for line in first.message.splitlines() if line.startswith("- ")]
    assert entries[0].startswith("- Linha de fibra: com problema") and '"Linha de fibra"' in first.message
    assert [action.type for action in second.actions] == ["modem_restart"]


def test_an_incident_of_the_mobile_line_is_told_with_its_end() -> None:
    node = {"node_id": "CELL-SAO-104", **incident()}
    open_now = {
        "technology": "mobile", "incident_id": node["incident_id"],
        "started_at": NOW - timedelta(hours=12), "expected_end_at": NOW + timedelta(hours=10),
    }  # fmt: skip
    stage = Stage(warehouse=by_hand(customer_lines=[line_row(), mobile(**node)], area_outages=[open_now]))
    said = stage.say(HOW, role="agent").message
    assert f"- Linha móvel: falha na região (incidente {node['incident_id']})" in said and "20/11 22h00" in said
    english = stage.say("How are the customer's lines?", role="agent", session_id="en").message
    assert "- Mobile line: a failure in the area" in english and "Nov 20, 22:00" in english
    unseen = Stage(warehouse=by_hand(customer_lines=[mobile(**node)])).say(HOW, role="agent").message
    assert node["incident_id"] in unseen


def test_nobody_without_lines_is_told_of_any() -> None:
    assert "nenhuma linha registrada" in Stage(warehouse=by_hand(customer_lines=[])).say(HOW, role="agent").message


@pytest.mark.parametrize(
    ("document", "title", "section", "helps"),
    [
        ("support/diagnostico-rede.docx", "Diagnóstico de rede", "4. Reinício à distância", False),
        ("manuals/manual-dados-moveis.pdf", "Manual de dados móveis", "1. O que a linha inclui", False),
        ("support/internet-lenta.md", "Internet lenta: passo a passo", "1. Meça por cabo", True),
    ],
)
def test_rules_for_our_people_and_prices_are_no_steps(document: str, title: str, section: str, helps: bool) -> None:
    assert steps.helps(Passage("k", document, title, section, None, "Texto."), None) is helps
