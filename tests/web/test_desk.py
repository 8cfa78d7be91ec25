"""The desk, as people use it: from the token to the approved action, by mouse and by keyboard, with all that breaks."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llmops.agent.language import language_of
from tests.processes.service_process import ServiceProcess
from tests.web.conftest import PHONE, Visit
from tests.web.desk_world import DeskWorld
from tests.web.scripted_llm import FEE

SLOW_LLM = Path(__file__).parents[1] / "processes" / "slow_llm.py"
QUESTION = "Qual é a multa por atraso no pagamento?"
DOWN = "A internet do cliente caiu"


def test_from_the_token_to_an_approved_action(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit()
    page = desk.page
    page.fill("textarea", world.token())
    page.press("textarea", "Enter")
    page.wait_for_selector("tbody tr")
    assert page.locator("tbody tr").count() == 20 and "80 clientes" in page.inner_text(".page-head")
    page.fill("input[type=search] >> nth=0", world.broken)
    desk.until("document.querySelectorAll('tbody tr').length === 1")
    assert f"search={world.broken}" in page.url
    page.click(".row-link")
    page.wait_for_selector(".churn-figure")
    card = page.inner_text(".card-pane")
    for words in (
        "Risco de cancelamento",
        "Plano",
        "Faturas",
        "Linhas",
        "fora do ar",
        "Chamados abertos",
        "calculado hoje",
    ):
        assert words.lower() in card.lower()

    turn = desk.ask(QUESTION)
    assert "2 %" in turn.inner_text()
    source = turn.locator(".source").first
    source.click()
    page.wait_for_selector("dialog mark")
    panel = page.inner_text("dialog")
    assert "p. 1" in panel and "1. Multa e juros" in panel and "Depois: 2. Passo a passo do atraso" in panel
    assert FEE.startswith(page.inner_text("dialog mark")[:40]) and page.locator("dialog table").count() >= 1
    page.keyboard.press("Escape")
    assert source.evaluate("node => node === document.activeElement")

    turn = desk.ask(DOWN)
    assert "Diagnóstico da linha" in turn.locator(".steps").inner_text()
    action = turn.locator(".action")
    assert "espera aprovação" in action.inner_text() and "Motivo:" in action.inner_text()
    with page.expect_response("**/approve") as approved:
        action.get_by_role("button", name="Aprovar").click()
    assert approved.value.status == 200 and approved.value.request.headers["idempotency-key"]
    action.get_by_text("executada").wait_for()
    assert action.locator("button").count() == 0

    with page.expect_response("**/feedback") as told:
        turn.get_by_role("button", name="Resposta ruim").click()
    assert told.value.status == 202
    turn.get_by_label("O que faltou?").fill("Faltou o prazo.")
    with page.expect_response("**/feedback") as told:
        page.keyboard.press("Enter")
    assert json.loads(told.value.request.post_data)["comment"] == "Faltou o prazo."
    turn.get_by_text("Obrigado").wait_for()


def test_with_the_keyboard_alone(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token())
    page = desk.page
    keys = page.keyboard
    page.wait_for_selector("tbody tr")
    assert "token" not in page.url
    keys.press("?")
    assert "Próximo da lista" in page.inner_text("dialog")
    keys.press("Escape")
    keys.press("/")
    keys.type(world.broken)
    desk.until("document.querySelectorAll('tbody tr').length === 1")
    keys.press("Tab")
    keys.press("j")
    keys.press("Enter")
    page.wait_for_selector(".card-section")
    assert page.evaluate("document.activeElement.tagName") == "H1"
    keys.press("c")
    keys.type("A internet caiu de novo?")
    keys.press("Shift+Enter")
    keys.type("Prepare um chamado.")
    keys.press("Enter")
    page.wait_for_selector(".feedback")
    assert page.locator(".bubble").inner_text() == "A internet caiu de novo?\nPrepare um chamado."
    assert page.evaluate("document.activeElement.className").startswith("input")
    keys.press("Shift+Tab")
    keys.press("d")
    assert page.evaluate("document.activeElement.tagName") == "ASIDE"
    keys.press("u")
    page.wait_for_selector("tbody tr")
    assert f"search={world.broken}" in page.url


def test_nothing_is_wider_than_the_screen(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token(), PHONE)

    def fits() -> None:
        for width in (320, 360, 768):
            desk.page.set_viewport_size({"width": width, "height": 740})
            desk.fits()

    desk.page.wait_for_selector("tbody tr")
    fits()
    desk.open(f"#/customers/{world.hostile}", ".card-section")
    desk.ask(QUESTION)
    fits()
    desk.page.click(".source")
    desk.page.wait_for_selector("dialog mark")
    fits()
    desk.page.keyboard.press("Escape")
    desk.page.get_by_role("button", name="Ficha").click()
    desk.page.wait_for_selector(".churn-figure")
    fits()


def test_a_dropped_connection_keeps_the_message(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token())
    desk.open(f"#/customers/{world.first}", ".card-section")
    desk.page.route("**/chat", lambda route: route.abort())
    turn = desk.ask(QUESTION)
    assert "Sem conexão" in turn.inner_text() and QUESTION in turn.inner_text()
    half = 'event: token\ndata: {"text":"Metade "}\n\n'
    desk.page.unroute("**/chat")
    desk.page.route("**/chat", lambda route: route.fulfill(body=half, content_type="text/event-stream"))
    turn.get_by_role("button", name="Tentar de novo").click()
    turn.get_by_text("A conexão caiu").wait_for()
    assert "Metade" in turn.inner_text()
    desk.page.unroute("**/chat")
    turn.get_by_role("button", name="Tentar de novo").click()
    turn.locator(".feedback").wait_for()
    assert "2 %" in turn.inner_text() and "Metade" not in turn.inner_text() and desk.page.locator(".turn").count() == 1


def test_a_slow_model_is_waited_for_and_can_be_stopped(
    visiting: Callable[..., Visit], slow: Callable[..., ServiceProcess], world: DeskWorld
) -> None:
    with subprocess.Popen((sys.executable, str(SLOW_LLM), "1"), stdout=subprocess.PIPE, text=True) as model:
        assert model.stdout
        url = f"http://127.0.0.1:{json.loads(model.stdout.readline())['port']}/v1"
        process = slow(TELECOM_LLM="openai", TELECOM_LLM_MODEL="slow", TELECOM_LLM_BASE_URL=url)
        desk = visiting(process.url, world.token())
        desk.open(f"#/customers/{world.first}", ".card-section")
        page = desk.page
        page.fill(".chat-input", "Oi")
        page.press(".chat-input", "Enter")
        page.get_by_text("Procurando a resposta").wait_for()
        page.get_by_role("button", name="Parar a resposta").click()
        page.get_by_text("Você parou esta resposta").wait_for()
        page.get_by_role("button", name="Tentar de novo").click()
        page.wait_for_selector(".feedback")
        assert "Como posso ajudar" in page.inner_text(".answer-text")
        model.kill()
        model.wait()
        turn = desk.ask("Oi de novo")
        assert "O modelo de linguagem não respondeu" in turn.inner_text()


def test_refusals_in_plain_words(visit: Callable[..., Visit], served: ServiceProcess, world: DeskWorld) -> None:
    desk = visit(world.token("rui", "approve:none"))
    desk.open(f"#/customers/{world.first}", ".card-section")
    turn = desk.ask(DOWN)
    proposed = {"id": "gone", "type": "modem_restart", "title": "Reiniciar", "parameters": {}}
    proposed |= {"requires_approval": True, "status": "proposed", "reason": "x"}
    reply = {"session_id": "s", "trace_id": "0" * 32, "message": "Pronto.", "citations": [], "actions": [proposed]}
    reply |= {"tools": [], "guardrails": [], "degraded": "search,warehouse"}
    answered = {"body": f"event: done\ndata: {json.dumps(reply)}\n\n", "content_type": "text/event-stream"}
    desk.page.route("**/chat", lambda route: route.fulfill(**answered))
    turn = desk.ask("Reinicie")
    said = [turn.inner_text()]
    assert "base de conhecimento está fora do ar" in said[0] and "dados do cliente estão fora" in said[0]
    said = []
    for status, code in ((403, "not_allowed"), (409, "key_reused"), (500, "failed")):
        desk.page.route("**/approve", refusing(status, code))
        turn.get_by_role("button", name="Aprovar").click()
        turn.locator(".action .notice").wait_for()
        desk.until("!document.querySelector('.action[aria-busy]')")
        said.append(turn.locator(".action .notice").last.inner_text())
        desk.page.unroute("**/approve")
    assert "alçada" in said[0] and "Tente de novo" in said[1] and "nosso lado" in said[2]
    turn.get_by_role("button", name="Aprovar").click()
    turn.get_by_text("não existe mais").wait_for()
    assert turn.locator(".action button").count() == 0 and "espera aprovação" not in turn.inner_text()


def test_what_somebody_else_decided_has_no_buttons_any_more(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token())
    desk.open(f"#/customers/{world.decided}", ".card-section")
    action = desk.ask(DOWN).locator(".action")
    desk.page.route("**/reject", refusing(409, "decided"))
    action_id = action.get_attribute("data-action")
    other = {"authorization": f"Bearer {world.token('rui')}", "idempotency-key": "rui-1"}
    done = desk.context.request.post(f"{desk.url}/actions/{action_id}/approve", headers=other, data={})
    assert done.status == 200
    action.get_by_role("button", name="Recusar").click()
    desk.page.locator("dialog").get_by_role("button", name="Recusar").click()
    action.get_by_text("executada").wait_for()
    assert "já decidiu" in action.inner_text() and action.locator("button").count() == 0


def refusing(status: int, code: str) -> Callable[[Any], None]:
    return lambda route: route.fulfill(status=status, json={"error": "Exige 3 meses de casa.", "code": code})


def test_rejecting_says_why(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token())
    desk.open(f"#/customers/{world.hostile}", ".card-section")
    turn = desk.ask(DOWN)
    action = turn.locator(".action")
    action.get_by_role("button", name="Recusar").click()
    desk.page.fill("dialog textarea", "Cliente desistiu")
    with desk.page.expect_response("**/reject") as rejected:
        desk.page.locator("dialog").get_by_role("button", name="Recusar").click()
    assert (
        json.loads(rejected.value.request.post_data) == {"reason": "Cliente desistiu"} and rejected.value.status == 200
    )
    action.get_by_text("recusada").wait_for()


def test_a_session_that_ends_goes_back_to_the_sign_in_and_keeps_the_talk(
    visit: Callable[..., Visit], world: DeskWorld
) -> None:
    desk = visit(world.token())
    page = desk.page
    desk.open(f"#/customers/{world.first}", ".card-section")
    desk.ask("Oi")
    gone = {"error": "No.", "code": "unauthenticated"}
    page.route("**/chat", lambda route: route.fulfill(status=401, json=gone))
    page.fill(".chat-input", "Oi de novo")
    page.press(".chat-input", "Enter")
    page.get_by_text("A sua sessão terminou").wait_for()
    page.unroute("**/chat")
    page.fill("textarea", world.token())
    page.press("textarea", "Enter")
    page.wait_for_selector(".turn")
    assert page.locator(".turn").count() == 2 and "Oi de novo" in page.inner_text(".turns")
    page.get_by_role("button", name="Sair").click()
    page.wait_for_selector(".signin")
    assert page.evaluate("sessionStorage.length") == 0
    page.fill("textarea", "a.b.c")
    page.press("textarea", "Enter")
    page.get_by_text("Este token não foi aceito").wait_for()


def test_language_and_theme_are_kept(visit: Callable[..., Visit], world: DeskWorld) -> None:
    page = visit(world.token(), color_scheme="light").page
    page.wait_for_selector("tbody tr")
    page.get_by_role("button", name="English").click()
    page.get_by_text("Retention queue").first.wait_for()
    page.get_by_role("button", name="Light or dark theme").click()
    page.reload()
    page.wait_for_selector("tbody tr")
    shown = page.evaluate("[document.documentElement.lang, document.documentElement.dataset.theme, document.title]")
    assert shown == ["en", "dark", "Retention queue · Telecom"]
    assert re.search(r"R\$\s?[\d,]+", page.inner_text("tbody tr >> nth=0"))


def test_a_risk_is_one_figure_and_english_tells_the_values_of_its_reasons(
    visit: Callable[..., Visit], world: DeskWorld
) -> None:
    desk = visit(world.token())
    page = desk.page
    page.wait_for_selector("tbody tr")
    page.get_by_role("button", name="English").click()
    page.get_by_text("Retention queue").first.wait_for()
    row = page.locator("tbody tr").first
    assert re.search(r"kind of contract: (monthly|12 months|24 months)", row.inner_text())
    told = row.locator(".badge").inner_text().split()[0]
    row.locator(".row-link").click()
    page.wait_for_selector(".churn-figure")
    assert [page.inner_text(".churn-figure"), page.inner_text(".desk-risk").split()[0]] == [told, told]
    assert "kind of contract: " in page.inner_text(".churn-reasons")
    desk.open(f"#/customers/{world.broken}", ".line .notice")
    assert re.search("The (fibre has no light|line is down)", page.inner_text(".line .notice"))


def test_offers_and_why_not_are_english(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token())
    page = desk.page
    page.wait_for_selector("tbody tr")
    page.get_by_role("button", name="English").click()
    page.get_by_text("Retention queue").first.wait_for()
    desk.open(f"#/customers/{world.broken}", ".line .notice")
    page.wait_for_selector(".offer, .not-offered", state="attached")
    told = page.locator(".not-offered p, .offer .quiet").all_text_contents()
    assert told and [each for each in told if language_of(each) != "en"] == []


def test_paging_and_empty_filters(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token())
    page = desk.page
    page.wait_for_selector("tbody tr")
    first = page.inner_text("tbody tr >> nth=0")
    page.get_by_role("button", name="Próxima").click()
    page.get_by_text("21–40 de 80").wait_for()
    assert page.inner_text("tbody tr >> nth=0") != first and "offset=20" in page.url
    page.locator("h1").click()
    page.keyboard.press("p")
    page.get_by_text("1–20 de 80").wait_for()
    page.keyboard.press("p")
    page.wait_for_timeout(100)
    assert "offset" not in page.url
    desk.open("#/queue?offset=4000", "text=61–80 de 80")
    assert "offset=60" in page.url
    page.get_by_role("button", name="Alto", exact=False).first.click()
    desk.until("!location.hash.includes('offset')")
    page.fill("input[type=search] >> nth=0", "ninguém assim")
    page.get_by_text("Ninguém com estes filtros").wait_for()
    page.get_by_role("button", name="Limpar os filtros").click()
    page.wait_for_selector("tbody tr")
    assert page.url.endswith("#/queue")


def test_a_step_back_leads_to_the_page_before_and_a_wrong_filter_can_be_cleared(
    visit: Callable[..., Visit], world: DeskWorld
) -> None:
    desk = visit(world.token())
    page = desk.page
    page.wait_for_selector("tbody tr")
    page.get_by_role("button", name="Próxima").click()
    page.get_by_text("21–40 de 80").wait_for()
    page.go_back()
    page.get_by_text("1–20 de 80").wait_for()
    desk.open("#/queue?segment=none", "text=Um dos filtros não pode ser usado assim")
    page.get_by_role("button", name="Limpar os filtros").click()
    page.get_by_text("1–20 de 80").wait_for()
    assert page.url.endswith("#/queue")


def test_a_reload_keeps_the_conversation(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token())
    page = desk.page
    desk.open(f"#/customers/{world.first}", ".card-section")
    desk.ask("Oi")
    answer = page.inner_text(".answer-text")
    page.locator(".turn .feedback button").first.click()
    page.wait_for_selector(".feedback button[aria-pressed=true]")
    page.reload()
    page.wait_for_selector(".turn .feedback button[aria-pressed=true]")
    assert page.inner_text(".answer-text") == answer and page.inner_text(".bubble") == "Oi"
    with page.expect_request("**/chat") as asked:
        desk.ask("E agora?")
    assert json.loads(asked.value.post_data)["session_id"]


def test_a_message_that_is_too_long_comes_back_into_the_field(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token())
    desk.open(f"#/customers/{world.first}", ".card-section")
    turn = desk.ask("longa " * 1_500)
    assert "longa demais" in turn.locator(".failed").inner_text() and turn.locator(".failed button").count() == 0
    desk.until("document.querySelector('.chat-input').value.length > 8000")


def test_a_page_that_cannot_be_loaded_says_that_there_is_no_connection(
    visit: Callable[..., Visit], world: DeskWorld
) -> None:
    desk = visit(world.token())
    desk.page.wait_for_selector("tbody tr")
    desk.page.route("**/views/customer.js", lambda route: route.abort())
    desk.open(f"#/customers/{world.first}", "text=Sem conexão com o serviço")
    desk.page.unroute("**/views/customer.js")
    desk.page.get_by_role("button", name="Tentar de novo").click()
    desk.page.wait_for_selector(".card-section")


def test_what_is_decided_on_the_card_is_told_and_stays(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token())
    page = desk.page
    desk.open(f"#/customers/{world.hostile}", ".card-section")
    desk.ask(DOWN)
    page.wait_for_selector(".turn .action")
    page.reload()
    action = page.locator(".card-pane .action").first
    action.get_by_role("button", name="Recusar").click()
    page.locator("dialog").get_by_role("button", name="Recusar").click()
    page.locator(".toast", has_text="recusada").wait_for()
    action.locator(".action-head .badge", has_text="recusada").wait_for()
    desk.until("document.activeElement.closest('.card-pane') !== null")


def test_an_unknown_page_and_an_unknown_customer(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token("eva", customers=(world.first,)))
    desk.page.wait_for_selector("tbody tr")
    assert desk.page.locator("tbody tr").count() == 1
    desk.open("#/nowhere", "text=Esta página não existe")
    desk.open(f"#/customers/{world.broken}", "text=O seu perfil não permite")


def test_what_is_shown_while_the_service_is_down(visit: Callable[..., Visit], world: DeskWorld) -> None:
    desk = visit(world.token())
    desk.page.wait_for_selector("tbody tr")
    desk.page.route(
        "**/v1/queue**",
        lambda route: route.fulfill(
            status=503, json={"error": "x", "code": "unavailable"}, headers={"Retry-After": "7"}
        ),
    )
    desk.page.get_by_role("button", name="Próxima").click()
    desk.page.get_by_text("Tente de novo em 7 s").wait_for()
    desk.page.unroute("**/v1/queue**")
    desk.page.get_by_role("button", name="Tentar de novo").click()
    desk.page.get_by_text("21–40 de 80").wait_for()
