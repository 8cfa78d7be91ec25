"""What Portuguese passages say, in English and in short, for readers of English.

Reads `gists.en.txt`: under `## document § section` a line for each passage, `key gist`. A passage's key follows from
its words, so that a gist stands only for what it was written from: where a document was changed there is none, until
somebody has read both again and run `python -m tools.english_words`, which writes the keys anew.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from llmops.agent.grounding import check
from telecom.ports import Passage

FILE = "gists.en.txt"
UNKNOWN = "-"
"""The key of a gist whose passage is not there."""
_LINE = re.compile(r"(?P<key>[0-9a-f]{24}(?:-\d+)?|-) (?P<text>.+)")


@dataclass(frozen=True)
class Gist:
    """English words for the passage with this key, of a section of a document."""

    document: str
    section: str
    key: str
    text: str


def gist_of(passage: Passage) -> str:
    """What a passage says, in English; empty where nobody wrote it, or where the passage is in other words now."""
    return _by_key().get(passage.key, "")


def read(text: str | None = None) -> tuple[Gist, ...]:
    """All gists, in the file's order.

    Raises:
        ValueError: a line is neither a head nor a gist.
    """
    found, document, section = [], "", ""
    for line in (text if text is not None else (files(__package__) / FILE).read_text("utf-8")).splitlines():
        if line.startswith("## "):
            document, _, section = (part.strip() for part in line[3:].partition("§"))
        elif line.strip() and not line.startswith("#"):
            if not (parts := _LINE.fullmatch(line)):
                raise ValueError(f"{FILE}: {line!r} is neither `## document § section` nor `key gist`.")
            found.append(Gist(document, section, parts["key"], parts["text"]))
    return tuple(found)


def keyed(gists: Sequence[Gist], passages: Iterable[Passage]) -> tuple[Gist, ...]:
    """The gists with the keys of the passages that support them; UNKNOWN where none of their section does.

    Args:
        gists: of a section with several passages, each takes the first that has its figures and is not taken yet.
        passages: of the whole knowledge base, in the order of the documents.
    """
    there: dict[tuple[str, str], list[Passage]] = {}
    for passage in passages:
        there.setdefault((passage.document, passage.section), []).append(passage)
    return tuple(_keyed(gist, there.get((gist.document, gist.section), [])) for gist in gists)


def written(gists: Iterable[Gist]) -> str:
    """The file's text."""
    return "".join(_lines(gists))


def _keyed(gist: Gist, left: list[Passage]) -> Gist:
    """Takes the passage out of those that are left."""
    for passage in left:
        if check(gist.text, [f"{passage.section}\n{passage.text}"]).ok:
            left.remove(passage)
            return replace(gist, key=passage.key)
    return replace(gist, key=UNKNOWN)


def _lines(gists: Iterable[Gist]) -> Iterator[str]:
    yield "# What Portuguese passages say, in English: the passage's key, and the gist (see gists.py).\n"
    before = ("", "")
    for gist in gists:
        if (gist.document, gist.section) != before:
            yield f"## {gist.document} § {gist.section}".rstrip() + "\n"
        before = gist.document, gist.section
        yield f"{gist.key} {gist.text}\n"


@cache
def _by_key() -> Mapping[str, str]:
    return {gist.key: gist.text for gist in read()}
