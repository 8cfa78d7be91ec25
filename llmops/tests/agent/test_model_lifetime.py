"""The language model's connections end with the service, and its library is quiet."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pydantic_ai
import pytest

from llmops.agent.assistant_service import create_app
from llmops.tests.agent.service_fakes import Service
from llmops.tests.agent.stage import Stage, model_of
from telecom.adapters._llm import GuardedModel
from telecom.bootstrap import Platform
from telecom.settings import Settings


def test_the_connections_are_closed_when_the_service_ends() -> None:
    platform = Platform(Settings(llm="openai", llm_model="m", llm_base_url="http://127.0.0.1:9/v1"))
    model = platform.llm
    assert isinstance(model, GuardedModel)
    app = create_app(replace(Service().wiring, aclose=platform.aclose))

    async def lived() -> bool:
        async with app.router.lifespan_context(app):
            return model._http.is_closed

    assert not asyncio.run(lived())
    assert model._http.is_closed


def test_where_no_model_was_asked_for_none_is_made(tmp_path: Path) -> None:
    platform = Platform(Settings(llm="openai", llm_model="m", llm_base_url="http://127.0.0.1:9/v1", home=tmp_path))
    asyncio.run(platform.aclose())
    assert "llm" not in vars(platform)


def test_the_librarys_advertisement_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pydantic_ai, "BANNER_ENABLED", True)
    Stage(model=model_of("Olá."))
    assert pydantic_ai.BANNER_ENABLED is False
