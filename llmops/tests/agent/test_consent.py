"""Offers that nobody asked for need consent: they count as asked for only where an agent says so."""

import pytest

from llmops.agent.responder.asking import against, customer_asked
from llmops.tests.agent.stage import Stage
from llmops.tests.small_world import CUSTOMER, by_hand, down_row, incident, profile_row
from llmops.tools.offers_tool import NotOffered

SILENT = {"customer_profile": [profile_row(consent_marketing=False)]}


@pytest.mark.parametrize(
    "message",
    [
        "o cliente pediu desconto, o que posso oferecer?", "ele pediu uma oferta", "cliente pedindo condição melhor",
        "a cliente quer um desconto para não cancelar", "ela perguntou se tem plano mais barato",
        "the customer asked for a discount", "she wants something cheaper", "o titular já me pediu desconto",
    ],
)  # fmt: skip
def test_a_message_that_says_so(message: str) -> None:
    assert customer_asked(message)


@pytest.mark.parametrize(
    "message",
    [
        "o que posso oferecer?", "o cliente não pediu desconto, mas o que cabe?", "ele nunca pediu nada",
        "o cliente pediu para cancelar, o que ofereço?", "ele quer cancelar", "se o cliente pediu desconto o que faço?",
        "o cliente quer internet que funcione", "the customer did not ask for it", "she hasn't asked for a discount",
        "o cliente pediu a segunda via", "quero oferecer um desconto", "pedi um desconto ao supervisor",
    ],
)  # fmt: skip
def test_a_message_that_does_not(message: str) -> None:
    assert not customer_asked(message)


def test_without_consent_an_agent_hears_the_policys_reason_and_what_it_speaks_against_once() -> None:
    said = Stage(warehouse=by_hand(**SILENT)).say("o que posso oferecer para reter?", role="agent").message
    assert said.count("não autorizou contatos com ofertas") == 1
    assert "desconto" in said and "serviço grátis" in said and "visita de cortesia" in said


def test_what_the_customer_asked_for_is_offered_and_proposed_as_asked_for() -> None:
    stage = Stage(warehouse=by_hand(**SILENT))
    first, second = stage.talk("o cliente pediu um desconto, o que posso oferecer?", "sim", role="agent")
    assert "desconto" in first.message and not first.actions
    [action] = second.actions
    assert action.parameters["asked_by_customer"] is True


def test_with_consent_what_nobody_asked_for_is_proposed_as_not_asked_for() -> None:
    stage = Stage()
    _, second = stage.talk("o que posso oferecer para reter este cliente?", "sim", role="agent")
    [action] = second.actions
    assert action.parameters["asked_by_customer"] is False


def test_what_customers_propose_they_asked_for() -> None:
    stage = Stage(warehouse=by_hand(**SILENT))
    first, second = stage.talk("quero mais velocidade", "sim", role="customer")
    assert first.message and second.actions[0].parameters["asked_by_customer"] is True
    assert second.actions[0].type == "plan_change" and CUSTOMER not in second.message


def test_no_visit_is_offered_that_could_not_be_proposed() -> None:
    stage = Stage(warehouse=by_hand(customer_lines=[down_row(**incident())]))
    said = stage.say("o cliente pediu um desconto ou uma cortesia, o que posso oferecer?", role="agent").message
    assert "Há o incidente INC-20261120-OLT-SAO-001" in said and "Visita técnica de cortesia" not in said


def test_reasons_are_told_once_with_all_that_they_speak_against() -> None:
    refused = (
        NotOffered("discount", ("A.", "B.")),
        NotOffered("free_service", ("A.",)),
        NotOffered("technical_visit", ("A.",)),
    )
    assert against(refused, "pt-BR") == {"desconto, serviço grátis e visita de cortesia": "A.", "desconto": "B."}
    assert list(against(refused[1:2], "en")) == ["a free service"]
