"""What most commands of `telecom` take, and how they open their world."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from telecom.session import Session

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
Day = Annotated[
    str | None, typer.Option("--snapshot-date", metavar="YYYY-MM-DD", help="Snapshot; default: the newest.")
]


def session(as_json: bool) -> "AbstractContextManager[Session]":
    """The command's world, imported only when a command runs: `--help` needs none of it."""
    from telecom.session import open_session

    return open_session(as_json)
