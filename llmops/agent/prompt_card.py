"""The prompt card, as Markdown: what models are told, in which version, and what evaluations said of it.

Reads the prompt library; results of evaluations are handed in. Writes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from llmops.agent.prompt_library import LANGUAGES, PERSONAS, PromptLibrary, Text
from llmops.agent.turn import Role
from telecom.markdown import cell, code, table

DIGITS = 12


@dataclass(frozen=True)
class Judged:
    """What the newest evaluation said of a text: the share of scenarios that passed, of how many, and the change."""

    success: float
    count: int
    change: float | None


def card(library: PromptLibrary, judged: Mapping[str, Judged], evaluated: str) -> str:
    """The page.

    Args:
        library: the versions in use.
        judged: by id of a text; those that were never evaluated are left out.
        evaluated: which evaluation the figures are of, in words; empty if none.
    """
    return "\n".join(_lines(library, judged, evaluated)).rstrip() + "\n"


def _lines(library: PromptLibrary, judged: Mapping[str, Judged], evaluated: str) -> Iterator[str]:
    yield from ("# Prompt card", "")
    yield from ("Written by `telecom cards` from the versions in use and the stored evaluations.", "")
    yield from ("## What is told to whom", "", *table(("persona", "language", "reader", "version"), _told(library)), "")
    yield "A version ends with a digest of all texts of its persona and language: another text, another version."
    rows = [_row(text, judged.get(text.front.id)) for text in library.texts]
    header = ("text", "kind", "version", "language", "personas", "reader", "SHA-256", "passed", "change")
    yield from ("", "## Texts", "", *table(header, rows), "")
    yield f"Passed: scenarios of the text's personas, in {evaluated}." if evaluated else "No evaluation is stored."
    yield from ("", "## Limits", "")
    yield "System texts and rules reach models; templates are what the responder says. Rules ask, they do not prevent:"
    yield "what must never happen is kept by tools, guardrails and approvals. Scenarios are a sample that we wrote."


def _told(library: PromptLibrary) -> Iterator[tuple[str, ...]]:
    for persona in PERSONAS:
        for language in LANGUAGES:
            for role in get_args(Role):
                yield persona, language, role, code(library.prompt(persona, language, role).version)


def _row(text: Text, found: Judged | None) -> tuple[str, ...]:
    front = text.front
    passed = f"{found.success:.1%} of {found.count}" if found else "–"
    change = "–" if found is None or found.change is None else f"{100 * found.change:+.1f} points"
    who = (", ".join(front.persona), front.reader or "both")
    return (cell(front.id), text.kind, front.version, front.language, *who, code(text.sha256[:DIGITS]), passed, change)
