"""The knowledge base's files as these tests see them: text and front matter, without the assistant's own parsers."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import pypdfium2
import yaml

ROOT = Path(__file__).resolve().parents[3]
KNOWLEDGE = ROOT / "docs" / "telecom"
FORMATS = (".html", ".pdf", ".docx", ".md", ".txt")


class _Page(HTMLParser):
    """Text of the main part, and the `telecom:` elements of the head."""

    def __init__(self) -> None:
        super().__init__()
        self.meta: dict[str, Any] = {}
        self.texts: list[str] = []
        self._main = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "meta" and name.startswith("telecom:"):
            self.meta[name.removeprefix("telecom:")] = given["content"]
        self._main = self._main or tag == "main"
        if tag in ("td", "th", "li", "p", "h1", "h2", "h3", "dt", "dd", "summary", "tr"):
            self.texts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._main = self._main and tag != "main"

    def handle_data(self, data: str) -> None:
        if self._main:
            self.texts.append(data)


def names() -> tuple[str, ...]:
    """Every document, as a path below docs/telecom."""
    found = (path for path in KNOWLEDGE.rglob("*") if path.suffix in FORMATS)
    return tuple(sorted(path.relative_to(KNOWLEDGE).as_posix() for path in found))


@cache
def text_of(name: str) -> str:
    """A document's text, blanks and line ends as one blank each."""
    return re.sub(r"\s+", " ", " ".join(_texts(KNOWLEDGE / name))).replace("**", "")


@cache
def meta_of(name: str) -> Mapping[str, Any]:
    """A document's front matter, its lists as lists."""
    path = KNOWLEDGE / name
    if path.suffix == ".html":
        found = _page(path).meta
        return found | {"audience": [word.strip() for word in found["audience"].split(",")]}
    if path.suffix in (".pdf", ".docx"):
        return _mapping(path.with_name(f"{path.name}.meta.yaml").read_text("utf-8"))
    return _mapping(path.read_text("utf-8").split("---\n")[1])


def _mapping(text: str) -> Mapping[str, Any]:
    found = yaml.safe_load(text)
    assert isinstance(found, dict)
    return found


def _page(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text("utf-8"))
    return page


def _texts(path: Path) -> Iterator[str]:
    if path.suffix == ".html":
        yield "".join(_page(path).texts)
    elif path.suffix == ".docx":
        word = docx.Document(str(path))
        yield from (line.text for line in word.paragraphs)
        yield from (cell.text for table in word.tables for row in table.rows for cell in row.cells)
    elif path.suffix == ".pdf":
        with pypdfium2.PdfDocument(path) as file:
            for page in file:
                yield page.get_textpage().get_text_range()
    else:
        yield path.read_text("utf-8").split("---\n", 2)[2]
