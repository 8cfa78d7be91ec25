"""Plain text and Markdown: bytes to characters, headings, lists, tables."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from llmops.rag.blocks import Block, Heading, Paragraph, Parsed, Refused, table_of
from llmops.rag.front_matter import split_fenced
from llmops.rag.normalise import clean, join_lines, one_line

ATX = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
SETEXT = re.compile(r"(=+|-{3,})$")
BULLET = re.compile(r"[-*+•▪·–]\s+|\d{1,3}[.)]\s+|[a-z]\)\s+")
NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3})[.)]?\s+\S")
RULE_ROW = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?")
FENCE = re.compile(r"(```|~~~)")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
LONGEST_HEADING, SHORT = 90, 60


def decode(data: bytes) -> str:
    """Characters of a text file: by its byte order mark, else UTF-8, else Windows-1252.

    Raises:
        Refused: mislabelled, where it holds what no text holds; empty.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    elif b"\x00" in data:
        raise Refused("mislabelled", "there are NUL bytes in it")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    strange = sum(sign < " " and sign not in "\t\n\r\x0b\x0c\x1b" for sign in text[:4096])
    if strange > len(text[:4096]) / 50:
        raise Refused("mislabelled", "it is not text")
    if not text.strip():
        raise Refused("empty")
    return text


def parse_text(path: Path) -> Parsed:
    """A text file. Headings are underlined, numbered, in capitals, questions, or short lines above longer ones."""
    front_matter, text = split_fenced(decode(path.read_bytes()).replace("\r\n", "\n"))
    blocks = tuple(_blocks(clean(text).split("\n"), _plain_heading))
    return Parsed(_first_title(blocks), blocks, front_matter)


def parse_markdown(path: Path) -> Parsed:
    """A Markdown file: its headings, lists and pipe tables; marks of emphasis, links and images go."""
    front_matter, text = split_fenced(decode(path.read_bytes()).replace("\r\n", "\n"))
    lines = clean(COMMENT.sub("", text)).split("\n")
    blocks = tuple(_blocks(lines, _markdown_heading, unmark))
    return Parsed(_first_title(blocks), blocks, front_matter)


def unmark(text: str) -> str:
    """Markdown's inline marks removed; of a link its words stay."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"<(https?://[^>\s]+)>", r"\1", text)
    text = re.sub(r"</?[a-zA-Z][^<>]*>", "", text)
    text = re.sub(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    text = re.sub(r"(?<![\w*])[*_](?=\S)([^*_]+?)(?<=\S)[*_](?![\w*])", r"\1", text)
    return re.sub(r"\\([\\`*_{}\[\]()#+.!|>-])", r"\1", text.replace("`", ""))


def _first_title(blocks: Sequence[Block]) -> str:
    return next((block.text for block in blocks if isinstance(block, Heading) and block.level == 1), "")


def _plain(text: str) -> str:
    return text


class _Lines:
    """Lines with a place: what is at it, and what follows."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.at = 0

    def peek(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.lines[at] if 0 <= at < len(self.lines) else ""

    @property
    def left(self) -> bool:
        return self.at < len(self.lines)

    def take_while_text(self) -> list[str]:
        start = self.at
        while self.left and self.peek():
            self.at += 1
        return list(self.lines[start : self.at])


FindHeading = Callable[[_Lines], tuple[int, str, int] | None]
"""Level, text and lines taken, of a heading that stands at the place; None where there is none."""
Unmark = Callable[[str], str]


def _blocks(lines: Sequence[str], heading: FindHeading, unmarked: Unmark = _plain) -> Iterator[Block]:
    rest = _Lines(lines)
    while rest.left:
        if not rest.peek():
            rest.at += 1
        elif FENCE.match(rest.peek()):
            yield from _fenced(rest)
        elif "|" in rest.peek() and "-" in rest.peek(1) and RULE_ROW.fullmatch(rest.peek(1)):
            yield from _table(rest, unmarked)
        elif found := heading(rest):
            level, text, taken = found
            rest.at += taken
            if text := unmarked(text).strip():
                yield Heading(text, level)
        else:
            yield from _paragraphs(rest, heading, unmarked)


def _fenced(rest: _Lines) -> Iterator[Block]:
    mark, start = rest.peek()[:3], rest.at + 1
    rest.at = start
    while rest.left and not rest.peek().startswith(mark):
        rest.at += 1
    if text := "\n".join(line for line in rest.lines[start : rest.at] if line):
        yield Paragraph(text)
    rest.at += 1


def _table(rest: _Lines, unmarked: Unmark) -> Iterator[Block]:
    rows = [_cells(rest.peek(), unmarked)]
    rest.at += 2
    while rest.left and "|" in rest.peek():
        rows.append(_cells(rest.peek(), unmarked))
        rest.at += 1
    if table := table_of(rows):
        yield table


def _cells(line: str, unmarked: Unmark) -> list[str]:
    inner = re.sub(r"^\||(?<!\\)\|$", "", line.strip())
    return [one_line(unmarked(cell)).replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]


def _paragraphs(rest: _Lines, heading: FindHeading, unmarked: Unmark) -> Iterator[Block]:
    """Lines up to the next empty one, heading or table: items of lists each on a line, other text running."""
    paragraph: list[str] = []
    items: list[list[str]] = []
    while rest.left and rest.peek() and not FENCE.match(rest.peek()):
        if (paragraph or items) and (heading(rest) or (RULE_ROW.fullmatch(rest.peek(1)) and "|" in rest.peek())):
            break
        line = re.sub(r"^(>\s?)+", "", rest.peek())
        if found := BULLET.match(line):
            number = found[0].strip()
            items.append([f"{number if number[0].isalnum() else '-'} {line[found.end() :]}"])
        elif items:
            items[-1].append(line)
        else:
            paragraph.append(line)
        rest.at += 1
    if paragraph and (text := unmarked(join_lines(paragraph)).strip()):
        yield Paragraph(text)
    if items:
        yield Paragraph("\n".join(unmarked(join_lines(item)).strip() for item in items))


def _markdown_heading(rest: _Lines) -> tuple[int, str, int] | None:
    line = rest.peek()
    if found := ATX.match(line):
        return len(found[1]), found[2], 1
    if SETEXT.fullmatch(rest.peek(1)) and not BULLET.match(line) and "|" not in line:
        return 1 if rest.peek(1).startswith("=") else 2, line, 2
    return (6, "", 1) if re.fullmatch(r"([-*_]\s*){3,}", line) else None


def _plain_heading(rest: _Lines) -> tuple[int, str, int] | None:
    line, following = rest.peek(), rest.peek(1)
    if line.startswith("#") or (len(following) > 2 and re.fullmatch(r"=+|-+|~+", following)):
        return _markdown_heading(rest)
    if len(line) > LONGEST_HEADING or rest.peek(-1) or (BULLET.match(line) and not NUMBERED.match(line)):
        return None
    letters = [sign for sign in line if sign.isalpha()]
    if len(letters) > 3 and all(sign.isupper() for sign in letters):
        return 1, line, 1
    if not following and (found := NUMBERED.match(line)) and line[-1] not in ".;:,":
        return 2 + found[1].count("."), line, 1
    if line.endswith("?") and (following or rest.peek(2)):
        return 3, line, 1
    stands_above = len(following) > len(line) and not BULLET.match(line) and "|" not in line
    return (2, line, 1) if stands_above and line[-1] not in ".;:,!" and len(line) <= SHORT else None
