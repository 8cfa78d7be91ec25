"""The passage that answers a question, by what such questions ask for and by the retriever; none where none does."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from llmops.agent.intents.gists import gist_of
from llmops.agent.intents.topics import query_of
from llmops.agent.intents.understanding import Understood
from llmops.agent.language import language_of
from llmops.agent.responder.wording import ENTRY, shortened, stems, wanted_of
from llmops.agent.turn import Language
from llmops.agent.workbench import Brief
from telecom.ports import Found, Passage

ALIKE, SHARE, TONGUE = 2.0, 0.2, 0.6
"""What likeness, shared words and the reader's language count beside the retriever's order (1 for its first)."""
IN_SHORT = 0.4
"""What it counts for readers of English that a Portuguese passage can be told in English."""
BY_ALIKE, BY_SCORE, BY_SHARE, ENOUGH = 6.0, 2.0, 1.0, 1.9
"""What supports an answer; weighed on the questions for development."""
TOLD = 0.3
"""What it counts against a passage that it was quoted just before."""
AS_GOOD, BEYOND_DOUBT = 0.8, 0.4
"""A second passage is quoted where it is nearly as good as the first, unless the first is beyond doubt the one."""
QUITE_ALIKE = 0.25
"""From here on the section is the one that is asked for."""


@dataclass(frozen=True)
class Extract:
    """Text of a passage, and the passage's number in the brief, from 1.

    `sure`: its section is what such questions ask for. `english`: it is written in English. `gist`: what the whole of a
    Portuguese passage says, in English; empty where nobody wrote it.
    """

    text: str
    place: int
    section: str
    sure: bool
    english: bool
    gist: str = ""


def extract(
    brief: Brief,
    most: int,
    passages: int = 1,
    fits: Callable[[Passage], bool] | None = None,
    told: Collection[str] = (),
) -> tuple[Extract, ...]:
    """The best words that the brief's passages have for its message; none where nothing supports an answer.

    Args:
        brief: of the turn.
        most: letters of all texts together.
        passages: how many passages may be quoted.
        fits: which passages may be quoted at all.
        told: keys of passages that were quoted just before; others come first.
    """
    said = brief.understood.said or brief.message
    asked = stems(said) or stems(query_of(brief.understood, said, brief.language))
    ranked = _ranked(brief, asked)
    supporting = [each for each in ranked if _supports(each, brief.understood) and (fits is None or fits(each.passage))]
    supporting.sort(key=lambda each: TOLD * (each.passage.key in told) - each.fit)
    chosen = [each for each in supporting[:passages] if _as_good(each, supporting[0])]
    room, wanted = most // max(len(chosen), 1), wanted_of(said)
    cut = ((shortened(each.passage.text, wanted, room), each) for each in chosen)
    return tuple(
        Extract(
            text,
            each.place,
            each.passage.section,
            each.sure,
            _language(each.passage) == "en",
            gist_of(each.passage),
        )
        for text, each in cut
        if text
    )


def headed(each: Extract) -> str:
    """Its text with what it is about, where the question that it answers may not be the one that was asked."""
    question = each.section.rpartition(">")[2].strip()
    if each.sure or not question.endswith("?"):
        return each.text
    return f'{"About" if each.english else "Sobre"} "{question}":{below(each.text)}'


def below(text: str) -> str:
    """A text as it goes on behind other words: a list on lines of its own."""
    return f"\n{text}" if ENTRY.match(text) else f" {text}"


def in_short(found: Sequence[Extract]) -> dict[str, str]:
    """What extracts say in English as `gist`, marked, and the Portuguese `text`; empty where one has no gist."""
    if not all(each.english or each.gist for each in found):
        return {}
    said = (f"{each.text if each.english else each.gist} [{each.place}]" for each in found)
    return {"gist": "\n\n".join(said), "text": quoted(each.text for each in found if not each.english)}


def quoted(texts: Iterable[str]) -> str:
    """Texts as they stand behind a quotation mark: a list begins on the next line."""
    text = "\n\n".join(texts)
    return f"\n{text}" if ENTRY.match(text) else text


@dataclass(frozen=True)
class _Candidate:
    """A passage with what speaks for it."""

    passage: Passage
    place: int
    score: float
    alike: float
    share: float
    fit: float

    @property
    def sure(self) -> bool:
        return self.alike >= QUITE_ALIKE


def _ranked(brief: Brief, asked: Collection[str]) -> list[_Candidate]:
    alike = {(each.document, each.section): each.alike for each in brief.understood.asked}
    top = max((one.score for one in brief.found), default=0.0) or 1.0
    found = [_candidate(one, place, top, alike, asked, brief) for place, one in enumerate(brief.found, 1)]
    return sorted(found, key=lambda each: -each.fit)


def _candidate(
    one: Found, place: int, top: float, alike: dict[tuple[str, str], float], asked: Collection[str], brief: Brief
) -> _Candidate:
    passage = one.passage
    near = alike.get((passage.document, passage.section), 0.0)
    share = _share(passage, asked)
    fit = one.score / top + ALIKE * near + SHARE * share + _tongue(passage, brief.language)
    return _Candidate(passage, place, one.score, near, share, fit)


def _tongue(passage: Passage, language: Language) -> float:
    """What it counts that the reader can read it."""
    if _language(passage) == language:
        return TONGUE
    return IN_SHORT if language == "en" and gist_of(passage) else 0.0


def _supports(one: _Candidate, understood: Understood) -> bool:
    if understood.nowhere > max(one.alike, QUITE_ALIKE):
        return False
    return BY_ALIKE * one.alike + BY_SCORE * one.score + BY_SHARE * one.share >= ENOUGH


def _as_good(one: _Candidate, first: _Candidate) -> bool:
    return one is first or (first.alike < BEYOND_DOUBT and one.fit >= AS_GOOD * first.fit)


def _share(passage: Passage, asked: Collection[str]) -> float:
    held = _held(passage)
    return sum(stem in held for stem in asked) / len(asked) if asked else 0.0


@lru_cache(maxsize=2_048)
def _held(passage: Passage) -> frozenset[str]:
    """With the words of its gist, so that those of English questions count, too."""
    return stems(f"{passage.title} {passage.section} {passage.text} {gist_of(passage)}")


@lru_cache(maxsize=2_048)
def _language(passage: Passage) -> str:
    return language_of(f"{passage.section} {passage.text[:300]}")
