"""A message as numbers: hashed words, pairs of words, runs of letters within words, and ideas of the trade."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from itertools import chain, combinations, pairwise
from zlib import crc32

from telecom.passages import folded

BUCKETS = 8_192
CONCEPTS = "concepts.txt"
RUNS = range(3, 6)
IDEA_WEIGHT = 8
"""An idea counts as much as so many words."""
MOST_CHARS = 400
"""More of a message tells no more about what it wants."""
_WORD = re.compile(r"[345]g\b|[a-z]+|\d+")
# What people type for what they mean, where letters alone do not show it.
_SPELT = {
    "q": "que", "pq": "porque", "vc": "voce", "vcs": "voces", "tb": "tambem", "net": "internet", "cel": "celular",
    "hj": "hoje", "msm": "mesmo", "ta": "esta", "to": "estou", "tou": "estou", "pra": "para", "pro": "para",
    "p": "para", "n": "nao", "num": "nao", "blz": "beleza", "obg": "obrigado", "vlw": "valeu", "wi": "wifi",
    "qnto": "quanto", "qnt": "quanto", "qnts": "quantos", "qts": "quantos", "qtos": "quantos", "qnd": "quando",
    "mt": "muito", "gb": "gigas", "oq": "que", "td": "tudo", "mto": "muito", "qto": "quanto",
    "qdo": "quando", "eh": "e",
}  # fmt: skip


def words(text: str) -> list[str]:
    """Plain words: small letters without accents, the usual abbreviations written out, numbers as one sign."""
    found = _WORD.findall(folded(text[:MOST_CHARS]).replace("wi-fi", "wifi"))
    return ["0" if word.isdigit() else _SPELT.get(word, word) for word in found]


def features(text: str) -> Counter[int]:
    """How often each bucket is hit; empty for a text without words."""
    found = words(text)
    told = sorted(ideas(found))
    return Counter(
        chain(
            [_bucket(f"@{idea}") for idea in told] * IDEA_WEIGHT,
            (_bucket(f"@{one} {two}") for one, two in combinations(told, 2)),
            *map(_of_word, found),
            (_bucket(f"{one} {two}") for one, two in pairwise(found)),
        )
    )


def ideas(found: list[str]) -> frozenset[str]:
    """The ideas of `concepts.txt` that these words carry."""
    pairs = [f"{one}-{two}" for one, two in pairwise(found)]
    threes = [f"{pair}-{word}" for pair, word in zip(pairs, found[2:], strict=False)]
    return frozenset().union(*(_ideas_of(word) for word in (*found, *pairs, *threes)))


def _bucket(part: str) -> int:
    return crc32(part.encode()) % BUCKETS


@lru_cache(maxsize=8_192)
def _of_word(word: str) -> tuple[int, ...]:
    """Buckets of a word and of its runs of letters."""
    padded = f"<{word}>"
    runs = (padded[at : at + size] for size in RUNS for at in range(len(padded) - size + 1))
    return tuple(map(_bucket, (f"={word}", *runs)))


@cache
def _beginnings() -> Mapping[tuple[str, int], tuple[tuple[str, str], ...]]:
    """Beginnings and their ideas, by first letter and number of hyphens; `=` stands before whole words."""
    lines = (files(__package__) / CONCEPTS).read_text("utf-8").splitlines()
    told = (line.split(":", 1) for line in lines if line and not line.startswith("#"))
    found: defaultdict[tuple[str, int], list[tuple[str, str]]] = defaultdict(list)
    for idea, beginnings in told:
        for beginning in beginnings.split():
            found[beginning.lstrip("=")[0], beginning.count("-")].append((beginning, idea))
    return {place: tuple(listed) for place, listed in found.items()}


@lru_cache(maxsize=8_192)
def _ideas_of(word: str) -> frozenset[str]:
    """Of a word, or of two or three with hyphens between."""
    return frozenset(
        idea
        for beginning, idea in _beginnings().get((word[0], word.count("-")), ())
        if (word == beginning[1:] if beginning[0] == "=" else word.startswith(beginning))
    )
