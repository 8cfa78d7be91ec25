"""Pieces of Markdown pages that are written from data."""

from collections.abc import Iterable, Iterator, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def code(text: str) -> str:
    """Text as code within a table."""
    return f"`{cell(text)}`"


def cell(text: str) -> str:
    """Text within a table: on one line, its bars escaped."""
    return " ".join(text.split()).replace("|", "\\|")
