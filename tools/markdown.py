"""Pieces of the generated Markdown pages."""

from collections.abc import Sequence

from telecom.markdown import cell, code, table

__all__ = ["cell", "code", "names", "page", "table"]


def page(title: str, source: str, lines: Sequence[str]) -> str:
    """A whole page: title, where it comes from, and its lines."""
    head = [f"# {title}", "", f"<!-- Written by `make docs` from {source}. Edit there, not here. -->", ""]
    return "\n".join([*head, *lines]).rstrip() + "\n"


def names(listed: Sequence[str]) -> str:
    """Names as code, comma-separated."""
    return ", ".join(f"`{name}`" for name in listed)
