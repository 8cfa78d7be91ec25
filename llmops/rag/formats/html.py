"""HTML: what a reader sees of the main part, in reading order; menus, scripts and hidden elements are left out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lxml import etree, html

from llmops.rag.blocks import Block, Heading, Paragraph, Parsed, Refused, table_of
from llmops.rag.formats.text import decode
from llmops.rag.front_matter import read_yaml
from llmops.rag.normalise import clean, one_line

SKIPPED = frozenset(
    "script style noscript template nav footer form button select iframe object embed svg canvas head dialog menu "
    "datalist audio video map".split()
)
BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure header hgroup hr li "
    "main ol p pre section summary table ul".split()
)
HEADINGS = {f"h{level}": level for level in range(1, 7)} | {"dt": 7, "summary": 7, "legend": 7}
HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])|opacity\s*:\s*0(?![.\d]*[1-9])"
)
META = "telecom:"
MOST_CELLS = 100_000
MOST_SPAN = 200


def parse(path: Path) -> Parsed:
    """An HTML file.

    Its front matter are `<meta name="telecom:…">` elements, or YAML in a comment before the first element.

    Raises:
        Refused: mislabelled, empty, damaged, bad_front_matter.
    """
    text = _text(path.read_bytes())
    if not re.search(
        r"<\s*(!doctype|html|body|head|h[1-6]|p|div|table|ul|section|article|main)\b", text, re.IGNORECASE
    ):
        raise Refused("mislabelled", "there is no HTML element in it")
    try:
        # The declaration's encoding no longer holds once the bytes are characters.
        root = html.document_fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))
    except (etree.LxmlError, ValueError) as error:
        raise Refused("damaged", " ".join(str(error).split())[:200]) from error
    walk = _Walk()
    walk.visit(_main(root))
    walk.flush()
    return Parsed(_title(root, walk.blocks), tuple(walk.blocks), _front_matter(root, text))


def _text(data: bytes) -> str:
    """Characters, by the byte order mark, else as the page itself declares, else as for plain text."""
    declared = re.search(rb"""charset\s*=\s*["']?\s*([\w-]+)""", data[:2048], re.IGNORECASE)
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")) and b"\x00" not in data:
        try:
            return data.decode(declared[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)


def _main(root: Any) -> Any:
    for path in (".//main", ".//*[@role='main']", ".//article"):
        found = root.findall(path)
        if len(found) == 1 and len(_visible_text(found[0])) > 80:
            return found[0]
    body = root.find("body")
    return root if body is None else body


def _title(root: Any, blocks: Sequence[Block]) -> str:
    first = next((block.text for block in blocks if isinstance(block, Heading) and block.level == 1), "")
    found = root.find(".//title")
    return first or (one_line(found.text_content()) if found is not None else "")


def _front_matter(root: Any, text: str) -> Mapping[str, Any] | None:
    found: dict[str, Any] = {}
    leading = re.match(r"\s*(?:<!doctype[^>]*>\s*)?<!--(.*?)-->", text, re.IGNORECASE | re.DOTALL)
    if leading and re.search(r"^\s*(audience|sensitivity|valid_from|valid_until|title)\s*:", leading[1], re.MULTILINE):
        fenced = re.sub(r"^\s*---[ \t]*$", "", leading[1], flags=re.MULTILINE)
        found |= read_yaml(fenced)
    for meta in root.iter("meta"):
        name = (meta.get("name") or "").strip().lower()
        if name.startswith(META):
            found[name.removeprefix(META)] = (meta.get("content") or "").strip()
    return found or None


def _hidden(node: Any) -> bool:
    return (
        node.get("hidden") is not None
        or node.get("aria-hidden") == "true"
        or bool(HIDDEN.search((node.get("style") or "").lower()))
    )


def _skipped(node: Any) -> bool:
    return not isinstance(node.tag, str) or node.tag in SKIPPED or _hidden(node)


def _visible_text(node: Any) -> str:
    return one_line("".join(_pieces(node)))


def _pieces(node: Any) -> Iterator[str]:
    """The text of an element as it is seen; line breaks and blocks inside become blanks."""
    yield node.text or ""
    for child in node:
        if not _skipped(child):
            apart = child.tag == "br" or child.tag in BLOCKS or child.tag in ("td", "th", "tr")
            yield " " if apart else ""
            yield from _pieces(child)
            yield " " if apart else ""
        yield child.tail or ""


class _Walk:
    """Collects blocks; text outside of any block gathers in a buffer until the next one begins."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._buffer: list[str] = []
        self._items: list[str] = []

    def flush(self) -> None:
        """Ends the paragraph, and the list, under way."""
        self._end_text()
        if self._items:
            self.blocks.append(Paragraph("\n".join(f"- {item}" for item in self._items)))
            self._items = []

    def visit(self, node: Any) -> None:
        """An element, without its tail."""
        if _skipped(node):
            return
        if node.tag in HEADINGS:
            self.flush()
            if text := _visible_text(node):
                self.blocks.append(Heading(text, HEADINGS[node.tag]))
        elif node.tag == "table":
            self.flush()
            self._table(node)
        elif node.tag == "li":
            self._item(node)
        elif node.tag == "pre":
            self.flush()
            if text := clean("".join(_pieces(node))):
                self.blocks.append(Paragraph(text))
        else:
            self._container(node)

    def _container(self, node: Any) -> None:
        apart = node.tag in BLOCKS
        if apart:
            self.flush() if node.tag not in ("ul", "ol") else self._end_text()
        self._buffer.append(" " if node.tag == "br" else node.text or "")
        for child in node:
            self.visit(child)
            self._buffer.append(child.tail or "")
        if apart:
            self.flush()

    def _item(self, node: Any) -> None:
        """An item of a list: its own text on one line; lists and tables within follow."""
        self._end_text()
        inner = [child for child in node.iter("ul", "ol", "table", "pre", *HEADINGS) if child is not node]
        if not inner:
            if text := _visible_text(node):
                self._items.append(text)
            return
        self._buffer.append(node.text or "")
        for child in node:
            if isinstance(child.tag, str) and child.tag in ("p", "div", "span") and child not in inner:
                self._buffer.append(f" {_visible_text(child) if not _skipped(child) else ''} ")
            else:
                self._own_line()
                self.visit(child)
            self._buffer.append(child.tail or "")
        self._own_line()

    def _own_line(self) -> None:
        if text := one_line("".join(self._buffer)):
            self._items.append(text)
        self._buffer = []

    def _end_text(self) -> None:
        text = one_line("".join(self._buffer))
        self._buffer = []
        if text:
            if self._items:
                items, self._items = self._items, []
                self.blocks.append(Paragraph("\n".join(f"- {item}" for item in items)))
            self.blocks.append(Paragraph(text))

    def _table(self, node: Any) -> None:
        rows, heads = _grid(node)
        caption = node.find("caption")
        table = table_of(rows, heads, _visible_text(caption) if caption is not None else "")
        if table:
            self.blocks.append(table)


def _grid(table: Any) -> tuple[list[list[str]], int]:
    """Cells of a table by row, those that span repeated where they reach, and how many rows are headings."""
    rows: list[list[str]] = []
    held: dict[int, tuple[int, str]] = {}
    heads, body_begun = 0, False
    for row in (row for row in table.iter("tr") if next(row.iterancestors("table")) is table and not _skipped(row)):
        cells = [cell for cell in row if isinstance(cell.tag, str) and cell.tag in ("td", "th") and not _hidden(cell)]
        is_head = row.getparent().tag == "thead" or (bool(cells) and all(cell.tag == "th" for cell in cells))
        body_begun = body_begun or not is_head
        heads += not body_begun
        rows.append(_row(cells, held))
        if sum(len(each) for each in rows) > MOST_CELLS:
            raise Refused("too_large", f"a table has more than {MOST_CELLS:,} cells")
    return rows, heads or 1


def _row(cells: Sequence[Any], held: dict[int, tuple[int, str]]) -> list[str]:
    row: list[str] = []

    def take_held() -> None:
        while len(row) in held:
            left, text = held.pop(at := len(row))
            row.append(text)
            if left > 1:
                again[at] = (left - 1, text)

    again: dict[int, tuple[int, str]] = {}
    for cell in cells:
        take_held()
        text, down = _visible_text(cell), _span(cell, "rowspan")
        for _ in range(_span(cell, "colspan")):
            if down > 1:
                again[len(row)] = (down - 1, text)
            row.append(text)
    take_held()
    held.update(again)
    return row


def _span(cell: Any, name: str) -> int:
    value = (cell.get(name) or "1").strip()
    return min(max(int(value), 1), MOST_SPAN) if value.isdigit() else 1
