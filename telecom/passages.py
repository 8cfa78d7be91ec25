"""What both retrievers and the ingestion know of passages: who may read which, and which say the same."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from telecom.ports import Found, Passage, Reading

SURE_ENOUGH = 0.5
"""Where the best passage of the local index scores less, one had better say that nothing answers."""
PUBLIC_READERS = ("customer",)
FAQ_TABLE = "table:telecom_gold.knowledge_faq"
"""How the documents are called that are rows of the table of questions and answers."""
NEGATIONS = frozenset(("nao", "nem", "nunca", "sem", "jamais", "exceto", "not", "no", "never", "without", "except"))
WORD = re.compile(r"\w+")
ACCENTS = re.compile("[\u0300-\u036f]")
NEAR = 0.9


def folded(text: str) -> str:
    """Lower case without accents: `Cobrança` is `cobranca`."""
    return ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))


def may_read(passage: Passage, reading: Reading) -> bool:
    """Whether the passage is meant for the reader and holds on the day. Customers never read what is internal."""
    return (
        reading.audience in passage.audience
        and (passage.sensitivity == "public" or reading.audience not in PUBLIC_READERS)
        and (passage.valid_from or date.min) <= reading.on <= (passage.valid_until or date.max)
    )


def faq_passage(row: Mapping[str, Any]) -> Passage:
    """A row of `telecom_gold.knowledge_faq` as a passage; days may be dates or ISO text."""
    for_all = row.get("audience") == "everyone"
    return Passage(
        key=f"faq-{row['faq_id']}",
        document=f"{FAQ_TABLE}/{row['faq_id']}",
        title=row.get("category") or "",
        section=row.get("question") or "",
        page=None,
        text=row.get("answer") or "",
        audience=("agent", "customer") if for_all else ("agent",),
        sensitivity="public" if for_all else "internal",
        valid_from=_day(row.get("valid_from")),
        valid_until=_day(row.get("valid_until")),
    )


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value[:10]) if isinstance(value, str) and value else value or None


@dataclass(frozen=True)
class Likeness:
    """What two texts are compared by: figures and negations in order, and the runs of three words."""

    facts: str
    runs: frozenset[tuple[str, ...]]

    @classmethod
    @lru_cache(maxsize=1_024)
    def of(cls, text: str) -> "Likeness":
        """Of a text, however it is set; the same passages are found again and again."""
        words = WORD.findall(folded(text))
        facts = " ".join(word for word in words if any(map(str.isdigit, word)) or word in NEGATIONS)
        return cls(facts, frozenset(zip(words, words[1:], words[2:], strict=False)) or frozenset({tuple(words)}))

    def is_twin_of(self, other: "Likeness") -> bool:
        """Whether both say the same: equal facts, and nine tenths of all runs in common."""
        if self.facts != other.facts:
            return False
        return len(self.runs & other.runs) >= NEAR * len(self.runs | other.runs)


def without_twins(found: Iterable[Found]) -> Iterator[Found]:
    """The best of each group that says the same; the order stays."""
    kept: list[Likeness] = []
    for one in found:
        likeness = Likeness.of(one.passage.text)
        if not any(likeness.is_twin_of(other) for other in kept):
            kept.append(likeness)
            yield one
