"""After an incident was told: when it ends, what is paid, what if it goes on; and lines that a customer lacks."""

from datetime import date, timedelta
from typing import Any

import pytest

from llmops.agent.intents.outages import after_outage, waited
from llmops.agent.intents.wishes import wishes
from llmops.agent.responder import steps
from llmops.tests.agent.stage import Shelf, Stage
from llmops.tests.small_world import NOW, by_hand, down_row, incident, line_row, profile_row
from llmops.tools.network_diagnostics_tool import TECHNOLOGIES
from telecom.ports import Passage

TODAY = date(2026, 11, 20)
LONG = Passage(
    "long-1", "support/interrupcao-credito.pdf", "Interrupção e crédito", "5. Interrupção longa ou repetida", None,
    "Com mais de 72 horas seguidas sem serviço, o cliente pode cancelar sem multa de fidelidade.",
)  # fmt: skip
DUE = Passage(
    "due-1", "support/interrupcao-credito.pdf", "Interrupção e crédito", "4. Quando o crédito aparece", None,
    "O crédito da interrupção sai sozinho na primeira fatura emitida depois do fim da interrupção.",
)  # fmt: skip


def struck(*shelf: Passage, mobile: bool = False) -> Stage:
    """A customer whose line an incident takes away."""
    row = mobile_row(**incident()) if mobile else down_row(**incident())
    open_now = {
        "technology": row["technology"], "incident_id": row["incident_id"],
        "started_at": NOW - timedelta(hours=12), "expected_end_at": NOW + timedelta(hours=10),
    }  # fmt: skip
    rows = by_hand(customer_lines=[row], area_outages=[open_now])
    return Stage(warehouse=rows, shelf=Shelf(*shelf) if shelf else None)


def mobile_row(**changes: Any) -> dict[str, Any]:
    levels = {"contracted_mbps": None, "sync_mbps": None, "signal_rsrp_dbm": -80.0, "optical_power_dbm": None}
    return line_row(**{
        "service": "mobile", "technology": "mobile", "latency_ms": 45.0, "line_id": "0001-AAAAA-MOB", **levels,
        **changes,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("message", "after"),
    [
        ("que horas volta?", "back"), ("até que horas?", "back"), ("qdo vai voltar", "back"), ("tem previsão?", "back"),
        ("vai demorar mto ainda", "back"), ("o que houve?", "back"), ("when will it be back?", "back"),
        ("how long will it take?", "back"),
        ("e eu ganho desconto por esse tempo parado?", "paid"), ("vou ser ressarcido?", "paid"),
        ("eu pago esses dias parado", "paid"), ("will I be refunded?", "paid"),
        ("e o credito, quando cai?", "when_paid"), ("em qual fatura vem o desconto", "when_paid"),
        ("quanto eu recebo de volta", "how_much"),
        ("e se não voltar amanhã?", "longer"), ("e se passar de amanha", "longer"),
        ("what if it takes longer?", "longer"),
        ("quando o técnico vem?", None), ("que horas a loja abre", None), ("quero desconto no plano", None),
        ("aceita cartão de crédito?", None), ("oi", None), ("qual a minha fatura", None),
    ],
)  # fmt: skip
def test_what_is_asked_of_an_incident(message: str, after: str | None) -> None:
    assert after_outage(message) == after


@pytest.mark.parametrize("message", ["que horas volta?", "até que horas?", "tem previsao", "when will it be back?"])
def test_its_end_is_told_again(message: str) -> None:
    first, second = struck().talk("minha internet caiu", message)
    assert "20/11 22h00" in first.message and second.intent == "outage"
    assert "20/11 22h00" in second.message or "Nov 20, 22:00" in second.message
    assert [use.name for use in second.tools] == ["diagnose_line"]


def test_an_incident_of_the_mobile_line_is_read_of_that_line() -> None:
    _, second = struck(mobile=True).talk("meu celular está sem sinal", "quando volta?")
    assert "20/11 22h00" in second.message and "INC-" in second.message


@pytest.mark.parametrize("message", ["e o credito, quando cai?", "em qual fatura vem esse desconto?"])
def test_its_credit_is_looked_up(message: str) -> None:
    _, second = struck(DUE, LONG).talk("minha internet caiu", message)
    assert "primeira fatura" in second.message and not second.tools
    assert [cited.document for cited in second.citations] == ["support/interrupcao-credito.pdf"]


@pytest.mark.parametrize("message", ["e se não voltar amanhã?", "e se demorar mais que isso?"])
def test_what_holds_if_it_goes_on(message: str) -> None:
    _, second = struck(DUE, LONG).talk("minha internet caiu", message)
    assert "20/11 22h00" in second.message and "72 horas" in second.message


def test_other_matters_in_between_do_not_make_it_forgotten() -> None:
    *_, last = struck().talk("minha internet caiu", "qual o meu plano?", "obrigado", "volta hoje ainda?")
    assert last.intent == "outage" and "20/11 22h00" in last.message


def test_without_an_incident_credit_is_no_matter_of_it_but_the_return_is_diagnosed() -> None:
    (wish,) = wishes("quanto eu recebo de volta", TODAY, {})
    assert not wish.understood.said
    assert "não há incidente" in Stage().say("que horas volta a internet?").message


def test_what_is_reported_as_still_down_is_no_question_for_its_return() -> None:
    (wish,) = wishes("I checked the cable, it's still not working", TODAY, {"topic": "no_internet"})
    assert wish.understood.intent == "no_internet" and wish.understood.answer == "still"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("aprovei, e agora?", True), ("passaram uns minutos", True), ("esperei 5 min", True), ("I waited", True),
        ("faz tempo que espero o técnico que marquei na semana passada", False), ("quero cancelar", False),
    ],
)  # fmt: skip
def test_who_has_approved_or_waited(message: str, expected: bool) -> None:
    assert waited(message) is expected
    (wish,) = wishes(message, TODAY, {"topic": "slow_internet"})
    assert (wish.understood.intent == "slow_internet") is expected


def only_mobile() -> Stage:
    profile = profile_row(internet_service="No")
    return Stage(warehouse=by_hand(customer_lines=[mobile_row()], customer_profile=[profile]))


@pytest.mark.parametrize("message", ["minha internet caiu", "a net ta lenta demais", "my internet is down"])
def test_the_internet_of_who_has_a_mobile_line_alone_is_that_line(message: str) -> None:
    reply = only_mobile().say(message)
    assert "não há internet fixa" in reply.message or "no fixed internet" in reply.message
    assert "registrada na rede" in reply.message or "registered in the network" in reply.message
    assert "cabo" not in reply.message and "cable" not in reply.message


def test_what_takes_fixed_internet_offers_the_other_line() -> None:
    first, second = only_mobile().talk("o wifi não chega no quarto", "sim")
    assert "não há internet fixa para testar" in first.message and "cabo" not in first.message
    assert "registrada na rede" in second.message
    agents = only_mobile().say("manda um técnico pra ele", role="agent").message
    assert agents.startswith("Este cliente não tem internet fixa")


@pytest.mark.parametrize(
    "message", ["não tenho internet fixa com vcs, quero contratar", "queria por fibra em casa", "can I get broadband?"]
)
def test_who_wants_internet_and_has_none_is_told_of_plans(message: str) -> None:
    reply = only_mobile().say(message)
    assert reply.intent == "plan" and [use.name for use in reply.tools] == ["customer_profile"]


def test_nobody_has_a_line() -> None:
    stage = Stage(warehouse=by_hand(customer_lines=[]))
    assert stage.say("minha internet caiu").message == "Este cliente não tem nenhuma linha registrada."


@pytest.mark.parametrize(
    ("message", "fails"),
    [
        ("meu chip não pega", True), ("o chip n ta pegando", True), ("my phone won't connect", True),
        ("sem sinal", True),
        ("quanto custa um chip", False), ("quero trocar a senha do wifi", False),
    ],
)  # fmt: skip
def test_reports_of_faults(message: str, fails: bool) -> None:
    assert steps.reports(message) is fails


@pytest.mark.parametrize("message", ["meu chip não pega", "chip n ta pegando aki", "o chip do celular morreu"])
def test_a_chip_that_does_not_work_is_diagnosed(message: str) -> None:
    stage = Stage(warehouse=by_hand(customer_lines=[line_row(), mobile_row()]))
    assert "linha móvel está registrada" in stage.say(message).message


def test_a_list_of_devices_is_no_step() -> None:
    title, section = "Guia de TV: passo a passo", "Aparelhos compatíveis"
    tv = Passage("tv", "manuals/guia-tv-streaming.html", title, section, None, "LG (webOS): webOS 5.")
    assert TECHNOLOGIES["FTTH"] == "fibra" and steps.is_step(tv) and not steps.helps(tv, None)
