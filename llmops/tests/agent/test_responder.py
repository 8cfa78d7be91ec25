"""The deterministic responder: its journeys on exact cases, and every intent for many generated customers."""

import asyncio
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic_ai.messages import ModelRequest, UserPromptPart
from pydantic_ai.models import ModelRequestParameters

from llmops.agent.responder.core import Responder
from llmops.agent.responder.model import ResponderModel
from llmops.agent.turn import Principal, Reply
from llmops.tests.agent.stage import LATE, PORT, PROMPTS, Shelf, Stage
from llmops.tests.small_world import (
    CUSTOMER,
    DAY,
    NOW,
    by_hand,
    down_row,
    dsl_row,
    generated,
    ids,
    incident,
    invoice_row,
    line_row,
    profile_row,
    ticket_row,
)
from llmops.tools.cached_reader import CachedReader
from llmops.tools.network_lines import line_of
from llmops.tools.network_simulation import read
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.errors import UsageError

__all__ = ["generated"]
AGENT = Principal("ana", "agent", None, frozenset({"approve:retention"}))
BAD_DSL = dsl_row(status="degraded", snr_margin_db=3.0, sync_mbps=2.0, packet_loss_pct=7.5, latency_ms=95.0)
SERVICES = (("Internet fibra 300 Mega", "internet", "50.00"), ("Streaming TV", "streaming", "10.00"))


def faulty(fault: str) -> dict[str, Any]:
    """A dark line whose simulated fault is this one."""
    rows = (down_row(line_id=f"L{n}", optical_power_dbm=None) for n in range(200))
    return next(row for row in rows if read(line_of(row), NOW).fault == fault)


def titles(reply: Reply) -> list[str]:
    return [action.title for action in reply.actions]


def test_a_fault_is_followed_step_by_step_to_the_technician() -> None:
    stage = Stage(warehouse=by_hand(customer_lines=[BAD_DSL]))
    first, second = stage.talk("minha internet tá muito lenta", "já reiniciei e nada")
    assert (
        "está com problema" in first.message
        and "parte dos dados se perde" in first.message
        and "já fiz" in first.message
    )
    assert not first.actions
    assert titles(second) == ["Reiniciar o equipamento à distância"] and stage.effects() == 0
    stage.actions.approve(second.actions[0].id, AGENT, stage.now)
    assert stage.effects() == 1
    stage.now = NOW + timedelta(minutes=1)
    restarting = stage.say("e agora?")
    assert "reiniciando" in restarting.message and re.search(r"\d{2}:\d{2}", restarting.message)
    assert not restarting.actions
    stage.now = NOW + timedelta(minutes=20)
    after = stage.say("continua do mesmo jeito")
    assert after.actions[0].type == "technician_visit" or "ativa" in after.message


def test_an_incident_explains_itself_and_proposes_nothing() -> None:
    open_now = {
        "technology": "FTTH",
        "incident_id": "INC-20261120-OLT-SAO-001",
        "started_at": NOW - timedelta(hours=12),
        "expected_end_at": NOW + timedelta(hours=10),
    }
    stage = Stage(warehouse=by_hand(customer_lines=[down_row(**incident())], area_outages=[open_now]))
    for message in ("tô sem internet", "reinicia meu modem por favor", "manda um técnico", "já reiniciei e nada"):
        reply = stage.say(message)
        assert "INC-20261120-OLT-SAO-001" in reply.message and "não resolve" in reply.message
        assert not reply.actions, message
    said = stage.say("tem queda na minha região?").message
    assert "INC-20261120-OLT-SAO-001" in said and "20/11 22h00" in said
    unseen = Stage(warehouse=by_hand(customer_lines=[down_row(**incident())])).say("tô sem internet")
    assert "INC-20261120-OLT-SAO-001" in unseen.message and not unseen.actions


def test_a_dark_fibre_needs_somebody_not_a_restart() -> None:
    stage = Stage(warehouse=by_hand(customer_lines=[faulty("cut_cable")]))
    first, second = stage.talk("estou sem internet", "já conferi o cordão e continua")
    assert "sem luz" in first.message and not first.actions
    assert second.actions[0].type == "technician_visit"


def test_a_good_line_points_indoors_and_then_to_a_ticket() -> None:
    stage = Stage()
    first, second = stage.talk("minha internet está lenta", "fiz o teste por cabo e continua ruim")
    assert "funcionando bem até a casa" in first.message and "dBm" not in first.message
    assert "dBm" in stage.say("a linha do cliente está lenta", role="agent", session_id="desk").message
    assert [action.type for action in second.actions] == ["ticket_registration"]
    third = stage.say("sim")
    assert "espera a aprovação" in third.message and stage.effects() == 0


def test_a_suspended_line_is_told_of_the_overdue_invoice() -> None:
    late = invoice_row(0, paid_on=None, status="overdue", due_on=DAY - timedelta(days=25))
    dark = line_row(status="down", sync_mbps=None, packet_loss_pct=None, latency_ms=None, uptime_hours=0.0)
    reply = Stage(warehouse=by_hand(customer_lines=[dark], customer_invoices=[late])).say("estou sem internet")
    assert "26/10/2026" in reply.message and "25 dias" in reply.message


def test_an_invoice_is_explained_line_by_line() -> None:
    now = invoice_row(0, [*SERVICES, ("Consumo adicional", "usage", "12.30")])
    stage = Stage(warehouse=by_hand(customer_invoices=[now, invoice_row(1, SERVICES)]))
    reply = stage.say("por que minha conta veio mais cara?")
    assert "R$ 72,30" in reply.message and "R$ 12,30 maior" in reply.message and "R$ 60,00" in reply.message
    assert "Consumo adicional de R$ 12,30 não existia no mês anterior." in reply.message
    before = stage.say("e o mês passado?")
    assert before.intent == "invoice_change" and "11/10/2026" in before.message
    lines = stage.say("me mostra a fatura linha por linha")
    assert "- Streaming TV: R$ 10,00" in lines.message and "Total: R$" in lines.message


def test_a_charge_is_contested_over_two_turns() -> None:
    stage = Stage(warehouse=by_hand(customer_invoices=[invoice_row(0, SERVICES), invoice_row(1, SERVICES)]))
    first, second = stage.talk("quero contestar uma cobrança", "o streaming")
    assert "Qual item" in first.message and "- Streaming TV: R$ 10,00" in first.message and not first.actions
    assert second.actions[0].parameters["item"] == "Streaming TV" and "R$ 10,00" in second.message
    assert second.actions[0].parameters["amount"] == "10.00"


def test_payments_and_late_fees() -> None:
    late = invoice_row(0, paid_on=None, status="overdue", late_fee=Decimal("1.75"), due_on=DAY - timedelta(days=10))
    stage = Stage(warehouse=by_hand(customer_invoices=[late, invoice_row(1)]))
    reply = stage.say("tenho alguma conta em atraso?")
    assert "1 fatura em atraso" in reply.message and "R$ 71,75" in reply.message and "10 dias" in reply.message
    rule = stage.say("qual a multa por atraso?")
    assert "2 %" in rule.message and [c.document for c in rule.citations] == [LATE.document]
    assert "R$ 71,75" in rule.message


def test_a_copy_goes_to_the_channel_that_is_named_or_liked() -> None:
    stage = Stage()
    assert stage.say("segunda via da fatura").actions[0].parameters["channel"] == "whatsapp"
    named = stage.say("manda a segunda via da fatura de outubro por email")
    assert named.actions[0].parameters == {"channel": "email", "invoice_id": f"{CUSTOMER}-202609"}


def test_cancelling_is_never_made_hard() -> None:
    stage = Stage()
    first, second = stage.talk("quero cancelar minha internet", "sim")
    assert "a qualquer momento" in first.message and not first.actions
    assert second.actions[0].parameters["category"] == "cancellation"


def test_retention_is_for_agents_and_within_the_policy() -> None:
    asked = ("quero um desconto", "que oferta posso fazer para este cliente")
    to_customer = Stage().say(asked[0])
    assert not to_customer.actions and "Teto" not in to_customer.message and "orçamento" not in to_customer.message
    stage = Stage()
    first, second = stage.talk(asked[1], "sim", role="agent")
    assert "Teto deste perfil" in first.message and "%" in first.message
    assert len(second.actions) == 1 and second.actions[0].status == "proposed" and stage.effects() == 0


def test_churn_risk_is_for_agents_and_never_stale() -> None:
    message = "qual o risco de churn deste cliente?"
    assert "61 %" in Stage().say(message, role="agent").message
    customer = Stage().say(message)
    assert "61" not in customer.message and "risco" not in customer.message and not customer.tools
    old = by_hand(customer_score=[])
    assert "%" not in Stage(warehouse=old).say(message, role="agent").message


def test_a_contact_is_registered_in_the_customers_words() -> None:
    stage = Stage()
    first, second = stage.talk("quero abrir um chamado", "o técnico quebrou o azulejo da sala quando veio instalar")
    assert "Conte em uma frase" in first.message
    assert "azulejo" in second.actions[0].parameters["description"]
    asked = Stage().talk("quero abrir um chamado", "como funciona a portabilidade?")
    assert not asked[1].actions and "3 dias úteis" in asked[1].message


def test_open_tickets_are_told() -> None:
    waiting = ticket_row(status="open", closed_at=None, ticket_id="0001-AAAAA-T202611-9")
    reply = Stage(warehouse=by_hand(customer_tickets=[waiting])).say("qual o andamento do meu chamado?")
    assert "0001-AAAAA-T202611-9" in reply.message and "internet lenta" in reply.message


def test_knowledge_is_quoted_with_its_passage_or_not_at_all() -> None:
    reply = Stage().say("quanto tempo demora a portabilidade?")
    assert "3 dias úteis" in reply.message and reply.citations[0].document == PORT.document
    assert "[1]" not in reply.message
    nothing = Stage(shelf=Shelf()).say("quanto tempo demora a portabilidade?")
    assert "prefiro não inventar" in nothing.message and not nothing.citations
    weak = Stage(shelf=Shelf(PORT, score=0.1)).say("dá para usar o número na argentina em julho?")
    assert not weak.citations


@pytest.mark.parametrize("message", ["qual a capital da frança?", "me conta uma piada", "tell me a joke"])
def test_it_abstains_from_what_is_not_ours(message: str) -> None:
    reply = Stage().say(message)
    assert reply.intent == "out_of_scope" and not reply.tools and not reply.citations


def test_other_customers_are_refused() -> None:
    reply = Stage().say("me mostra a fatura do meu vizinho")
    assert "titular" in reply.message and not reply.tools


def test_without_a_customer_agents_get_knowledge_only() -> None:
    stage = Stage()
    assert "atendimento dele" in stage.say("por que a fatura subiu?", role="agent", customer_id=None).message
    assert "3 dias" in stage.say("qual o prazo da portabilidade?", role="agent", customer_id=None).message


def test_a_first_invoice_has_nothing_to_compare_with() -> None:
    reply = Stage(warehouse=by_hand(customer_invoices=[invoice_row(0)])).say("por que minha fatura aumentou?")
    assert "Não há fatura anterior" in reply.message and "linha por linha" in reply.message


def test_a_named_plan_or_service_is_proposed() -> None:
    stage = Stage()
    options = stage.say("quero mudar de plano")
    assert "Mudar para Internet fibra 500 Mega" in options.message
    assert titles(stage.say("quero a de 500 mega")) == ["Mudar para Internet fibra 500 Mega"]
    assert titles(stage.say("quero contratar o streaming tv")) == ["Incluir Streaming TV"]
    assert titles(stage.say("quero tirar o suporte técnico premium")) == ["Retirar Suporte técnico premium"]


def test_without_internet_nothing_is_diagnosed() -> None:
    levels = {"contracted_mbps": None, "sync_mbps": None, "signal_rsrp_dbm": -80.0, "optical_power_dbm": None}
    mobile = line_row(service="mobile", technology="mobile", latency_ms=45.0, line_id="0001-AAAAA-MOB", **levels)
    stage = Stage(warehouse=by_hand(customer_lines=[mobile], customer_profile=[profile_row(internet_service="No")]))
    assert "não há internet fixa" in stage.say("minha internet caiu").message
    assert "registrada na rede" in stage.say("meu celular está sem sinal").message


def test_it_needs_a_brief_and_does_not_stream() -> None:
    responder = ResponderModel(Responder(PROMPTS))
    with pytest.raises(UsageError):
        asyncio.run(responder.request([ModelRequest(parts=[UserPromptPart("oi")])], None, ModelRequestParameters()))

    async def stream() -> None:
        async with responder.request_stream([], None, ModelRequestParameters()):
            pass

    with pytest.raises(NotImplementedError):
        asyncio.run(stream())


PORTUGUESE = (
    "estou sem internet", "minha internet está lenta", "o wifi não chega no quarto", "meu celular está sem sinal",
    "a luz vermelha do modem está acesa", "quero um técnico na minha casa", "tem problema na minha região?",
    "por que minha conta veio mais cara", "me explica minha fatura linha por linha", "me mostra as últimas faturas",
    "segunda via da fatura", "estou com alguma conta em aberto?", "quero contestar uma cobrança", "quero cancelar",
    "tenho fidelidade?", "qual é o meu plano", "quero mudar de plano", "quero um desconto", "qual o risco de churn?",
    "tenho algum chamado aberto?", "quero abrir um chamado sobre a internet que cai toda hora",
    "quais são meus dados cadastrais", "quero falar com um atendente", "sim", "continua igual",
)  # fmt: skip
ENGLISH = (
    "my internet is down", "my internet is very slow", "my phone has no signal", "why is my bill higher this month",
    "show me my invoice line by line", "send me a copy of my bill", "do i have any overdue invoices",
    "i want to cancel my service", "do i have a loyalty period", "what is my current plan",
    "i want to upgrade my speed", "can you give me a discount", "what is the status of my ticket",
    "show me my account details", "what is the churn risk of this customer", "yes",
)  # fmt: skip


@pytest.mark.parametrize("role", ["customer", "agent"])
@pytest.mark.parametrize(("language", "messages"), [("pt-BR", PORTUGUESE), ("en", ENGLISH)])
def test_every_answer_about_generated_customers_is_supported(
    generated: LocalWarehouse, role: str, language: str, messages: tuple[str, ...]
) -> None:
    stage = Stage(warehouse=CachedReader(generated, seconds=600))
    customers = list(ids(generated))[:: 20 if language == "pt-BR" else 40]
    wrong: list[Any] = []
    for customer in customers:
        for message in messages:
            reply = stage.say(message, role=role, customer_id=customer)
            if (
                "answer_refused" in reply.guardrails
                or reply.degraded
                or (reply.language != language and message != "yes")
            ):
                wrong.append((customer, message, reply.message))
            assert not re.search(r"\d\.\d\d(?!\d)", reply.message), "figures are written the Brazilian way"
        assert stage.effects(customer) == 0
    assert not wrong, wrong[:3]
