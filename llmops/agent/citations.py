"""Which passages an answer rests on: those that it marks with [n], and for models those whose words it uses."""

import re
from collections.abc import Iterable, Sequence

from llmops.agent.turn import Citation
from telecom.passages import folded
from telecom.ports import Found, Passage

MARK = re.compile(r"\s*\[(\d{1,2}(?:\s*[,;]\s*\d{1,2})*)\]")
SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
WORD = re.compile(r"\w{3,}")
HEAD = re.compile(r"(?m)^\|.*\|\n\|[\s:|-]+\|$")
"""Names of a table's columns, which support nothing by themselves."""
MOST_QUOTE = 300
USED_SHARE = 0.6
"""Of a sentence's words, so many in one passage are no coincidence."""
LEAST_WORDS = 5


def unmarked(answer: str) -> str:
    """The answer without its marks."""
    return MARK.sub("", answer).strip()


def cited(answer: str, found: Sequence[Found], *, by_words: bool) -> tuple[Found, ...]:
    """The passages that the answer rests on, in their order.

    Args:
        answer: with its marks.
        found: the passages as they were numbered, from 1.
        by_words: also those whose words it uses without a mark.
    """
    marked = {int(number) for mark in MARK.findall(answer) for number in re.findall(r"\d+", mark)}
    used = {place for place, one in enumerate(found, 1) if by_words and _uses(answer, one.passage)}
    return tuple(one for place, one in enumerate(found, 1) if place in marked | used)


def citations(answer: str, rests_on: Iterable[Found]) -> tuple[Citation, ...]:
    """What the reader sees of them: each with its words that are nearest to the answer's."""
    said = _words(answer)
    return tuple(_citation(one.passage, said) for one in rests_on)


def as_evidence(rests_on: Iterable[Found]) -> list[str]:
    """Their texts, for the check of the answer."""
    return [f"{one.passage.title}\n{one.passage.section}\n{one.passage.text}" for one in rests_on]


def _citation(passage: Passage, said: frozenset[str]) -> Citation:
    text = HEAD.sub("", passage.text)
    sentences = [sentence.strip() for sentence in SENTENCE.split(text) if WORD.search(sentence)]
    best = max(sentences, key=lambda sentence: _likeness(sentence, said), default=passage.text)
    quote = best if len(best) <= MOST_QUOTE else f"{best[: MOST_QUOTE - 1].rstrip()}…"
    return Citation(passage.document, passage.title, passage.section, passage.page, quote)


def _likeness(sentence: str, said: frozenset[str]) -> float:
    """How much of the sentence is said, the longer of two equal ones first."""
    own = _words(sentence)
    return len(own & said) / (len(own) + 3) if own else 0.0


def _uses(answer: str, passage: Passage) -> bool:
    held = _words(f"{passage.section} {passage.text}")
    spoken = (_words(sentence) for sentence in SENTENCE.split(unmarked(answer)))
    return any(len(own) >= LEAST_WORDS and len(own & held) >= USED_SHARE * len(own) for own in spoken)


def _words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(folded(text)))
