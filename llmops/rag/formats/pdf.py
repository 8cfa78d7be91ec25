"""PDF: lines in reading order with their size, ruled tables, headings by type size; running heads and feet removed."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pdfplumber
import pypdfium2
from pdfplumber.utils.exceptions import PdfminerException

from llmops.rag.blocks import Block, Heading, Paragraph, Parsed, Refused, Table, is_item, table_of
from llmops.rag.formats.pdf_lines import Line, PageLines, lines_of, without_running
from llmops.rag.normalise import clean, join_lines, one_line

MOST_PAGES = 1_000
PASSWORD, SECURITY = 4, 5
LARGER = 1.12
LONGEST_HEADING = 120
# Symbol fonts often do not say which character a bullet is: (cid:127).
BULLET = re.compile(r"(?:[•▪·●○■–\uf0b7-]|\(cid:\d+\))\s+|\d{1,3}[.)]\s+|[a-z]\)\s+")
ENDED = re.compile(r"[.!?:;…]['”\")]?$")
NO_TITLE = re.compile(r"(untitled|\(?anonymous\)?|microsoft word\b.*|.*\.(docx?|odt|pdf|indd))?", re.IGNORECASE)


def parse(path: Path) -> Parsed:
    """A PDF with text in it.

    Raises:
        Refused: mislabelled, encrypted, damaged, too_many_pages, no_text.
    """
    with path.open("rb") as stream:
        if b"%PDF-" not in stream.read(1024):
            raise Refused("mislabelled", "it does not begin as a PDF does")
    try:
        title, plain = _gate(path)
        with pdfplumber.open(path) as pdf:
            pages = [_read(page, plain[number]) for number, page in enumerate(pdf.pages[: len(plain)])]
    except (pypdfium2.PdfiumError, PdfminerException) as error:
        raise Refused("damaged", " ".join(str(error).split())[:200]) from error
    pages = without_running(pages)
    if not any(page.lines or page.tables for page in pages):
        raise Refused("no_text")
    blocks = tuple(_whole(_Builder(pages).blocks()))
    first = next((block.text for block in blocks if isinstance(block, Heading) and block.level == 1), "")
    return Parsed(first or ("" if NO_TITLE.fullmatch(title) else title), blocks)


def _gate(path: Path) -> tuple[str, list[str]]:
    """The title that the file gives itself, and the text of each page in the order of the file."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        code = getattr(error, "err_code", None)
        if code in (PASSWORD, SECURITY) or "password" in str(error).lower():
            raise Refused("encrypted") from error
        raise
    try:
        if len(document) > MOST_PAGES:
            raise Refused("too_many_pages", f"{len(document):,} pages; at most {MOST_PAGES:,} are read")
        title = one_line(document.get_metadata_value("Title"))
        return title, [clean(page.get_textpage().get_text_bounded()) for page in document]
    finally:
        document.close()


def _read(page: Any, plain: str) -> PageLines:
    """Lines outside of tables, and the tables with the place where they stand."""
    tables = []
    for table in page.find_tables():
        rows = [[one_line(join_lines((cell or "").split("\n"))) for cell in row] for row in table.extract()]
        block = table_of(rows, page=page.page_number)
        if isinstance(block, Table):
            tables.append((table.bbox, block))
    lines = lines_of(page, [bbox for bbox, _ in tables])
    if not lines and not tables and plain:
        lines = [Line(text, 0.0, 0.0, 0.0, 10.0, False) for text in plain.split("\n") if text]
    number, height = page.page_number, float(page.height)
    page.close()
    return PageLines(number, height, tuple(lines), tuple(tables))


class _Builder:
    """Blocks of all pages; sizes and words are compared over the whole document."""

    def __init__(self, pages: Sequence[PageLines]) -> None:
        self._pages = pages
        lines = [line for page in pages for line in page.lines]
        sizes: Counter[float] = Counter()
        for line in lines:
            sizes[line.size] += len(line.text)
        self._body = sizes.most_common(1)[0][0] if sizes else 10.0
        larger = sorted({line.size for line in lines if line.size > self._body * LARGER}, reverse=True)
        self._levels = {size: level for level, size in enumerate(larger, 1)}
        words = (word for line in lines for word in re.findall(r"\w+(?:-\w+)*", line.text.lower()))
        self._words = frozenset(words)

    def blocks(self) -> Iterator[Block]:
        """In reading order."""
        carried: Table | None = None
        for page in self._pages:
            for place in _in_order(page):
                if isinstance(place, Table):
                    carried = _continued(carried, place)
                    yield carried
                else:
                    carried = None
                    yield from self._of_lines(place, page.number)

    def _of_lines(self, lines: Sequence[Line], page: int) -> Iterator[Block]:
        for group in _grouped(lines, self._level):
            level = self._level(group[0])
            text = join_lines([line.text for line in group], self._words)
            if level:
                yield Heading(one_line(text), level, page)
            elif BULLET.match(group[0].text):
                yield Paragraph(_item(text), page)
            else:
                yield Paragraph(text, page)

    def _level(self, line: Line) -> int:
        """Level of the heading that a line looks like; 0 for none."""
        if len(line.text) > LONGEST_HEADING or not any(sign.isalpha() for sign in line.text):
            return 0
        if line.size in self._levels:
            return min(self._levels[line.size], 6)
        if line.bold and line.size >= self._body and line.text[-1] not in ".;,:" and not BULLET.match(line.text):
            return min(len(self._levels) + 1, 6)
        return 0


def _item(text: str) -> str:
    number, _, rest = text.partition(" ")
    return f"{number if number[0].isalnum() else '-'} {rest.strip()}"


def _grouped(lines: Sequence[Line], level: Any) -> Iterator[list[Line]]:
    """Lines that belong together: of one paragraph, one item or one heading."""
    group: list[Line] = []
    for line in lines:
        if group and _begins(line, group[-1], level(line), level(group[-1])):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _begins(line: Line, before: Line, level: int, level_before: int) -> bool:
    """Whether a line begins something new."""
    if level != level_before or (level and line.size != before.size):
        return True
    gap = line.top - before.bottom
    far = gap > 0.62 * max(line.size, 1.0) or gap < -2 * line.size
    if far or BULLET.match(line.text):
        return not (gap < 0 and _runs_on(before.text, line.text))
    return False


def _runs_on(before: str, after: str) -> bool:
    return not ENDED.search(before) and after[:1].islower() and not BULLET.match(after)


def _in_order(page: PageLines) -> Iterator[Table | list[Line]]:
    """Tables between the lines that stand above and below them."""
    waiting = sorted(page.tables, key=lambda found: found[0][1])
    run: list[Line] = []
    for line in page.lines:
        while waiting and waiting[0][0][1] < line.top:
            if run:
                yield run
                run = []
            yield waiting.pop(0)[1]
        run.append(line)
    if run:
        yield run
    yield from (table for _, table in waiting)


def _continued(before: Table | None, table: Table) -> Table:
    """A table at the head of a page goes on with the columns of the one that ended the page before."""
    if before is None or len(before.header) != len(table.header) or before.page == table.page:
        return table
    rows = table.rows if table.header == before.header else (table.header, *table.rows)
    return Table(before.header, rows, before.caption, table.page)


def _whole(blocks: Iterator[Block]) -> Iterator[Block]:
    """Items as lists, and paragraphs that a page's end cut in two as one, where they begin."""
    last: Paragraph | None = None
    for block in blocks:
        if isinstance(block, Paragraph) and last is not None:
            listed = is_item(block.text), is_item(last.text)
            if all(listed) and block.page == last.page:
                last = Paragraph(f"{last.text}\n{block.text}", last.page)
                continue
            if block.page != last.page and not listed[0] and _runs_on(last.text, block.text):
                last = Paragraph(join_lines([last.text, block.text]), last.page)
                continue
        if last is not None:
            yield last
        last = block if isinstance(block, Paragraph) else None
        if last is None:
            yield block
    if last is not None:
        yield last
