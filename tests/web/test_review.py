"""The weekly review in a real browser: a conversation is read and graded, by mouse and by keyboard; hostile words."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from llmops.operations import reviews
from telecom.bootstrap import Platform
from telecom.ports import Record
from telecom.settings import Settings
from tests.web.conftest import DESKTOP, PHONE, Visit
from tests.web.desk_world import DeskWorld
from tests.web.test_portal_and_looks import axe

HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
NOW = datetime.now(UTC)
WEEK = reviews.week_of(NOW.date())


@pytest.fixture
def records(world: DeskWorld) -> Any:
    kept = Platform(Settings(home=world.home)).records
    drawn = [
        reviews.Review(
            id=letter * 32, week=WEEK, intent="bill", role="agent", channel="desk", language="pt-BR",
            strata=("negative",), turns=((f"Pergunta {letter} {HOSTILE}", HOSTILE, "bill"),), bound=False,
        )
        for letter in "ab"
    ]  # fmt: skip
    until = NOW + timedelta(days=9)
    for review in drawn:
        record = Record(review.id, review.value(), "", until)
        kept.change("review", review.id, lambda _, record=record: record)
    week = Record(WEEK, {"pool": [], "drawn": [review.id for review in drawn]}, reviews.NOBODYS, until)
    kept.change("review_week", WEEK, lambda _: week)
    return kept


def reviewing(visit: Callable[..., Visit], world: DeskWorld, size: tuple[int, int] = DESKTOP) -> Visit:
    tab = visit(world.token("rev", "review:answers"), size)
    tab.open("/review", ".review-turns")
    return tab


def choose(tab: Visit, group: str, answer: str) -> None:
    tab.page.get_by_role("group", name=group).get_by_role("button", name=answer, exact=True).click()


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_conversation_is_graded_and_the_next_one_comes(
    visit: Callable[..., Visit], world: DeskWorld, records: Any, size: tuple[int, int]
) -> None:
    tab = reviewing(visit, world, size)
    page = tab.page
    assert "Pergunta a" in page.inner_text(".review-turns") and "<script>" in page.inner_text(".review-turns")
    tab.fits()
    page.get_by_role("button", name="Salvar avaliação").click()
    assert "Falta avaliar" in page.get_by_role("alert").inner_text()
    for question in ("Correta", "Fundamentada", "Segura"):
        choose(tab, question, "Sim")
    for question in ("Completa", "Tom"):
        choose(tab, question, "4")
    page.get_by_label("Como a resposta deveria ter sido").fill("Vence dia 15.")
    page.get_by_label("Palavras que ela precisa ter").fill("15; fatura")
    page.get_by_role("button", name="Salvar avaliação").click()
    tab.until("document.querySelector('.review-turns').innerText.includes('Pergunta b')")
    kept = reviews.read(records, "a" * 32)
    assert (
        kept and kept.grades["rev"]["correction"] == "Vence dia 15." and kept.grades["rev"]["facts"] == ["15", "fatura"]
    )
    page.keyboard.press("k")
    tab.until("document.querySelector('.review-turns').innerText.includes('Pergunta a')")
    assert page.get_by_label("Como a resposta deveria ter sido").input_value() == "Vence dia 15."


def test_what_was_typed_is_there_after_a_look_at_the_next_one(
    visit: Callable[..., Visit], world: DeskWorld, records: Any
) -> None:
    tab = reviewing(visit, world)
    page = tab.page
    page.get_by_label("Comentário").fill("Falta o prazo.")
    choose(tab, "Correta", "Não")
    page.locator("h1").click()
    page.keyboard.press("j")
    tab.until("document.querySelector('.review-turns').innerText.includes('Pergunta b')")
    assert page.get_by_label("Comentário").input_value() == ""
    page.keyboard.press("k")
    tab.until("document.querySelector('.review-turns').innerText.includes('Pergunta a')")
    assert page.get_by_label("Comentário").input_value() == "Falta o prazo."
    pressed = page.get_by_role("group", name="Correta").locator("[aria-pressed=true]")
    assert pressed.inner_text() == "Não"


def test_a_draft_outlives_another_page_and_old_weeks_can_be_named(
    visit: Callable[..., Visit], world: DeskWorld, records: Any
) -> None:
    tab = reviewing(visit, world)
    page = tab.page
    page.get_by_label("Comentário").fill("Falta a fonte.")
    assert "Não consultou nem citou nada" in page.inner_text(".review-turns")
    tab.open("#/review?week=2026-W02", "text=Nada foi sorteado")
    chosen = "document.querySelector('.page-head select').selectedOptions[0].textContent"
    tab.until(f"{chosen}.includes('5')")
    assert "11" in page.evaluate(chosen) and "avaliadas" not in page.inner_text("main")
    tab.open("#/review?week=2026-W77", "text=Esta semana não existe")
    tab.open("#/queue", ".queue-frame")
    tab.open("#/review", ".review-turns")
    assert page.get_by_label("Comentário").input_value() == "Falta a fonte."


def test_whoever_may_not_review_has_no_such_page(visit: Callable[..., Visit], world: DeskWorld, records: Any) -> None:
    tab = visit(world.token("ana"))
    tab.page.wait_for_selector("nav", state="attached")
    assert "Revisão semanal" not in tab.page.content()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(
    visiting: Callable[..., Visit], served: Any, world: DeskWorld, records: Any, scheme: str
) -> None:
    tab = visiting(served.url, world.token("rev", "review:answers"), color_scheme=scheme)
    tab.open("/review", ".review-turns")
    assert axe(tab.page, scheme) == []
