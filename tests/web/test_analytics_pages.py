"""The analysts' pages in a real browser: journeys, what hostile data do, narrow screens, accessibility."""

import csv
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from llmops.tests.analytics.analyst_world import DRIFT, EVALUATION, usage, write
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.settings import Settings
from tests.processes.service_process import ServiceProcess
from tests.web.conftest import PHONE, Visit
from tests.web.desk_world import HOSTILE, DeskWorld
from tests.web.test_portal_and_looks import axe

EXAMPLES = Path(__file__).parents[2] / "llmops" / "web" / "js" / "views" / "analytics" / "examples.js"
READY = {
    "customers": ".table tbody tr", "segments": ".chart svg rect", "drift": ".chart svg path",
    "models": ".table tbody tr", "assistant": ".chart svg rect", "sql": ".sql-table",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(world: DeskWorld) -> Path:
    """The desk's home with drift, an evaluation, a run and answers of today, hostile where words are free."""
    warehouse, now = LocalWarehouse(Settings(home=world.home, threads=1)), datetime.now(UTC)
    day = now.date()
    drift = [row | {"snapshot_date": day} for row in DRIFT[2:]] + [
        DRIFT[3] | {"snapshot_date": day, "feature": HOSTILE}
    ]
    write(warehouse, "telecom_monitoring.feature_drift_metrics", drift, {"snapshot_date": day})
    figures = [row | {"evaluated_on": day, "evaluated_at": now} for row in EVALUATION]
    write(warehouse, "telecom_monitoring.model_metrics", figures, {"model_digest": "d2"})
    run = {
        "started_on": day,
        "started_at": now,
        "finished_at": now,
        "state": "failed",
        "failed_step": HOSTILE,
        "message": HOSTILE,
    }
    write(warehouse, "telecom_monitoring.pipeline_runs", [run | {"pipeline": HOSTILE}], {"job_id": "churn-1"})
    answers = [usage(place) | {"used_on": day - timedelta(days=place % 2)} for place in range(40)]
    write(
        warehouse,
        "telecom_monitoring.llm_usage",
        [*answers, answers[0] | {"trace_id": "z", "intent": HOSTILE}],
        {"batch": "web"},
    )
    chat = {"happened_on": day, "event": "chat", "detail": json.dumps({"guardrails": [HOSTILE.replace('"', "")]})}
    seen = {"happened_on": day, "event": HOSTILE}
    write(warehouse, "telecom_monitoring.assistant_audit", [chat, seen], {"batch": "web"})
    return world.home


@pytest.fixture
def analyst(visit: Callable[..., Visit], world: DeskWorld, home: Path) -> Callable[..., Visit]:
    """Opens tabs of somebody who analyses."""
    assert home
    return lambda *given, **more: visit(world.token("leo", "read:analytics"), *given, **more)


def test_customers_are_sorted_filtered_and_paged_by_the_service(analyst: Callable[..., Visit], tmp_path: Path) -> None:
    tab = analyst()
    page = tab.page
    tab.open("#/analytics/customers", ".table tbody tr")
    assert re.search(r"1–50 de 80", page.inner_text(".table-foot"))
    page.get_by_role("button", name="Próxima").click()
    page.get_by_text("51–80 de 80").wait_for()
    page.get_by_role("button", name="Perda esperada").click()
    page.locator("th[aria-sort=descending]", has_text="Perda esperada").wait_for()
    page.get_by_text("1–50 de 80").wait_for()
    page.get_by_role("button", name="alto", exact=True).click()
    tab.until("[...document.querySelectorAll('tbody .badge')].every(node => node.classList.contains('high'))")
    assert "segment=high" in page.url and "sort=-expected_loss" in page.url
    first = page.locator("tbody tr").first.inner_text().split()[0]
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Exportar CSV").click()
    kept = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(kept)
    rows = list(csv.DictReader(kept.read_text("utf-8").splitlines()))
    assert re.fullmatch(r"customers-\d{4}-\d\d-\d\d\.csv", kept.name) and rows[0]["customer_id"] == first
    assert {row["risk_segment"] for row in rows} == {"high"}
    page.reload()
    page.wait_for_selector(".table tbody tr")
    assert page.locator("tbody tr").first.inner_text().split()[0] == first


def test_the_filters_follow_the_address(analyst: Callable[..., Visit]) -> None:
    tab = analyst()
    page = tab.page
    tab.open("#/analytics/customers", ".table tbody tr")
    tab.open("#/analytics/customers?segment=high&contract=Month-to-month&min_probability=0.3&offset=900", "text=mensal")
    tab.until("!location.hash.includes('offset=900')")
    shown = "[...document.querySelectorAll('.analyst-filters select')].map(node => node.value)"
    assert page.evaluate(shown) == ["Month-to-month", "", "", "", "0.3", ""]
    assert page.locator(".segments [aria-pressed=true]").inner_text() == "Alto"
    page.locator(".nav-link", has_text="Clientes").click()
    page.get_by_text("1–50 de 80").wait_for()
    assert page.evaluate(shown) == [""] * 6
    tab.open("#/analytics/customers?offset=4000", "text=51–80 de 80")


def test_nobody_without_the_scope_sees_the_pages(visit: Callable[..., Visit], world: DeskWorld, home: Path) -> None:
    for token in (world.token(), world.token("few", "read:analytics", customers=(world.first,)), world.customer()):
        tab = visit(token)
        tab.page.wait_for_selector("h1")
        assert home and tab.page.locator(".nav-link", has_text="SQL").count() == 0
        tab.open("#/analytics/customers", "text=Esta página não existe")


def test_sql_runs_by_keyboard_and_says_where_it_is_wrong(analyst: Callable[..., Visit], tmp_path: Path) -> None:
    tab = analyst()
    page = tab.page
    tab.open("#/analytics/sql", "textarea")
    box = page.locator("textarea")
    box.fill(
        "SELECT risk_segment, COUNT(*) AS n, '=1+1' AS text FROM telecom_gold.telco_churn_scored GROUP BY 1 ORDER BY 1"
    )
    box.press("Control+Enter")
    page.locator(".sql-answer tbody tr").first.wait_for()
    assert page.locator(".sql-answer th").all_inner_texts() == ["risk_segment", "n", "text"]
    with page.expect_download() as waiting:
        page.locator(".sql-answer").get_by_role("button", name="Exportar CSV").click()
    waiting.value.save_as(tmp_path / "result.csv")
    rows = list(csv.reader((tmp_path / "result.csv").read_text("utf-8").splitlines()))
    assert rows[1][0] == "high" and rows[1][2] == "'=1+1"
    box.fill("SELECT 1234567.891 AS n, 0.000000125 AS small")
    box.press("Control+Enter")
    page.locator(".sql-answer td", has_text="1234567.891").wait_for()
    for sql, said in (
        ("SELECT nme FROM telecom_gold.telco_churn_scored", "^^^"),
        ("DROP TABLE x", "Only a single SELECT"),
        ("SELECT * FROM telecom_bronze.crm_customers", "read:personal"),
    ):
        box.fill(sql)
        box.press("Control+Enter")
        page.locator(".sql-answer .notice", has_text=said).wait_for()
    box.fill(f"SELECT {json.dumps(HOSTILE)} AS text")
    box.press("Control+Enter")
    page.locator(".sql-answer td", has_text="onerror").wait_for()
    page.reload()
    page.wait_for_selector("textarea")
    assert "onerror" in page.locator("textarea").input_value()


@pytest.mark.parametrize("size", [PHONE, (1366, 820)])
def test_every_page_shows_its_figures_and_runs_nothing_of_them(
    analyst: Callable[..., Visit], size: tuple[int, int]
) -> None:
    tab = analyst(size)
    for name, ready in READY.items():
        tab.open(f"#/analytics/{name}", ready)
        tab.fits()
    tab.open("#/analytics/drift", ".chart svg path")
    assert tab.page.locator(".tile .figure").first.inner_text() == "3,00"
    tab.open("#/analytics/models", ".table tbody tr")
    assert "0,860" in tab.page.inner_text("main") and "aprovada" in tab.page.inner_text("main")
    tab.open("#/analytics/assistant", ".chart svg rect")
    # Other tests may have asked in the same home before.
    assert int(tab.page.locator(".tile .figure").first.inner_text()) >= 41


def test_every_chart_has_its_figures_as_a_table(analyst: Callable[..., Visit]) -> None:
    tab = analyst()
    for name in ("segments", "drift", "assistant"):
        tab.open(f"#/analytics/{name}", READY[name])
        charts = tab.page.locator("figure.chart")
        assert charts.count() >= 2
        for chart in charts.all():
            assert chart.locator("svg[role=img]").get_attribute("aria-label")
            assert chart.locator("table caption").count() == 1 and chart.locator("table tbody tr").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_analysts_pages(
    visiting: Callable[..., Visit], served: ServiceProcess, world: DeskWorld, home: Path, scheme: str
) -> None:
    tab = visiting(served.url, world.token("leo", "read:analytics"), color_scheme=scheme, bypass_csp=True)
    found = {}
    for name, ready in READY.items():
        tab.open(f"#/analytics/{name}", ready)
        if name == "sql":
            tab.page.locator("textarea").press("Control+Enter")
            tab.page.locator(".sql-answer tbody tr").first.wait_for()
        found[name] = axe(tab.page, scheme)
    assert home and {name: faults for name, faults in found.items() if faults} == {}


def examples() -> dict[str, str]:
    return dict(re.findall(r"^  (\w+): `(.*?)`,$", EXAMPLES.read_text("utf-8"), re.MULTILINE | re.DOTALL))


def test_every_example_runs(tmp_path: Path) -> None:
    warehouse = LocalWarehouse(Settings(home=tmp_path))
    assert len(examples()) == 6
    for name, sql in examples().items():
        assert warehouse.query(sql).num_columns >= 3, name


def test_a_reader_in_a_hurry_ends_a_query(analyst: Callable[..., Any]) -> None:
    tab = analyst()
    tab.open("#/analytics/sql", "textarea")
    rows = ", ".join(f"UNNEST(GENERATE_ARRAY(1, 100000)) AS {name}" for name in "abc")
    tab.page.locator("textarea").fill(f"SELECT COUNT(*) AS n FROM {rows} WHERE MOD(a * b, 7) = MOD(c, 5)")
    tab.page.get_by_role("button", name="Executar").click()
    tab.page.get_by_role("button", name="Parar").click()
    tab.page.get_by_text("A espera foi encerrada").wait_for()
