"""A passage in few words: its sentences, list entries and rows of tables that are nearest to a question."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from llmops.agent.grounding import without_links
from llmops.agent.intents.features import words
from telecom.passages import folded

STEM = 5
FIRST, FIGURE = 0.6, 0.8
"""What it counts to come first, and to have a figure where one is asked for, beside a shared word."""
SHORT_CELL = 20
_STEP = re.compile(r"passo \d+$")
_NUMBER = re.compile(r"(?<![\w,.])\d+(?![\w,.]*\d)")
ROWS = 6
"""So many rows of a table at most."""
_ROW = re.compile(r"^\|(.+)\|$")
_RULE = re.compile(r"^\|[\s:|-]+\|$")
ENTRY = re.compile(r"^(?:-|\d{1,2}[.)])\s+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Ý\"“])")
_EMPTY = re.compile(r"\s*\(\s*(?:\)|(?=\s|$))")
_COMMENT = re.compile(r"\s*(?:<!.*?(?:-->|$)|-->)")
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
    return frozenset(word[:STEM] for piece in pieces for word in words(piece) if len(word) > 2 and word not in _STOP)


@dataclass(frozen=True)
class Wanted:
    """What a question asks for: stems of its words, its numbers, and whether figures answer it."""

    stems: frozenset[str]
    numbers: frozenset[str]
    figures: bool


def wanted_of(question: str) -> Wanted:
    """What a question asks for."""
    plain = " ".join(words(question))
    return Wanted(stems(question), frozenset(_NUMBER.findall(question)), bool(_FIGURES.search(plain)))


def shortened(text: str, wanted: Wanted, most: int) -> str:
    """A passage's text in at most so many letters: whole where it is short, else what is nearest to the question.

    Args:
        text: of the passage, with lists and tables.
        wanted: what the question asks for.
        most: letters.
    """
    lines: Sequence[str] = _lines(text)
    if any(_names(line, wanted) for line in lines):
        lines = [line for line in lines if not line.startswith("- ") or _names(line, wanted)]
    if not lines or sum(map(len, lines)) <= most:
        return _joined(lines)
    kept: list[int] = []
    room, rows = most, ROWS
    for place in sorted(range(len(lines)), key=lambda place: (-_worth(lines, place, wanted), place)):
        entry = ENTRY.match(lines[place]) is not None
        if len(lines[place]) <= room and (rows or not entry):
            kept.append(place)
            room, rows = room - len(lines[place]), rows - entry
    return _joined([lines[place] for place in sorted(kept)] or [lines[0][:most]])


def _names(line: str, wanted: Wanted) -> bool:
    """Whether it is the row of a number that is asked for."""
    return line.startswith("- ") and bool(wanted.numbers & set(_NUMBER.findall(line.partition(":")[0])))


def _worth(lines: Sequence[str], place: int, wanted: Wanted) -> float:
    line = lines[place]
    own = stems(line)
    shared = sum(stem in own for stem in wanted.stems)
    opens = line.endswith(":") and place + 1 < len(lines)
    first = FIRST if place == 0 or opens else 0.0
    figure = FIGURE if wanted.figures and any(map(str.isdigit, ENTRY.sub("", line))) else 0.0
    return shared + first + figure


def _joined(lines: Sequence[str]) -> str:
    """Sentences go on one line, list entries have their own."""
    text, listed = "", False
    for line in lines:
        entry = ENTRY.match(line) is not None
        text += ("\n" if entry or listed else " ") + line if text else line
        listed = entry
    return text


@lru_cache(maxsize=1_024)
def _lines(text: str) -> tuple[str, ...]:
    """Sentences and list entries; rows of tables as `- first: second; …`, without heads, rules, links and sources."""
    return tuple(line for unit in _units(text) if (line := _plain(unit)) and not _SOURCES.match(line))


def _plain(unit: str) -> str:
    """Without comments, notes and links; of a list entry with a link nothing is left."""
    unit = _COMMENT.sub("", unit)
    plain = _EMPTY.sub("", without_links(unit, "")).strip()
    return "" if plain != unit.strip() and ENTRY.match(plain) else _NOTE.sub("", plain).strip()


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
        elif ENTRY.match(row):
            yield row
        else:
            yield from _SENTENCE.split(row)


def _told(head: Sequence[str], cells: Sequence[str]) -> str:
    """A row; of three columns or more, each figure with the name of its column. Steps elsewhere are left out."""
    first, *others = cells
    pairs = [pair for pair in zip((*head[1:], *[""] * len(others)), others, strict=False) if not _STEP.match(pair[1])]
    said = [_cell(name, cell) if len(others) > 1 else cell for name, cell in pairs if cell]
    counted = first[:1].isdigit() and head and head[0] and folded(head[0]) != "quando"
    return f"- {f'{head[0]} {first}' if counted else first}: {'; '.join(said)}" if said else ""


def _cell(name: str, cell: str) -> str:
    """A cell that is not clear without the name of its column has it."""
    return f"{name.lower()} {cell}" if name and len(cell) < SHORT_CELL and any(map(str.isdigit, cell)) else cell
