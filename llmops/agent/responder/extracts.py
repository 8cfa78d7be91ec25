"""The words of a passage that answer a question: whole where short, otherwise the lines nearest to the question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from llmops.agent.intents.features import words
from llmops.agent.intents.topics import query_of
from llmops.agent.workbench import Brief
from telecom.ports import Found, Passage

STEM = 5
SURE_SCORE, LEAST_SCORE = 0.55, 0.3
"""Chances that a passage answers, as the retriever sees it: above the first, wording may differ."""
LEAST_SHARE, LEAST_HITS = 0.5, 2
SHARE_COUNTS = 0.3
_ROW = re.compile(r"^\|(.+)\|$")
_RULE = re.compile(r"^\|[\s:|-]+\|$")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Ý])")
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_STOP = frozenset(
    "para que com uma por como mais minha meu meus minhas esta este isso essa esse voces voce ser ter tem quero posso "
    "qual quais quando onde porque nao sim dos das nos nas aqui ainda fazer faco sobre estou quanto muito tudo ate "
    "sem depois antes the and for you can how what does with telecom favor preciso gostaria saber cliente".split()
)


@dataclass(frozen=True)
class Extract:
    """Text of a passage, and the passage's number in the brief, from 1."""

    text: str
    place: int


def extract(brief: Brief, most: int, passages: int = 1) -> tuple[Extract, ...]:
    """The best words that the brief's passages have for its message; none where nothing supports an answer.

    Args:
        brief: of the turn.
        most: letters of all texts together.
        passages: how many passages may be quoted.
    """
    asked = _stems(query_of(brief.understood, brief.message, brief.language))
    ranked = sorted(enumerate(brief.found, 1), key=lambda each: -_fit(each[1], asked))
    supporting = [each for each in ranked[:passages] if _supports(each[1], asked)]
    room = most // max(len(supporting), 1)
    return tuple(Extract(_chosen(one.passage, asked, room), place) for place, one in supporting)


def _fit(one: Found, asked: frozenset[str]) -> float:
    """The retriever's order, which shared words may change a little."""
    return one.score + SHARE_COUNTS * _share(one, asked)


def _supports(one: Found, asked: frozenset[str]) -> bool:
    hits = len(asked & _held(one.passage))
    sure = one.score >= SURE_SCORE and hits >= 1
    return sure or (
        one.score >= LEAST_SCORE and hits >= min(LEAST_HITS, len(asked)) > 0 and _share(one, asked) >= LEAST_SHARE
    )


def _share(one: Found, asked: frozenset[str]) -> float:
    return len(asked & _held(one.passage)) / len(asked) if asked else 0.0


@lru_cache(maxsize=2_048)
def _held(passage: Passage) -> frozenset[str]:
    return _stems(f"{passage.title} {passage.section} {passage.text}")


@lru_cache(maxsize=2_048)
def _stems(text: str) -> frozenset[str]:
    # A whole passage is longer than what a message may tell.
    pieces = (text[at : at + 400] for at in range(0, len(text), 400))
    return frozenset(
        word[:STEM] for piece in pieces for word in words(piece) if (len(word) > 2 or word == "0") and word not in _STOP
    ) - {"0"}


def _chosen(passage: Passage, asked: frozenset[str], most: int) -> str:
    lines = [_LINK.sub("", line).strip() for line in _lines(passage.text)]
    lines = [line for line in lines if line]
    if sum(map(len, lines)) <= most:
        return _joined(lines)
    ranked = sorted(range(len(lines)), key=lambda place: (-len(asked & _stems(lines[place])), place))
    kept: list[int] = []
    room = most
    for place in ranked:
        if len(lines[place]) <= room:
            kept.append(place)
            room -= len(lines[place])
    return _joined([lines[place] for place in sorted(kept)] or [lines[0][:most]])


def _joined(lines: Sequence[str]) -> str:
    """Sentences go on one line, list entries have their own."""
    text = ""
    for line in lines:
        listed = line.startswith("- ") or text.rsplit("\n", 1)[-1].startswith("- ")
        text += ("\n" if listed or text.endswith(":") else " ") + line if text else line
    return text


@lru_cache(maxsize=1_024)
def _lines(text: str) -> tuple[str, ...]:
    """Sentences; rows of tables as `- first: second; …`, without heads and rules."""
    found: list[str] = []
    rows = text.splitlines()
    for place, row in enumerate(rows):
        if _RULE.match(row) or (place + 1 < len(rows) and _RULE.match(rows[place + 1])):
            continue
        if cells := _ROW.match(row):
            first, *others = [cell.strip() for cell in cells[1].split("|")]
            found.append(f"- {first}: {'; '.join(other for other in others if other)}")
        else:
            found += _SENTENCE.split(row.strip())
    return tuple(found)
