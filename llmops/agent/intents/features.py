"""A message as numbers: hashed words, pairs of words, runs of letters within words, and ideas of the trade."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from itertools import combinations, pairwise
from zlib import crc32

from telecom.passages import folded

BUCKETS = 8_192
CONCEPTS = "concepts.txt"
RUNS = range(3, 6)
IDEA_WEIGHT = 8
"""An idea counts as much as so many words."""
MOST_CHARS = 400
"""More of a message tells no more about what it wants."""
_WORD = re.compile(r"[a-z]+|\d+")
# What people type for what they mean, where letters alone do not show it.
_SPELT = {
    "q": "que", "pq": "porque", "vc": "voce", "vcs": "voces", "tb": "tambem", "net": "internet", "cel": "celular",
    "hj": "hoje", "msm": "mesmo", "ta": "esta", "to": "estou", "tou": "estou", "pra": "para", "pro": "para",
    "p": "para", "n": "nao", "num": "nao", "blz": "beleza", "obg": "obrigado", "vlw": "valeu", "wi": "wifi",
    "oq": "que", "td": "tudo", "mto": "muito", "qto": "quanto", "qdo": "quando", "eh": "e",
}  # fmt: skip


def words(text: str) -> list[str]:
    """Plain words: small letters without accents, the usual abbreviations written out, numbers as one sign."""
    found = _WORD.findall(folded(text[:MOST_CHARS]).replace("wi-fi", "wifi"))
    return ["0" if word.isdigit() else _SPELT.get(word, word) for word in found]


def features(text: str) -> Counter[int]:
    """How often each bucket is hit; empty for a text without words."""
    return Counter(crc32(part.encode()) % BUCKETS for part in _parts(words(text)))


def ideas(found: list[str]) -> frozenset[str]:
    """The ideas of `concepts.txt` that these words carry."""
    pairs = [f"{one}-{two}" for one, two in pairwise(found)]
    threes = [f"{pair}-{word}" for pair, word in zip(pairs, found[2:], strict=False)]
    return frozenset().union(*(_ideas_of(word) for word in (*found, *pairs, *threes)))


def _parts(found: list[str]) -> Iterator[str]:
    told = sorted(ideas(found))
    for _ in range(IDEA_WEIGHT):
        yield from (f"@{idea}" for idea in told)
    yield from (f"@{one} {two}" for one, two in combinations(told, 2))
    for word in found:
        yield f"={word}"
        padded = f"<{word}>"
        for size in RUNS:
            yield from (padded[at : at + size] for at in range(len(padded) - size + 1))
    yield from (f"{one} {two}" for one, two in pairwise(found))


@cache
def _beginnings() -> tuple[tuple[str, str], ...]:
    lines = (files(__package__) / CONCEPTS).read_text("utf-8").splitlines()
    told = (line.split(":", 1) for line in lines if line and not line.startswith("#"))
    return tuple((beginning, idea) for idea, beginnings in told for beginning in beginnings.split())


@lru_cache(maxsize=8_192)
def _ideas_of(word: str) -> frozenset[str]:
    """Of a word, or of two or three with hyphens between."""
    return frozenset(
        idea
        for beginning, idea in _beginnings()
        if (word == beginning[1:] if beginning[0] == "=" else word.startswith(beginning))
        and beginning.count("-") == word.count("-")
    )
