"""Bills, disputes, copies and speeds in the words that customers use: which invoice is meant, and what is done."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from llmops.agent.intents.choices import channel_named, picks_channel
from llmops.agent.intents.periods import months_back, months_named
from llmops.agent.intents.slots import short_answer
from llmops.agent.intents.taking_back import takes_back
from llmops.agent.intents.understanding import understand
from llmops.agent.responder.choosing import mbps_named
from llmops.tests.agent.stage import Stage
from llmops.tests.small_world import DAY, by_hand, dsl_row, invoice_row, ticket_row

BASE = (
    ("Internet fibra 300 Mega", "internet", "50.00"),
    ("Linha móvel", "mobile", "20.00"),
    ("Linha móvel adicional", "mobile", "5.00"),
)
USED = (*BASE, ("Consumo adicional", "usage", "0.33"))
COMING = invoice_row(0, BASE, paid_on=None, status="open", due_on=date(2026, 12, 1), issued_on=date(2026, 11, 20))
LATE = invoice_row(1, USED, paid_on=None, status="overdue", late_fee=Decimal("2.43"), due_on=date(2026, 10, 31))
PAID = invoice_row(2, BASE, due_on=date(2026, 10, 1), paid_on=date(2026, 10, 1), issued_on=date(2026, 9, 20))
OLDER = invoice_row(
    3, BASE, late_fee=Decimal("1.50"), due_on=date(2026, 8, 31), paid_on=date(2026, 9, 4), issued_on=date(2026, 8, 20)
)


def stage(**changes: Any) -> Stage:
    """A customer with a coming, a late and two paid invoices."""
    return Stage(warehouse=by_hand(customer_invoices=[COMING, LATE, PAID, OLDER], **changes))


@pytest.mark.parametrize(
    ("message", "months"),
    [
        ("contesta o adicional da fatura de 31/10", ["2026-10"]), ("a que venceu em 31/10", ["2026-10"]),
        ("o boleto com vencimento 01/12", ["2026-12"]), ("the bill due on 31/10", ["2026-10"]),
        ("não reconheço o uso de 05/01", ["2027-01"]), ("compara setembro com novembro", ["2026-09", "2026-11"]),
        ("de agosto pro mês passado", ["2026-08", "2026-10"]), ("marca a visita dia 25/11", []),
        ("vou pagar dia 05/12", []), ("quando vence a fatura de dezembro", ["2026-12"]), ("dezembro", ["2025-12"]),
    ],
)  # fmt: skip
def test_months_and_due_dates(message: str, months: list[str]) -> None:
    assert list(months_named(message, DAY)) == months


@pytest.mark.parametrize(
    ("message", "back"),
    [
        ("nos últimos 6 meses", 6), ("nas ultimas tres contas", 3), ("esse ano", 11), ("in the past year", 12),
        ("last 3 months", 3), ("no semestre", 6), ("últimos meses", 6), ("mês passado", 0), ("ano passado", 0),
        ("últimos 60 meses", 12),
    ],
)  # fmt: skip
def test_how_far_a_message_looks_back(message: str, back: int) -> None:
    assert months_back(message, DAY) == back


@pytest.mark.parametrize(
    "message",
    [
        "não, espera, não quero mais contestar", "deixa pra la, nao vou contestar", "deixa, não precisa ligar",
        "esquece a ligacao", "nao precisa mandar tecnico", "mudei de ideia, obrigado", "na verdade não",
        "n precisa mais nao",
        "pode deixar, não precisa me ligar", "desisto", "não quero cancelar minha internet",
        "I changed my mind", "never mind, no need to call",
    ],
)  # fmt: skip
def test_what_is_taken_back(message: str) -> None:
    assert takes_back(message) and short_answer(message) == "no"


@pytest.mark.parametrize(
    "message",
    [
        "não quero mais a internet", "nao quero pagar isso", "não quero ofertas", "nao quero mais esse plano",
        "não quero tirar nada, quero mais velocidade", "não preciso reiniciar?", "não consigo ligar", "quero cancelar",
        "nao quero que me liguem", "não, por sms",
    ],
)  # fmt: skip
def test_who_refuses_something_else_takes_nothing_back(message: str) -> None:
    assert not takes_back(message)


@pytest.mark.parametrize(
    ("message", "item"),
    [
        ("quero contestar o uso adicional", "0,33 de Consumo"), ("n reconheco o excedente da vencida", "0,33 de"),
        ("contesta o consumo extra de 31/10", "0,33 de Consumo"), ("i dispute the extra usage", "0,33 de Consumo"),
        ("contesto a linha adicional", "5,00 de Linha móvel adicional"), ("a cobrança de 0,33 tá errada", "0,33 de"),
        ("quero contestar a linha móvel", "20,00 de Linha móvel"),
    ],
)  # fmt: skip
def test_the_item_that_fits_best_is_disputed_in_whichever_invoice(message: str, item: str) -> None:
    (action,) = stage().say(message).actions
    assert item in action.title


@pytest.mark.parametrize(
    "message", ["quero contestar o adicional", "contesta o serviço adicional", "nao reconheco o item adicional"]
)
def test_one_word_that_several_items_share_names_none(message: str) -> None:
    asked, picked = stage().talk(message, "a segunda")
    assert not asked.actions and "Linha móvel adicional: R$ 5,00" in asked.message
    assert "Consumo adicional: R$ 0,33, da fatura com vencimento em 31/10/2026" in asked.message
    assert picked.actions[0].parameters["item"] == "Consumo adicional"


@pytest.mark.parametrize("message", ["quero contestar a fatura que venceu em 31/10", "contesta a conta vencida"])
def test_the_items_asked_for_are_those_of_the_invoice_meant(message: str) -> None:
    found = stage().say(message)
    assert "vencimento em 31/10/2026" in found.message and "Consumo adicional" in found.message and not found.actions


@pytest.mark.parametrize(
    "refusal", ["não, espera, não quero mais contestar", "deixa, nao vou contestar nao", "esquece"]
)
def test_a_dispute_is_dropped(refusal: str) -> None:
    _, dropped = stage().talk("quero contestar uma cobrança", refusal)
    assert "não vou fazer nada" in dropped.message


@pytest.mark.parametrize("refusal", ["deixa, não precisa ligar", "nao precisa mais, obrigado", "cancela essa ligação"])
def test_a_prepared_call_stays_without_effect(refusal: str) -> None:
    _, dropped = stage().talk("quero falar com um atendente", refusal)
    assert "continua sem efeito" in dropped.message and not dropped.actions


@pytest.mark.parametrize(
    ("reply", "channel"),
    [
        ("não, por sms", "sms"), ("prefiro por email", "email"), ("na verdade zap", "whatsapp"),
        ("pode ser por sms?", "sms"), ("não por sms, por email", "email"), ("send it by email instead", "email"),
    ],
)  # fmt: skip
def test_a_copy_goes_by_the_channel_asked_for_next(reply: str, channel: str) -> None:
    _, again = stage().talk("me manda a segunda via", reply)
    assert picks_channel(reply) and again.intent == "second_copy"
    assert again.actions[0].parameters["channel"] == channel == channel_named(reply)


@pytest.mark.parametrize("message", ["qual meu email cadastrado?", "meu email mudou", "o sms não chega"])
def test_to_speak_of_a_channel_picks_none(message: str) -> None:
    assert not picks_channel(message)


@pytest.mark.parametrize(
    "message",
    ["please send me a copy of the overdue invoice", "manda a 2a via da vencida", "me ve o boleto atrasado"],
)
def test_a_copy_is_of_the_late_invoice(message: str) -> None:
    (action,) = stage().say(message).actions
    assert action.type == "second_copy" and action.parameters["invoice_id"] == LATE["invoice_id"]


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("quanto paguei nos últimos 3 meses", "últimos 3 meses: R$ 151,50"),
        ("qto gastei no ultimo ano", "últimos 12 meses: R$ 151,50"),
        ("how much did I pay in the last 3 months?", "last 3 months: R$ 151,50"),
        ("quanto eu paguei de juros esse ano", "multa e juros nos últimos 11 meses: R$ 1,50"),
        ("maior fatura dos últimos 6 meses", "vencimento em 31/10/2026: R$ 75,33 + R$ 2,43"),
        ("qual foi minha conta mais barata esse ano", "vencimento em 01/10/2026: R$ 75,00"),
        ("quanto paguei em agosto de 2026, com a multa?", "31/08/2026: R$ 75,00 + R$ 1,50 de multa e juros = R$ 76,50"),
        ("quanto paguei em setembro, com a multa?", "Não houve multa nem juros"),
        ("se pagar tudo hoje, a vencida e a que vai vencer", "Tudo somado: R$ 152,76"),
        ("quanto devo no total", "Tudo somado: R$ 152,76"),
        ("se eu quitar tudo agora fica quanto", "Tudo somado: R$ 152,76"),
        ("How much do I owe right now?", "Overdue: 1 bill, R$ 77,76"),
        ("compara setembro com novembro", "é de R$ 75,00, o mesmo valor da de vencimento em 01/10/2026"),
        ("diferença entre agosto e outubro", "R$ 0,33 maior que a de vencimento em 31/08/2026"),
        ("compare october and november", "due on Dec 1, 2026 is R$ 75,00, which is R$ 0,33 less than the one before"),
    ],
)  # fmt: skip
def test_sums_extremes_and_comparisons(message: str, told: str) -> None:
    found = stage().say(message)
    assert told in found.message and not found.actions
    assert "contrato" not in found.message


@pytest.mark.parametrize("message", ["How much do I owe right now?", "quanto eu devo?", "what do i owe"])
def test_what_is_owed_comes_first(message: str) -> None:
    assert stage().say(message).message.startswith(("Overdue: ", "Há 1 fatura em atraso"))


@pytest.mark.parametrize(
    "message", ["por que minha conta veio mais cara?", "quanto custa o plano de 500 mega", "pago 300 mega e chegam 50"]
)
def test_what_only_looks_alike_keeps_its_meaning(message: str) -> None:
    assert understand(message, DAY).intent in ("invoice_change", "plan", "slow_internet")


@pytest.mark.parametrize(
    ("message", "mbps"),
    [("1 giga", 1_000), ("1,5 giga", 1_500), ("500 mega", 500), ("1.000 mega", 1_000), ("R$ 500,00", 0), ("oi", 0)],
)
def test_speeds(message: str, mbps: int) -> None:
    assert mbps_named(message) == mbps


@pytest.mark.parametrize(
    "message",
    [
        "quero fazer upgrade pra 500 mega", "quero mais velocidade", "não quero tirar nada, quero mais velocidade",
        "nao vou cancelar nenhum servico, so quero mais megas", "quero uma internet mais veloz",
    ],
)  # fmt: skip
def test_who_wants_speed_is_told_why_not_and_offered_nothing_to_give_up(message: str) -> None:
    found = stage().say(message)
    assert "Mais velocidade só depois de pagar o que está em atraso: há 1 fatura" in found.message
    assert "Retirar" not in found.message and not found.actions
    weak = Stage(warehouse=by_hand(customer_lines=[dsl_row(status="degraded", snr_margin_db=3.0)])).say(message)
    assert "Retirar" not in weak.message


def test_who_wants_to_give_something_up_is_shown_what() -> None:
    assert "Retirar" in stage().say("quero diminuir a conta, tirar um serviço").message


@pytest.mark.parametrize("message", ["vocês têm plano de 1 giga?", "vcs tem 2 giga", "do you have a 1 gbps plan?"])
def test_no_plan_is_as_fast_as_that(message: str) -> None:
    found = Stage().say(message)
    assert "Internet fibra 700 Mega" in found.message and "não cabe" not in found.message and not found.actions


@pytest.mark.parametrize(
    "message", ["qual o plano mais rápido?", "which is the fastest plan", "qual a maior velocidade q vcs tem"]
)
def test_the_fastest_plan_is_named(message: str) -> None:
    assert "Internet fibra 700 Mega" in Stage().say(message).message


@pytest.mark.parametrize(
    "message", ["cancela esse chamado", "desmarca a visita", "quero cancelar o protocolo", "cancel my ticket"]
)
def test_a_ticket_is_cancelled_not_the_contract(message: str) -> None:
    opened = ticket_row(status="open", closed_at=None, resolution=None)
    found = stage(customer_tickets=[opened]).say(message)
    assert found.intent == "ticket" and [action.type for action in found.actions] == ["ticket_registration"]
    assert found.actions[0].parameters["category"] == "other" and opened["ticket_id"] in found.message
    assert not stage().say(message).actions


def test_the_contract_is_still_cancelled() -> None:
    assert stage().say("quero cancelar minha internet, o chamado não resolveu").intent == "cancel"
    assert stage().say("meu chamado foi cancelado?").intent == "ticket"


def test_a_run_of_months_ends_today() -> None:
    far = invoice_row(8, BASE, due_on=DAY - timedelta(days=200), paid_on=DAY - timedelta(days=200))
    found = Stage(warehouse=by_hand(customer_invoices=[COMING, far])).say("quanto paguei nos últimos 3 meses")
    assert "Não há fatura paga nos últimos 3 meses" in found.message
