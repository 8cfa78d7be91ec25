"""A cited passage with what stands around it (`GET /v1/passages`). Reads the knowledge base, as its reader may."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from telecom.errors import InputRefused, NotFound
from telecom.passages import folded
from telecom.ports import Passage, Reading, Retriever

LOOKED_AT = 40
NUMBER = re.compile(r"(\d+)(?:\.(\d+))?")
SPACE = re.compile(r"\s+")


class Cited(BaseModel):
    """Which passage, in a citation's own words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    document: str = Field(min_length=1, max_length=300)
    section: str = Field("", max_length=300)
    quote: str = Field("", max_length=400, description="words of the passage, to tell it from others of its section")


@dataclass(frozen=True)
class Neighbour:
    """A passage beside the cited one."""

    section: str
    page: int | None
    text: str


@dataclass(frozen=True)
class PassageView:
    """A passage, and the sections before and after it as far as this reader may see them."""

    document: str
    title: str
    section: str
    page: int | None
    text: str
    before: Neighbour | None
    after: Neighbour | None


def cited_of(query: bytes) -> Cited:
    """What a query string asks for.

    Raises:
        InputRefused: it names something unknown, twice, or with a value that cannot be meant.
    """
    try:
        pairs: list[tuple[str, str]] = parse_qsl(query.decode("ascii"), max_num_fields=10, errors="strict")
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a name stands twice")
        told: dict[str, Any] = dict(pairs)
        return Cited.model_validate(told)
    except (ValidationError, ValueError) as error:
        known = f"Give {', '.join(Cited.model_fields)}."
        raise InputRefused("wrong_citation", "The citation cannot be read.", known) from error


def find(retriever: Retriever, cited: Cited, reading: Reading) -> PassageView:
    """The passage that was cited.

    Raises:
        NotFound: there is none of the kind that this reader may see now.
    """
    asked = f"{cited.section} {cited.quote}".strip() or cited.document
    same = _of(retriever, cited.document, asked, reading)
    best = max(same, key=lambda one: _fits(one, cited), default=None)
    if best is None or (cited.section and best.section != cited.section):
        raise NotFound("There is no such passage, or it is not valid any more.")
    # Whoever asks for a title finds all that stands below it.
    around = _of(retriever, cited.document, best.title, reading)
    before, after = _beside(best, (*around, *same))
    return PassageView(best.document, best.title, best.section, best.page, best.text, before, after)


def _of(retriever: Retriever, document: str, query: str, reading: Reading) -> tuple[Passage, ...]:
    found = retriever.search(query, reading, LOOKED_AT)
    return tuple(one.passage for one in found if one.passage.document == document)


def _fits(passage: Passage, cited: Cited) -> tuple[bool, bool]:
    quote = _plain(cited.quote.removesuffix("…"))
    return bool(quote) and quote in _plain(passage.text), passage.section == cited.section


def _beside(best: Passage, around: tuple[Passage, ...]) -> tuple[Neighbour | None, Neighbour | None]:
    """The nearest sections by the numbers that they begin with; a section without one has no place among them."""
    own = _place(best)
    placed = {} if own is None else {one.key: (place, one) for one in around if (place := _place(one)) is not None}
    before = max((pair for pair in placed.values() if own and pair[0] < own), key=_first, default=None)
    after = min((pair for pair in placed.values() if own and pair[0] > own), key=_first, default=None)
    return _neighbour(before), _neighbour(after)


def _place(passage: Passage) -> tuple[int, int] | None:
    found = NUMBER.match(passage.section)
    return (int(found[1]), int(found[2] or 0)) if found else None


def _first(pair: tuple[tuple[int, int], Passage]) -> tuple[tuple[int, int], str]:
    return pair[0], pair[1].key


def _neighbour(pair: tuple[tuple[int, int], Passage] | None) -> Neighbour | None:
    return pair and Neighbour(pair[1].section, pair[1].page, pair[1].text)


def _plain(text: str) -> str:
    return SPACE.sub(" ", folded(text)).strip()
