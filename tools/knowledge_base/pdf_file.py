"""PDF by reportlab: A4, running head and foot, bookmarks, ruled tables. The same source gives the same bytes."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    ListFlowable,
    ListItem,
    PageTemplate,
    Spacer,
)
from reportlab.platypus import PageBreak as NewPage
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import Table as Grid

from tools.knowledge_base.source import Block, Heading, Items, PageBreak, Paragraph, Source, Table, emphasis

_MARGIN, _WIDTH = 2.2 * cm, A4[0] - 4.4 * cm
_INK, _RULE, _SHADE = colors.HexColor("#1d2b3a"), colors.HexColor("#9aa7b5"), colors.HexColor("#e6ecf2")
_BODY = ParagraphStyle("body", fontName="Helvetica", fontSize=10, leading=14, spaceAfter=6, textColor=_INK)
_CELL = ParagraphStyle("cell", _BODY, fontSize=9, leading=11.5, spaceAfter=0)
_HEAD = ParagraphStyle("head", _CELL, fontName="Helvetica-Bold")
_NOTE = ParagraphStyle("note", _BODY, backColor=_SHADE, borderPadding=5, spaceBefore=6, spaceAfter=10)
_TITLES = tuple(
    ParagraphStyle(f"title{level}", _BODY, fontName="Helvetica-Bold", fontSize=size, leading=size * 1.25, **space)
    for level, size, space in (
        (1, 17, {"spaceAfter": 10}),
        (2, 13, {"spaceBefore": 10, "spaceAfter": 5, "keepWithNext": 1}),
        (3, 11, {"spaceBefore": 6, "spaceAfter": 4, "keepWithNext": 1}),
    )
)
_LINES = [
    ("GRID", (0, 0), (-1, -1), 0.5, _RULE),
    ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 3),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]


def render(source: Source) -> bytes:
    """The document as a PDF. Text is not compressed, so that no version of zlib shows in the bytes."""
    pages = _write(source, total=0)
    return _write(source, total=pages[1])[0]


def _write(source: Source, total: int) -> tuple[bytes, int]:
    """Bytes and number of pages; the foot names `total`."""
    buffer = BytesIO()
    meta = source.meta
    document = _Document(
        buffer,
        pagesize=A4,
        invariant=1,
        pageCompression=0,
        title=source.title,
        author="Telecom",
        subject=f"{meta['id']} · versão {meta['version']}",
        keywords=f"{meta['id']}, {', '.join(meta['audience'])}, {meta['sensitivity']}",
        lang="pt-BR",
    )
    frame = Frame(_MARGIN, 2.2 * cm, _WIDTH, A4[1] - 4.6 * cm, id="text", leftPadding=0, rightPadding=0)
    furniture = _furniture(source, total)
    document.addPageTemplates([PageTemplate("page", [frame], onPage=furniture)])
    document.build([flowable for block in source.blocks for flowable in _flowables(block)])
    return buffer.getvalue(), document.page


class _Document(BaseDocTemplate):  # type: ignore[misc]
    """Puts a bookmark at each heading."""

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 reportlab calls it
        level = getattr(flowable, "heading_level", 0)
        if level:
            key = f"h{self.seq.nextf('heading')}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.getPlainText(), key, level=level - 1)


def _furniture(source: Source, total: int) -> Any:
    """Draws the head and the foot of a page."""

    def draw(canvas: Canvas, document: BaseDocTemplate) -> None:
        canvas.saveState()
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(_INK)
        canvas.drawString(_MARGIN, A4[1] - 1.5 * cm, f"Telecom · {source.title}")
        canvas.drawString(_MARGIN, 1.3 * cm, source.validity)
        canvas.drawRightString(A4[0] - _MARGIN, 1.3 * cm, f"Página {document.page} de {total}")
        canvas.setStrokeColor(_RULE)
        canvas.line(_MARGIN, A4[1] - 1.7 * cm, A4[0] - _MARGIN, A4[1] - 1.7 * cm)
        canvas.restoreState()

    return draw


def _flowables(block: Block) -> Iterator[Flowable]:
    match block:
        case Heading(level, text):
            heading = Text(_marked(text), _TITLES[level - 1])
            heading.heading_level = level
            yield heading
        case Paragraph(text, note):
            yield Text(_marked(text), _NOTE if note else _BODY)
        case Items(texts, numbered):
            yield _list(texts, numbered)
            yield Spacer(1, 6)
        case Table(rows):
            yield _grid(rows)
            yield Spacer(1, 10)
        case PageBreak():
            yield NewPage()


def _list(texts: tuple[str, ...], numbered: bool) -> ListFlowable:
    items = [ListItem(Text(_marked(text), _BODY)) for text in texts]
    kind = {"bulletType": "1", "bulletFormat": "%s."} if numbered else {"bulletType": "bullet", "start": "•"}
    return ListFlowable(items, leftIndent=16, bulletFontName="Helvetica", bulletFontSize=10, **kind)


def _grid(rows: tuple[tuple[str, ...], ...]) -> Grid:
    """Columns are as wide as their texts ask for, within the page."""
    cells = [[Text(_marked(cell), _CELL if number else _HEAD) for cell in row] for number, row in enumerate(rows)]
    wanted = [min(max(len(cell) for cell in column), 46) + 3 for column in zip(*rows, strict=True)]
    widths = [_WIDTH * share / sum(wanted) for share in wanted]
    return Grid(cells, colWidths=widths, repeatRows=1, style=_LINES, hAlign="LEFT")


def _marked(text: str) -> str:
    return "".join(f"<b>{escape(piece)}</b>" if bold else escape(piece) for piece, bold in emphasis(text))
