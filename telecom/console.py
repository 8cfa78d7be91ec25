"""What a person sees: aligned tables, progress, errors with their remedy. Results go to stdout, the rest to stderr."""

import dataclasses
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telecom.errors import GateRefused, InputRefused, TelecomError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars


WIDTH = 120
RULE = 40
CELL_MARGIN = 3
NOTHING = "–"


def stderr() -> "Console":
    """The console for everything that is not a result."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


class Voice:
    """Shows progress of long work on stderr; on a terminal as a bar, elsewhere as one line per stretch."""

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._task: Any = None

    def start(self, what: str, total: int | None = None) -> None:
        """Opens a bar for a new stretch of work, closing the one before."""
        self.stop()
        console = stderr()
        if not console.is_terminal:
            console.print(f"{what} …")
            return
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._bars = Progress(*columns, console=console, transient=True)
        self._bars.start()
        self._task = self._bars.add_task(what, total=total)

    def advance(self, units: int) -> None:
        """Moves the bar."""
        if self._bars:
            self._bars.advance(self._task, units)

    def stop(self) -> None:
        """Closes the bar."""
        if self._bars:
            self._bars.stop()
            self._bars = None


def plain(value: Any) -> Any:
    """Anything a result may hold, as JSON types; dataclasses become objects, what is not finite becomes null."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case None | str() | int() | float():
            return value
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case date():
            return value.isoformat()
        case _ if dataclasses.is_dataclass(value):
            return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        case _:
            return plain(value.item()) if hasattr(value, "item") else str(value)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def text(value: Any) -> str:
    """A cell for people: thousands separated, floats to four places, dates as ISO."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float) and math.isnan(value):
        return NOTHING
    if isinstance(value, float):
        return f"{value:,.4f}" if abs(value) < 1000 else f"{value:,.1f}"
    if isinstance(value, tuple | list):
        return ", ".join(text(item) for item in value) or "none"
    if value is None:
        return NOTHING
    return str(value)


def print_pairs(title: str, pairs: Iterable[tuple[str, Any]]) -> None:
    """Two aligned columns: what, and how much."""
    print_table(title, ("", ""), ((name, value) for name, value in pairs), headed=False)


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]], *, headed: bool = True) -> None:
    """An aligned table on stdout; numbers to the right."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    listed = [tuple(row) for row in rows]
    table = Table(
        title=Text(title, "bold", no_wrap=True, overflow="ignore") if title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_header=headed,
    )
    for index, name in enumerate(header):
        numeric = headed and bool(listed) and all(_is_number(row[index]) for row in listed)
        table.add_column(
            escape(name),
            justify="right" if numeric else "left",
            overflow="fold",
            style=None if headed or index else "dim",
        )
    for row in listed:
        table.add_row(*(escape(text(cell)) for cell in row))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    console.print(table)


def print_rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout; where it is wider than the terminal, a block of `name  value` lines for each row instead."""
    from rich.cells import cell_len
    from rich.console import Console

    available = Console().width if sys.stdout.isatty() else WIDTH
    columns = zip(header, *rows, strict=True)
    if sum(max(map(cell_len, column)) + CELL_MARGIN for column in columns) <= available:
        print_table("", header, rows)
        return
    names = max(map(cell_len, header))
    for number, row in enumerate(rows):
        if number:
            sys.stdout.write("─" * min(available, RULE) + "\n")
        for name, value in zip(header, row, strict=True):
            sys.stdout.write(f"{name}{' ' * (names - cell_len(name))}  {value}\n")


def _is_number(value: Any) -> bool:
    """Whether a cell is aligned to the right: a number, nothing, or a number already formatted."""
    if isinstance(value, int | float | None) or value == NOTHING:
        return True
    return str(value).removeprefix("-").replace(",", "").replace(".", "", 1).isdigit()


def print_step(name: str, seconds: float, outcome: str) -> None:
    """One finished step of a longer run."""
    from rich.markup import escape

    stderr().print(f"[green]✓[/green] {name:<9} {seconds:5.1f} s  {escape(outcome)}", soft_wrap=True)


def print_next(sentence: str) -> None:
    """Where to look next."""
    from rich.markup import escape

    stderr().print(f"[green]→[/green] {escape(sentence)}", soft_wrap=True)


def print_error(error: TelecomError, *, as_json: bool) -> None:
    """A failure: what happened, and how to mend it."""
    if as_json:
        print_json({"error": _described(error)})
        return
    console = stderr()
    code = f" [{error.reason}]" if isinstance(error, InputRefused) else ""
    console.print(f"Error{code}: ", style="bold red", end="", markup=False)
    console.print(error.message, markup=False, soft_wrap=True)
    if isinstance(error, InputRefused) and error.read:
        console.print(f"read {error.read:,} = accepted {error.accepted:,} + refused {error.refused:,}", markup=False)
    if isinstance(error, InputRefused) and error.where:
        console.print(f"The refused rows lie in {error.where}", markup=False, soft_wrap=True)
    if error.remedy:
        console.print(f"→ {error.remedy}", markup=False, soft_wrap=True)


def _described(error: TelecomError) -> dict[str, Any]:
    described: dict[str, Any] = {
        "type": type(error).__name__,
        "message": error.message,
        "remedy": error.remedy,
        "exit_code": error.exit_code,
    }
    if isinstance(error, InputRefused):
        counts = {"read": error.read, "accepted": error.accepted, "refused": error.refused}
        described |= {
            "reason": error.reason,
            **counts,
            "where": str(error.where) if isinstance(error.where, Path) else error.where,
        }
    if isinstance(error, GateRefused):
        described |= {"gate": error.gate, "reasons": error.reasons}
    return described
