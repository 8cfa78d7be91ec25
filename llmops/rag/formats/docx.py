"""Word documents: paragraphs, lists and tables in order, by their styles. Pages are not known before the layout."""

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docx
from docx.oxml.ns import qn

from llmops.rag.blocks import Block, Heading, Paragraph, Parsed, Refused, is_item, table_of
from llmops.rag.normalise import clean, one_line

MOST_UNPACKED = 200 << 20
MOST_PARTS = 5_000
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
HEADING = re.compile(r"(?:heading|título|titulo)\s*(\d)", re.IGNORECASE)
TEXT, TAB, BREAK, RUN = qn("w:t"), qn("w:tab"), (qn("w:br"), qn("w:cr")), qn("w:r")
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
GONE = frozenset((FALLBACK, *map(qn, ("w:del", "w:moveFrom", "w:instrText", "w:delText"))))
PARAGRAPH, TABLE, ROW, CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
WRAPPERS = frozenset(map(qn, ("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:smartTag")))


def parse(path: Path) -> Parsed:
    """A Word document, with the text of its tables and lists; deleted and hidden text is left out.

    Raises:
        Refused: encrypted, mislabelled, damaged, expands_too_much.
    """
    _check(path)
    try:
        document = docx.Document(str(path))
    except (KeyError, ValueError, zipfile.BadZipFile, SyntaxError, OSError) as error:
        raise Refused("damaged", " ".join(str(error).split())[:200]) from error
    blocks = tuple(_listed(_blocks(document.element.body, _levels(document))))
    title = one_line(document.core_properties.title or "")
    first = next((block.text for block in blocks if isinstance(block, Heading) and block.level == 1), "")
    return Parsed(first or title, blocks)


def _check(path: Path) -> None:
    """That it is a package of Word's, of bearable size."""
    with path.open("rb") as stream:
        head = stream.read(8)
        if head == OLE:
            rest = stream.read(1 << 20)
            raise Refused("encrypted") if ENCRYPTED in rest else Refused("mislabelled", "an old binary document")
    if not head.startswith(b"PK\x03\x04"):
        raise Refused("mislabelled", "it is no package of Word's")
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
    except zipfile.BadZipFile as error:
        raise Refused("damaged", str(error)) from error
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED or len(parts) > MOST_PARTS:
        raise Refused("expands_too_much", f"{unpacked:,} bytes in {len(parts):,} parts")
    if any(part.flag_bits & 1 for part in parts):
        raise Refused("encrypted")
    if "word/document.xml" not in {part.filename for part in parts}:
        raise Refused("mislabelled", "there is no word/document.xml in it")


def _levels(document: Any) -> Mapping[str, int]:
    """Level of the heading by style id; a title is level 1."""
    found = {}
    for style in document.styles.element.iter(qn("w:style")):
        name, outline = style.find(qn("w:name")), style.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        words = name.get(qn("w:val")) if name is not None else ""
        if match := HEADING.fullmatch(words.strip()):
            found[style.get(qn("w:styleId"))] = int(match[1])
        elif words.strip().lower() in ("title", "título", "titulo"):
            found[style.get(qn("w:styleId"))] = 1
        elif outline is not None and (level := _number(outline)) < 9:
            found[style.get(qn("w:styleId"))] = level + 1
    return found


def _blocks(parent: Any, levels: Mapping[str, int]) -> Iterator[Block]:
    for child in parent:
        if child.tag in WRAPPERS:
            yield from _blocks(child, levels)
        elif child.tag == TABLE:
            rows, heads = _rows(child)
            if table := table_of(rows, heads):
                yield table
        elif child.tag == PARAGRAPH and (text := clean("".join(_pieces(child)))):
            yield _paragraph(child, text, levels)


def _paragraph(node: Any, text: str, levels: Mapping[str, int]) -> Heading | Paragraph:
    properties = node.find(qn("w:pPr"))
    style = outline = numbered = None
    if properties is not None:
        style, outline = properties.find(qn("w:pStyle")), properties.find(qn("w:outlineLvl"))
        numbered = properties.find(qn("w:numPr"))
    name = style.get(qn("w:val")) if style is not None else ""
    level = _number(outline) + 1 if outline is not None and _number(outline) < 9 else levels.get(name, 0)
    if level:
        return Heading(one_line(text), level)
    is_item = numbered is not None or re.match(r"list|lista|marcador", name, re.IGNORECASE)
    return Paragraph(f"- {one_line(text)}" if is_item else text)


def _listed(blocks: Iterator[Block]) -> Iterator[Block]:
    """Items that follow each other as one list."""
    items: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph) and is_item(block.text):
            items.append(block.text)
            continue
        if items:
            yield Paragraph("\n".join(items))
            items = []
        yield block
    if items:
        yield Paragraph("\n".join(items))


def _pieces(node: Any) -> Iterator[str]:
    """The text below a node as it is read: what was inserted and not what was deleted, nothing hidden."""
    for child in node:
        if child.tag in GONE or (child.tag == RUN and _is_hidden(child)):
            continue
        if child.tag == TEXT:
            yield child.text or ""
        elif child.tag == TAB:
            yield " "
        elif child.tag in BREAK:
            yield "\n"
        else:
            yield from _pieces(child)


def _is_hidden(run: Any) -> bool:
    vanish = run.find(f"{qn('w:rPr')}/{qn('w:vanish')}")
    return vanish is not None and vanish.get(qn("w:val")) not in ("0", "false")


def _rows(table: Any) -> tuple[list[list[str]], int]:
    """Cells by row, those that span repeated where they reach, and how many rows are headings."""
    rows: list[list[str]] = []
    heads = 0
    for row in _inside(table, ROW):
        cells: list[str] = []
        for cell in _inside(row, CELL):
            properties = cell.find(qn("w:tcPr"))
            merged = properties.find(qn("w:vMerge")) if properties is not None else None
            wide = properties.find(qn("w:gridSpan")) if properties is not None else None
            text = one_line(" ".join("".join(_pieces(part)) for part in cell.iter(PARAGRAPH)))
            if merged is not None and merged.get(qn("w:val")) != "restart" and rows and len(cells) < len(rows[-1]):
                text = rows[-1][len(cells)]
            cells += [text] * min(max(_number(wide), 1) if wide is not None else 1, 200)
        rows.append(cells)
        heads += row.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None and heads == len(rows) - 1
    return rows, heads or 1


def _inside(node: Any, tag: str) -> Iterator[Any]:
    for child in node:
        if child.tag == tag:
            yield child
        elif child.tag in WRAPPERS:
            yield from _inside(child, tag)


def _number(node: Any) -> int:
    value = node.get(qn("w:val")) or ""
    return int(value) if value.isdigit() else 0
