"""Failures of LLMs in our words, one's own server, and what tokens cost."""

import asyncio
import inspect
import traceback
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import yaml
from pydantic_ai import exceptions as vendor
from pydantic_ai.messages import ModelRequest
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.function import FunctionModel

from telecom import llm_prices
from telecom.adapters import _llm
from telecom.adapters._llm import GuardedModel, http_client
from telecom.adapters._llm_errors import failure_of
from telecom.adapters.local.llm import openai_model
from telecom.bootstrap import Platform
from telecom.errors import LlmFailed
from telecom.llm_prices import Cost, cost_of, price_of
from telecom.settings import GEMINI, Settings
from tests.loopback.llm_server import Reply
from tests.loopback.openai_server import OpenAiServer

REASONS = {"unavailable", "timeout", "rate_limited", "blocked", "too_long", "half_answer", "refused"}
ASKED: Any = [ModelRequest.user_text_prompt("Oi")]
DAY = date(2026, 11, 21)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAiServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(_llm, "FIRST_PAUSE", 0.01)
    with OpenAiServer() as server:
        yield server


def own(server: OpenAiServer, **more: Any) -> Any:
    return openai_model(Settings(llm="openai", llm_model="llama3.3", llm_base_url=server.url, **more))


def ask(model: Any) -> str:
    async def asked() -> str:
        try:
            return str((await model.request(ASKED, None, ModelRequestParameters())).text)
        finally:
            await model.aclose()
            await asyncio.sleep(0.01)

    return asyncio.run(asked())


def failure(model: Any) -> LlmFailed:
    with pytest.raises(LlmFailed) as raised:
        ask(model)
    return raised.value


# Failures.


def vendor_exceptions() -> list[type[Exception]]:
    found = [cls for _, cls in inspect.getmembers(vendor, inspect.isclass) if issubclass(cls, Exception)]
    others = (Warning, BaseExceptionGroup, vendor.RunCancelled)  # of whole runs, not of models
    return [cls for cls in found if not issubclass(cls, others) and cls.__module__ == vendor.__name__]


def instance(cls: type[Exception]) -> Exception:
    """An instance that carries what the library puts into it, whatever its constructor asks for."""
    error = cls.__new__(cls)
    Exception.__init__(error, "the vendor's words")
    more = {"message": "x", "body": {"error": {"message": "m"}}, "retry_after": 1.5, "status_code": 503}
    for name, value in {**more, "provider_error_code": "code", "provider_error_type": None}.items():
        if issubclass(cls, vendor.ModelAPIError) and (name != "status_code" or issubclass(cls, vendor.ModelHTTPError)):
            setattr(error, name, value)
    return error


@pytest.mark.parametrize("cls", vendor_exceptions(), ids=lambda cls: cls.__name__)
def test_every_exception_of_the_library_becomes_one_of_ours(cls: type[Exception]) -> None:
    failed = failure_of(instance(cls), "m", "", begun=False).told
    assert failed.reason in REASONS
    assert failed.message.startswith("The LLM 'm' gave no answer: ")
    assert "the vendor's words" not in str(failed)


@pytest.mark.parametrize("error", [OSError("x"), ValueError("x"), RuntimeError("x"), KeyError("x"), MemoryError("x")])
def test_whatever_else_a_client_raises_is_unavailable(error: Exception) -> None:
    failed = failure_of(error, "m", "", begun=False).told
    assert (failed.reason, type(error).__name__ in failed.message) == ("unavailable", True)


def test_what_was_begun_is_not_asked_again() -> None:
    for error in (vendor.ModelConnectionError("m", "x"), vendor.ModelRateLimitError("m", "x")):
        assert failure_of(error, "m", "", begun=False).pause(1.0) == 1.0
        assert failure_of(error, "m", "", begun=True).pause(1.0) is None


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (400, "context_length_exceeded", "too_long"),
        (413, "", "too_long"),
        (400, "content_filter", "blocked"),
        (400, "content_policy_violation", "blocked"),
        (408, "", "timeout"),
        (409, "", "refused"),
    ],
)
def test_the_servers_code_says_why(server: OpenAiServer, status: int, code: str, reason: str) -> None:
    server.fail(status, times=3, code=code)
    assert failure(own(server)).reason == reason


def test_a_quota_that_is_used_up_is_not_asked_again(server: OpenAiServer) -> None:
    server.fail(429, times=3, code="insufficient_quota")
    failed = failure(own(server))
    assert (failed.reason, len(server.requests)) == ("rate_limited", 1)
    assert "quota is used up" in failed.message


def test_a_failure_in_the_middle_of_a_stream_has_no_vendor_behind_it() -> None:
    async def breaks(*_: Any) -> Any:
        yield "Olá"
        raise vendor.ModelConnectionError("m", "the answer so far was Olá")

    async def streamed() -> LlmFailed:
        async with http_client() as http:
            model = GuardedModel(FunctionModel(stream_function=breaks), http)
            with pytest.raises(LlmFailed) as raised:
                async with model.request_stream(ASKED, None, ModelRequestParameters()) as stream:
                    async for _ in stream:
                        pass
        return raised.value

    failed = asyncio.run(streamed())
    assert failed.reason == "half_answer"
    assert "Olá" not in "".join(traceback.format_exception(failed))


# One's own server.


def test_a_server_without_keys_is_asked_without_one_of_ours(
    server: OpenAiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_BASE_URL"):
        monkeypatch.setenv(name, "somebody-elses")
    assert ask(own(server)) == "ok"
    assert "somebody-elses" not in str(server.requests[0].headers)
    assert server.requests[0].body["model"] == "llama3.3"


def test_the_key_is_sent_and_told_nobody(server: OpenAiServer) -> None:
    server.key = "sk-right"
    assert ask(own(server, llm_api_key=" sk-right\n")) == "ok"
    failed = failure(own(server, llm_api_key="sk-wrong-0123"))
    assert "Incorrect API key provided: …" in failed.message
    assert "sk-wrong" not in "".join(traceback.format_exception(failed))


def test_the_platform_takes_whom_the_settings_name(server: OpenAiServer) -> None:
    assert Platform(Settings()).llm is None
    assert Platform(Settings(llm="offline", llm_model="m")).llm is None
    chosen = Settings(backend="gcp", project="p-1", llm="openai", llm_model="m", llm_base_url=server.url)
    assert ask(Platform(chosen).llm) == "ok", "one's own server, though the data is in the cloud"


def test_answers_without_words_are_none(server: OpenAiServer) -> None:
    server.replies = [Reply(""), Reply("pronto")]
    assert ask(own(server)) == "pronto"


def test_what_a_useless_answer_cost_is_not_forgotten(server: OpenAiServer) -> None:
    server.replies = [Reply("", input_tokens=100, output_tokens=5), Reply("pronto", input_tokens=100, output_tokens=7)]

    async def used() -> tuple[int, int]:
        model = own(server)
        found = (await model.request(ASKED, None, ModelRequestParameters())).usage
        await model.aclose()
        return found.input_tokens, found.output_tokens

    assert asyncio.run(used()) == (200, 12)
    server.say("Era uma", finish="length", input_tokens=90, output_tokens=3)
    assert failure(own(server)).used == (90, 3)
    server.fail(400)
    assert failure(own(server)).used == (0, 0)


def test_the_longest_answer_has_the_name_that_the_server_knows(server: OpenAiServer) -> None:
    async def asked() -> None:
        model = own(server)
        await model.request(ASKED, {"max_tokens": 99}, ModelRequestParameters())
        await model.aclose()

    asyncio.run(asked())
    assert server.requests[0].body["max_tokens"] == 99 and "max_completion_tokens" not in server.requests[0].body
    theirs: Any = openai_model(Settings(llm="openai", llm_model="m", llm_base_url="https://api.openai.com/v1"))
    assert theirs.wrapped.profile["openai_chat_supports_max_completion_tokens"]
    asyncio.run(theirs.aclose())


# Prices.


def test_tokens_cost_what_the_table_says() -> None:
    assert cost_of(GEMINI, 1_000_000, 0, DAY) == Cost(1.5, True)
    assert cost_of(GEMINI, 2_000, 500, DAY) == Cost(pytest.approx(2_000 * 1.5e-6 + 500 * 9e-6), True)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [f"google/{GEMINI}", f"{GEMINI}-001", f"publishers/google/models/{GEMINI}@default"])
def test_publisher_and_version_do_not_matter(name: str) -> None:
    assert price_of(name, DAY) == price_of(GEMINI, DAY) is not None


@pytest.mark.parametrize("name", ["meta/llama-3.3-70b-instruct-maas", "mistralai/mistral-medium-3@001"])
def test_models_of_model_garden_have_their_price(name: str) -> None:
    assert cost_of(name, 1_000_000, 1_000_000, DAY) in (Cost(1.44, True), Cost(2.4, True))


@pytest.mark.parametrize(
    "name", ["llama3.3", "meta-llama/Llama-3.3-70B-Instruct", "gemini-3.5-flash-lite-tts", "gemini-9", ""]
)
def test_what_has_no_price_is_said_to_have_none(name: str) -> None:
    assert cost_of(name, 1000, 1000, DAY) == Cost(0.0, False)


def test_prices_change_on_a_day() -> None:
    before, after = price_of("gemini-3.8-flash", date(2026, 12, 31)), price_of("gemini-3.8-flash", date(2027, 1, 1))
    assert before and after and (before.input, after.input) == (0.75, 1.5)
    assert price_of("gemini-3.8-flash", date(2025, 1, 1)) is None


def test_the_table_is_whole_and_dated() -> None:
    loaded = yaml.safe_load(llm_prices.TABLE.read_text("utf-8"))
    assert loaded["checked"] >= date(2026, 11, 1)
    assert GEMINI in loaded["models"], "the default has a price"
    for name, entry in loaded["models"].items():
        assert entry["source"] in loaded["sources"], name
        days = [price["from"] for price in entry["prices"]]
        assert days == sorted(set(days)) and all(p["input"] > 0 and p["output"] >= p["input"] for p in entry["prices"])
