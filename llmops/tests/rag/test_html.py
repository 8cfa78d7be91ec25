"""HTML: what a reader sees, in order, and nothing else."""

from pathlib import Path

import pytest

from llmops.rag.blocks import Block, Heading, Paragraph, Refused, Table
from llmops.rag.formats.html import parse


def blocks(folder: Path, body: str) -> tuple[Block, ...]:
    path = folder / "a.html"
    path.write_text(f"<!doctype html><html><body>{body}</body></html>", "utf-8")
    return parse(path).blocks


def test_reading_order(tmp_path: Path) -> None:
    body = """<nav>Início</nav><main><h1>Guia</h1> solto <b>em</b><br>linhas
    <p>Um  <a href="x">dois</a></p><div>três<div>quatro</div>cinco</div>
    <ul><li>a</li><li>b <ul><li>c</li></ul></li></ul>
    <dl><dt>Pergunta?</dt><dd>Resposta.</dd></dl>
    <details><summary>Mais?</summary>Sim.</details>
    <script>alert(1)</script></main><footer>Rodapé</footer>"""
    assert blocks(tmp_path, body + "<p>fora, pois há um main com mais de oitenta caracteres dentro dele</p>") == (
        Heading("Guia", 1),
        Paragraph("solto em linhas"),
        Paragraph("Um dois"),
        Paragraph("três"),
        Paragraph("quatro"),
        Paragraph("cinco"),
        Paragraph("- a\n- b\n- c"),
        Heading("Pergunta?", 7),
        Paragraph("Resposta."),
        Heading("Mais?", 7),
        Paragraph("Sim."),
    )


def test_tables_with_spans(tmp_path: Path) -> None:
    body = """<table><caption>Preços</caption>
    <thead><tr><th rowspan=2>Plano</th><th colspan=2>Valor</th></tr><tr><th>mês</th><th>ano</th></tr></thead>
    <tr><td rowspan="2">Fibra</td><td>50</td><td>600</td></tr><tr><td>60</td><td>720</td></tr>
    <tr style="display:none"><td>x</td><td>y</td><td>z</td></tr></table>"""
    assert blocks(tmp_path, body) == (
        Table(
            ("Plano", "Valor / mês", "Valor / ano"),
            (("Fibra", "50", "600"), ("Fibra", "60", "720")),
            "Preços",
        ),
    )


def test_a_table_without_head_has_its_first_row_as_such(tmp_path: Path) -> None:
    body = "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td><table><tr><td>2</td></tr></table></td></tr></table>"
    assert blocks(tmp_path, body) == (Table(("a", "b"), (("1", "2"),)),)


@pytest.mark.parametrize(
    "hidden",
    [
        '<p hidden>x9</p>', '<p style="display: none">x9</p>', '<div aria-hidden="true">x9</div>', "<!-- x9 -->",
        '<span style="font-size:0">x9</span>', "<template>x9</template>", '<p style="opacity:0.0">x9</p>',
        "<noscript>x9</noscript>", '<p style="visibility:hidden">x9</p>', "<style>x9</style>",
    ],
)  # fmt: skip
def test_what_nobody_sees_is_not_read(tmp_path: Path, hidden: str) -> None:
    assert blocks(tmp_path, f"<p>antes</p>{hidden}<p>depois</p>") == (Paragraph("antes"), Paragraph("depois"))


def test_visible_styles_are_read(tmp_path: Path) -> None:
    assert blocks(tmp_path, '<p style="opacity:0.5;font-size:0.8em">sim</p>') == (Paragraph("sim"),)


def test_front_matter_in_meta_elements(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<html><head><title>Da página</title><meta name="telecom:audience" content="customer, agent">'
        '<meta name="Telecom:valid_from" content=" 2026-01-01 "><meta name="robots" content="all"></head>'
        "<body><p>x</p></body></html>",
        "utf-8",
    )
    parsed = parse(tmp_path / "a.html")
    assert parsed.title == "Da página"
    assert parsed.front_matter == {"audience": "customer, agent", "valid_from": "2026-01-01"}


@pytest.mark.parametrize("comment", ["<!--\n---\naudience: agent\n---\n-->", "<!-- audience: agent -->"])
def test_front_matter_in_a_leading_comment(tmp_path: Path, comment: str) -> None:
    (tmp_path / "a.html").write_text(f"<!DOCTYPE html>\n{comment}\n<html><body><p>x</p></body></html>", "utf-8")
    parsed = parse(tmp_path / "a.html")
    assert parsed.front_matter == {"audience": "agent"}
    assert parsed.blocks == (Paragraph("x"),)


def test_another_comment_is_no_front_matter(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<!-- feito por: alguém --><html><body><p>x</p></body></html>", "utf-8")
    assert parse(tmp_path / "a.html").front_matter is None


@pytest.mark.parametrize("declared", ["iso-8859-1", "utf-8", "nada"])
def test_characters(tmp_path: Path, declared: str) -> None:
    codec = "utf-8" if declared == "nada" else declared
    page = f'<html><head><meta charset="{declared}"></head><body><p>ação</p></body></html>'
    (tmp_path / "a.html").write_bytes(page.encode(codec))
    assert parse(tmp_path / "a.html").blocks == (Paragraph("ação"),)


def test_text_is_no_html(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("apenas texto, 5 < 6", "utf-8")
    with pytest.raises(Refused, match="mislabelled"):
        parse(tmp_path / "a.html")


def test_a_monstrous_table_is_refused(tmp_path: Path) -> None:
    rows = '<tr><td colspan="200">x</td></tr>' * 600
    with pytest.raises(Refused, match="too_large"):
        blocks(tmp_path, f"<table>{rows}</table>")


def test_deep_nesting_ends(tmp_path: Path) -> None:
    deep = "<div>" * 3_000 + "fundo" + "</div>" * 3_000
    try:
        found = blocks(tmp_path, deep)
    except (RecursionError, Refused):
        return
    assert len(found) <= 1
