"""The knowledge base: files equal their sources, front matter is whole, one figure is the same everywhere."""

import re
import shutil
from collections import Counter
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmops.tests.evaluations.documents import KNOWLEDGE, meta_of, names, text_of
from telecom.synthetic import billing, items, measures, plans, population, ticket_texts
from tools.knowledge_base.__main__ import files, main, stale, write
from tools.knowledge_base.source import Heading, Items, Paragraph, Table, read

POLICY: dict[str, Any] = yaml.safe_load((KNOWLEDGE / "policies" / "retention.yaml").read_text("utf-8"))
SEGMENTS = {"essential": "Essencial", "standard": "Padrão", "premium": "Premium"}
LEVELS = {"agent": "Atendente", "supervisor": "Supervisor", "manager": "Gerente"}
LARGEST = 150_000


def brl(amount: Decimal | str | int) -> str:
    """As the documents write it: `R$ 1.234,50`."""
    cents = Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"R$ {cents:,.2f}".translate(str.maketrans(",.", ".,"))


# --- rendering


def test_committed_files_equal_what_the_sources_give() -> None:
    assert stale(KNOWLEDGE, files()) == ()
    assert main(["--check"]) == 0


def test_stale_and_orphaned_files_are_noticed_and_mended(tmp_path: Path) -> None:
    target = tmp_path / "telecom"
    shutil.copytree(KNOWLEDGE, target)
    wanted = files()
    (target / "rights" / "rgc-anatel.pdf").write_bytes(b"%PDF-1.4")
    (target / "rights" / "decreto-sac.docx").unlink()
    (target / "rights" / "forgotten.pdf").write_bytes(b"%PDF-1.4")
    (target / "rights" / "forgotten.pdf.meta.yaml").write_text("id: forgotten\n")
    found = {"rgc-anatel.pdf", "decreto-sac.docx", "forgotten.pdf", "forgotten.pdf.meta.yaml"}
    assert set(stale(target, wanted)) == {f"rights/{name}" for name in found}
    write(target, wanted)
    assert stale(target, wanted) == ()
    assert (target / "support" / "glossario.md").is_file()


def test_a_source_is_read_block_by_block(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf.md"
    path.write_text(
        "---\nid: x\ntitle: T\nversion: '1'\nvalid_from: 2026-01-01\nvalid_until: 2026-12-31\n---\n\n# T\n"
        "one\nline\n\n> noted\n> here\n\n- a\n- b\n  c\n\n1. d\n2. e\n\n| h | i |\n|---|---|\n| 1 | 2 |\n"
    )
    source = read(path)
    assert source.blocks == (
        Heading(1, "T"),
        Paragraph("one line"),
        Paragraph("noted here", note=True),
        Items(("a", "b c"), numbered=False),
        Items(("d", "e"), numbered=True),
        Table((("h", "i"), ("1", "2"))),
    )
    assert source.validity == "Versão 1 · vigente desde 01/01/2026 até 31/12/2026"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("no front matter\n", "no front matter"),
        ("---\nid: x\n---\n\n| a | b |\n|---|---|\n| 1 |\n", "different lengths"),
    ],
)
def test_a_source_that_cannot_be_rendered_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "x.pdf.md"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        read(path)


# --- the set


def test_there_are_documents_of_every_format_and_all_are_small() -> None:
    kinds = Counter(name.rpartition(".")[2] for name in names())
    assert sum(kinds.values()) >= 44
    assert kinds["html"] >= 14 and kinds["pdf"] >= 10 and kinds["docx"] >= 8 and kinds["txt"] and kinds["md"]
    assert [name for name in names() if (KNOWLEDGE / name).stat().st_size > LARGEST] == []


@pytest.mark.parametrize("name", names())
def test_front_matter_is_whole(name: str) -> None:
    meta = meta_of(name)
    assert {"id", "title", "audience", "sensitivity", "valid_from", "version"} <= set(meta)
    assert Path(name).stem == meta["id"]
    assert isinstance(meta["version"], str)
    assert meta["sensitivity"] in ("public", "internal")
    assert set(meta["audience"]) == ({"agent"} if meta["sensitivity"] == "internal" else {"customer", "agent"})
    date.fromisoformat(str(meta["valid_from"]))
    for source in meta.get("sources", ()):
        assert source["url"].startswith("https://") and " " not in source["url"]
        assert isinstance(source["consulted"], date)


def test_ids_and_titles_are_unique() -> None:
    for key in ("id", "title"):
        assert [value for value, times in Counter(meta_of(name)[key] for name in names()).items() if times > 1] == []


def test_what_the_law_says_has_sources() -> None:
    legal = ["rgc-anatel.pdf", "codigo-defesa-consumidor.docx", "decreto-sac.docx", "lgpd-artigos.docx"]
    for name in legal:
        assert meta_of(f"rights/{name}")["sources"]


# --- figures: the generated world


def test_the_catalogue_has_the_worlds_products_and_prices() -> None:
    catalogue = text_of("plans/catalogo-planos.html")
    explained = text_of("billing/entenda-sua-fatura.md")
    assert [
        text for text, _ in items._LINES if text not in catalogue and text not in explained and "Internet" in text
    ] == []
    for text, kind in items._LINES:
        if kind != "internet":
            assert text in explained, text
    named = [text for text, _ in items._LINES[items._SERVICES : items._PLAN]]
    for name, price in zip(named, population.SERVICE_PRICES.tolist(), strict=True):
        assert f"{name} {brl(Decimal(price) / 100)}" in catalogue.replace("  ", " ")
    assert f"Linha móvel {brl(Decimal(population.PHONE_PRICE) / 100)}" in catalogue
    assert f"Linha móvel adicional {brl(Decimal(population.SECOND_LINE_PRICE) / 100)}" in catalogue
    dsl, fiber, _ = population.INTERNET_PRICE.tolist()
    assert brl(Decimal(fiber) / 100) in catalogue and brl(Decimal(dsl) / 100) in catalogue
    for speed in (*plans.FIBER_SPEEDS, *plans.DSL_SPEEDS):
        assert f"{speed} Mega" in catalogue


def test_due_days_and_late_fees_are_the_worlds() -> None:
    late = text_of("billing/cobranca-atraso.pdf")
    assert f"vence {billing._DUE_AFTER} dias depois" in late
    assert Decimal(str(billing._FINE)) == Decimal("0.02") and round(billing._DAILY_INTEREST * 30, 9) == 0.01
    for amount in (50, 70, 100):
        fees = (amount * (Decimal("0.02") + Decimal("0.01") * days / 30) for days in (1, 15, 30, 60))
        assert f"{brl(amount)} {' '.join(brl(fee) for fee in fees)}" in late


def test_limits_of_the_network_are_the_worlds() -> None:
    guide = text_of("support/diagnostico-rede.docx")
    assert f"abaixo de {measures.POOR_OPTICAL_DBM:.0f} dBm" in guide
    assert f"SNR abaixo de {measures.POOR_SNR_DB:.0f} dB" in guide
    assert f"RSRP abaixo de {measures.POOR_RSRP_DBM:.0f} dBm" in guide
    for (least, spread), words in zip(measures._DELAY_MS, ("4 a 14", "20 a 42", "28 a 63"), strict=True):
        assert words == f"{least:.0f} a {least + spread:.0f}" and words in guide
    assert all(category in text_of("support/registro-atendimento.md") for category in ticket_texts.CATEGORIES)


# --- figures: formulas that the documents state


def test_the_loyalty_fine_follows_its_formula() -> None:
    text = text_of("contracts/contrato-permanencia.pdf")
    for benefit, months in ((240, 1), (240, 3), (240, 6), (240, 9), (240, 11), (120, 1), (120, 9), (120, 11)):
        assert brl(Decimal(benefit) * (12 - months) / 12) in text
    assert f"R$ 240,00 × 7 ÷ 12 = {brl(Decimal(240) * 7 / 12)}" in text


def test_the_credit_for_interruptions_follows_its_formula() -> None:
    text = text_of("support/interrupcao-credito.pdf")
    for price in (50, 25, 20):
        credits = " ".join(brl(Decimal(price) * hours / 720) for hours in (5, 24, 36, 54))
        assert f"{brl(price)} {credits}" in text


def test_equipment_costs_the_same_everywhere() -> None:
    returned, contract = text_of("contracts/devolucao-equipamento.txt"), text_of("contracts/contrato-prestacao.pdf")
    prices = {"ONT G1": 180, "ONT AX3": 290, "ONT AX6": 420, "Modem V2": 90, "Modem V5": 140, "Modem V5 AC": 190}
    for model, price in prices.items():
        kind = "fibra" if model.startswith("ONT") else "cobre"
        assert f"{model} {brl(price)}" in returned
        assert f"{model} {kind} {brl(price)}" in contract


# --- figures: what the policy code enforces


def test_the_retention_policy_says_what_the_code_enforces() -> None:
    text = text_of("policies/politica-retencao.pdf")
    rules, discount = POLICY["eligibility"], POLICY["discount"]
    for segment, word in SEGMENTS.items():
        caps = [cap for cap in discount["caps"] if cap["segment"] == segment]
        assert [cap["risk"] for cap in caps] == ["low", "medium", "high"]
        said = " ".join(
            f"{cap['maximum_percent']} % por {cap['maximum_months']} meses"
            if cap["maximum_percent"]
            else "sem desconto"
            for cap in caps
        )
        assert said in text
        assert f"{word} {brl(POLICY['budget']['per_customer'][segment])}" in text
    for bonus in discount["tenure_bonus"]:
        assert f"{bonus['percent_points']} pontos" in text and f"{bonus['from_months']} meses" in text
    for step in POLICY["approval"]:
        assert f"{LEVELS[step['level']]} {step['up_to_percent']} %" in text
    assert f"no máximo {rules['maximum_score_age_days']} dias" in text
    assert f"Pelo menos {rules['days_since_last_offer_ended']} dias" in text
    assert f"A proposta vale {rules['proposal_valid_days']} dias" in text
    assert f"Exige {discount['minimum_tenure_months']} meses de casa" in text
    assert f"nunca passa de {discount['ceiling_percent']} %" in text
    assert f"pelo menos {brl(discount['minimum_monthly_after'])} por mês" in text
    assert f"últimos {POLICY['budget']['window_days']} dias" in text
    assert all(service in text for service in POLICY["free_service"]["services"])


def test_the_other_policies_say_what_the_code_enforces() -> None:
    credit, upgrade = POLICY["courtesy_credit"], POLICY["speed_upgrade"]
    text = text_of("policies/politica-creditos.pdf")
    for level, amount in credit["maximum_per_event"].items():
        assert f"{LEVELS[level]} {brl(amount)}" in text
    assert f"no máximo {brl(credit['maximum_per_year'])}" in text
    assert f"últimos {credit['maximum_days_since_failure']} dias" in text
    text = text_of("policies/politica-upgrade.docx")
    assert f"Pelo menos {upgrade['minimum_tenure_months']} meses de casa" in text
    assert f"Pelo menos {upgrade['days_since_last_speed_change']} dias" in text
    assert f"{upgrade['minimum_optical_power_dbm']:.0f} dBm ou melhor" in text
    assert f"{upgrade['minimum_snr_margin_db']:.0f} dB ou mais" in text
    assert f"{brl(upgrade['monthly_difference']['xdsl_to_ftth'])} por mês" in text
    for speed, models in upgrade["equipment_from_mbps"].items():
        assert f"{speed} Mega {' ou '.join(models)}" in text


def test_policy_is_valid_as_its_documents_are_and_its_examples_add_up() -> None:
    for name in ("politica-retencao.pdf", "politica-creditos.pdf", "politica-upgrade.docx"):
        meta = meta_of(f"policies/{name}")
        assert (meta["valid_from"], meta["valid_until"]) == (POLICY["valid_from"], POLICY["valid_until"])
        assert meta["id"] in POLICY["documents"]
    assert meta_of("policies/politica-retencao.pdf")["version"] == POLICY["version"]
    text = text_of("policies/politica-retencao.pdf")
    monthly = Decimal(70) * 22 / 100
    assert brl(monthly) in text and brl(monthly * 6) in text
    budget = Decimal(POLICY["budget"]["per_customer"]["premium"])
    months = (budget / (Decimal(110) * 25 / 100)).to_integral_value(ROUND_CEILING) - 1
    assert "no máximo 10 meses" in text and months == 10


@pytest.mark.parametrize("name", ["faq/faq-english.md", "support/troubleshooting-english.md"])
def test_figures_in_english_are_those_in_portuguese(name: str) -> None:
    """Amounts, percentages and speeds; deadlines are checked by the questions of the evaluation."""
    shape = re.compile(r"R\$ ?\d[\d.,]*\d|\d+ %|\d+ kbit/s")
    portuguese = " ".join(text_of(other) for other in names() if "english" not in other)
    known = set(shape.findall(re.sub(r"\s+", " ", portuguese)))
    assert not set(shape.findall(re.sub(r"\s+", " ", text_of(name)))) - known


def test_the_table_of_fines_follows_the_formula_for_every_month() -> None:
    rows = re.findall(r"(?m)^\| (\d+) \| R\$ (\d+),00 \| R\$ (\d+),00 \|$", _source_of_fines())
    assert [tuple(map(int, row)) for row in rows] == [(n, 20 * (12 - n), 10 * (12 - n)) for n in range(1, 12)]


def _source_of_fines() -> str:
    root = Path(__file__).parents[2] / "tools" / "knowledge_base" / "sources"
    return (root / "contracts" / "contrato-permanencia.pdf.md").read_text("utf-8")
