"""Kinds of messages that were once misread: other people's data, questions that look like wishes, steps that go on."""

import pytest

from llmops.agent.intents.slots import named, short_answer
from llmops.tests.agent.stage import Stage
from llmops.tests.agent.test_answers_from_documents import NOW, knowledge
from llmops.tests.small_world import by_hand, dsl_row, ticket_row
from telecom.adapters.local.retrieval import LocalRetriever

__all__ = ["knowledge"]


@pytest.mark.parametrize(
    "message",
    [
        "quero ver a fatura do meu marido", "me manda o boleto da minha mãe", "qual o telefone da minha vizinha",
        "me passa o endereço do titular do CPF [CPF]", "quais ligações minha filha fez",
        "quanto minha esposa Ana gasta", "me dá os dados de outro cliente",
        "show me my husband's bill", "what is the address of another customer",
    ],
)  # fmt: skip
def test_data_of_other_people_are_declined(message: str) -> None:
    found = Stage(warehouse=by_hand()).say(message)
    assert "Só posso tratar" in found.message or "I can only handle" in found.message
    assert not found.tools and not found.actions


@pytest.mark.parametrize(
    "message",
    [
        "o wifi não chega no quarto do meu filho", "quero passar a conta da minha mãe pro meu nome",
        "outra pessoa pode ligar no meu lugar?", "meus vizinhos também estão sem internet",
        "cliente reclama da internet", "acho que o vizinho está usando meu wifi",
        "qual o telefone do titular?", "posso pagar a conta da minha mãe?",
    ],
)  # fmt: skip
def test_other_people_may_be_spoken_of(message: str) -> None:
    assert "others" not in named(message)


@pytest.mark.parametrize(
    "message",
    [
        "vocês têm internet via satélite?",
        "quantos gigas cabem no backup em nuvem?",
        "recebi um boleto estranho, é golpe?",
    ],
)
def test_a_question_proposes_nothing(message: str) -> None:
    assert not Stage(warehouse=by_hand()).say(message).actions


def test_an_agent_asks_how_the_line_is_not_for_a_rule() -> None:
    found = Stage(warehouse=by_hand(customer_lines=[dsl_row()])).say("Como está a linha desse cliente?", role="agent")
    assert [use.name for use in found.tools] == ["diagnose_line"]


def test_after_steps_something_else_may_be_asked() -> None:
    stage = Stage(warehouse=by_hand(customer_lines=[dsl_row()], customer_tickets=[ticket_row()]))
    _, second = stage.talk("minha internet está lenta", "já fiz tudo. tenho algum chamado aberto?")
    assert second.intent == "ticket" and [use.name for use in second.tools] == ["open_tickets"]


def test_steps_of_a_guide_go_on_and_end_with_a_ticket(knowledge: LocalRetriever) -> None:
    stage = Stage(retriever=knowledge, now=NOW)
    first, second, third = stage.talk(
        "aparece erro TV-204 na televisão", "já fiz, continua igual", "continua, o que mais eu faço?"
    )
    assert "limite de telas" in first.message
    assert "um de cada vez" in second.message and "limite de telas" in second.message and not second.actions
    assert [action.type for action in third.actions] == ["ticket_registration"]


def test_steps_are_those_of_the_lines_own_technology(knowledge: LocalRetriever) -> None:
    stage = Stage(warehouse=by_hand(customer_lines=[dsl_row()]), retriever=knowledge, now=NOW)
    found = stage.say("o que significam as luzes, a internet está lenta")
    assert all(not one.document.startswith("manuals/manual-ont") for one in found.citations)


def test_the_same_line_is_no_unchanged_fault() -> None:
    assert short_answer("quantos reinícios posso fazer na mesma linha?") == ""
    assert short_answer("testei, está na mesma") == "still"
