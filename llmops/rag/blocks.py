"""What every format is parsed into: headings, paragraphs and tables in reading order."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

ITEM = re.compile(r"- |\d{1,3}[.)] |[a-z]\) ")
Rows = tuple[tuple[str, ...], ...]


class Refused(Exception):
    """A file that cannot become passages.

    Args:
        reason: a stable snake_case code, for machines; `REASONS` lists them.
        detail: what was found, for a person.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


REASONS: Mapping[str, str] = {
    "bad_front_matter": "its front matter is not readable, or says something that cannot be meant",
    "changed_meanwhile": "it was changed while it was being read",
    "damaged": "its format is broken",
    "empty": "it has no bytes, or nothing but white space",
    "encrypted": "it wants a password",
    "expands_too_much": "unpacked it would be far larger than it is",
    "mislabelled": "its content is not what its name says",
    "no_text": "it has no text (a scan needs character recognition first)",
    "not_a_file": "it is a device, a pipe or a broken link",
    "outside_folder": "it is a link that leads out of the folder",
    "parser_failed": "the parser broke off",
    "timed_out": "parsing took too long",
    "too_large": "it has too many bytes",
    "too_many_pages": "it has too many pages",
    "unreadable": "the system does not let us read it",
    "unsupported": "no parser is known for its suffix",
}


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is the largest. `page` counts from 1 where the format has pages."""

    text: str
    level: int
    page: int | None = None


@dataclass(frozen=True)
class Paragraph:
    """Running text, or the lines of a list, each of which begins with `- ` or its number."""

    text: str
    page: int | None = None


@dataclass(frozen=True)
class Table:
    """A table: the names of its columns, and its rows, all of the same width."""

    header: tuple[str, ...]
    rows: Rows
    caption: str = ""
    page: int | None = None


Block = Heading | Paragraph | Table
KINDS: Mapping[str, type[Heading] | type[Paragraph] | type[Table]] = {
    kind.__name__: kind for kind in (Heading, Paragraph, Table)
}


@dataclass(frozen=True)
class Parsed:
    """A document's title as it gives it (or empty), its blocks, and its front matter as it stands there.

    `front_matter` is None where there is none.
    """

    title: str
    blocks: tuple[Block, ...]
    front_matter: Mapping[str, Any] | None = field(default=None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        blocks = [{"kind": type(block).__name__, **asdict(block)} for block in self.blocks]
        return {"title": self.title, "blocks": blocks, "front_matter": self.front_matter}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Parsed":
        """What `to_json` gave."""
        return cls(data["title"], tuple(_block(item) for item in data["blocks"]), data["front_matter"])


def _block(data: Mapping[str, Any]) -> Block:
    values = {name: value for name, value in data.items() if name != "kind"}
    if data["kind"] == "Table":
        values |= {"header": tuple(values["header"]), "rows": tuple(tuple(row) for row in values["rows"])}
    return KINDS[data["kind"]](**values)


def is_item(text: str) -> bool:
    """Whether a paragraph is an item of a list, or a list."""
    return bool(ITEM.match(text))


def table_of(rows: Sequence[Sequence[str]], heads: int = 1, caption: str = "", page: int | None = None) -> Block | None:
    """A table of rows whose first `heads` are headings (joined by ` / `), made rectangular, without empty rows.

    What has one column only becomes a paragraph; None where there is no text.
    """
    width = max((len(row) for row in rows), default=0)
    whole = [tuple(cell.strip() for cell in row) + ("",) * (width - len(row)) for row in rows]
    heads = min(heads, len(whole))
    header = tuple(_joined(column) for column in zip(*whole[:heads], strict=True)) if heads else ("",) * width
    body = tuple(row for row in whole[heads:] if any(row))
    used = [n for n in range(width) if header[n] or any(row[n] for row in body)]
    if len(used) < 2:
        lines = [cell for row in (header, *body) for cell in row if cell]
        text = "\n".join([caption, *lines] if caption else lines)
        return Paragraph(text, page) if text else None
    return Table(
        tuple(header[n] for n in used), tuple(tuple(row[n] for n in used) for row in body), caption.strip(), page
    )


def _joined(cells: Sequence[str]) -> str:
    return " / ".join(dict.fromkeys(cell for cell in cells if cell))


def markdown_head(table: Table) -> str:
    """The caption, the names of the columns and the rule below them; all that is repeated when a table is split."""
    lines = [table.caption] if table.caption else []
    lines += [markdown_row(table.header), "|" + " --- |" * len(table.header)]
    return "\n".join(lines)


def markdown_row(cells: Sequence[str]) -> str:
    """One row of a Markdown table."""
    return "| " + " | ".join(cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
