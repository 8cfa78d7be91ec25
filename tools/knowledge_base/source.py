"""A document's source: YAML front matter, then a small Markdown of headings, paragraphs, lists, notes and tables."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_HEADING = re.compile(r"(#{1,3}) (.+)")
_ITEM = re.compile(r"(?:- |\d+\. )(.+)")


@dataclass(frozen=True)
class Heading:
    """A section's title; `level` 1 is the document's own."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running text; `note` sets it apart."""

    text: str
    note: bool = False


@dataclass(frozen=True)
class Items:
    """A list, numbered or not."""

    texts: tuple[str, ...]
    numbered: bool


@dataclass(frozen=True)
class Table:
    """Rows of cells; the first is the header."""

    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class PageBreak:
    """What follows begins a page."""


Block = Heading | Paragraph | Items | Table | PageBreak


@dataclass(frozen=True)
class Source:
    """One document to be rendered: its front matter and its blocks."""

    meta: Mapping[str, Any]
    blocks: tuple[Block, ...]

    @property
    def title(self) -> str:
        """As the front matter has it."""
        return str(self.meta["title"])

    @property
    def validity(self) -> str:
        """A line for the foot of the page: version and dates."""
        until = self.meta.get("valid_until")
        ends = f" até {until:%d/%m/%Y}" if until else ""
        return f"Versão {self.meta['version']} · vigente desde {self.meta['valid_from']:%d/%m/%Y}{ends}"


def read(path: Path) -> Source:
    """Reads one source file.

    Raises:
        ValueError: no front matter, or a table whose rows differ in length.
    """
    head, separator, body = path.read_text("utf-8").removeprefix("---\n").partition("\n---\n")
    if not separator:
        raise ValueError(f"{path.name} has no front matter; begin it with '---'.")
    return Source(yaml.safe_load(head), tuple(_block(lines) for lines in _groups(body)))


def emphasis(text: str) -> Sequence[tuple[str, bool]]:
    """A text in pieces, with whether each is bold (`**so**`)."""
    pieces = text.split("**")
    return [(piece, number % 2 == 1) for number, piece in enumerate(pieces) if piece]


def _groups(body: str) -> Iterator[list[str]]:
    """Lines that belong together: those between empty lines; a heading stands alone."""
    for group in re.split(r"\n\s*\n", body.strip()):
        lines = group.splitlines()
        while lines and _HEADING.fullmatch(lines[0]):
            yield [lines.pop(0)]
        if lines:
            yield lines


def _block(lines: list[str]) -> Block:
    first = lines[0]
    if heading := _HEADING.fullmatch(first):
        return Heading(len(heading[1]), heading[2])
    if first.startswith("<!-- quebra"):
        return PageBreak()
    if first.startswith("|"):
        return _table(lines)
    if first.startswith("> "):
        return Paragraph(" ".join(line.removeprefix(">").strip() for line in lines), note=True)
    if _ITEM.fullmatch(first):
        return Items(tuple(_items(lines)), numbered=not first.startswith("- "))
    return Paragraph(" ".join(line.strip() for line in lines))


def _items(lines: list[str]) -> Iterator[str]:
    """Each item on one line; indented lines continue the item before."""
    item = ""
    for line in lines:
        if begins := _ITEM.fullmatch(line):
            if item:
                yield item
            item = begins[1]
        else:
            item = f"{item} {line.strip()}"
    yield item


def _table(lines: list[str]) -> Table:
    rows = [tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in lines]
    del rows[1]
    if {len(row) for row in rows} != {len(rows[0])}:
        raise ValueError(f"The table that begins {lines[0]!r} has rows of different lengths.")
    return Table(tuple(rows))
