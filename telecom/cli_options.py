"""What most commands of `telecom` take, how they open their world, and who runs them."""

import getpass
import os
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


def user() -> str:
    """Name of who runs the command; their number where the machine has no name for it, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
