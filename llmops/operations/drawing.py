"""Which conversations of a week people look at: drawn by lot, with more of those that are likely to be wrong."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Stratum = Literal["negative", "guardrail", "unsure"]
STRATA: tuple[Stratum, ...] = ("negative", "guardrail", "unsure")
SHARE = 5
"""Each stratum gets one in so many; what it cannot fill goes to the intents, in turn."""
UNSURE = 0.5
"""Probability of the intent below which a conversation counts as unsure."""


@dataclass(frozen=True)
class Candidate:
    """A conversation that can be drawn."""

    id: str
    intent: str
    strata: frozenset[str] = frozenset()


def strata_of(confidence: float, hits: int, downs: int) -> frozenset[str]:
    """What speaks for looking at a conversation: somebody disliked it, a guardrail did something, it was a guess."""
    facts = {"negative": downs > 0, "guardrail": hits > 0, "unsure": confidence < UNSURE}
    return frozenset(name for name, holds in facts.items() if holds)


def draw(candidates: Iterable[Candidate], size: int, seed: int, week: str, kept: Sequence[str] = ()) -> tuple[str, ...]:
    """Ids of at most `size` conversations: the same candidates, seed and week give the same ones.

    Args:
        candidates: the conversations of the week.
        size: how many.
        seed: of the lot.
        week: so that weeks are drawn apart.
        kept: ids that stay in any case, such as those that are graded already.
    """

    def lot(candidate: Candidate) -> str:
        return hashlib.sha256(f"{seed}|{week}|{candidate.id}".encode()).hexdigest()

    ranked = sorted(candidates, key=lot)
    chosen = list(dict.fromkeys(kept))
    for stratum in STRATA:
        fitting = [each.id for each in ranked if stratum in each.strata and each.id not in chosen]
        chosen += fitting[: max(0, min(-(-size // SHARE), size - len(chosen)))]
    chosen += _in_turn([each for each in ranked if each.id not in chosen])[: max(0, size - len(chosen))]
    return tuple(chosen)


def _in_turn(ranked: Sequence[Candidate]) -> list[str]:
    """The first of every intent, then the second of every intent, and so on."""
    places: dict[str, int] = {}
    keyed = []
    for each in ranked:
        place = places[each.intent] = places.get(each.intent, -1) + 1
        keyed.append((place, each.intent, each.id))
    return [name for _, _, name in sorted(keyed)]
