"""The words of the trade: what a customer says and what the documents call it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from telecom.adapters.local._portuguese import stems

Phrase = tuple[str, ...]
LONGEST = 5


@dataclass(frozen=True)
class Meaning:
    """A run of the question's stems, and what documents may say instead."""

    start: int
    said: Phrase
    instead: tuple[Phrase, ...]


def meanings(asked: Sequence[str]) -> Iterator[Meaning]:
    """Every run of stems that has a meaning of its own, in order; longer ones do not hide shorter ones."""
    known = thesaurus()
    for start in range(len(asked)):
        for length in range(1, min(LONGEST, len(asked) - start) + 1):
            said = tuple(asked[start : start + length])
            if said in known:
                yield Meaning(start, said, known[said])


@cache
def thesaurus() -> Mapping[Phrase, tuple[Phrase, ...]]:
    """Stems that are said → stems that are meant, from `synonyms.yaml`."""
    found: dict[Phrase, dict[Phrase, None]] = {}
    for entry in yaml.safe_load(Path(__file__).with_name("synonyms.yaml").read_text("utf-8")):
        for said, meant in _pairs(entry):
            if said and meant and said != meant:
                found.setdefault(said, {})[meant] = None
    return {said: tuple(instead) for said, instead in found.items()}


def _pairs(entry: Mapping[str, Any]) -> Iterator[tuple[Phrase, Phrase]]:
    same = [_phrase(text) for text in entry.get("same", ())]
    yield from ((one, other) for one in same for other in same)
    meant = [_phrase(text) for text in entry.get("mean", ())]
    yield from ((_phrase(text), other) for text in entry.get("say", ()) for other in meant)


def _phrase(text: Any) -> Phrase:
    return tuple(stems(str(text)))
