"""The customer's chat; and what holds for all pages: accessible, small, still, and in both languages."""

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.processes.service_process import ServiceProcess
from tests.web.conftest import PHONE, Visit
from tests.web.desk_world import DeskWorld

WEB = Path(__file__).parents[2] / "llmops" / "web"
FIRST_VIEW_BYTES = 150_000
STILL = 0.05
"""Of layout shift; what Google's Core Web Vitals call good ends at 0.1."""
QUESTION = "Qual é a multa por atraso no pagamento?"
USED = re.compile(r'\bt\("([\w.@ -]+)"')
ENTRY = re.compile(r'^\s*"([^"]+)":', re.MULTILINE)


def axe(page: Any, scheme: str) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA; colours alone where the rest was looked at in the light."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    told = {"runOnly": tags if scheme == "light" else ["color-contrast"], "resultTypes": ["violations"]}
    found = page.evaluate("told => axe.run(told)", told)
    assert found["testEngine"]["name"] == "axe-core" and found["passes"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]


def test_a_customer_sees_their_own_and_nothing_else(visit: Callable[..., Visit], world: DeskWorld) -> None:
    portal = visit(world.customer(world.own), PHONE)
    page = portal.page
    page.wait_for_selector(".portal-figure")
    tiles = page.inner_text(".portal-tiles")
    assert "R$" in tiles and "Fora do ar" in tiles and page.inner_text("h1").startswith("Olá, ")
    portal.fits()
    page.locator(".suggestion").first.click()
    page.wait_for_selector(".feedback")
    turn = portal.ask("Minha internet caiu", "customer")
    turn.get_by_role("button", name="Confirmar").click()
    turn.get_by_text("executada").wait_for()
    portal.ask(QUESTION)
    portal.fits()
    assert "risco" not in page.inner_text("body").lower() and page.locator(".nav-link").count() == 0
    portal.open("#/queue", "text=Esta página não existe")
    portal.open(f"#/customers/{world.first}", "text=Esta página não existe")
    page.get_by_role("button", name="Ir para o início").click()
    page.wait_for_selector(".turn")


def test_the_tiles_tell_of_the_overdue_invoice_and_of_the_worst_line(
    visit: Callable[..., Visit], served: ServiceProcess, world: DeskWorld
) -> None:
    told = served.client.get(
        f"/v1/customers/{world.own}/card", headers={"Authorization": f"Bearer {world.customer(world.own)}"}
    ).json()
    newest, *_ = told["invoices"]["invoices"]
    paid = newest | {"status": "paid", "total": "85.45", "paid_on": "2026-11-21"}
    late = newest | {"status": "overdue", "total": "85.30", "amount_due": "87.89", "due_on": "2026-09-18"}
    told["invoices"] |= {"invoices": [paid, late], "overdue_amount": "87.89"}
    mobile = told["network"]["lines"][0] | {"service": "mobile", "technology": "móvel", "contracted_mbps": None}
    told["network"]["lines"] = [mobile | {"status": "active"}, mobile | {"status": "down"}]
    told["network"]["outages"] = []
    portal = visit(world.customer(world.own), PHONE)
    portal.page.wait_for_selector(".portal-figure")
    portal.page.route("**/card", lambda route: route.fulfill(json=told))
    portal.page.reload()
    portal.page.get_by_text("Meu celular está sem sinal").wait_for()
    tiles = portal.page.inner_text(".portal-tiles").replace("\u00a0", " ")
    assert "R$ 87,89" in tiles and "venceu em 18 de set" in tiles and "85,45" not in tiles
    assert "Fora do ar" in tiles and "Celular 2" in tiles


def test_a_stranger_s_data_do_not_come_by_the_address(served: ServiceProcess, world: DeskWorld) -> None:
    door = {"Authorization": f"Bearer {world.customer(world.broken)}"}
    for path in (f"/v1/customers/{world.first}/card", "/v1/queue"):
        assert served.client.get(path, headers=door).status_code == 403


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(
    visiting: Callable[..., Visit], served: ServiceProcess, world: DeskWorld, scheme: str
) -> None:
    out = visiting(served.url, color_scheme=scheme, bypass_csp=True)
    out.page.wait_for_selector(".signin")
    found = {"signin": axe(out.page, scheme)}
    desk = visiting(served.url, world.token(), color_scheme=scheme, bypass_csp=True)
    desk.page.wait_for_selector("tbody tr")
    found["queue"] = axe(desk.page, scheme)
    desk.open(f"#/customers/{world.broken}", ".card-section")
    desk.ask(QUESTION)
    desk.ask("A internet do cliente caiu")
    found["customer"] = axe(desk.page, scheme)
    desk.page.locator(".source").first.click()
    desk.page.wait_for_selector("dialog mark")
    found["passage"] = axe(desk.page, scheme)
    portal = visiting(served.url, world.customer(), PHONE, color_scheme=scheme, bypass_csp=True)
    portal.page.wait_for_selector(".portal-figure")
    portal.ask(QUESTION)
    found["portal"] = axe(portal.page, scheme)
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize("who", ["agent", "customer"])
def test_the_first_view_is_small_and_still(browser: Any, served: ServiceProcess, world: DeskWorld, who: str) -> None:
    token, shown = (world.token(), "tbody tr") if who == "agent" else (world.customer(), ".portal-figure")
    tab = Visit(browser, served.url, "", PHONE)
    tab.page.wait_for_selector(".signin")
    tab.page.goto("about:blank")
    came: list[float] = []
    watch = tab.context.new_cdp_session(tab.page)
    watch.send("Network.enable")
    watch.send("Network.setCacheDisabled", {"cacheDisabled": True})
    watch.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    tab.page.goto(f"{served.url}/#token={token}")
    tab.page.wait_for_selector(shown)
    tab.page.wait_for_load_state("networkidle")
    assert 20_000 < sum(came) <= FIRST_VIEW_BYTES, (sum(came), len(came))
    assert tab.page.evaluate("window.shifts") < STILL
    assert tab.page.evaluate("document.fonts.check('16px Inter')")
    tab.healthy()
    tab.context.close()


def test_a_second_view_comes_from_the_browser_s_own_store(visit: Callable[..., Visit], world: DeskWorld) -> None:
    tab = visit(world.token())
    tab.page.wait_for_selector("tbody tr")
    asked: dict[str, str] = {}
    watch = tab.context.new_cdp_session(tab.page)
    watch.send("Network.enable")
    watch.on("Network.responseReceived", lambda event: asked.update({event["requestId"]: event["response"]["url"]}))
    watch.on("Network.loadingFinished", lambda event: event["encodedDataLength"] or asked.pop(event["requestId"], None))
    tab.page.reload()
    tab.page.wait_for_selector("tbody tr")
    tab.page.wait_for_load_state("networkidle")
    assert asked and not [url for url in asked.values() if "/web/" in url]


def test_both_languages_have_all_words() -> None:
    known = {path.name: set(ENTRY.findall(path.read_text("utf-8"))) for path in (WEB / "js" / "words").glob("*.js")}
    for name in sorted(known):
        stem, language, _ = name.rsplit(".", 2)
        assert known[name] == known[f"{stem}.{'en' if language == 'pt-BR' else 'pt-BR'}.js"], name
    every = set().union(*known.values())
    used = {(path.name, key) for path in WEB.rglob("*.js") for key in USED.findall(path.read_text("utf-8"))}
    assert len(used) > 50 and {(name, key) for name, key in used if key not in every} == set()
