"""A linear classifier over hashed parts of words, as `training` wrote it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Classifier:
    """`weights` (buckets by labels, one byte each) times `scale`, for features weighted by `rarity`."""

    labels: tuple[str, ...]
    weights: npt.NDArray[np.int8]
    scale: Floats
    rarity: Floats
    sharpness: float

    def values(self, found: Mapping[int, int]) -> Floats:
        """How near a message is to each label: about 1 for those it was trained on, about 0 for others.

        Args:
            found: how often each bucket is hit; not empty.
        """
        buckets = np.fromiter(found, dtype=np.int64, count=len(found))
        hits = np.sqrt(np.fromiter(found.values(), dtype=np.float32, count=len(found))) * self.rarity[buckets]
        hits /= max(math.sqrt(hits @ hits), 1e-12)
        scores: Floats = (hits @ self.weights[buckets].astype(np.float32)) * self.scale
        return scores

    def best(self, found: Mapping[int, int], most: int) -> tuple[tuple[str, float], ...]:
        """The nearest labels with their values, nearest first; none for a message without words."""
        if not found:
            return ()
        scores = self.values(found)
        return tuple((self.labels[place], float(scores[place])) for place in np.argsort(-scores)[:most])

    def chances(self, found: Mapping[int, int], most: int) -> tuple[tuple[str, float], ...]:
        """The likeliest labels with their probabilities; none for a message without words."""
        if not found:
            return ()
        scores = self.values(found)
        chances = np.exp(self.sharpness * (scores - scores.max()))
        chances /= chances.sum()
        return tuple((self.labels[place], float(chances[place])) for place in np.argsort(-chances)[:most])


@cache
def load(name: str) -> Classifier:
    """The classifier of a file beside this one; read once."""
    with (files(__package__) / name).open("rb") as file:
        told: Any = np.load(file)
        return Classifier(
            tuple(str(label) for label in told["intents"]),
            told["weights"],
            told["scale"],
            told["rarity"],
            float(told["sharpness"]),
        )
