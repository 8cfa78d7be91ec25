"""Several wishes in one message, and short messages that go on with what was talked about."""

from datetime import date
from typing import Any

import pytest

from llmops.agent.intents.wishes import FINES, Wish, queries_of, wishes
from llmops.tests.agent.stage import Stage

TODAY = date(2026, 11, 20)


def intents(message: str, state: dict[str, Any] | None = None) -> list[str]:
    return [wish.understood.intent for wish in wishes(message, TODAY, state or {})]


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("minha internet ta lenta e preciso da segunda via do boleto", ["slow_internet", "second_copy"]),
        ("boa tarde, minha net caiu e quero cancelar o contrato", ["no_internet", "cancel"]),
        ("my internet is slow and I need a copy of my bill", ["slow_internet", "second_copy"]),
        ("quero falar com atendente, minha fatura veio mais cara", ["human", "invoice_change"]),
        ("minha internet está lenta e caindo", ["slow_internet"]),
        ("qual meu plano", ["plan"]),
        ("oi, tudo bem, minha internet caiu", ["no_internet"]),
    ],
)
def test_parts_that_want_different_things_are_wishes(message: str, wanted: list[str]) -> None:
    assert intents(message) == wanted


def test_what_is_to_be_registered_is_one_wish() -> None:
    assert intents("abre um chamado, o cliente reclama de lentidão e a fatura veio errada") == ["register_contact"]


def test_a_question_that_is_known_as_a_whole_is_one_wish() -> None:
    assert len(wishes("não concordo com um valor, tenho que pagar a conta mesmo assim", TODAY, {})) == 1


@pytest.mark.parametrize("message", ["demora quanto?", "e quanto custa?", "pago alguma coisa?", "tem multa?"])
def test_a_message_of_small_words_goes_on_with_the_topic(message: str) -> None:
    state = {"topic": "portability", "about": "quero levar meu número pra outra operadora"}
    (wish,) = wishes(message, TODAY, state)
    assert wish.understood.intent == "portability" and wish.understood.said.startswith("quero levar")
    assert wish.understood.asked[0].document == "contracts/portabilidade.html"


@pytest.mark.parametrize("message", ["minha internet caiu", "quero cancelar", "quanto custa o roaming?", "sim"])
def test_a_message_with_a_matter_of_its_own_does_not(message: str) -> None:
    state = {"topic": "portability", "about": "quero levar meu número pra outra operadora"}
    assert all(not wish.understood.said for wish in wishes(message, TODAY, state))


def test_who_leaves_is_told_of_fines_and_small_talk_asks_nothing() -> None:
    assert FINES in queries_of(wishes("quero cancelar meu contrato", TODAY, {}), "pt-BR")
    assert queries_of(wishes("bom dia", TODAY, {}), "pt-BR") == ()
    assert queries_of((Wish("oi", wishes("oi", TODAY, {})[0].understood),), "en") == ()


def test_both_wishes_are_answered_and_both_actions_prepared() -> None:
    stage = Stage()
    reply = stage.say("me manda a segunda via por email e quero falar com um atendente")
    assert [action.type for action in reply.actions] == ["second_copy", "callback"]
    assert "segunda via" in reply.message and "retorno por telefone" in reply.message and stage.effects() == 0
