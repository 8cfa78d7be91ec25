"""What may come in and what may go out: the one place that decides, over masking, screening and grounding.

In: orders to the model are found by our own patterns (`screening`) and, where a template is configured, by Model Armor,
which is asked about messages only. Out: figures, dates, deadlines, plans and links without support (`grounding`),
our own instructions, personal data, what is against the safety policy, and again what Model Armor finds. Where Model
Armor cannot be asked, nothing comes in and nothing goes out.
"""

import codecs
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
OMITTED, NO_LINK = "[texto omitido por segurança]", "(link omitido)"
RUN = re.compile(r"[A-Za-z0-9+/_-]{40,}")
ROT13 = re.compile(r"\b(?:dhr|aãb|gur|naq)\b")
"""`que`, `não`, `the`, `and`: without any of them a text is not worth turning."""
TOOL_NAME = re.compile(r"(?<![\w@./-])[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+(?![\w@])")
"""Shape of the names of our tools, codes and fields: unless a document has such a word, no answer may."""
NEVER_SAID = frozenset(("cpf", "cnpj", "rg", "card"))
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
            found = _with(found, _asked(self.armor.message, _masked(found.text).text))
        for code in found.codes:
            self.hit(code)
        return found

    def mask(self, text: str) -> Masked:
        """The text without personal data."""
        found = _masked(text)
        for kind in dict.fromkeys(found.kinds):
            self.hit(f"masked_{kind}")
        return found

    def written(self, text: str) -> str:
        """Free text of a model that people read beside a button: masked, without links, markup and instructions."""
        seen = screening.INVISIBLE.sub("", text)
        if self.leaked(seen) or _encoded(seen):
            return OMITTED
        return grounding.without_links(self.mask(seen).text, NO_LINK)

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
        if self.leaked(answer) or (ROT13.search(answer) and self.leaked(codecs.decode(answer, "rot13"))):
            yield "prompt_leak"
        if screening.INVISIBLE.search(answer) or _encoded(answer):
            yield "hidden_text"
        if not set(TOOL_NAME.findall(answer)) <= _quoted(evidence):
            yield "tool_name"
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


@lru_cache(maxsize=512)
def _masked(text: str) -> Masked:
    """A message is masked for Model Armor and for the turn, an answer when it is checked and when it is kept.

    As many as are on their way at once, so that each is masked once.
    """
    return masking.mask(text)


def _encoded(text: str) -> bool:
    """Whether base64 or the like stands in it, which no answer needs and no check reads; bar codes are digits only."""
    return any(any(map(str.isalpha, run)) for run in RUN.findall(text))


def _quoted(evidence: Sequence[Evidence]) -> set[str]:
    """Words of that shape in documents, which are texts; what tools say may name other tools."""
    return {name for text in evidence if isinstance(text, str) for name in TOOL_NAME.findall(text)}


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
