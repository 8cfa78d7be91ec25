"""DOCX by python-docx: Word's own heading styles, lists and tables. The same source gives the same bytes."""

import zipfile
from datetime import UTC, datetime
from io import BytesIO

from docx import Document
from docx.document import Document as Word
from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement
from docx.shared import Pt
from docx.text.paragraph import Paragraph as Line

from tools.knowledge_base.source import Block, Heading, Items, PageBreak, Paragraph, Source, Table, emphasis

# The template holds hundreds of styles; these are used, or used by those.
_STYLES = {
    "Normal",
    "DefaultParagraphFont",
    "TableNormal",
    "NoList",
    "Heading1",
    "Heading2",
    "Heading3",
    "Header",
    "Footer",
    "ListBullet",
    "ListNumber",
    "TableGrid",
    "Quote",
}
_LEFT_OUT = ("word/stylesWithEffects.xml", "docProps/thumbnail.jpeg")
_MOMENT = (1980, 1, 1, 0, 0, 0)


def render(source: Source) -> bytes:
    """The document as a DOCX whose parts are stored, so that no version of zlib and no clock shows in the bytes."""
    word = Document()
    _describe(word, source)
    _keep_used_styles(word)
    for block in source.blocks:
        _add(word, block)
    buffer = BytesIO()
    word.save(buffer)
    return _repacked(buffer)


def _describe(word: Word, source: Source) -> None:
    meta = source.meta
    moment = datetime.combine(meta["valid_from"], datetime.min.time(), UTC).replace(tzinfo=None)
    properties = word.core_properties
    properties.title, properties.author, properties.language = source.title, "Telecom", "pt-BR"
    properties.subject = f"{meta['id']} · versão {meta['version']}"
    properties.keywords = f"{meta['id']}, {', '.join(meta['audience'])}, {meta['sensitivity']}"
    properties.comments, properties.last_modified_by = "", "Telecom"
    properties.created = properties.modified = moment
    properties.revision = 1
    section = word.sections[0]
    section.header.paragraphs[0].text = f"Telecom · {source.title}"
    section.footer.paragraphs[0].text = source.validity
    word.styles["Normal"].font.size = Pt(10.5)


def _keep_used_styles(word: Word) -> None:
    styles = word.styles.element
    for style in styles.findall(qn("w:style")):
        if style.get(qn("w:styleId")) not in _STYLES:
            styles.remove(style)
        elif (link := style.find(qn("w:link"))) is not None:
            style.remove(link)


def _add(word: Word, block: Block) -> None:
    match block:
        case Heading(level, text):
            word.add_paragraph(text, style=f"Heading {level}")
        case Paragraph(text, note):
            _write(word.add_paragraph(style="Quote" if note else "Normal"), text)
        case Items(texts, numbered):
            _add_list(word, texts, numbered)
        case Table(rows):
            _add_table(word, rows)
        case PageBreak():
            word.add_page_break()


def _add_list(word: Word, texts: tuple[str, ...], numbered: bool) -> None:
    """Numbers are written out: Word would carry one list's count on into the next."""
    for number, text in enumerate(texts, start=1):
        line = word.add_paragraph(style="Normal" if numbered else "List Bullet")
        _write(line, f"{number}. {text}" if numbered else text)


def _add_table(word: Word, rows: tuple[tuple[str, ...], ...]) -> None:
    table = word.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
    for number, (row, texts) in enumerate(zip(table.rows, rows, strict=True)):
        for cell, text in zip(row.cells, texts, strict=True):
            _write(cell.paragraphs[0], text if number else f"**{text}**")
    repeated = OxmlElement("w:tblHeader")
    repeated.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeated)
    word.add_paragraph()


def _write(line: Line, text: str) -> None:
    for piece, bold in emphasis(text):
        line.add_run(piece).bold = bold or None


def _repacked(buffer: BytesIO) -> bytes:
    """The same parts, less those that nothing needs, all of one moment and uncompressed."""
    result = BytesIO()
    with zipfile.ZipFile(buffer) as package, zipfile.ZipFile(result, "w", zipfile.ZIP_STORED) as packed:
        for name in sorted(package.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            if name not in _LEFT_OUT:
                entry = zipfile.ZipInfo(name, _MOMENT)
                entry.create_system = 0
                packed.writestr(entry, _without_references(name, package.read(name)))
    return result.getvalue()


def _without_references(name: str, part: bytes) -> bytes:
    """A part that no longer speaks of the parts left out."""
    if not name.endswith((".rels", "[Content_Types].xml")):
        return part
    pieces = part.split(b"/>")
    gone = [left_out.rpartition("/")[2].encode() for left_out in _LEFT_OUT]
    kept = [piece for piece in pieces if not any(target in piece for target in gone)]
    return b"/>".join(kept)
