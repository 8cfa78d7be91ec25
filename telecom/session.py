"""One command's world: settings read, ports opened, our errors turned into messages and exit codes."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import TextIOWrapper
from typing import Any

import typer

from telecom import console
from telecom.bootstrap import Platform, missing_extra
from telecom.errors import DependencyUnavailable, TelecomError, UsageError
from telecom.settings import load_settings

INTERRUPTED = 130
TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """SIGTERM: the end of this command in order, as on Ctrl-C."""


@dataclass(frozen=True)
class Session:
    """The ports, the clock and how to answer."""

    platform: Platform
    now: datetime
    as_json: bool

    def show(self, title: str, result: Any, next_step: str = "") -> None:
        """Prints a result dataclass as pairs, or as JSON."""
        if self.as_json:
            console.print_json(result)
            return
        console.print_pairs(title, [(name.replace("_", " "), value) for name, value in vars(result).items()])
        if next_step:
            console.print_next(next_step)

    def day(self, value: str | None, option: str = "--snapshot-date") -> date | None:
        """A calendar day from the text of an option.

        Raises:
            UsageError: it is not of the form YYYY-MM-DD.
        """
        if not value:
            return None
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise _not_a_day(option, value) from error
        # Python also reads 20261031 and 2026-W44-6.
        if day.isoformat() != value:
            raise _not_a_day(option, value)
        return day


@contextmanager
def open_session(as_json: bool) -> Iterator[Session]:
    """Opens the platform; whatever goes wrong inside ends the process with a message and our exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A sign that the terminal's encoding lacks is no reason to lose the rest.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    voice = console.Voice()
    try:
        try:
            with _ending_in_order():
                yield Session(Platform(load_settings(), voice), datetime.now(UTC), as_json)
            sys.stdout.flush()
        finally:
            voice.stop()
    except KeyboardInterrupt as error:
        said = " ".join(getattr(error, "__notes__", ())) or "What was committed stays; the step can be run again."
        sys.stderr.write(f"\nStopped. {said}\n")
        raise typer.Exit(TERMINATED if isinstance(error, Terminated) else INTERRUPTED) from error
    except BrokenPipeError as error:
        # Whoever reads our output has seen enough; the interpreter's own flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from error
    except (TelecomError, ModuleNotFoundError, OSError) as error:
        ours = _ours(error)
        console.print_error(ours, as_json=as_json)
        raise typer.Exit(ours.exit_code) from error


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """While open, SIGTERM interrupts as Ctrl-C does, so that what is temporary goes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(*_: object) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _not_a_day(option: str, value: str) -> UsageError:
    return UsageError(f"{option} {value!r} is not a day.", "Write it as YYYY-MM-DD.")


def _ours(error: TelecomError | ModuleNotFoundError | OSError) -> TelecomError:
    match error:
        case TelecomError():
            return error
        case ModuleNotFoundError():
            return missing_extra(error)
        case _:
            where = f"{error.filename}: " if error.filename else ""
            return DependencyUnavailable(
                f"{where}{error.strerror or error}.", "Check the path, its permissions and the free space."
            )
