"""Churn, CRM, tickets and offers: what they tell, whom, and what they keep to themselves."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from llmops.tests.small_world import (
    CUSTOMER,
    DAY,
    NOW,
    MemoryRecords,
    RowsReader,
    by_hand,
    context,
    down_row,
    dsl_row,
    generated,
    ids,
    invoice_row,
    line_row,
    profile_row,
    score_row,
    ticket_row,
)
from llmops.tools import billing_tool, churn_words
from llmops.tools.churn_tool import churn_risk
from llmops.tools.context import ToolContext, ToolError
from llmops.tools.crm_tool import customer_profile
from llmops.tools.network_diagnostics_tool import diagnose
from llmops.tools.offers_tool import OfferSheet, find_offers
from llmops.tools.results import plain
from llmops.tools.ticket_tool import open_tickets, register_contact
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.ports import Record

__all__ = ["generated"]


def test_a_context_needs_a_customer_and_utc() -> None:
    with pytest.raises(ValueError, match="customer"):
        context(by_hand(), customer_id="")
    with pytest.raises(ValueError, match="UTC"):
        context(by_hand(), now=NOW.replace(tzinfo=None))


def test_the_risk_is_told_to_agents_with_its_age_and_reasons() -> None:
    reasons = [
        {"feature": "contract", "value": "Month-to-month", "contribution": 0.9},
        {"feature": "tech_support", "value": "no", "contribution": 0.3},
        {"feature": "tenure_months", "value": "30", "contribution": -0.2},
    ]
    row = score_row(top_reasons=reasons, snapshot_date=DAY - timedelta(days=4))
    found = churn_risk(context(RowsReader(customer_score=[row])), reasons=2)
    assert (found.percent, found.segment_words, found.age_days) == (61.0, "alto", 4)
    assert [reason.value for reason in found.reasons] == ["Month-to-month", "no"]
    assert [(reason.words, reason.effect) for reason in found.reasons] == [
        ("contrato mensal, sem fidelidade", "aumenta"),
        ("não tem Suporte técnico premium", "aumenta"),
    ]


def test_customers_are_not_told_their_risk() -> None:
    with pytest.raises(ToolError) as refused:
        churn_risk(context(by_hand(), role="customer"))
    assert refused.value.code == "agents_only"


@pytest.mark.parametrize(("age", "code"), [(35, ""), (36, "stale_churn_score"), (401, "no_churn_score")])
def test_scores_have_an_age_beyond_which_they_are_refused(generated: LocalWarehouse, age: int, code: str) -> None:
    asked = context(generated, customer_id=next(ids(generated)), now=NOW + timedelta(days=age))
    if not code:
        assert churn_risk(asked).age_days == age
        return
    with pytest.raises(ToolError) as refused:
        churn_risk(asked)
    assert refused.value.code == code and "61" not in str(refused.value)
    assert (code == "no_churn_score") == ("20/11/2026" not in refused.value.message)


@pytest.mark.parametrize(
    ("feature", "value", "words"),
    [
        ("internet_service", "Fiber optic", "internet por fibra"),
        ("payment_method", "Electronic check", "paga por boleto eletrônico"),
        ("tenure_months", "1", "cliente há 1 mês"),
        ("monthly_charge_level", "95", "mensalidade em torno de R$ 95,00"),
        ("charge_change", "-10.21", "mensalidade R$ 10,21 abaixo da média que já pagou"),
        ("charge_change", "0", "mensalidade igual à média que já pagou"),
        ("streaming_tv", "yes", "tem Streaming TV"),
        ("paperless_billing", "no", "recebe fatura impressa"),
        ("tenure_months", "many", "tenure months: many"),
        ("something_new", "x\ny", "something new: x y"),
    ],
)
def test_reasons_are_said_in_portuguese(feature: str, value: str, words: str) -> None:
    assert churn_words.said(feature, value) == words


def test_a_profile_has_what_the_desk_needs_and_no_raw_identifier() -> None:
    rows = by_hand(customer_tickets=[ticket_row(status="open", closed_at=None)])
    found = customer_profile(context(rows))
    assert found.plan == "Internet fibra 300 Mega" and found.tenure_months == 30 and found.contract
    assert found.products == ("Internet fibra 300 Mega", "Linha móvel", "Suporte técnico premium")
    assert (found.contract.words, found.contract.monthly_charge) == ("mensal, sem fidelidade", Decimal("70.00"))
    assert [ticket.subject for ticket in found.open_tickets] == ["Velocidade abaixo da contratada"]
    assert found.consent.offers and found.preferred_channel == "WhatsApp"


def test_without_features_there_is_a_profile_without_a_contract() -> None:
    bare = dict.fromkeys(profile_row())
    kept = ("snapshot_date", "full_name", "cpf_masked", "email_masked", "phone_masked", "city", "state", "segment")
    kept += ("customer_since", "preferred_language", "preferred_channel", "consent_marketing")
    row = bare | {name: profile_row()[name] for name in (*kept, "consent_data_sharing", "consent_updated_on")}
    found = customer_profile(context(by_hand(customer_profile=[row], customer_lines=[])))
    assert (found.contract, found.tenure_months, found.products, found.plan) == (None, None, (), "")


def test_an_unknown_customer() -> None:
    with pytest.raises(ToolError, match="cadastro") as refused:
        customer_profile(context(RowsReader()))
    assert refused.value.code == "customer_unknown"


def every_result(asked: ToolContext) -> str:
    said = ""
    for ask in (churn_risk, customer_profile, billing_tool.list_invoices, diagnose, find_offers, open_tickets):
        try:
            said += json.dumps(plain(ask(asked)), ensure_ascii=False)
        except ToolError as refused:
            said += str(refused)
    return said


def test_no_result_holds_a_raw_identifier_or_anybody_else(generated: LocalWarehouse) -> None:
    sql = "SELECT customer_id, cpf, email, phone FROM telecom_bronze.crm_customers"
    people = generated.query(sql).to_pylist()
    for customer in [row["customer_id"] for row in people[:3]]:
        said = every_result(context(generated, customer_id=customer))
        assert len(said) > 1_500
        for row in people:
            assert row["cpf"] not in said and row["email"] not in said and row["phone"][3:] not in said
            assert row["customer_id"] == customer or row["customer_id"] not in said


def test_tickets_of_the_extract_and_of_here_are_read_together() -> None:
    records = MemoryRecords()
    value = {"id": "act_1", "at": NOW.isoformat(), "ticket_id": "20261120-1", "category": "billing", "status": "open"}
    value |= {"priority": "low", "subject": "Fatura", "description": "Dúvida\x00 com\u202e espaços"}
    records.change("ticket", "act_1", lambda _: Record("act_1", value, CUSTOMER))
    rows = RowsReader(customer_tickets=[ticket_row(status="in_progress", closed_at=None), ticket_row()])
    found = open_tickets(context(rows, records=records))
    assert [ticket.ticket_id for ticket in found.tickets] == ["20261120-1", f"{CUSTOMER}-T202611-1"]
    assert (found.open_count, found.recent_count) == (2, 3)
    assert found.tickets[0].description == "Dúvida com espaços" and found.tickets[1].status == "em andamento"


def test_registering_a_contact_is_a_draft() -> None:
    records = MemoryRecords()
    draft = register_contact(
        context(by_hand(), records=records), category="billing", subject="a" * 200, description="b"
    )
    assert draft.type == "ticket_registration" and len(str(draft.parameters["subject"])) == 80
    assert records.of("ticket", CUSTOMER) == ()
    waiting = by_hand(customer_tickets=[ticket_row(status="open", closed_at=None)])
    with pytest.raises(ToolError, match="T202611-1") as refused:
        register_contact(context(waiting), category="internet_slow", subject="x", description="y")
    with pytest.raises(ToolError) as empty:
        register_contact(context(by_hand()), category="billing", subject=" ", description="y")
    assert (refused.value.code, empty.value.code) == ("already_open", "empty_text")


def offers(role: str = "agent", asked: bool = True, **rows: Any) -> OfferSheet:
    return find_offers(context(by_hand(**rows), role=role), asked_by_customer=asked)


def test_offers_come_in_the_order_of_the_conversation_with_what_they_save() -> None:
    found = offers()
    assert [offer.kind for offer in found.offers] == [
        "speed_upgrade",
        "remove_service",
        "free_service",
        "discount",
        "technical_visit",
    ]
    discount = found.offers[3]
    assert (discount.monthly_change, discount.saves, discount.approval) == (
        Decimal("-15.40"),
        Decimal("92.40"),
        "gerente",
    )
    assert discount.draft.parameters == {"percent": 22, "months": 6, "asked_by_customer": True}
    assert (found.maximum_percent, found.maximum_months, found.budget_left) == (22, 6, Decimal("150.00"))


def test_customers_see_plans_and_never_caps_budgets_or_retention() -> None:
    found = offers("customer", asked=False)
    assert {offer.kind for offer in found.offers} == {"speed_upgrade", "remove_service"}
    assert (found.maximum_percent, found.budget_left, found.not_offered, found.policy) == (None, None, (), "")


def test_what_does_not_fit_is_told_with_its_reasons() -> None:
    found = offers(
        customer_lines=[down_row()], customer_invoices=[invoice_row(0, paid_on=None, due_on=date(2026, 11, 1))]
    )
    reasons = {each.kind: each.reasons for each in found.not_offered}
    assert reasons["discount"] == (
        "Há 1 fatura vencida em aberto; ofertas só depois do pagamento.",
        "Uma linha está com falha: primeiro se conserta.",
    )
    assert {"speed_upgrade", "free_service", "technical_visit"} <= set(reasons)


def test_without_consent_or_a_valid_score_nothing_unasked_is_offered() -> None:
    silent = offers(asked=False, customer_profile=[profile_row(consent_marketing=False)])
    assert {offer.kind for offer in silent.offers} == {"remove_service"}
    unscored = offers(customer_score=[])
    assert {offer.kind for offer in unscored.offers} == {"speed_upgrade", "remove_service"}


def test_copper_may_become_fibre_and_new_equipment_is_told() -> None:
    [migration] = [
        o for o in offers(customer_lines=[dsl_row(attenuation_db=55.0)]).offers if o.kind == "fibre_migration"
    ]
    assert migration.monthly_change == Decimal("25.00") and "atenuação" in migration.reason
    upgrade = offers(customer_lines=[line_row(equipment_model="ONT G1")]).offers[0]
    assert "ONT AX3 e ONT AX6" in upgrade.reason


def test_without_a_policy_or_a_contract_nothing_is_offered() -> None:
    with pytest.raises(ToolError) as unknown:
        find_offers(context(by_hand(), rules=None))
    with pytest.raises(ToolError) as none:
        find_offers(context(by_hand(customer_profile=[profile_row(contract=None)])))
    assert (unknown.value.code, none.value.code) == ("policy_unavailable", "no_contract")


def test_offers_of_the_generated_world_are_allowed_by_the_policy(generated: LocalWarehouse) -> None:
    kinds = set()
    for customer in list(ids(generated))[:5]:
        found = find_offers(context(generated, customer_id=customer))
        kinds |= {offer.kind for offer in found.offers}
        assert found.budget_left is not None
        assert all(offer.saves <= found.budget_left for offer in found.offers if offer.kind != "remove_service")
    assert "remove_service" in kinds and "discount" in kinds
