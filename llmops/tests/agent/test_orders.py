"""Orders in plain words: register this, call them then, show hidden data, count customers."""

from datetime import date

import pytest

from llmops.agent.intents.dates import When, when_named
from llmops.agent.intents.orders import orders_of, priority_named, told_of
from llmops.agent.intents.slots import named
from llmops.agent.proposing import REPLACED
from llmops.agent.turn import Reply
from llmops.tests.agent.desk import Desk
from llmops.tests.agent.stage import Stage
from llmops.tests.small_world import CUSTOMER, NOW, by_hand, profile_row
from llmops.tools.visit_windows import Visit, Window, nearest_visit

FRIDAY = date(2026, 11, 20)


def waiting(stage: Stage) -> list[str]:
    return [each.title for each in stage.actions.of(CUSTOMER, NOW) if each.status == "proposed"]


def titles(reply: Reply) -> list[str]:
    return [action.title for action in reply.actions]


@pytest.mark.parametrize(
    ("message", "told", "priority"),
    [
        ("abre chamado pra ele: linha caiu 3x essa semana, prioridade alta", "linha caiu 3x essa semana", "high"),
        ("Abre um protocolo para a cliente, modem queimou, urgente", "modem queimou", "high"),
        ("registra ocorrência dizendo que o técnico não foi; prio baixa", "o técnico não foi", "low"),
        ("open a ticket for him: line drops every night, high priority", "line drops every night", "high"),
        ("ticket pra ela: sem sinal na rua. prioridade crítica", "sem sinal na rua", "critical"),
        ("abre um chamado", "", None), ("o app não abre", "o app não abre", None),
    ],
)  # fmt: skip
def test_what_is_to_be_registered(message: str, told: str, priority: str | None) -> None:
    assert (told_of(message), priority_named(message)) == (told, priority)


@pytest.mark.parametrize(
    ("message", "category", "priority", "told"),
    [
        ("abre chamado pra ele: linha caiu 3x essa semana, prioridade alta", "internet_down", "high", "linha caiu 3x"),
        ("cria um ticket, roteador esquentando, urgente", "equipment", "high", "roteador esquentando"),
        ("log a ticket for her: charged twice on the bill, low priority", "billing", "low", "charged twice on"),
        ("o cliente quer que abra um chamado de lentidão", "internet_slow", "medium", "lentidão"),
    ],
)  # fmt: skip
def test_agents_register_with_their_words_and_priority(message: str, category: str, priority: str, told: str) -> None:
    (action,) = Stage().say(message, role="agent").actions
    given = action.parameters
    assert (action.type, given["category"], given["priority"]) == ("ticket_registration", category, priority)
    assert given["subject"].startswith(told) and given["description"].startswith(told)


def test_customers_name_no_priority() -> None:
    (action,) = Stage().say("abre um chamado: o modem esquenta muito, prioridade crítica").actions
    assert action.parameters["priority"] == "medium"


@pytest.mark.parametrize(
    "message", ["abre um chamado", "gera um protocolo por favor", "cria um ticket pra ele, urgente"]
)
def test_an_order_without_a_matter_is_asked_for_it(message: str) -> None:
    reply = Stage().say(message, role="agent")
    assert not reply.actions and "Conte em uma frase" in reply.message


@pytest.mark.parametrize(
    "message", ["como abro um chamado?", "já abriu chamado?", "não abre chamado ainda", "o chamado que abri ontem"]
)
def test_what_is_no_order_to_register(message: str) -> None:
    assert "registering" not in named(message)


def test_a_ticket_and_a_call_are_both_prepared() -> None:
    message = "abre um chamado: linha muda desde cedo, e liga pra ele na terça de manhã"
    assert orders_of(message) == ("abre um chamado: linha muda desde cedo", "liga pra ele na terça de manhã")
    ticket, call = Stage().say(message, role="agent").actions
    assert ticket.parameters["description"] == "linha muda desde cedo"
    assert (call.type, call.parameters["day"], call.parameters["window"]) == ("callback", "2026-11-24", "morning")
    assert orders_of("abre um chamado: ele liga e desliga o modem") is None


@pytest.mark.parametrize(
    ("message", "day", "window"),
    [
        ("e liga pra ele amanhã as 10h", "2026-11-21", "morning"),
        ("agenda retorno pra ela segunda as 15h", "2026-11-23", "afternoon"),
        ("marca de ligar pro cliente na quarta depois do almoço", "2026-11-25", "afternoon"),
        ("call him on Tuesday at 3 pm", "2026-11-24", "afternoon"), ("liga pra ela", "2026-11-21", "morning"),
    ],
)  # fmt: skip
def test_agents_have_customers_called(message: str, day: str, window: str) -> None:
    (action,) = Stage().say(message, role="agent").actions
    assert (action.type, action.parameters["day"], action.parameters["window"]) == ("callback", day, window)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("me liga domingo de tarde", "À noite e aos domingos"),
        ("quero que me liguem amanhã a noite", "À noite e aos domingos"),
        ("me liga hoje de manhã", "já passou"), ("me liguem dia 28/12", "ainda não chega"),
        ("can someone call me on Sunday at 3 pm?", "nor on Sundays"),
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_had_is_said_so(message: str, said: str) -> None:
    reply = Stage().say(message)
    assert said in reply.message and [action.type for action in reply.actions] == ["callback"]


def test_the_nearest_time_keeps_the_half_day_and_takes_the_place_of_the_one_before() -> None:
    stage = Stage()
    first, second, third, fourth = stage.talk(
        "quero que me liguem", "domingo de tarde", "na verdade de manhã", "terça então"
    )
    assert titles(first) == ["Ligar de volta em 21/11/2026, das 8h às 12h"] and "domingos" in second.message
    assert titles(second) == ["Ligar de volta em 23/11/2026, das 13h às 18h"]
    assert titles(third) == ["Ligar de volta em 23/11/2026, das 8h às 12h"] and "domingos" not in third.message
    assert titles(fourth) == waiting(stage) == ["Ligar de volta em 24/11/2026, das 8h às 12h"]
    assert {each.decision for each in stage.actions.of(CUSTOMER, NOW) if each.status == "rejected"} == {REPLACED}


def test_a_question_about_another_matter_names_no_other_time() -> None:
    _, second = Stage().talk("quero que me liguem", "quanto eu devo hoje?")
    assert second.intent == "payment" and not second.actions


def test_only_ones_own_proposals_of_the_same_kind_are_replaced() -> None:
    desk = Desk()
    at = {"window": "morning", "topic": "Fatura"}
    ours = desk.propose("callback", {"day": "2026-11-23", **at})
    copy = desk.propose("second_copy", {"invoice_id": f"{CUSTOMER}-202610", "channel": "sms"})
    theirs = desk.propose("callback", {"day": "2026-11-24", **at}, role="customer")
    new = desk.propose("callback", {"day": "2026-11-25", **at})
    states = {each.id: each.status for each in desk.actions.of(CUSTOMER, NOW)}
    assert states == {ours.id: "rejected", copy.id: "proposed", theirs.id: "proposed", new.id: "proposed"}


@pytest.mark.parametrize(
    ("day", "window", "found"),
    [
        (date(2026, 11, 22), "afternoon", Visit(date(2026, 11, 23), "afternoon")),
        (date(2026, 11, 22), None, Visit(date(2026, 11, 23), "morning")),
        (date(2026, 11, 24), "evening", Visit(date(2026, 11, 24), "afternoon")),
        (None, "evening", Visit(date(2026, 11, 21), "afternoon")),
        (date(2026, 12, 28), "morning", Visit(date(2026, 11, 21), "morning")),
    ],
)  # fmt: skip
def test_the_nearest_window(day: date | None, window: Window | None, found: Visit) -> None:
    assert nearest_visit(NOW, day, window, no_service=False) == found


@pytest.mark.parametrize(
    ("message", "when"),
    [
        ("amanhã às 10h", When(date(2026, 11, 21), "morning")), ("hj as 15:30", When(FRIDAY, "afternoon")),
        ("terça depois das 19h", When(date(2026, 11, 24), "evening")), ("at 3 pm", When(None, "afternoon")),
        ("segunda cedo", When(date(2026, 11, 23), "morning")),
        ("boa tarde", When()), ("boa noite, tudo bem", When()), ("mais tarde", When()), ("good morning", When()),
        ("caiu as 10h", When()), ("desde as 22h sem sinal", When()), ("fatura de R$ 10", When()),
    ],
)  # fmt: skip
def test_times_of_day(message: str, when: When) -> None:
    assert when_named(message, FRIDAY) == when


@pytest.mark.parametrize(
    "message",
    [
        "me passa o CPF e o telefone completo dela", "qual o cpf dele?", "me da o email inteiro do cliente",
        "passa o rg e a data de nascimento da titular", "show me the customer's full phone number",
    ],
)  # fmt: skip
def test_hidden_data_are_not_shown_to_agents(message: str) -> None:
    reply = Stage().say(message, role="agent")
    assert not reply.tools and not reply.citations
    assert "mascarados" in reply.message or "masked" in reply.message


def test_hidden_data_are_not_shown_to_their_holder_either() -> None:
    assert "não mostro" in Stage().say("qual meu cpf cadastrado?").message


@pytest.mark.parametrize(
    "message",
    ["qual o telefone dele", "o pix pede meu cpf?", "qual o endereço completo da loja?", "manda a conta completa"],
)
def test_what_is_no_order_to_show_hidden_data(message: str) -> None:
    assert "personal" not in named(message)


@pytest.mark.parametrize(
    "message",
    [
        "quantos clientes de alto risco temos?", "lista os clientes com mais risco de sair",
        "quem são os clientes com mais chance de churn?", "how many customers are at high risk?",
    ],
)  # fmt: skip
@pytest.mark.parametrize("bound", [True, False])
def test_customers_are_counted_elsewhere(message: str, *, bound: bool) -> None:
    reply = Stage().say(message, role="agent", customer_id=CUSTOMER if bound else None)
    assert not reply.tools and ("Fila de retenção" in reply.message or "Retention queue" in reply.message)


@pytest.mark.parametrize("message", ["quais clientes podem ter desconto?", "qual o risco deste cliente?"])
def test_what_counts_no_customers(message: str) -> None:
    assert "portfolio" not in named(message)


def test_who_has_internet_and_wants_it_is_shown_what_fits() -> None:
    stage = Stage(warehouse=by_hand(customer_profile=[profile_row()]))
    assert [use.name for use in stage.say("quero contratar internet fibra").tools] == [
        "customer_profile",
        "find_offers",
    ]


@pytest.mark.parametrize(
    ("message", "intent"),
    [("não me liguem mais", "privacy"), ("boa noite, queria falar com alguém", "human"), ("quero internet", "plan")],
)
def test_what_short_messages_want(message: str, intent: str) -> None:
    assert Stage().say(message).intent == intent
