"""What a message wants and names: the trained classifier, and rules for short answers, months and services."""

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from llmops.agent.intents import slots
from llmops.agent.intents.features import features
from llmops.agent.intents.training import WEIGHTS

Floats = npt.NDArray[np.float32]
SURE = 0.30
"""Below this the classifier only guesses."""
SERVICE_CHANGE = "upgrade"
"""What it is to add or to give up a service that is named."""


@dataclass(frozen=True)
class Understood:
    """What a message wants. `sure` is the classifier's probability of `intent` (0 to 1), `second` the next best intent.

    `answer` is `yes`, `no`, `done`, `still` or empty: a short reply to what was asked before. `month` is YYYY-MM.
    """

    intent: str
    sure: float
    second: str = ""
    answer: str = ""
    month: str = ""
    names: frozenset[str] = field(default_factory=frozenset)

    @property
    def clear(self) -> bool:
        """Whether the intent is more than a guess."""
        return self.sure >= SURE


@dataclass(frozen=True)
class _Model:
    intents: tuple[str, ...]
    weights: Floats
    rarity: Floats
    sharpness: float


def understand(message: str, today: date) -> Understood:
    """What one message wants, taken by itself.

    Args:
        message: as somebody wrote it.
        today: the day from which `mês passado` counts.
    """
    names = slots.named(message)
    best = [(SERVICE_CHANGE, 1.0), *_ranked(message)] if "service_change" in names else _ranked(message)
    return Understood(
        intent=best[0][0],
        sure=best[0][1],
        second=best[1][0],
        answer=slots.short_answer(message),
        month=slots.month_named(message, today),
        names=names,
    )


def _ranked(message: str) -> list[tuple[str, float]]:
    """The two best intents with their probabilities; for a text without words, what nobody asked for."""
    found = features(message)
    if not found:
        return [("unclear", 0.0), ("unclear", 0.0)]
    model = _model()
    buckets = np.fromiter(found, dtype=np.int64, count=len(found))
    values = np.sqrt(np.fromiter(found.values(), dtype=np.float32, count=len(found))) * model.rarity[buckets]
    scores = (values / max(float(np.linalg.norm(values)), 1e-12)) @ model.weights[buckets]
    chances = np.exp(model.sharpness * (scores - scores.max()))
    chances /= chances.sum()
    order = np.argsort(-chances)[:2]
    return [(model.intents[place], float(chances[place])) for place in order]


@cache
def _model() -> _Model:
    with (files(__package__) / WEIGHTS).open("rb") as file:
        told: Any = np.load(file)
        return _Model(
            tuple(str(intent) for intent in told["intents"]),
            told["weights"].astype(np.float32) * told["scale"],
            told["rarity"],
            float(told["sharpness"]),
        )
