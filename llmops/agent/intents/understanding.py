"""What a message wants, asks and names: trained classifiers, and rules for short answers, months and services."""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from llmops.agent.intents import classifier, periods, slots
from llmops.agent.intents.features import features
from llmops.agent.intents.training import NOWHERE, SECTIONS, WEIGHTS

SURE = 0.30
"""Below this the classifier only guesses."""
NAMED_INTENTS = {
    "secrets": "out_of_scope",
    "service_change": "upgrade",
    "summary": "summary",
    "ticket_cancel": "ticket",
    "ticket_state": "ticket",
    "registering": "register_contact",
    "callback": "human",
    "calling": "human",
    "owing": "payment",
    "complaint": "register_contact",
    "no_offers": "privacy",
    "more_speed": "upgrade",
    "copying": "second_copy",
    "disputing": "contest",
    "comparing": "invoice_change",
    "extreme_bill": "payment",
    "paid_sum": "payment",
    "late_charge": "payment",
    "personal": "account",
    "portfolio": "out_of_scope",
    "hires": "plan",
}
"""What a message wants that surely names one of these."""
UNKNOWN = (("unclear", 0.0), ("unclear", 0.0))
MOST_SECTIONS = 5


class Asked(NamedTuple):
    """A section that may answer a question, and how alike the question is to those that it answers (about 0 to 1)."""

    document: str
    section: str
    alike: float


@dataclass(frozen=True)
class Understood:
    """What a message wants. `sure` is the classifier's probability of `intent` (0 to 1), `second` the next best intent.

    `asked` are the sections of the knowledge base that questions like it ask for, the likeliest first; `nowhere` is how
    alike it is to questions that nothing answers. `answer` is `yes`, `no`, `done`, `still` or empty: a short reply to
    what was asked before. `month` is YYYY-MM. `said`, where not empty, is what to look up in place of the message: of a
    short one that goes on with the one before, both.
    """

    intent: str
    sure: float
    second: str = ""
    answer: str = ""
    month: str = ""
    names: frozenset[str] = field(default_factory=frozenset)
    asked: tuple[Asked, ...] = ()
    nowhere: float = 0.0
    said: str = ""

    @property
    def clear(self) -> bool:
        """Whether the intent is more than a guess."""
        return self.sure >= SURE


@lru_cache(maxsize=128)
def understand(message: str, today: date) -> Understood:
    """What one message wants, taken by itself; the parts of one are looked at twice.

    Args:
        message: as somebody wrote it.
        today: the day from which `mês passado` counts.
    """
    found, names = features(message), slots.named(message)
    best = classifier.load(WEIGHTS).chances(found, 2) or UNKNOWN
    if named := next((intent for name, intent in NAMED_INTENTS.items() if name in names), ""):
        best = ((named, 1.0), *best)
    elif best[0][0] == "greeting" and "person" in names:
        best = (("human", 1.0), *best)
    near = classifier.load(SECTIONS).best(found, MOST_SECTIONS + 1)
    return Understood(
        intent=best[0][0],
        sure=best[0][1],
        second=best[1][0],
        answer=slots.short_answer(message),
        month=periods.month_named(message, today),
        names=names,
        asked=tuple(_asked(label, alike) for label, alike in near if label != NOWHERE)[:MOST_SECTIONS],
        nowhere=next((alike for label, alike in near if label == NOWHERE), 0.0),
    )


def _asked(label: str, alike: float) -> Asked:
    document, _, section = label.partition("§")
    return Asked(document.strip(), section.strip(), alike)
