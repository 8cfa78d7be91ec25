"""Pieces of the generated Markdown pages."""

from collections.abc import Iterable, Iterator, Sequence


def page(title: str, source: str, lines: Sequence[str]) -> str:
    """A whole page: title, where it comes from, and its lines."""
    head = [f"# {title}", "", f"<!-- Written by `make docs` from {source}. Edit there, not here. -->", ""]
    return "\n".join([*head, *lines]).rstrip() + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def names(listed: Sequence[str]) -> str:
    """Names as code, comma-separated."""
    return ", ".join(f"`{name}`" for name in listed)


def code(text: str) -> str:
    """Text as code within a table."""
    return f"`{cell(text)}`"


def cell(text: str) -> str:
    """Text within a table: on one line, its bars escaped."""
    return " ".join(text.split()).replace("|", "\\|")
