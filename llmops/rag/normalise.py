"""Text as it is stored and compared: one Unicode form, no invisible characters, words whole again at line ends."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

LIGATURES = {ord(sign): unicodedata.normalize("NFKC", sign) for sign in "ﬀﬁﬂﬃﬄﬅﬆ"}
SPACES = re.compile(r"[^\S\n]+")
# Soft hyphens, zero-width signs, direction marks and tag characters: nobody sees them, a model reads them.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
BROKEN = re.compile(r"(\w+)[-\u2010]$")
# What keeps its hyphen where a line ends on it: `pós-pago`, `segunda-feira`, `bem-vindo`.
PREFIXES = frozenset(
    "além anti auto bem co contra ex extra guarda infra inter mal mega micro mini multi não pan pós pre pré pró quarta "
    "quinta recém rede segunda sem semi sexta sobre sub super terça tri ultra uni vice wi".split()
)
# … and what follows a verb after one: `informá-lo`, `tornar-se`.
CLITICS = frozenset("a as la las lhe lhes lo los me na nas no nos o os se te vos".split())


def clean(text: str) -> str:
    """NFC, without invisible and control characters; runs of blanks become one, line ends stay."""
    text = unicodedata.normalize("NFC", text.translate(LIGATURES))
    text = CONTROL.sub("", INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", "\n")))
    lines = (SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def one_line(text: str) -> str:
    """`clean`, on a single line."""
    return " ".join(clean(text).split())


def join_lines(lines: Sequence[str], vocabulary: Iterable[str] = ()) -> str:
    """Lines of one paragraph as running text; a word divided at a line's end becomes whole.

    Args:
        lines: in order.
        vocabulary: words that the document has elsewhere, in lower case: they decide whether the hyphen was a part
            of the word. Unknown words follow the commonest rules of Portuguese.
    """
    known = vocabulary if isinstance(vocabulary, set | frozenset) else frozenset(vocabulary)
    text = ""
    for line in (line.strip() for line in lines):
        if not text or not line:
            text += line
        elif broken := BROKEN.search(text):
            text = _rejoined(text, broken[1], line, known)
        else:
            text += f" {line}"
    return text


def _rejoined(text: str, before: str, line: str, known: frozenset[str] | set[str]) -> str:
    found = re.match(r"\w+", line)
    if not found:
        return f"{text} {line}"
    after = found[0]
    together, apart = (before + after).lower(), f"{before}-{after}".lower()
    if apart in known and together not in known:
        return text + line
    if together in known or not _keeps_hyphen(before, after):
        return text[:-1] + line
    return text + line


def _keeps_hyphen(before: str, after: str) -> bool:
    if not after[0].islower():
        return True
    return before.lower() in PREFIXES or after.lower() in CLITICS
