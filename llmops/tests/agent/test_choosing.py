"""Which offer a message picks: by its whole title, by a speed that there is or is not, by the words it shares most."""

import pytest

from llmops.agent.responder.choosing import speeds_named
from llmops.agent.responder.figures import titled
from llmops.agent.turn import Reply
from llmops.tests.agent.stage import Stage
from llmops.tests.small_world import by_hand, dsl_row, line_row, profile_row

STREAMS = profile_row(streaming_tv=True, streaming_movies=True)
BUTTON = {"pt-BR": "Prepare a oferta: {}", "en": "Prepare the offer: {}"}
OFFERED = (
    "Mudar para Internet fibra 500 Mega",
    "Retirar Streaming TV",
    "Retirar Streaming filmes",
    "Retirar Suporte técnico premium",
    "Backup em nuvem grátis por 3 meses",
    "Até 22 % de desconto por 6 meses",
    "Visita técnica de cortesia",
)


def proposed(reply: Reply) -> list[str]:
    return [action.title.partition(" em 2")[0].replace("Desconto de", "Até") for action in reply.actions]


def streaming() -> Stage:
    return Stage(warehouse=by_hand(customer_profile=[STREAMS]))


@pytest.mark.parametrize("before", ["", "quero mudar de plano", "quais ofertas de retenção posso fazer?"])
@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize("title", OFFERED)
def test_the_cards_button_prepares_what_it_names(title: str, language: str, before: str) -> None:
    stage = streaming()
    if before:
        stage.say(before, role="agent")
    reply = stage.say(BUTTON[language].format(titled(title, language)), role="agent")  # type: ignore[arg-type]
    assert proposed(reply) == [title.replace("de desconto ", "")] and reply.language == language


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_a_move_to_fibre_is_named_by_its_title_too(language: str) -> None:
    stage = Stage(warehouse=by_hand(customer_profile=[profile_row(internet_service="DSL")], customer_lines=[dsl_row()]))
    title = titled("Migrar para Internet fibra 300 Mega", language)  # type: ignore[arg-type]
    reply = stage.say(BUTTON[language].format(title), role="agent")
    assert [action.type for action in reply.actions] == ["ticket_registration"]


def test_of_two_that_are_alike_the_nearer_one_is_meant() -> None:
    _, reply = streaming().talk("quero retirar um serviço", "Streaming TV", role="agent")
    assert proposed(reply) == ["Retirar Streaming TV"]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Quero o plano de fibra de 700 mega", "não cabe na linha"),
        ("Mudar para Internet fibra 1000 Mega", "Não temos plano tão rápido"),
        ("quero 1 giga de fibra", "Não temos plano tão rápido"),
        ("quero fibra de 300 mega", "já é a velocidade do plano"),
    ],
)
def test_another_speed_than_the_one_that_fits_is_never_prepared(message: str, said: str) -> None:
    reply = Stage().say(message, role="agent")
    assert not reply.actions and said in reply.message and "500 Mega" in reply.message


@pytest.mark.parametrize("message", ["quero 500mega", "muda para a fibra de 500", "prepara o de 500 Mega"])
def test_the_speed_that_fits_is(message: str) -> None:
    assert proposed(Stage().say(message, role="agent")) == [OFFERED[0]]


@pytest.mark.parametrize(
    ("message", "speeds"),
    [
        ("300 mega", ["300"]), ("1.000 Mbps", ["1000"]), ("o de 700", ["700"]), ("15 mega", ["15"]),
        ("1 giga", ["1"]), ("pago R$ 150 por mês", []), ("150 reais", []), ("10 % por 3 meses", []), ("R$ 150,00", []),
    ],
)  # fmt: skip
def test_speeds(message: str, speeds: list[str]) -> None:
    assert list(speeds_named(message)) == speeds


def test_why_no_more_speed_fits_says_what_it_speaks_of() -> None:
    stage = Stage(warehouse=by_hand(customer_lines=[line_row(contracted_mbps=500.0, optical_power_dbm=-26.5)]))
    said = stage.say("quero mudar de plano", role="agent").message
    assert "Por que não cabe mais velocidade:" in said and "Por que não:" not in said


@pytest.mark.parametrize("title", OFFERED)
def test_a_proposal_has_a_reason_and_not_its_title_again(title: str) -> None:
    (action,) = streaming().say(f"Prepare a oferta: {title}", role="agent").actions
    assert action.reason and action.reason.removesuffix(".") not in (title, action.title)
    assert "teto" not in action.reason and "orçamento" not in action.reason
