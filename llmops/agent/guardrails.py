"""What may come in and what may go out: the one place that decides, over masking, screening and grounding.

In: orders to the model are found by our own patterns (`screening`) and, where a template is configured, by Model Armor,
which is asked about messages only. Out: figures, dates, deadlines, plans and links without support (`grounding`),
our own instructions, personal data, what is against the safety policy, and again what Model Armor finds. Where Model
Armor cannot be asked, nothing comes in and nothing goes out.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Protocol

import yaml

from llmops.agent import grounding, masking, screening
from llmops.agent.grounding import Evidence, Verdict
from llmops.agent.masking import Masked
from llmops.agent.screening import Screening, Source
from telecom.errors import TelecomError

SAFETY = "safety_patterns.yaml"
UNREACHABLE = "armor_unavailable"
NEVER_SAID = frozenset(("cpf", "cnpj", "card"))
"""Kinds of personal data that no tool gives out and no answer needs."""


class Armor(Protocol):
    """A second opinion from outside."""

    def message(self, text: str) -> tuple[str, ...]:
        """Codes of what speaks against a message; raises TelecomError where it cannot tell."""
        ...

    def answer(self, text: str) -> tuple[str, ...]:
        """Codes of what speaks against an answer; raises TelecomError where it cannot tell."""
        ...


@dataclass(frozen=True)
class Guardrails:
    """Implements `parts.Guard`; may be called from several threads at once.

    Args:
        leaked: whether a text repeats our instructions.
        armor: a second opinion; None: there is none.
        hit: told the kind of every finding.
    """

    leaked: Callable[[str], bool]
    armor: Armor | None = None
    hit: Callable[[str], None] = lambda kind: None

    def screen(self, text: str, *, source: Source) -> Screening:
        """Looks for attempts to command the model; `text` is without invisible characters."""
        found = screening.screen(text, source=source)
        if source == "message" and self.armor and found.verdict != "block":
            found = _with(found, _asked(self.armor.message, masking.mask(found.text).text))
        for code in found.codes:
            self.hit(code)
        return found

    def mask(self, text: str) -> Masked:
        """The text without personal data."""
        found = _masked(text)
        for kind in dict.fromkeys(found.kinds):
            self.hit(f"masked_{kind}")
        return found

    def check(self, answer: str, evidence: Sequence[Evidence]) -> Verdict:
        """What of an answer has no support, or may never be said."""
        found = grounding.check(answer, evidence)
        forbidden = [*self._forbidden(answer, evidence)]
        if self.armor and found.ok and not forbidden:
            forbidden += _asked(self.armor.answer, answer)
        verdict = replace(found, forbidden=tuple(forbidden))
        for kind in (
            *(["ungrounded"] if verdict.unsupported else []),
            *(["link"] if verdict.links else []),
            *forbidden,
        ):
            self.hit(kind)
        return verdict

    def _forbidden(self, answer: str, evidence: Sequence[Evidence]) -> Iterator[str]:
        if self.leaked(answer):
            yield "prompt_leak"
        kinds = set(_masked(answer).kinds)
        if kinds & NEVER_SAID or ("email" in kinds and not _addresses(answer) <= _addresses(*evidence)):
            yield "personal_data"
        plain = screening.plain(answer)
        yield from (c for c, words, pattern in _policy() if any(w in plain for w in words) and pattern.search(plain))


def _asked(question: Callable[[str], tuple[str, ...]], text: str) -> tuple[str, ...]:
    try:
        return question(text)
    except TelecomError:
        return (UNREACHABLE,)


def _with(found: Screening, codes: tuple[str, ...]) -> Screening:
    return replace(found, verdict="block", codes=tuple(sorted({*found.codes, *codes}))) if codes else found


@lru_cache(maxsize=64)
def _masked(text: str) -> Masked:
    """An answer is looked at when it is checked and again when it is kept."""
    return masking.mask(text)


def _addresses(*texts: Evidence) -> set[str]:
    """E-mail addresses in texts and in tools' results."""
    found: set[str] = set()
    for text in texts:
        if isinstance(text, str):
            found |= {match.casefold() for match in re.findall(r"[\w.+-]+@[\w.-]+\w", text)}
        elif isinstance(text, Sequence):
            found |= _addresses(*text)
        elif hasattr(text, "values"):
            found |= _addresses(*text.values())
    return found


@cache
def _policy() -> tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...]:
    told = yaml.safe_load((files(__package__) / SAFETY).read_text("utf-8"))
    return tuple(
        (entry["code"], tuple(entry["words"]), re.compile(entry["pattern"], re.VERBOSE)) for entry in told["answers"]
    )
