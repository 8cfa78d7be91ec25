"""Plain text and Markdown: headings, lists, tables, characters."""

from pathlib import Path

import pytest

from llmops.rag.blocks import Block, Heading, Paragraph, Refused, Table
from llmops.rag.formats.text import decode, parse_markdown, parse_text, unmark


def markdown(folder: Path, text: str) -> tuple[Block, ...]:
    path = folder / "a.md"
    path.write_text(text, "utf-8")
    return parse_markdown(path).blocks


def plain(folder: Path, text: str) -> tuple[Block, ...]:
    path = folder / "a.txt"
    path.write_text(text, "utf-8")
    return parse_text(path).blocks


def test_markdown(tmp_path: Path) -> None:
    text = """---
audience: agent
---
# Guia **rápido** #

Texto que
continua [aqui](https://x.example) e `assim`.
<!-- nota que ninguém vê -->

## Passos
1. Abra o *aplicativo*
   e entre.
2. Toque em Sair
- solto

| Plano | Preço |
|:--|--:|
| 300 \\| Mega | **R$ 50** |
| 500 |

Subtítulo
---------
> citado
"""
    assert markdown(tmp_path, text) == (
        Heading("Guia rápido", 1),
        Paragraph("Texto que continua aqui e assim."),
        Heading("Passos", 2),
        Paragraph("1. Abra o aplicativo e entre.\n2. Toque em Sair\n- solto"),
        Table(("Plano", "Preço"), (("300 | Mega", "R$ 50"), ("500", ""))),
        Heading("Subtítulo", 2),
        Paragraph("citado"),
    )


def test_front_matter_and_title(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\naudience: agent\n---\n## Dois\n\n# Um\n", "utf-8")
    parsed = parse_markdown(tmp_path / "a.md")
    assert (parsed.title, parsed.front_matter) == ("Um", {"audience": "agent"})


def test_code_stays_and_rules_go(tmp_path: Path) -> None:
    assert markdown(tmp_path, "```\nAPN: a|b\n# x\n```\n***\nfim") == (Paragraph("APN: a|b\n# x"), Paragraph("fim"))


def test_a_table_with_one_column_is_text(tmp_path: Path) -> None:
    assert markdown(tmp_path, "| a |\n|---|\n| b |") == (Paragraph("a\nb"),)


def test_plain_text(tmp_path: Path) -> None:
    text = """LIGAÇÕES INDESEJADAS

Não me perturbe
Cadastre-se no sítio e escolha as empresas das quais não quer receber
ofertas.

1. Prazo

O bloqueio leva 30 dias.

Posso reclamar?
Pode, no mesmo sítio.

- um
- dois

Título
======
uma linha de texto que termina assim.
"""
    assert plain(tmp_path, text) == (
        Heading("LIGAÇÕES INDESEJADAS", 1),
        Heading("Não me perturbe", 2),
        Paragraph("Cadastre-se no sítio e escolha as empresas das quais não quer receber ofertas."),
        Heading("1. Prazo", 2),
        Paragraph("O bloqueio leva 30 dias."),
        Heading("Posso reclamar?", 3),
        Paragraph("Pode, no mesmo sítio."),
        Paragraph("- um\n- dois"),
        Heading("Título", 1),
        Paragraph("uma linha de texto que termina assim."),
    )


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("ação".encode(), "ação"),
        ("ação".encode("utf-8-sig"), "ação"),
        ("ação".encode("cp1252"), "ação"),
        ("ação".encode("utf-16"), "ação"),
    ],
)
def test_characters(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize(
    ("data", "reason"), [(b"a\x00b", "mislabelled"), (bytes(range(1, 9)) * 9, "mislabelled"), (b" \n\t", "empty")]
)
def test_what_is_no_text(data: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        decode(data)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("**a** e __b__", "a e b"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("um_nome_assim", "um_nome_assim"),
        ("![figura](x.png) fim", " fim"),
        ("<b>x</b> <https://a.example>", "x https://a.example"),
        (r"5 \* 3", "5 * 3"),
        ("R$ 5 < R$ 6 e 7 > 6", "R$ 5 < R$ 6 e 7 > 6"),
    ],
)
def test_marks(marked: str, expected: str) -> None:
    assert unmark(marked) == expected
