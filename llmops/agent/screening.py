"""Looks for attempts to command the model, in messages, documents and tool results.

Heuristics in Portuguese and English over the text as a reader sees it and as a model might: without invisible
characters, with look-alike letters written plainly, and with what base64, hexadecimal, percent signs, HTML entities or
ROT13 hide. They are the outer fence only. What keeps data apart and state unchanged is elsewhere: tools are bound to
the session's customer, and whatever changes state is a proposal.
"""

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal
from urllib.parse import unquote

import yaml

Source = Literal["message", "document", "tool"]
Verdict = Literal["allow", "flag", "block"]
PATTERNS = "screening_patterns.yaml"

# Zero width, direction marks, soft hyphen, variation selectors, Unicode tags: nobody types them in a question.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0d\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
LOOK_ALIKE = str.maketrans(
    "аеорсухіјѕԁһԛԝαοερικντυ0134579@$",
    "aeopcyxijsdhqwaoepikvtuoieastgas",
)
BASE64 = re.compile(r"(?<![\w+/=-])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/=-])")
HEXADECIMAL = re.compile(r"(?:\\x|0x|%)?[0-9a-fA-F]{2}(?:[\s:]?(?:\\x|0x|%)?[0-9a-fA-F]{2}){11,}")
LONGEST = 100_000
RANK: tuple[Verdict, ...] = ("allow", "flag", "block")


@dataclass(frozen=True)
class Screening:
    """What was found: `codes` sorted, and the text without its invisible characters."""

    verdict: Verdict
    codes: tuple[str, ...]
    text: str


def screen(text: str, *, source: Source) -> Screening:
    """Screens a text of up to 100,000 characters; what is beyond is cut off.

    In a message, orders to the model block. In documents and tool results people do write of rules and prompts; there
    anything found flags the text, for the caller to leave out.
    """
    seen = INVISIBLE.sub("", text[:LONGEST])
    found = set(_matches(seen))
    if len(seen) < len(text[:LONGEST]):
        hidden = "".join(chr(ord(letter) & 0x7F) for letter in text if 0xE0020 <= ord(letter) <= 0xE007E)
        found |= {("invisible", "flag"), *_matches(hidden)}
    for decoded in _decoded(seen):
        found |= {hit for code, verdict in _matches(decoded) for hit in (("encoded", "flag"), (code, verdict))}
    verdict: Verdict = max((verdict for _, verdict in found), key=RANK.index, default="allow")
    if source != "message" and verdict == "block":
        verdict = "flag"
    return Screening(verdict, tuple(sorted({code for code, _ in found})), seen)


def _matches(text: str) -> Iterator[tuple[str, Verdict]]:
    small = plain(text)
    for form in {small, _straightened(small)}:
        there = {word for word in _words() if word in form}
        if there:
            for code, verdict, wanted, pattern in _patterns():
                if not there.isdisjoint(wanted) and pattern.search(form):
                    yield code, verdict


@cache
def _words() -> tuple[str, ...]:
    """All words of which a text needs one to match a pattern."""
    return tuple(sorted(frozenset().union(*(wanted for _, _, wanted, _ in _patterns()))))


@cache
def _patterns() -> tuple[tuple[str, Verdict, frozenset[str], re.Pattern[str]], ...]:
    told = yaml.safe_load((files(__package__) / PATTERNS).read_text("utf-8"))
    return tuple(
        (entry["code"], entry["verdict"], frozenset(entry["words"]), _compiled(entry["pattern"], told["parts"]))
        for entry in told["patterns"]
    )


def _compiled(pattern: str, parts: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile(pattern.format(**parts), re.DOTALL | re.VERBOSE)


def plain(text: str) -> str:
    """Small letters without accents or compatibility forms."""
    return MARKS.sub("", unicodedata.normalize("NFKD", text)).lower()


def _straightened(text: str) -> str:
    """With look-alike letters and digits as the Latin letters they stand for, and s p a c e d words together."""
    latin = text.translate(LOOK_ALIKE)
    return re.sub(r"\b(?:\w[ ._*-]){3,}\w\b", lambda spaced: re.sub(r"[ ._*-]", "", spaced[0]), latin)


def _decoded(text: str) -> Iterator[str]:
    """What the text says in the usual codes, where it says anything."""
    if "&" in text and (read := html.unescape(text)) != text:
        yield read
    if "%" in text and (read := unquote(text)) != text:
        yield read
    for run in BASE64.findall(text):
        yield from _from_base64(run)
    for run in HEXADECIMAL.findall(text):
        yield from _text_of(bytes.fromhex(re.sub(r"\\x|0x|%|[\s:]", "", run)))
    yield codecs.decode(text, "rot13")


def _from_base64(run: str) -> Iterator[str]:
    padded = run.rstrip("=") + "=" * (-len(run.rstrip("=")) % 4)
    try:
        yield from _text_of(base64.b64decode(padded, altchars=b"-_" if "-" in run or "_" in run else None))
    except (binascii.Error, ValueError):
        return


def _text_of(raw: bytes) -> Iterator[str]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return
    if sum(letter.isprintable() or letter.isspace() for letter in text) == len(text):
        yield text
