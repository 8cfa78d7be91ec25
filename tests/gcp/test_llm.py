"""Gemini on Agent Platform and Model Garden: where requests go, with which credentials, and what fails there."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelRequest
from pydantic_ai.models import ModelRequestParameters

from telecom.adapters import _llm
from telecom.adapters._llm import GuardedModel
from telecom.adapters.gcp import llm as module
from telecom.adapters.gcp.llm import garden_model, gemini_model, google_model
from telecom.bootstrap import Platform
from telecom.errors import LlmFailed
from telecom.settings import GEMINI, Settings
from tests.loopback.gemini_server import TOKEN, GeminiServer
from tests.loopback.google_signin import signed_in
from tests.loopback.llm_server import Refused
from tests.loopback.openai_server import OpenAiServer

PROJECT = "telecom-test"
ASKED: Any = [ModelRequest.user_text_prompt("Oi")]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(_llm, "FIRST_PAUSE", 0.01)
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    with GeminiServer() as server, signed_in(server.origin, monkeypatch):
        yield server


def settings(server: GeminiServer, **more: Any) -> Settings:
    return Settings(**{"backend": "gcp", "project": PROJECT, "llm_base_url": server.url} | more)


def ask(model: Any, times: int = 1) -> str:
    async def asked() -> str:
        try:
            for _ in range(times):
                answer = await model.request(ASKED, None, ModelRequestParameters())
            return str(answer.text)
        finally:
            await model.aclose()
            await asyncio.sleep(0.01)

    return asyncio.run(asked())


def failure(model: Any) -> LlmFailed:
    with pytest.raises(LlmFailed) as raised:
        ask(model)
    return raised.value


def headers(server: GeminiServer | OpenAiServer) -> dict[str, str]:
    return {name.lower(): value for name, value in server.requests[-1].headers.items()}


def test_gemini_is_asked_in_the_project_with_a_token_of_its_service_account(server: GeminiServer) -> None:
    assert ask(Platform(settings(server)).llm, times=3) == "ok"
    paths = {request.path for request in server.requests}
    assert paths == {f"/v1beta1/projects/{PROJECT}/locations/global/publishers/google/models/{GEMINI}:generateContent"}
    assert headers(server)["authorization"] == f"Bearer {TOKEN}"
    assert server.tokens_given == 1, "the token is used until it ends"


def test_location_and_model_are_the_settings(server: GeminiServer) -> None:
    server.models = {"gemini-3.8-flash"}
    ask(gemini_model(settings(server, llm_location="us-central1", llm_model="gemini-3.8-flash")))
    assert "/locations/us-central1/" in server.requests[0].path
    failed = failure(gemini_model(settings(server)))
    assert failed.reason == "refused"
    assert f"Publisher Model `publishers/google/models/{GEMINI}` was not found." in failed.message


def test_a_key_takes_the_place_of_the_token(server: GeminiServer) -> None:
    server.key = "AIza-the-key"
    ask(gemini_model(settings(server, llm_api_key="AIza-the-key")))
    assert headers(server)["x-goog-api-key"] == "AIza-the-key"
    assert "authorization" not in headers(server)
    assert server.requests[0].path == f"/v1beta1/publishers/google/models/{GEMINI}:generateContent"
    failed = failure(gemini_model(settings(server, llm_api_key="AIza-another-key")))
    assert failed.reason == "refused"
    assert "another-key" not in str(failed)


def test_keys_that_lie_about_are_not_used(server: GeminiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "AIza-somebody-elses")
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-somebody-elses")
    ask(gemini_model(settings(server)))
    assert headers(server)["authorization"] == f"Bearer {TOKEN}"
    assert "x-goog-api-key" not in headers(server)


def test_the_developers_api_is_one_of_keys_alone() -> None:
    address = "https://generativelanguage.googleapis.com"
    model: Any = gemini_model(Settings(llm="gemini", llm_base_url=address, llm_api_key="AIza-x"))
    assert not model.client.vertexai
    asyncio.run(model.aclose())


def test_whoever_is_not_signed_in_is_told_how(
    server: GeminiServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))
    for model in (gemini_model(settings(server)), garden_model(garden_settings(server.url))):
        failed = failure(model)
        assert failed.reason == "refused"
        assert "gcloud auth application-default login" in failed.remedy
    assert not server.requests


@pytest.mark.parametrize("status", [400, 503])
def test_a_sign_in_that_fails_is_told(server: GeminiServer, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    class Closed(GeminiServer):
        def other(self, path: str, body: bytes) -> Any:
            raise Refused(status, "invalid_grant")

    with Closed() as closed, signed_in(closed.origin, monkeypatch):
        failed = failure(gemini_model(settings(server)))
    assert failed.message.startswith("Signing in to Google Cloud failed")
    assert failed.reason == ("refused" if status == 400 else "unavailable")


def test_tokens_can_be_counted_beforehand(server: GeminiServer) -> None:
    model: Any = gemini_model(settings(server))

    async def counted() -> int:
        server.say("", input_tokens=321)
        usage = await model.count_tokens(ASKED, None, ModelRequestParameters())
        server.fail(503, times=9)
        with pytest.raises(LlmFailed):
            await model.count_tokens(ASKED, None, ModelRequestParameters())
        await model.aclose()
        return int(usage.input_tokens)

    assert asyncio.run(counted()) == 321


def test_a_malformed_call_of_a_tool_is_asked_for_again(server: GeminiServer) -> None:
    server.say("", finish="error")
    server.say("pronto")
    assert ask(gemini_model(settings(server))) == "pronto"
    assert len(server.requests) == 2


# Model Garden.


def garden_settings(url: str, **more: Any) -> Settings:
    return Settings(llm="openai", llm_model="meta/llama-4-maas", llm_base_url=url, **more)


def test_models_of_model_garden_get_a_token_that_is_fetched_once(server: GeminiServer) -> None:
    with OpenAiServer() as garden:
        garden.key = TOKEN
        assert ask(garden_model(garden_settings(garden.url)), times=3) == "ok"
    assert headers(garden)["authorization"] == f"Bearer {TOKEN}"
    assert garden.requests[0].body["model"] == "meta/llama-4-maas"
    assert server.tokens_given == 1


def test_a_token_that_ends_is_replaced(server: GeminiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = module._Credentials()

    async def twice() -> None:
        await credentials.token()
        credentials._found.expiry = credentials._found.expiry.replace(year=2000)
        await credentials.token()

    asyncio.run(twice())
    assert server.tokens_given == 2


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"llm": "gemini", "project": PROJECT}, "google-cloud"),
        ({"llm": "openai", "llm_base_url": "https://us-central1-aiplatform.googleapis.com/v1/x"}, "openai-compatible"),
    ],
)
def test_google_serves_both(given: dict[str, Any], made: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Settings(**{"llm_model": "m", **given})
    assert wanted.llm_on_google
    model = google_model(wanted)
    assert isinstance(model, GuardedModel)
    assert model.system == made
    asyncio.run(model.aclose())


def test_the_settings_are_no_secret_when_they_are_shown() -> None:
    shown = Settings(llm="gemini", llm_api_key="AIza-the-key")
    for text in (repr(shown), str(shown), json.dumps(shown.model_dump(mode="json")), str(shown.model_dump())):
        assert "AIza" not in text
