"""Blocks become passages: along headings and pages, never inside a table's row, 120 to 250 words where possible."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from llmops.rag.blocks import Block, Heading, Paragraph, Parsed, Table, markdown_head, markdown_row

LEAST = 120
MOST = 250
TINY = 25
SAYS_SOMETHING = 4
SEPARATOR = " > "
SENTENCE_END = re.compile(r"(?<=[.!?…;])\s+(?=[A-ZÀ-Ý0-9\"“(])")


@dataclass(frozen=True)
class Chunk:
    """Text of one section on one page; the section is the path of headings, without the document's title."""

    section: str
    page: int | None
    text: str


@dataclass
class _Section:
    """A heading's path and what stands below it up to the next heading."""

    path: tuple[str, ...]
    blocks: list[Paragraph | Table] = field(default_factory=list)


def words(text: str) -> int:
    """How many words a text has; a table's marks count for nothing."""
    return sum(any(sign.isalnum() for sign in word) for word in text.split())


def chunks(parsed: Parsed, title: str) -> tuple[Chunk, ...]:
    """The chunks of a document, in order.

    Args:
        parsed: its blocks.
        title: how the document is called; headings that only repeat it are no part of the path, nor is a heading
            that opens the document above all others.
    """
    made: list[Chunk] = []
    for section in _sections(parsed.blocks, {title.casefold(), _opening(parsed)}):
        path = SEPARATOR.join(section.path)
        for page, blocks in _by_page(section.blocks):
            made += [Chunk(path, page, text) for text in _packed([piece for b in blocks for piece in _pieces(b)])]
    return tuple(made)


def _opening(parsed: Parsed) -> str:
    """The document's own title, if it opens with it and has other headings."""
    headings = [block for block in parsed.blocks if isinstance(block, Heading)]
    opens = len(headings) > 1 and parsed.blocks[0] is headings[0]
    return parsed.title.casefold() if opens and headings[0].text == parsed.title else ""


def _sections(blocks: Sequence[Block], titles: set[str]) -> Iterator[_Section]:
    """Sections in order. A heading with nothing but headings below it is part of their paths; a last one is text."""
    path: list[tuple[int, str]] = []
    section = _Section(())
    for block, following in zip(blocks, (*blocks[1:], None), strict=True):
        if isinstance(block, Heading):
            if section.blocks:
                yield section
            if _stands_alone(block, following):
                section = _Section(tuple(text for level, text in path if level < block.level))
                section.blocks.append(Paragraph(block.text, block.page))
                continue
            path = [step for step in path if step[0] < block.level] + [(block.level, block.text)]
            section = _Section(tuple(text for _, text in path if text.casefold() not in titles))
        else:
            section.blocks.append(block)
    if section.blocks:
        yield section


def _stands_alone(heading: Heading, following: Block | None) -> bool:
    """Whether a heading heads nothing, and is long enough to say something itself."""
    empty = following is None or (isinstance(following, Heading) and following.level <= heading.level)
    return empty and words(heading.text) >= SAYS_SOMETHING


def _by_page(blocks: Sequence[Paragraph | Table]) -> Iterator[tuple[int | None, list[Paragraph | Table]]]:
    """Runs of blocks of one page, so that what is cited stands where the citation says."""
    run: list[Paragraph | Table] = []
    for block in blocks:
        if run and block.page != run[-1].page:
            yield run[-1].page, run
            run = []
        run.append(block)
    if run:
        yield run[-1].page, run


def _pieces(block: Paragraph | Table) -> Iterator[str]:
    """A block as texts of at most MOST words; each piece of a table has the names of its columns."""
    if isinstance(block, Paragraph):
        yield from [block.text] if words(block.text) <= MOST else _split_text(block.text)
        return
    if not block.rows:
        yield " | ".join(cell for cell in block.header if cell)
        return
    head = markdown_head(block)
    rows = [markdown_row(row) for row in block.rows]
    room = max(MOST - words(head), LEAST)
    for part in _even(rows, room):
        yield "\n".join([head, *part])


def _split_text(text: str) -> Iterator[str]:
    """A long paragraph between lines (of a list) or sentences, a long sentence between words."""
    separator = "\n" if "\n" in text else " "
    parts = text.split("\n") if separator == "\n" else SENTENCE_END.split(text)
    whole = [piece for part in parts for piece in _short(part)]
    for group in _even(whole, MOST):
        yield separator.join(group)


def _short(part: str) -> list[str]:
    listed = part.split()
    if len(listed) <= MOST:
        return [part]
    return [" ".join(listed[at : at + MOST]) for at in range(0, len(listed), MOST)]


def _even(parts: Sequence[str], most: int) -> Iterator[list[str]]:
    """Parts in groups of about equal size, none above `most` words unless a single part is."""
    total = sum(map(words, parts))
    goal = total / max(1, -(-total // most))
    group: list[str] = []
    size = 0
    for part in parts:
        count = words(part)
        if group and (size + count > most or size + count / 2 > goal):
            yield group
            group, size = [], 0
        group.append(part)
        size += count
    if group:
        yield group


def _packed(pieces: Sequence[str]) -> Iterator[str]:
    """Neighbours together until they have LEAST words; a tiny rest joins what is before it."""
    packed: list[str] = []
    for piece in pieces:
        count = words(piece)
        last = words(packed[-1]) if packed else 0
        if packed and (
            (last < LEAST and last + count <= MOST) or (min(last, count) < TINY and last + count <= MOST + TINY)
        ):
            packed[-1] += f"\n\n{piece}"
        else:
            packed.append(piece)
    yield from packed
