"""Word documents: styles, lists, tables with spans, what was deleted or hidden, and packages that are none."""

import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from llmops.rag.blocks import Heading, Paragraph, Refused, Table
from llmops.rag.formats import docx as docx_format
from llmops.rag.formats.docx import parse
from llmops.tests.rag.papers import word


def element(tag: str, **attributes: str) -> Any:
    made = OxmlElement(tag)
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), value)
    return made


def test_structure(tmp_path: Path) -> None:
    path = word(
        tmp_path / "a.docx",
        [
            ("h1", "Contrato"), ("p", "Texto."), ("h2", "Multas"), ("item", "uma"), ("item", "duas"),
            ("table", [["Plano", "Multa"], ["Fibra", "R$ 240"]]), ("p", "Fim."),
        ],
    )  # fmt: skip
    parsed = parse(path)
    assert parsed.title == "Contrato"
    assert parsed.blocks == (
        Heading("Contrato", 1),
        Paragraph("Texto."),
        Heading("Multas", 2),
        Paragraph("- uma\n- duas"),
        Table(("Plano", "Multa"), (("Fibra", "R$ 240"),)),
        Paragraph("Fim."),
    )


def test_the_title_of_its_properties(tmp_path: Path) -> None:
    document = docx.Document()
    document.core_properties.title = " Guia  do modem "
    document.add_paragraph("x")
    document.save(str(tmp_path / "a.docx"))
    assert parse(tmp_path / "a.docx").title == "Guia do modem"


def test_merged_cells_repeat_their_text(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(rows=3, cols=3)
    for row, texts in zip(table.rows, (("a", "b", "c"), ("1", "2", "3"), ("4", "5", "6")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0)).text = "lado"
    table.cell(2, 1).merge(table.cell(2, 2)).text = "largo"
    document.save(str(tmp_path / "a.docx"))
    assert parse(tmp_path / "a.docx").blocks == (
        Table(("a", "b", "c"), (("lado", "2", "3"), ("lado", "largo", "largo"))),
    )


def test_changes_are_read_as_accepted_and_hidden_text_is_not(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("fica ")
    inserted, deleted = element("w:ins", id="1"), element("w:del", id="2")
    for parent, tag, text in ((inserted, "w:t", "novo"), (deleted, "w:delText", "velho")):
        run, piece = element("w:r"), element(tag)
        piece.text = text
        run.append(piece)
        parent.append(run)
        paragraph._p.append(parent)
    paragraph.add_run(" oculto").font.hidden = True
    content = element("w:sdt")
    inner = element("w:sdtContent")
    content.append(inner)
    moved = document.add_paragraph("dentro de um controle")._p
    document.element.body.insert(1, content)
    inner.append(moved)
    document.save(str(tmp_path / "a.docx"))
    assert parse(tmp_path / "a.docx").blocks == (Paragraph("fica novo"), Paragraph("dentro de um controle"))


def test_what_is_no_package_of_words(tmp_path: Path) -> None:
    for name, data, reason in (
        ("a.docx", b"%PDF-1.4", "mislabelled"),
        ("b.docx", docx_format.OLE + b"x" * 600, "mislabelled"),
        ("c.docx", docx_format.OLE + b"x" * 600 + docx_format.ENCRYPTED, "encrypted"),
        ("d.docx", b"PK\x03\x04garbage", "damaged"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(Refused) as refused:
            parse(tmp_path / name)
        assert refused.value.reason == reason


def test_another_package_is_mislabelled(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as package:
        package.writestr("xl/workbook.xml", "<x/>")
    with pytest.raises(Refused, match="mislabelled"):
        parse(tmp_path / "a.docx")


def test_a_broken_document_inside_is_damaged(tmp_path: Path) -> None:
    good = word(tmp_path / "good.docx", [("p", "x")])
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(tmp_path / "a.docx", "w") as target:
        for name in source.namelist():
            target.writestr(name, b"<w:doc" if name == "word/document.xml" else source.read(name))
    with pytest.raises(Refused, match="damaged"):
        parse(tmp_path / "a.docx")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", "<x/>")
        for number in range(5):
            package.writestr(f"word/media/{number}.bin", bytes(50 << 20))
    assert (tmp_path / "a.docx").stat().st_size < 1 << 20
    with pytest.raises(Refused, match="expands_too_much"):
        parse(tmp_path / "a.docx")


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    good = word(tmp_path / "good.docx", [("p", "XYZ")])
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(tmp_path / "a.docx", "w") as target:
        for name in source.namelist():
            text = source.read(name)
            if name == "word/document.xml":
                head, _, rest = text.decode().partition("?>")
                text = f"{head}?>{bomb}{rest}".replace("XYZ", "X&b;Z").encode()
            target.writestr(name, text)
    try:
        texts = [block.text for block in parse(tmp_path / "a.docx").blocks if isinstance(block, Paragraph)]
    except Refused as refused:
        assert refused.reason == "damaged"
    else:
        assert all("aaaa" not in text for text in texts)
