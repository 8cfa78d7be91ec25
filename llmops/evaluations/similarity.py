"""Nearness of an answer to a good one, by meaning: cosine of embeddings. Off unless an embedding model is named.

Any server that speaks OpenAI's `/embeddings`; its address and key are those of the language model's settings.
"""

import math
from collections.abc import Sequence

import httpx

from llmops.evaluations.grading import Check
from llmops.evaluations.playing import Played
from telecom.errors import DependencyUnavailable, UsageError
from telecom.settings import Settings

SECONDS = 30.0
NEAR = 0.75
"""Cosine from which an answer counts as near."""


class Similarity:
    """Checks of the turns that have a `reference`.

    Args:
        settings: say where the server is.
        model: the embedding model's id.

    Raises:
        UsageError: no server is configured.
    """

    def __init__(self, settings: Settings, model: str) -> None:
        if not settings.llm_base_url:
            raise UsageError("--embedding-model needs a server.", "Set TELECOM_LLM_BASE_URL.")
        key = settings.llm_api_key.get_secret_value()
        self._url, self._model = f"{settings.llm_base_url}/embeddings", model
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def __call__(self, played: Played) -> Sequence[Check]:
        """One check of the metric `similarity` for each turn that has a reference.

        Raises:
            DependencyUnavailable: the server does not answer.
        """
        turns = zip(played.scenario.turns, played.answers, strict=True)
        asked = [(number, turn.want.reference, answer.message) for number, (turn, answer) in enumerate(turns, 1)]
        return [self._check(number, good, said) for number, good, said in asked if good and said]

    def _check(self, number: int, good: str, said: str) -> Check:
        near = cosine(*self._embedded((good, said)))
        return Check("similarity", number, near >= NEAR, f"cosine {near:.2f}, wanted {NEAR}")

    def _embedded(self, texts: tuple[str, str]) -> tuple[Sequence[float], Sequence[float]]:
        body = {"model": self._model, "input": list(texts)}
        try:
            answer = httpx.post(self._url, json=body, headers=self._headers, timeout=SECONDS)
            answer.raise_for_status()
            found = sorted(answer.json()["data"], key=lambda each: int(each["index"]))
            return found[0]["embedding"], found[1]["embedding"]
        except (httpx.HTTPError, ValueError, KeyError, IndexError, TypeError) as error:
            raise DependencyUnavailable(
                f"{self._url} gave no embeddings: {type(error).__name__}.", "Check the address and the model's id."
            ) from error


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Cosine of the angle between two vectors; 0 where one of them is 0."""
    lengths = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / lengths if lengths else 0.0
