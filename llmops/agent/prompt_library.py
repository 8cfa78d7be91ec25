"""The texts of `llmops/prompts`: loaded once, validated, hashed. System, rules and templates stay apart.

`system/` says who the assistant is, `rules/` what always holds, `templates/` what the responder fills. Every file is
Markdown with front matter (`id`, `version`, `language`, `persona`; rules may have a `reader`, `customer` or `agent`).
A template's phrases stand under `## name` and have the same names and blanks in every language. Which version of a
text is in use is `prompt_versions`' part.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Formatter
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, StrictStr, StringConstraints, ValidationError, field_validator

from llmops.agent.prompt_versions import Kind, in_use
from llmops.agent.turn import Language, Role
from telecom.errors import TelecomError

Persona = Literal["suporte_tecnico", "retencao_churn"]
PERSONAS: tuple[Persona, ...] = get_args(Persona)
LANGUAGES: tuple[Language, ...] = get_args(Language)
HASH_SIGNS = 8
RUN_WORDS = 8
"""So many words of the instructions in a row are no coincidence."""
WRAPPED_FROM = 80
_FRONT = re.compile(r"---\n(.*?)\n---\n(.*)", re.DOTALL)
_PHRASE = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"\w+")


class _Front(BaseModel):
    """Front matter of a text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, StringConstraints(pattern=r"[a-z][a-z0-9_]*")]
    version: Annotated[str, StringConstraints(pattern=r"\d+\.\d+\.\d+")]
    language: Language
    persona: tuple[Persona, ...]
    reader: Role | None = None
    description: StrictStr = ""

    @field_validator("persona", mode="before")
    @classmethod
    def _one_or_more(cls, told: Any) -> Any:
        return [told] if isinstance(told, str) else told


@dataclass(frozen=True)
class Text:
    """One file: where it lies, its front matter, its body, and the SHA-256 of both."""

    kind: Kind
    name: str
    front: _Front
    body: str
    sha256: str


@dataclass(frozen=True)
class Prompt:
    """What a model is told before a conversation. `version` names it: `suporte_tecnico@1.0.0+ab12cd34`."""

    system: str
    rules: str
    version: str


class PromptLibrary:
    """All texts, by kind, persona, language and reader.

    Args:
        texts: of one folder; see `load`.

    Raises:
        TelecomError: a text is missing, or a phrase differs between languages.
    """

    def __init__(self, texts: tuple[Text, ...]) -> None:
        self.texts = texts
        self._prompts = {
            (persona, language, role): _prompt(texts, persona, language, role)
            for persona in PERSONAS
            for language in LANGUAGES
            for role in get_args(Role)
        }
        self._phrases = _phrases(texts)

    @classmethod
    def load(cls, root: Traversable | None = None) -> "PromptLibrary":
        """Reads the versions in use of a folder, by default the one of this distribution.

        Raises:
            TelecomError: a file is not as it should be; the message names it.
        """
        folder = root or files("llmops.prompts")
        return cls(tuple(_text(source.name, source.raw, source.kind) for source in in_use(folder)))

    def prompt(self, persona: Persona, language: Language, role: Role) -> Prompt:
        """What a model is told for a reader."""
        return self._prompts[persona, language, role]

    def say(self, phrase: str, language: Language, **blanks: object) -> str:
        """A phrase (`invoices.total`) with its blanks filled; values are never read as templates.

        Raises:
            TelecomError: there is no such phrase, or a blank stays empty.
        """
        try:
            return self._phrases[phrase, language].format(**blanks)
        except KeyError as error:
            raise TelecomError(f"The phrase {phrase!r} ({language}) or its blank {error} does not exist.") from error

    def has(self, phrase: str, language: Language = "pt-BR") -> bool:
        """Whether there is such a phrase."""
        return (phrase, language) in self._phrases

    def phrases(self) -> Mapping[tuple[str, Language], str]:
        """All phrases, by name and language."""
        return self._phrases

    def leaked(self, answer: str) -> bool:
        """Whether an answer repeats eight words of our instructions in a row."""
        return not self._runs.isdisjoint(_runs(answer))

    @cached_property
    def _runs(self) -> frozenset[tuple[str, ...]]:
        return frozenset(run for text in self.texts if text.kind != "templates" for run in _runs(text.body))


def check_replaceable(now: PromptLibrary, other: PromptLibrary) -> None:
    """Lets pass a library that has every phrase of ours, with no blank that we do not fill.

    Raises:
        TelecomError: it has not.
    """
    theirs = other.phrases()
    for key, phrase in now.phrases().items():
        if key not in theirs or not blanks(theirs[key]) <= blanks(phrase):
            raise TelecomError(
                f"That version has no phrase {key[0]!r} ({key[1]}) as the assistant says it now.",
                "Change the text by hand, under a new version.",
            )


def blanks(phrase: str) -> frozenset[str]:
    """Names of a phrase's blanks."""
    return frozenset(name for _, name, _, _ in Formatter().parse(phrase) if name)


def _prompt(texts: tuple[Text, ...], persona: Persona, language: Language, role: Role) -> Prompt:
    ours = [text for text in texts if persona in text.front.persona and text.front.language == language]
    system = [text for text in ours if text.kind == "system"]
    rules = [text for text in ours if text.kind == "rules" and text.front.reader in (None, role)]
    if len(system) != 1 or not rules:
        raise TelecomError(
            f"Persona {persona} has {len(system)} system texts and {len(rules)} rules in {language}.",
            "Keep exactly one system text and at least one rule for each persona and language.",
        )
    told = hashlib.sha256()
    for text in sorted(ours, key=lambda text: (text.kind, text.name)):
        told.update(f"{text.kind}/{text.name}:{text.sha256}\n".encode())
    version = f"{system[0].front.id}@{system[0].front.version}+{told.hexdigest()[:HASH_SIGNS]}"
    return Prompt(system[0].body, "\n\n".join(rule.body for rule in rules), version)


def _phrases(texts: tuple[Text, ...]) -> dict[tuple[str, Language], str]:
    found: dict[tuple[str, Language], str] = {}
    for text in texts:
        if text.kind != "templates":
            continue
        for name, body in _PHRASE.findall(text.body):
            key = f"{text.front.id}.{name}"
            if (key, text.front.language) in found:
                raise TelecomError(f"The phrase {key!r} stands twice in {text.front.language}.", "Keep one of them.")
            found[key, text.front.language] = _unwrapped(body.strip())
    for (key, language), phrase in found.items():
        others = [found.get((key, other)) for other in LANGUAGES]
        if any(other is None or blanks(other) != blanks(phrase) for other in others):
            raise TelecomError(
                f"The phrase {key!r} is not the same in all languages (seen from {language}).",
                "Write it in each language, with the same blanks.",
            )
    return found


def _unwrapped(body: str) -> str:
    """A phrase with its long lines joined: the files are wrapped for people who edit them."""
    lines: list[str] = []
    for line in body.splitlines():
        goes_on = lines and len(lines[-1].rsplit("\n", 1)[-1]) >= WRAPPED_FROM and line[:1] not in ("-", "{", "")
        lines = [*lines[:-1], f"{lines[-1]} {line}"] if goes_on else [*lines, line]
    return "\n".join(lines)


def _text(name: str, raw: str, kind: Kind) -> Text:
    shape = _FRONT.fullmatch(raw)
    try:
        front = _Front.model_validate(yaml.safe_load(shape[1]) if shape else None)
    except (ValidationError, yaml.YAMLError) as error:
        raise TelecomError(f"The front matter of prompts/{kind}/{name} is not valid: {error}", "Mend it.") from error
    body = shape[2].strip() if shape else ""
    if not body or name != f"{front.id}.{front.language}.md":
        raise TelecomError(f"prompts/{kind}/{name} has no text or another id or language than its name says.")
    return Text(kind, name, front, body, hashlib.sha256(raw.encode()).hexdigest())


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return (tuple(words[at : at + RUN_WORDS]) for at in range(len(words) - RUN_WORDS + 1))
