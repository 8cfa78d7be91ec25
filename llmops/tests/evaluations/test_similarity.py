"""Nearness by meaning: only where there is a reference, and never silently absent."""

from typing import Any

import httpx
import pytest

from llmops.evaluations import similarity
from llmops.evaluations.similarity import Similarity, cosine
from llmops.tests.evaluations.played import played
from telecom.errors import DependencyUnavailable, UsageError
from telecom.settings import Settings

SETTINGS = Settings(llm="openai", llm_model="m", llm_base_url="http://localhost:1/v1", llm_api_key="k")  # type: ignore[arg-type]


def answers(monkeypatch: pytest.MonkeyPatch, status: int, body: Any) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []

    def post(url: str, **given: Any) -> httpx.Response:
        asked.append({"url": url, **given})
        return httpx.Response(status, json=body, request=httpx.Request("POST", url))

    monkeypatch.setattr(similarity.httpx, "post", post)
    return asked


def vectors(*found: list[float]) -> dict[str, Any]:
    return {"data": [{"index": place, "embedding": each} for place, each in reversed(list(enumerate(found)))]}


def test_near_and_far(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers(monkeypatch, 200, vectors([1.0, 0.0], [0.9, 0.1]))
    (near,) = Similarity(SETTINGS, "e")(played({"reference": "Sim."}))
    assert near.ok and near.metric == "similarity"
    assert asked[0]["url"] == "http://localhost:1/v1/embeddings" and asked[0]["json"]["input"] == [
        "Sim.",
        "Tudo certo.",
    ]
    assert asked[0]["headers"] == {"Authorization": "Bearer k"}
    answers(monkeypatch, 200, vectors([1.0, 0.0], [0.0, 1.0]))
    (far,) = Similarity(SETTINGS, "e")(played({"reference": "Sim."}))
    assert not far.ok and "0.00" in far.said


def test_without_a_reference_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers(monkeypatch, 200, vectors([1.0], [1.0]))
    assert Similarity(SETTINGS, "e")(played()) == [] and asked == []


@pytest.mark.parametrize(("status", "body"), [(500, {}), (200, {}), (200, {"data": []}), (200, [])])
def test_a_server_that_gives_none(monkeypatch: pytest.MonkeyPatch, status: int, body: Any) -> None:
    answers(monkeypatch, status, body)
    with pytest.raises(DependencyUnavailable, match="gave no embeddings"):
        Similarity(SETTINGS, "e")(played({"reference": "Sim."}))


def test_without_a_server() -> None:
    with pytest.raises(UsageError, match="needs a server"):
        Similarity(Settings(), "e")
    assert cosine([0.0], [1.0]) == 0.0
