"""One module per format. They run in a process of their own; see `llmops.rag.reading`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from llmops.rag.blocks import Block, Parsed, Refused, Table

PARSERS: Mapping[str, str] = {
    ".html": "llmops.rag.formats.html:parse",
    ".htm": "llmops.rag.formats.html:parse",
    ".pdf": "llmops.rag.formats.pdf:parse",
    ".docx": "llmops.rag.formats.docx:parse",
    ".md": "llmops.rag.formats.text:parse_markdown",
    ".markdown": "llmops.rag.formats.text:parse_markdown",
    ".txt": "llmops.rag.formats.text:parse_text",
}
"""Suffix → parser, loaded on first use: each brings a library of its own."""
OTHERS: Mapping[bytes, str] = {
    b"%PDF-": ".pdf",
    b"PK\x03\x04": ".docx",
    b"\xd0\xcf\x11\xe0": ".doc",
    b"\x89PNG": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"GIF8": ".gif",
    b"\x1f\x8b": ".gz",
    b"Rar!": ".rar",
    b"7z\xbc\xaf": ".7z",
    b"\x7fELF": ".elf",
    b"MZ\x90": ".exe",
    b"{\\rtf": ".rtf",
    b"SQLite format 3": ".sqlite",
}
"""How files of other kinds begin."""
TEXTS = (".html", ".htm", ".md", ".markdown", ".txt")


def parse(path: Path, suffix: str) -> Parsed:
    """A document of a known suffix.

    Raises:
        Refused: for any of `llmops.rag.blocks.REASONS`.
    """
    with path.open("rb") as stream:
        head = stream.read(1024)
    if not head.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise Refused("empty")
    if suffix in TEXTS:
        _refuse_others(head, suffix)
    module, name = PARSERS[suffix].split(":")
    parser: Callable[[Path], Parsed] = getattr(import_module(module), name)
    parsed = parser(path)
    blocks = tuple(block for block in parsed.blocks if _says_something(block))
    if not blocks:
        raise Refused("no_text")
    return replace(parsed, blocks=blocks)


def _says_something(block: Block) -> bool:
    cells = (block.header, *block.rows) if isinstance(block, Table) else ((block.text,),)
    return any(sign.isalnum() for row in cells for cell in row for sign in cell)


def _refuse_others(head: bytes, suffix: str) -> None:
    found = next((kind for begin, kind in OTHERS.items() if head.startswith(begin)), None)
    if not found and suffix not in (".html", ".htm") and head.lstrip()[:9].lower() in (b"<!doctype", b"<html>"):
        found = ".html"
    if found:
        raise Refused("mislabelled", f"it begins as a {found} does")
