"""Each kind of action from draft to effect, who may do what, and what is written down about it."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from llmops.agent.actions import Actions
from llmops.agent.proposals import ActionRefused
from llmops.tests.agent.desk import MANAGER, RETENTION, Desk, agent, customer
from llmops.tests.small_world import (
    CUSTOMER,
    NOW,
    RULES,
    RowsReader,
    by_hand,
    down_row,
    dsl_row,
    incident,
    invoice_row,
    profile_row,
    score_row,
    ticket_row,
)
from llmops.tools import billing_tool
from llmops.tools.context import ToolError
from llmops.tools.drafts import ActionDraft
from llmops.tools.network_diagnostics_tool import diagnose
from llmops.tools.offer_facts import read_grants
from llmops.tools.offers_tool import find_offers
from llmops.tools.ticket_tool import open_tickets, register_contact

LINE = {"line_id": "0001-AAAAA-NET"}
SOON = NOW + timedelta(minutes=1)
VISIT = LINE | {"day": "2026-11-21", "window": "morning"}
NEWEST = f"{CUSTOMER}-202610"


def down() -> Desk:
    return Desk(by_hand(customer_lines=[dsl_row(status="down", snr_margin_db=0.0, sync_mbps=None)]))


def test_a_restart_is_proposed_approved_by_the_customer_and_seen_in_the_diagnosis() -> None:
    desk = down()
    [draft] = diagnose(desk.turn()).drafts
    proposal = desk.actions.propose(desk.turn(role="customer", principal=CUSTOMER), draft)
    assert (proposal.status, proposal.requires_approval, proposal.risk) == ("proposed", True, "low")
    assert desk.effects() == 0 and diagnose(desk.turn()).lines[0].status == "down"
    done = desk.actions.approve(proposal.id, customer(), SOON)
    assert done.status == "executed" and done.result and "Reinício enviado" in done.result["message"]
    assert diagnose(desk.turn(now=SOON)).lines[0].status == "restarting"
    assert diagnose(desk.turn(now=SOON + timedelta(minutes=3))).lines[0].status in ("active", "down")
    assert desk.audit() == [
        ("action.propose", "allowed", ""),
        ("action.approve", "allowed", ""),
        ("action.execute", "allowed", ""),
    ]
    assert desk.events.of(RETENTION) == []


def test_restarts_are_limited_and_useless_ones_refused() -> None:
    desk = down()
    for number in range(2):
        proposal = desk.propose("modem_restart", LINE, now=NOW + timedelta(minutes=10 * number))
        desk.actions.approve(proposal.id, agent(), NOW + timedelta(minutes=10 * number + 1))
    with pytest.raises(ToolError, match="No máximo 2"):
        desk.propose("modem_restart", LINE, now=NOW + timedelta(minutes=40))
    for row, said in (
        (down_row(**incident()), "INC-20261120"),
        (dsl_row(line_id="another"), "não é deste cliente"),
        (down_row(), "A fibra está sem luz"),
    ):
        with pytest.raises(ToolError, match=said) as refused:
            Desk(by_hand(customer_lines=[row])).propose("modem_restart", LINE)
        assert refused.value.code == "not_possible"


def test_a_visit_is_booked_once() -> None:
    desk = down()
    done = desk.actions.approve(desk.propose("technician_visit", VISIT).id, customer(), SOON)
    assert done.result and "21/11/2026, das 8h às 12h" in done.result["message"] and done.result["protocol"]
    with pytest.raises(ToolError, match="Já há uma visita"):
        desk.propose("technician_visit", VISIT | {"window": "afternoon"})
    assert "Já há visita técnica marcada" not in diagnose(desk.turn()).words
    for day, window in (("2026-11-20", "morning"), ("2026-12-20", "morning")):
        with pytest.raises(ToolError, match="não pode ser marcada"):
            Desk().propose("technician_visit", VISIT | {"day": day, "window": window})


def test_a_discount_needs_the_level_that_its_percentage_asks_for() -> None:
    desk = Desk()
    proposal = desk.discount(22, 6)
    assert (proposal.title, proposal.authority, proposal.risk) == ("Desconto de 22 % por 6 meses", "manager", "high")
    for principal in (agent("ana"), agent("ana", "approve:retention", "approve:retention:supervisor"), customer()):
        with pytest.raises(ActionRefused, match="gerente") as refused:
            desk.actions.approve(proposal.id, principal, SOON)
        assert refused.value.code == "not_allowed"
    done = desk.actions.approve(proposal.id, MANAGER, SOON)
    assert done.status == "executed" and done.decided_by == "gil"
    [grant] = read_grants(desk.turn())
    assert (grant.cost, grant.ends_on) == (Decimal("92.40"), date(2027, 5, 20))
    assert find_offers(desk.turn()).budget_left == Decimal("57.60")
    adjustments = billing_tool.list_invoices(desk.turn()).adjustments
    assert [each.words for each in adjustments] == ["Desconto de 22 % por 6 meses, a partir da próxima fatura."]


def test_retention_actions_are_recorded_state_by_state() -> None:
    desk = Desk()
    desk.actions.approve(desk.discount().id, MANAGER, SOON)
    other = desk.propose("plan_change", {"operation": "internet_plan", "target": "Internet fibra 500 Mega"})
    desk.actions.reject(other.id, agent(), SOON, reason="Cliente desistiu.")
    rows = desk.events.of(RETENTION)
    assert [(row["type"], row["status"]) for row in rows] == [
        ("retention_discount", "approved"),
        ("retention_discount", "executed"),
        ("plan_change", "rejected"),
    ]
    assert json.loads(rows[0]["parameters"]) == {"percent": 10, "months": 3, "asked_by_customer": True}
    assert rows[2]["reason"] == "Cliente desistiu." and rows[2]["decided_by"] == "ana"


def test_a_second_offer_is_refused_while_one_is_active() -> None:
    desk = Desk()
    first, second = desk.discount(10, 1), desk.discount(5, 1)
    desk.actions.approve(first.id, MANAGER, SOON)
    with pytest.raises(ActionRefused, match="Já há uma oferta em vigor") as refused:
        desk.actions.approve(second.id, MANAGER, SOON)
    assert refused.value.code == "policy"
    assert desk.actions.read(second.id, MANAGER, SOON).status == "rejected"
    assert [row["status"] for row in desk.events.of(RETENTION)] == ["approved", "executed", "rejected"]
    assert desk.audit()[-1] == ("action.execute", "refused", "policy") and len(read_grants(desk.turn())) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"customer_score": [score_row(risk_segment="low")]}, "teto"),
        ({"customer_score": []}, "avaliação de risco"),
        ({"customer_invoices": [invoice_row(0, paid_on=None, due_on=date(2026, 11, 1))]}, "fatura vencida"),
        ({"customer_lines": [down_row()]}, "primeiro se conserta"),
        ({"customer_profile": [profile_row(segment="essential", monthly_charges=16.0)]}, "abaixo de R"),
        ({"customer_profile": [profile_row(contract=None)]}, "contrato vigente"),
        ({"customer_profile": []}, "cadastro"),
    ],
)
def test_what_changed_since_the_proposal_is_seen_at_execution(changes: dict[str, Any], said: str) -> None:
    desk = Desk()
    proposal = desk.discount(15, 3)
    desk.reader.rows |= {name: [dict(row) for row in rows] for name, rows in changes.items()}
    with pytest.raises(ActionRefused, match=said) as refused:
        desk.actions.approve(proposal.id, MANAGER, SOON)
    assert refused.value.code == "policy" and desk.hands.calls == desk.effects() == 0
    assert desk.actions.read(proposal.id, MANAGER, SOON).status == "rejected"
    assert read_grants(desk.turn()) == ()


def test_a_credit_needs_its_failure_and_level() -> None:
    desk = Desk(by_hand(customer_tickets=[ticket_row()]))
    given = {"amount": "40.00", "reference": f"{CUSTOMER}-T202611-1"}
    proposal = desk.propose("courtesy_credit", given)
    assert (proposal.title, proposal.authority) == ("Crédito de cortesia de R$ 40,00", "supervisor")
    assert desk.actions.approve(proposal.id, MANAGER, SOON).parameters == given
    with pytest.raises(ToolError, match="Não há chamado"):
        desk.propose("courtesy_credit", {"amount": "5.00", "reference": "0002-BBBBB-T202611-1"})
    with pytest.raises(ToolError, match="já teve crédito"):
        desk.propose("courtesy_credit", given | {"amount": "5.00"})


def test_a_free_service_and_a_courtesy_visit_count_against_the_budget() -> None:
    desk = Desk()
    free = desk.propose("free_service", {"service": "Streaming TV", "months": 2, "asked_by_customer": True})
    desk.actions.approve(free.id, agent("ana", "approve:retention"), SOON)
    assert find_offers(desk.turn()).budget_left == Decimal("130.00")
    other = Desk()
    visit = other.propose("technician_visit", VISIT | {"courtesy": True})
    assert (visit.authority, visit.retention) == ("agent", True)
    other.actions.approve(visit.id, MANAGER, SOON)
    assert find_offers(other.turn()).budget_left == Decimal("90.00")


@pytest.mark.parametrize(
    ("operation", "target", "authority"),
    [
        ("internet_plan", "Internet fibra 500 Mega", "desk"),
        ("remove_service", "Suporte técnico premium", "customer"),
        ("add_service", "Streaming TV", "customer"),
    ],
)
def test_plan_changes(operation: str, target: str, authority: str) -> None:
    desk = Desk()
    proposal = desk.propose("plan_change", {"operation": operation, "target": target}, role="customer")
    assert proposal.authority == authority
    done = desk.actions.approve(proposal.id, agent(), SOON)
    assert done.result == {"message": "A mudança vale a partir do próximo ciclo de faturamento."}
    with pytest.raises(ToolError, match="já foi pedida"):
        desk.propose("plan_change", {"operation": operation, "target": target})


def test_more_speed_is_not_the_customers_to_approve_and_fibre_needs_its_survey() -> None:
    desk = Desk()
    proposal = desk.propose("plan_change", {"operation": "internet_plan", "target": "Internet fibra 500 Mega"})
    with pytest.raises(ActionRefused, match="atendente"):
        desk.actions.approve(proposal.id, customer(), SOON)
    copper = Desk(by_hand(customer_lines=[dsl_row()]))
    given = {"operation": "internet_plan", "target": "Internet fibra 300 Mega"}
    with pytest.raises(ToolError, match="viabilidade"):
        copper.propose("plan_change", given)
    assert copper.propose("plan_change", given | {"feasibility": "V-123"}).authority == "desk"


def test_a_contestation_takes_its_amount_out_of_the_charge() -> None:
    desk = Desk(by_hand(customer_invoices=[invoice_row(0, paid_on=None), invoice_row(1)]))
    given = {"invoice_id": NEWEST, "item": "Linha móvel", "amount": "12.50", "explanation": "Não usei."}
    done = desk.actions.approve(desk.propose("invoice_contestation", given).id, customer(), SOON)
    assert done.result and done.result["answer_by"] == "2026-11-27"
    found = billing_tool.list_invoices(desk.turn())
    assert (found.invoices[0].disputed, found.open_amount) == (Decimal("12.50"), Decimal("57.50"))
    wrong = {
        "não cobra": given | {"item": "Streaming TV"},
        "não é deste": given | {"invoice_id": "0002-BBBBB-202610"},
        "já foi contestado": given,
    }
    for said, parameters in wrong.items():
        with pytest.raises(ToolError, match=said):
            desk.propose("invoice_contestation", parameters)
    with pytest.raises(ToolError, match="não cobra"):
        desk.propose("invoice_contestation", given | {"item": "Internet fibra 300 Mega", "amount": "50.01"})


def test_copies_calls_and_tickets() -> None:
    desk = Desk()
    copy = desk.propose("second_copy", {"invoice_id": NEWEST, "channel": "email"})
    call = desk.propose("callback", {"day": "2026-11-23", "window": "morning", "topic": "Fatura"})
    draft = register_contact(desk.turn(), category="billing", subject="Fatura alta", description="Não entendeu.")
    ticket = desk.actions.propose(desk.turn(), draft)
    results = [desk.actions.approve(each.id, customer(), SOON).result for each in (copy, call, ticket)]
    assert "e-mail" in str(results[0]) and "23/11/2026, das 8h às 12h" in str(results[1])
    [open_ticket] = open_tickets(desk.turn(now=SOON)).tickets
    assert results[2] and open_ticket.ticket_id == results[2]["protocol"] and open_ticket.category == "billing"
    with pytest.raises(ToolError, match="Já há uma ligação"):
        desk.propose("callback", {"day": "2026-11-23", "window": "afternoon", "topic": "Fatura"})
    with pytest.raises(ToolError, match="noites e domingos"):
        desk.propose("callback", {"day": "2026-11-22", "window": "morning", "topic": "Fatura"})
    with pytest.raises(ToolError, match="não é deste cliente"):
        desk.propose("second_copy", {"invoice_id": "0002-BBBBB-202610", "channel": "email"})


def test_the_same_proposal_is_made_once_and_there_is_an_end_to_them() -> None:
    desk = Desk()
    assert desk.discount().id == desk.discount().id
    for percent in range(1, 10):
        desk.discount(percent, 1)
    with pytest.raises(ToolError) as refused:
        desk.discount(11, 1)
    assert refused.value.code == "too_many_open"
    assert desk.discount().status == "proposed" and len(desk.actions.of(CUSTOMER, NOW)) == 10
    assert desk.discount(11, 1, now=NOW + timedelta(days=8)).status == "proposed"


def test_customers_propose_nothing_that_is_ours_to_offer() -> None:
    desk = Desk()
    offers = {
        "retention_discount": {"percent": 5, "months": 1, "asked_by_customer": True},
        "free_service": {"service": "Streaming TV", "months": 1, "asked_by_customer": True},
        "courtesy_credit": {"amount": "5.00", "reference": "x"},
        "technician_visit": VISIT | {"courtesy": True},
    }
    for type_, parameters in offers.items():
        with pytest.raises(ToolError, match="atendente") as refused:
            desk.propose(type_, parameters, role="customer")  # type: ignore[arg-type]
        assert refused.value.code == "agents_only"
    assert desk.actions.of(CUSTOMER, NOW) == ()


@pytest.mark.parametrize(
    ("type_", "parameters", "code"),
    [
        ("delete_customer", {}, "unknown_action"),
        ("modem_restart", {}, "wrong_parameters"),
        ("modem_restart", LINE | {"customer_id": "0002-BBBBB"}, "wrong_parameters"),
        ("retention_discount", {"percent": "10", "months": 1, "asked_by_customer": True}, "wrong_parameters"),
        ("retention_discount", {"percent": 0, "months": 1, "asked_by_customer": True}, "wrong_parameters"),
        ("courtesy_credit", {"amount": 5.0, "reference": "x"}, "wrong_parameters"),
        ("courtesy_credit", {"amount": "1e3", "reference": "x"}, "wrong_parameters"),
        ("courtesy_credit", {"amount": "-5.00", "reference": "x"}, "wrong_parameters"),
        ("callback", {"day": "amanhã", "window": "morning", "topic": "x"}, "wrong_parameters"),
        ("ticket_registration", {"category": "x"}, "wrong_parameters"),
        ("callback", {"day": {1, 2}}, "wrong_parameters"),
    ],
)
def test_parameters_are_strict_and_refusals_say_what_to_do(type_: Any, parameters: Any, code: str) -> None:
    desk = Desk()
    with pytest.raises(ToolError) as refused:
        desk.propose(type_, parameters)
    assert refused.value.code == code and refused.value.hint
    assert desk.audit() == [("action.propose", "refused", code)]


def test_other_peoples_proposals_are_not_there() -> None:
    desk = Desk()
    proposal = desk.discount()
    stranger = agent("eva", *MANAGER.scopes, customers=frozenset({"0002-BBBBB"}))
    for principal in (stranger, customer("0002-BBBBB")):
        for decide in (desk.actions.approve, desk.actions.reject, desk.actions.read):
            with pytest.raises(ActionRefused) as refused:
                decide(proposal.id, principal, SOON)
            assert refused.value.code == "not_found"
    for unknown in ("", "act_x", "a" * 500, "act_é"):
        with pytest.raises(ActionRefused, match="não existe"):
            desk.actions.approve(unknown, MANAGER, SOON)
    assert desk.actions.read(proposal.id, MANAGER, SOON) == proposal
    assert desk.audit()[1:3] == [("action.approve", "refused", "not_found"), ("action.reject", "refused", "not_found")]


def test_who_may_not_decide_does_not_spoil_the_proposal() -> None:
    desk = Desk()
    proposal = desk.discount()
    with pytest.raises(ActionRefused):
        desk.actions.reject(proposal.id, agent("ana"), SOON)
    with pytest.raises(ActionRefused):
        desk.actions.approve(proposal.id, agent("ana"), SOON)
    assert desk.actions.read(proposal.id, MANAGER, SOON).status == "proposed"


def test_a_key_stands_for_one_decision() -> None:
    desk = Desk()
    first, second = desk.discount(10, 1), desk.discount(5, 1)
    done = desk.actions.approve(first.id, MANAGER, SOON, key="k1")
    assert desk.actions.approve(first.id, MANAGER, SOON, key="k1") == done and desk.hands.calls == 1
    for decide in (desk.actions.approve, desk.actions.reject):
        with pytest.raises(ActionRefused) as refused:
            decide(second.id, MANAGER, SOON, key="k1")
        assert refused.value.code == "key_reused"
    assert desk.actions.reject(second.id, agent("rui", *MANAGER.scopes), SOON, key="k1").status == "rejected"


def test_free_text_is_masked_before_it_is_stored() -> None:
    desk = Desk()
    secret = "segredo"
    masked = Actions(
        desk.records, desk.events, desk.reader, RULES, desk.hands, lambda text: text.replace(secret, "[CPF]")
    )
    given = {"day": "2026-11-23", "window": "morning", "topic": f"meu CPF é {secret}"}
    proposal = masked.propose(desk.turn(), ActionDraft("callback", f"Pediu com {secret}.", given))
    assert proposal.parameters["topic"] == "meu CPF é [CPF]" and proposal.reason == "Pediu com [CPF]."
    assert masked.reject(proposal.id, agent(), SOON, reason=f"não é {secret}").decision == "não é [CPF]"
    assert secret not in repr(desk.records.of("action", CUSTOMER)) + repr(desk.events.rows)


def test_what_a_reader_sees_of_a_proposal() -> None:
    desk = Desk()
    shown = desk.discount().shown()
    assert shown.type == "retention_discount" and shown.status == "proposed" and shown.requires_approval
    assert shown.id.startswith("act_") and len(shown.id) == 36 and shown.reason == "Porque sim."


def test_the_executor_is_asked_of_the_customers_rows_afresh() -> None:
    desk = Desk()
    proposal = desk.discount()
    before = len(desk.reader.asked)
    desk.actions.approve(proposal.id, MANAGER, SOON)
    assert {"customer_profile", "customer_score", "customer_invoices", "customer_lines"} <= set(
        desk.reader.asked[before:]
    )


def test_nothing_is_known_of_a_customer_without_rows() -> None:
    desk = Desk(RowsReader())
    with pytest.raises(ToolError, match="Não encontrei o cadastro"):
        desk.discount()
