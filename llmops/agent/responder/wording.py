"""A passage in few words: its sentences, list entries and rows of tables that are nearest to a question."""

import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from llmops.agent.intents.features import words

STEM = 5
FIRST, FIGURE = 0.6, 0.8
"""What it counts to come first, and to have a figure where one is asked for, beside a shared word."""
ROWS = 6
"""So many rows of a table at most."""
_ROW = re.compile(r"^\|(.+)\|$")
_RULE = re.compile(r"^\|[\s:|-]+\|$")
_ENTRY = re.compile(r"^(?:-|\d{1,2}[.)])\s+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Ý\"“])")
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_NOTE = re.compile(r"\s*\[\d{1,2}\]")
_SOURCES = re.compile(r"^(?:Fontes?\b|Consultad[ao]s? em\b|Sources?:)")
_FIGURES = re.compile(
    r"\b(?:quant[oa]s?|prazo|demora|tempo|quando|ate que|dias?|horas?|horario|valor|custa|preco|taxa|multa|juros|limite"
    r"|how (?:much|long|many)|when|cost|price|fee|fine|hours)\b"
)
_STOP = frozenset(
    "para que com uma por como mais minha meu meus minhas esta este isso essa esse voces voce ser ter tem quero posso "
    "qual quais quando onde porque nao sim dos das nos nas aqui ainda fazer faco sobre estou quanto muito tudo ate "
    "sem depois antes the and for you can how what does with telecom favor preciso gostaria saber cliente is my are "
    "vou foi pela pelo vem pode dar ele ela meus".split()
)


@lru_cache(maxsize=4_096)
def stems(text: str) -> frozenset[str]:
    """The beginnings of a text's words, without the small ones."""
    # A whole passage is longer than what a message may tell.
    pieces = (text[at : at + 400] for at in range(0, len(text), 400))
    return frozenset(
        word[:STEM] for piece in pieces for word in words(piece) if len(word) > 2 and word not in _STOP
    )


def figures_wanted(message: str) -> bool:
    """Whether a message asks for an amount, a deadline or a time."""
    return bool(_FIGURES.search(" ".join(words(message))))


def shortened(text: str, asked: Collection[str], most: int, figures: bool) -> str:
    """A passage's text in at most so many letters: whole where it is short, else what is nearest to the question.

    Args:
        text: of the passage, with lists and tables.
        asked: stems of the question.
        most: letters.
        figures: whether lines with figures come first.
    """
    lines = _lines(text)
    if sum(map(len, lines)) <= most:
        return _joined(lines)
    kept: list[int] = []
    room, rows = most, ROWS
    for place in sorted(range(len(lines)), key=lambda place: (-_worth(lines, place, asked, figures), place)):
        listed = _ENTRY.match(lines[place]) is not None
        if len(lines[place]) <= room and (rows or not listed):
            kept.append(place)
            room, rows = room - len(lines[place]), rows - listed
    return _joined([lines[place] for place in sorted(kept)] or [lines[0][:most]])


def _worth(lines: Sequence[str], place: int, asked: Collection[str], figures: bool) -> float:
    line = lines[place]
    shared = sum(stem in stems(line) for stem in asked)
    opens = line.endswith(":") and place + 1 < len(lines)
    first = FIRST if place == 0 or opens else 0.0
    return shared + first + (FIGURE if figures and any(map(str.isdigit, _ENTRY.sub("", line))) else 0.0)


def _joined(lines: Sequence[str]) -> str:
    """Sentences go on one line, list entries have their own."""
    text, listed = "", False
    for line in lines:
        entry = _ENTRY.match(line) is not None
        text += ("\n" if entry or listed else " ") + line if text else line
        listed = entry
    return text


@lru_cache(maxsize=1_024)
def _lines(text: str) -> tuple[str, ...]:
    """Sentences and list entries; rows of tables as `- first: second; …`, without heads, rules, links and sources."""
    cleaned = (_NOTE.sub("", _LINK.sub("", line)).strip() for line in _units(text))
    return tuple(line for line in cleaned if line and not _SOURCES.match(line))


def _units(text: str) -> Iterator[str]:
    head: list[str] = []
    rows = [row.strip() for row in text.splitlines()]
    for place, row in enumerate(rows):
        cells = [cell.strip() for cell in row[1:-1].split("|")] if _ROW.match(row) else []
        if _RULE.match(row):
            continue
        if cells and place + 1 < len(rows) and _RULE.match(rows[place + 1]):
            head = cells
        elif cells:
            yield _told(head, cells)
        elif _ENTRY.match(row):
            yield row
        else:
            yield from _SENTENCE.split(row)


def _told(head: Sequence[str], cells: Sequence[str]) -> str:
    """A row: of three columns or more, each cell with the name of its column."""
    first, *others = cells
    if len(others) < 2:
        return f"- {first}: {'; '.join(others)}"
    named = [f"{name.lower()} {cell}" if name else cell for name, cell in zip(head[1:], others, strict=False) if cell]
    return f"- {first}: {'; '.join(named or others)}"
