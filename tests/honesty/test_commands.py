"""Commands that pages and messages name are commands, with the options that they have."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from telecom.cli import app
from tests.honesty.documents import ROOT, Command, blocks, commands, files, name_of, pages, texts_in_code

TELECOM: Any = typer.main.get_command(app)
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))
VARIABLES = set(re.findall(r"^([A-Z]+) \?=", MAKEFILE, re.MULTILINE))
CODE = tuple(p for p in files() if p.suffix == ".py" and re.match(r"(telecom|mlops/src|tools)/", name_of(p)))
SPOKEN = re.compile(r"(?<![\w./-])telecom (?=(?:--)?[a-z])")
MAKE_IN_PROSE = re.compile(r"(?:`|: |^)make ([a-z][a-z-]*)")


def fault(words: tuple[str, ...], *, complete: bool = True) -> str:
    """What the command line parser says against the words after `telecom`; "" when it takes them.

    Unless `complete`, they may leave out what the command requires.
    """
    command, context, rest = TELECOM, None, list(words)
    while rest and hasattr(command, "commands"):
        if rest[0] == "--help":
            return ""
        if rest[0] not in command.commands:
            return f"no command {rest[0]!r}"
        command = command.commands[rest.pop(0)]
    try:
        context = command.make_context("telecom", rest)
    except typer.Exit:
        return ""
    except Exception as error:
        kind = type(error).__name__
        return "" if kind == "MissingParameter" and not complete else f"{kind}: {error}"
    context.close()
    return ""


def spoken(sentence: str) -> Iterator[tuple[str, ...]]:
    """The commands in a sentence: their names, and the options that follow with their values."""
    for text in SPOKEN.split(sentence)[1:]:
        words = [word.strip(",.:;)'\"`") for word in text.split()]
        command, taken = TELECOM, 0
        while taken < len(words) and hasattr(command, "commands"):
            command, taken = command.commands.get(words[taken]), taken + 1
        while taken < len(words) and words[taken].startswith("--"):
            taken += 1 if is_flag(command, words[taken]) else 2
        yield tuple(words[:taken])


def is_flag(command: Any, option: str) -> bool:
    """Whether an option stands alone; unknown ones do."""
    return all(p.is_flag for p in getattr(command, "params", ()) if option in (*p.opts, *p.secondary_opts))


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_telecom_commands_of_a_page(page: Path) -> None:
    found = [(c.where, " ".join(c.words), fault(c.words, complete=c.complete)) for c in commands(page, "telecom")]
    assert [wrong for wrong in found if wrong[2]] == []


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_commands_in_messages(path: Path) -> None:
    texts = [*texts_in_code(path)]
    said = [(where, words, fault(words, complete=False)) for where, text in texts for words in spoken(text)]
    assert [wrong for wrong in said if wrong[2]] == []
    targets = {target for _, text in texts for target in MAKE_IN_PROSE.findall(text)}
    assert targets <= TARGETS


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_make_targets_of_a_page(page: Path) -> None:
    assert [c for c in commands(page, "make") if not is_target(c)] == []


def is_target(command: Command) -> bool:
    return all(
        word in TARGETS or ("=" in word and word.split("=")[0] in VARIABLES)
        for word in command.words
        if not word.startswith("-")
    )


def test_both_readmes_show_the_same_commands() -> None:
    english, portuguese = (
        [code(block.text) for block in blocks(ROOT / name, "bash", "sql")] for name in ("README.md", "README.pt-BR.md")
    )
    assert english and english == portuguese


def code(text: str) -> str:
    """A shell or SQL text without its comments."""
    lines = (re.sub(r"(^|\s+)(#|--) .*$", "", line) for line in text.splitlines())
    return "\n".join(line for line in lines if line.strip())


def test_help_describes_every_make_target() -> None:
    described = set(re.findall(r"^([a-z-]+):.*## \S", MAKEFILE, re.MULTILINE))
    assert described == TARGETS


def test_the_checks_notice_what_is_wrong() -> None:
    assert fault(("nonsense",)) and fault(("train", "--bogus")) and fault(("ingest",)) and fault(("data", "nonsense"))
    assert fault(("synth", "--customers", "many", "--out", "x.csv")) and fault(("query",), complete=True)
    assert not fault(("ingest",), complete=False) and not fault(("query", "SELECT 1", "--format", "csv"))
    said = "Run: telecom train --json, then `telecom promote --bogus` and telecom score --snapshot-date D now"
    found = [("train", "--json"), ("promote", "--bogus"), ("score", "--snapshot-date", "D")]
    assert list(spoken(said)) == found
    assert fault(("promote", "--bogus"), complete=False) and fault(("shine",), complete=False)
    assert not is_target(Command("", ("nonsense",), True)) and not is_target(Command("", ("demo", "CVS=x"), True))
    assert is_target(Command("", ("demo", "CSV=x"), True))
