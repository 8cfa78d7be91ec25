"""Lines of a PDF's pages: words that stand side by side, with their size and weight, outside of tables."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmops.rag.blocks import Table
from llmops.rag.normalise import one_line

BBox = tuple[float, float, float, float]
SMALLEST = 3.5
"""Points; what is smaller nobody reads."""
MARGIN = 0.13
"""Share of a page's height, at the top and at the bottom, where running heads and feet stand."""
APART = 1.2
"""Heights of a line between the text and what runs above or below it."""
NOTHING_BELOW = 1e9
PAGE_NUMBER = re.compile(
    r"[-–—]?\s*(p[áa]g(ina|\.)?|page|fl(s|\.)?)?\s*\d{1,4}\s*((de|of|/)\s*\d{1,4})?\s*[-–—]?", re.IGNORECASE
)
BOLD = re.compile(r"bold|black|heavy|semibold|demi", re.IGNORECASE)


@dataclass(frozen=True)
class Line:
    """A line of text: its place in points from the top left, the size of its type, whether it is bold."""

    text: str
    top: float
    bottom: float
    left: float
    size: float
    bold: bool


@dataclass(frozen=True)
class PageLines:
    """What a page holds: lines outside of tables, and the tables with their places."""

    number: int
    height: float
    lines: tuple[Line, ...]
    tables: tuple[tuple[BBox, Table], ...]


def lines_of(page: Any, tables: Sequence[BBox]) -> list[Line]:
    """The lines of a pdfplumber page in the order of the file, without those inside the given tables."""
    upright = page.filter(lambda thing: thing["object_type"] != "char" or _readable(thing))
    words = upright.extract_words(use_text_flow=True, x_tolerance_ratio=0.15, extra_attrs=["size", "fontname"])
    lines: list[list[dict[str, Any]]] = []
    for word in words:
        if any(_inside(word, bbox) for bbox in tables):
            continue
        if lines and _same_line(lines[-1][-1], word):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [made for made in map(_line, lines) if made.text]


def without_running(pages: Sequence[PageLines]) -> list[PageLines]:
    """The pages without what stands in the margin of many of them, numbers apart, and without page numbers."""
    margins = [_margin_lines(page) for page in pages]
    seen = Counter(sign for lines in margins for sign in {_signature(line) for line in lines})
    least = max(2, round(0.3 * len(pages)))
    repeated = {sign for sign, count in seen.items() if count >= least}
    return [
        replace(page, lines=tuple(line for line in page.lines if line not in lines or not _runs(line, repeated)))
        for page, lines in zip(pages, margins, strict=True)
    ]


def _runs(line: Line, repeated: set[str]) -> bool:
    return bool(PAGE_NUMBER.fullmatch(line.text)) or _signature(line) in repeated


def _margin_lines(page: PageLines) -> list[Line]:
    """Lines in the upper and the lower margin that a gap sets apart from the text."""
    placed = sorted((line for line in page.lines if line.bottom > 0), key=lambda line: line.top)
    edges = [bbox[1] for bbox, _ in page.tables], [bbox[3] for bbox, _ in page.tables]
    head = _outer(placed, min(edges[0], default=NOTHING_BELOW))
    mirrored = [replace(line, top=page.height - line.bottom, bottom=page.height - line.top) for line in placed[::-1]]
    feet = len(_outer(mirrored, page.height - max(edges[1], default=page.height - NOTHING_BELOW)))
    limit = MARGIN * page.height
    upper = [line for line in placed[: len(head)] if line.bottom < limit]
    lower = [line for line in placed[len(placed) - feet :] if line.top > page.height - limit]
    return upper + lower


def _outer(lines: Sequence[Line], table_edge: float) -> Sequence[Line]:
    """The first lines, up to a gap wider than a line with more below; none where there is no such gap."""
    for number, line in enumerate(lines):
        below = min(lines[number + 1].top if number + 1 < len(lines) else NOTHING_BELOW, table_edge)
        if APART * (line.bottom - line.top) < below - line.bottom < NOTHING_BELOW / 2:
            return lines[: number + 1]
    return ()


def _signature(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text.casefold())


def _readable(sign: dict[str, Any]) -> bool:
    across, along, *_ = sign["matrix"]
    return across > 10 * abs(along) and float(sign.get("size") or 0) >= SMALLEST


def _inside(word: dict[str, Any], bbox: BBox) -> bool:
    x, y = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
    return bool(bbox[0] <= x <= bbox[2] and bbox[1] <= y <= bbox[3])


def _same_line(before: dict[str, Any], word: dict[str, Any]) -> bool:
    height = min(before["bottom"] - before["top"], word["bottom"] - word["top"])
    overlap = min(before["bottom"], word["bottom"]) - max(before["top"], word["top"])
    return bool(overlap > 0.5 * height and word["x0"] >= before["x0"] - 1)


def _line(words: Sequence[dict[str, Any]]) -> Line:
    letters: Counter[float] = Counter()
    for word in words:
        letters[round(float(word["size"]), 1)] += len(word["text"])
    bold = sum(len(word["text"]) for word in words if BOLD.search(word["fontname"]))
    return Line(
        one_line(" ".join(word["text"] for word in words)),
        float(min(word["top"] for word in words)),
        float(max(word["bottom"] for word in words)),
        float(words[0]["x0"]),
        letters.most_common(1)[0][0],
        bold > 0.8 * sum(len(word["text"]) for word in words),
    )
