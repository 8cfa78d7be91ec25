"""A complaint is registered as one, whatever fits nowhere as another matter; in both languages."""

import pytest

from llmops.agent.intents.choices import complains
from llmops.agent.responder.english import ENGLISH
from llmops.tests.agent.desk import MANAGER
from llmops.tests.agent.stage import Stage
from llmops.tools.ticket_tool import CATEGORIES


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("registra minha reclamação", True), ("quero reclamar da loja", True), ("vou no Procon", True),
        ("quero muito reclamar", True), ("já falei com a Anatel", True), ("uma queixa do técnico", True),
        ("I want to complain about the shop", True), ("file a complaint", True), ("ask the ombudsman", True),
        ("não é reclamação, só dúvida", False), ("not a complaint, a question", False),
        ("o cliente reclama de quedas à noite", False), ("customer complains of drops", False), ("", False),
    ],
)  # fmt: skip
def test_what_calls_itself_a_complaint(message: str, expected: bool) -> None:
    assert complains(message) is expected


@pytest.mark.parametrize(
    ("message", "category"),
    [
        ("registra uma reclamação: o atendente da loja foi grosso comigo na terça", "complaint"),
        ("abre um chamado, vou reclamar na Anatel que ninguém me responde", "complaint"),
        ("I want to file a complaint, the technician was rude to me yesterday", "complaint"),
        ("abre um chamado de lentidão à noite na internet lá de casa", "internet_slow"),
        ("registra um chamado: o técnico não apareceu no horário que foi marcado", "equipment"),
        ("registra aí que o aplicativo não deixa eu entrar com a minha digital", "other"),
        ("open a ticket: I need a proof of address letter for my bank", "other"),
    ],
)
def test_the_category_of_a_registration(message: str, category: str) -> None:
    action = Stage().say(message).actions[0]
    assert (action.type, action.parameters["category"]) == ("ticket_registration", category)


@pytest.mark.parametrize(
    ("opening", "telling"),
    [
        ("quero fazer uma reclamação", "o atendente foi grosso quando fui trocar o chip na loja"),
        ("I want to complain", "the clerk was rude to me when I changed my phone plan"),
        ("vou no procon", "faz um mês que pedi a troca do modem e nada"),
    ],
)
def test_what_was_called_a_complaint_stays_one_when_it_is_told(opening: str, telling: str) -> None:
    asked, told = Stage().talk(opening, telling)
    assert not asked.actions and [action.parameters["category"] for action in told.actions] == ["complaint"]


@pytest.mark.parametrize(
    "message", ["como faço pra reclamar na anatel?", "how do I complain to Anatel?", "a internet caiu, vou reclamar"]
)
def test_who_asks_how_or_tells_of_a_fault_is_helped_with_that(message: str) -> None:
    assert not [action for action in Stage().say(message).actions if action.type == "ticket_registration"]


def test_two_complaints_may_be_open_but_not_two_tickets_of_a_fault() -> None:
    stage = Stage()
    for place, message in enumerate(
        (
            "registra uma reclamação do atendente que foi grosso",
            "registra uma reclamação do técnico que sujou a sala",
            "abre um chamado de lentidão na internet à noite",
            "abre um chamado de lentidão na internet de dia",
        )
    ):
        actions = stage.say(message, session_id=f"s-{place}").actions
        assert bool(actions) is (place < 3)
        for action in actions:
            stage.actions.approve(action.id, MANAGER, stage.now)


def test_every_category_has_english_words() -> None:
    assert len(CATEGORIES) == 9 and {ENGLISH[words] for words in CATEGORIES.values()} >= {
        "a complaint",
        "other matters",
    }
