"""What every LLM adapter promises: whole answers within a deadline, or `LlmFailed` with the reason, and no secret told.

The vendors' own clients speak to servers on loopback: OpenAI's chat completions, Gemini on Agent Platform, and Model
Garden (chat completions with Google's sign-in).
"""

import asyncio
import time
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.messages import ModelRequest, ModelResponse, PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from telecom.adapters import _llm
from telecom.adapters._llm import GuardedModel
from telecom.bootstrap import Platform
from telecom.errors import LlmFailed
from telecom.settings import Settings
from tests.loopback.gemini_server import TOKEN, GeminiServer
from tests.loopback.google_signin import signed_in
from tests.loopback.llm_server import LlmServer, Reply
from tests.loopback.openai_server import OpenAiServer

T = TypeVar("T")
Made = tuple[GuardedModel, LlmServer]
KEY = "sk-a-very-secret-key-0123456789"
QUESTION = "Minha fatura de outubro veio com R$ 189,90, por quê?"


@dataclass
class Llm:
    """A model, and the server that it asks."""

    model: GuardedModel
    server: LlmServer
    runner: asyncio.Runner

    def run(self, what: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Runs something in the one loop that all of a test shares."""
        return self.runner.run(what())

    async def closed(self) -> None:
        await self.model.aclose()
        await asyncio.sleep(0.01)  # the loop takes another turn to close what was given up

    def ask(self, **settings: Any) -> ModelResponse:
        """One question, answered as a whole."""
        return self.run(lambda: self.asked(**settings))

    async def asked(self, **settings: Any) -> ModelResponse:
        return await self.model.request(question(), ModelSettings(**settings), ModelRequestParameters())

    def stream(self, **settings: Any) -> tuple[list[str], LlmFailed | None]:
        """One question, answered in a stream: the pieces that came, and how it failed."""

        async def streamed() -> tuple[list[str], LlmFailed | None]:
            seen: list[str] = []
            try:
                asked = self.model.request_stream(question(), ModelSettings(**settings), ModelRequestParameters())
                async with asked as stream:
                    async for event in stream:
                        if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
                            seen.append(event.part.content)
                        if isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
                            seen.append(event.delta.content_delta)
            except LlmFailed as error:
                return seen, error
            return seen, None

        return self.run(streamed)


def question(text: str = QUESTION) -> list[Any]:
    return [ModelRequest.user_text_prompt(text, instructions="Responda em português.")]


@contextmanager
def openai_llm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    with OpenAiServer() as server:
        server.key = KEY
        settings = Settings(llm="openai", llm_model="llama", llm_base_url=server.url, llm_api_key=KEY)
        yield whole(Platform(settings).llm), server


@contextmanager
def gemini_llm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    with GeminiServer() as server, signed_in(server.origin, monkeypatch):
        settings = Settings(backend="gcp", project="telecom-test", llm_base_url=server.url)
        yield whole(Platform(settings).llm), server


@contextmanager
def garden_llm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    from telecom.adapters.gcp.llm import garden_model

    with GeminiServer() as signs_in, OpenAiServer() as server, signed_in(signs_in.origin, monkeypatch):
        server.key = TOKEN
        settings = Settings(llm="openai", llm_model="meta/llama-4-maas", llm_base_url=server.url)
        yield whole(garden_model(settings)), server


def whole(model: Model | None) -> GuardedModel:
    assert isinstance(model, GuardedModel)
    return model


LLMS = {"openai": openai_llm, "gemini": gemini_llm, "garden": garden_llm}


@pytest.fixture(scope="module", params=LLMS)
def made(request: pytest.FixtureRequest) -> Iterator[Llm]:
    """One model and one loop for all tests, as in a service."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setattr(_llm, "FIRST_PAUSE", 0.01)
        with LLMS[request.param](patch) as (model, server), asyncio.Runner() as runner:
            found = Llm(model, server, runner)
            yield found
            found.run(found.closed)


@pytest.fixture
def llm(made: Llm) -> Llm:
    made.server.reset()
    return made


def reason(llm: Llm, **settings: Any) -> LlmFailed:
    with pytest.raises(LlmFailed) as raised:
        llm.ask(**settings)
    return raised.value


# Answers.


def test_an_answer_comes_whole_with_its_tokens(llm: Llm) -> None:
    llm.server.say("Olá, tudo bem? 😀", input_tokens=120, output_tokens=30)
    response = llm.ask()
    assert (response.text, response.finish_reason) == ("Olá, tudo bem? 😀", "stop")
    assert (response.usage.input_tokens, response.usage.output_tokens) == (120, 30)
    (request,) = llm.server.requests
    assert request.last == QUESTION
    assert "Responda em português." in str(request.body)


def test_a_stream_brings_it_piece_by_piece(llm: Llm) -> None:
    llm.server.say("Sua fatura subiu porque a promoção acabou.", pause=0.01)
    seen, failed = llm.stream()
    assert failed is None
    assert "".join(seen) == "Sua fatura subiu porque a promoção acabou."
    assert len(seen) >= 3


def test_tools_are_called_and_their_answers_sent_back(llm: Llm) -> None:
    agent: Agent[None, str] = Agent(llm.model)

    @agent.tool_plain
    def invoices(month: str) -> str:
        """Invoices of a month."""
        return f"{month}: R$ 189,90"

    llm.server.call("invoices", month="2026-10")
    llm.server.answer = lambda request: llm.server.replies.pop(0) if llm.server.replies else Reply("R$ 189,90")
    result = llm.run(lambda: agent.run(QUESTION))
    assert result.output == "R$ 189,90"
    assert len(llm.server.requests) == 2
    assert "2026-10: R$ 189,90" in str(llm.server.requests[1].body)


def test_tools_are_called_in_streams_too(llm: Llm) -> None:
    agent: Agent[None, str] = Agent(llm.model)
    called: list[str] = []

    @agent.tool_plain
    def invoices(month: str) -> str:
        """Invoices of a month."""
        called.append(month)
        return "R$ 189,90"

    async def run() -> str:
        async with agent.run_stream(QUESTION) as result:
            return str(await result.get_output())

    llm.server.call("invoices", month="2026-10")
    llm.server.say("Foi isso.")
    assert (llm.run(run), called) == ("Foi isso.", ["2026-10"])


def test_structured_answers_keep_to_their_type(llm: Llm) -> None:
    class Answer(BaseModel):
        message: str
        amount: float

    agent = Agent(llm.model, output_type=Answer)
    llm.server.call("final_result", message="Subiu.", amount=189.9)
    assert llm.run(lambda: agent.run(QUESTION)).output == Answer(message="Subiu.", amount=189.9)


def test_a_connection_is_used_again(llm: Llm) -> None:
    async def twice() -> None:
        for _ in range(3):
            await llm.asked()
        async with llm.model.request_stream(question(), None, ModelRequestParameters()) as stream:
            async for _ in stream:
                pass
        await llm.asked()

    llm.run(twice)
    assert len(llm.server.requests) == 5
    assert len({request.connection for request in llm.server.requests}) == 1, llm.server.requests


# Repetitions.


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_a_moments_patience_mends_is_mended(llm: Llm, status: int) -> None:
    llm.server.fail(status, times=2)
    llm.server.say("pronto")
    assert llm.ask().text == "pronto"
    llm.server.fail(status, times=2)
    llm.server.say("de novo")
    assert "".join(llm.stream()[0]) == "de novo"
    assert len(llm.server.requests) == 6


@pytest.mark.parametrize(("status", "expected"), [(429, "rate_limited"), (503, "unavailable"), (500, "unavailable")])
def test_after_two_repetitions_it_is_enough(llm: Llm, status: int, expected: str) -> None:
    llm.server.fail(status, times=9)
    assert reason(llm).reason == expected
    assert len(llm.server.requests) == 3


def test_the_server_says_how_long_to_wait(llm: Llm) -> None:
    llm.server.fail(429, retry_after=1)
    llm.server.say("pronto")
    begun = time.monotonic()
    assert llm.ask().text == "pronto"
    assert time.monotonic() - begun >= 1


def test_who_is_to_wait_longer_than_there_is_time_fails_at_once(llm: Llm) -> None:
    llm.server.fail(429, times=9, retry_after=60)
    begun = time.monotonic()
    failed = reason(llm, timeout=20)
    assert time.monotonic() - begun < 15
    assert (failed.reason, failed.retry_after) == ("rate_limited", 60)
    assert len(llm.server.requests) == 1


@pytest.mark.parametrize(("status", "code"), [(400, ""), (401, ""), (403, ""), (404, ""), (422, "")])
def test_what_is_wrong_is_not_asked_again(llm: Llm, status: int, code: str) -> None:
    llm.server.fail(status, times=9)
    failed = reason(llm)
    assert failed.reason == "refused"
    assert f"HTTP {status}" in failed.message
    assert "TELECOM_LLM_MODEL" in failed.remedy
    assert len(llm.server.requests) == 1


def test_connections_that_break_are_made_anew(llm: Llm) -> None:
    llm.server.say("Não chega inteira.", cut="dropped")
    llm.server.say("pronto")
    assert llm.ask().text == "pronto"


# Deadlines.


def test_silence_ends_at_the_deadline(llm: Llm) -> None:
    llm.server.say("tarde", delay=5)
    begun = time.monotonic()
    assert reason(llm, timeout=0.3).reason == "timeout"
    assert time.monotonic() - begun < 4


def test_the_deadline_covers_the_repetitions(llm: Llm) -> None:
    llm.server.answer = lambda _: Reply(status=503, delay=2)
    begun = time.monotonic()
    assert reason(llm, timeout=2.3).reason in ("timeout", "unavailable")
    assert time.monotonic() - begun < 5


def test_the_deadline_covers_the_stream(llm: Llm) -> None:
    llm.server.say("um dois três quatro cinco", pause=1.0)
    begun = time.monotonic()
    seen, failed = llm.stream(timeout=1.5)
    assert failed and failed.reason == "timeout"
    assert seen and time.monotonic() - begun < 4


# Answers that are none.


def test_half_a_stream_is_no_answer(llm: Llm) -> None:
    for cut in ("dropped", "ended"):
        llm.server.say("Sua fatura subiu porque a promoção acabou.", cut=cut, pause=0.01)
        seen, failed = llm.stream()
        assert failed and failed.reason == "half_answer", cut
        assert 0 < len("".join(seen)) < 42
    assert len(llm.server.requests) == 2, "what was half seen is not asked again"


def test_an_answer_that_is_too_long_is_half_an_answer(llm: Llm) -> None:
    llm.server.say("Era uma vez", finish="length")
    assert reason(llm, max_tokens=3).reason == "half_answer"
    llm.server.say("Era uma vez", finish="length")
    _, failed = llm.stream()
    assert failed and failed.reason == "half_answer"
    assert len(llm.server.requests) == 2


@pytest.mark.parametrize("finish", ["blocked", "prompt_blocked"])
def test_a_safety_filters_word_is_final(llm: Llm, finish: Any) -> None:
    llm.server.say("" if finish == "prompt_blocked" else "Bem", finish=finish)
    assert reason(llm).reason == "blocked"
    llm.server.say("" if finish == "prompt_blocked" else "Bem", finish=finish)
    _, failed = llm.stream()
    assert failed and failed.reason == "blocked"
    assert len(llm.server.requests) == 2


@pytest.mark.parametrize("body", [b"", b"{", b"<html>502</html>", b"[]", b"null", b'{"choices": "none"}', b"\xff\xfe"])
def test_nonsense_is_asked_again_and_then_told(llm: Llm, body: bytes) -> None:
    llm.server.replies = [Reply(body=body)] * 9
    assert reason(llm).reason in ("unavailable", "half_answer")
    assert len(llm.server.requests) == 3
    llm.server.replies = [Reply(body=body)]
    llm.server.say("pronto")
    assert llm.ask().text == "pronto"


def test_nonsense_in_a_stream_is_told(llm: Llm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llm.server, "pieces", lambda *_: iter(["{", '{"choices": 7, "candidates": 7}']))
    _, failed = llm.stream()
    assert failed and failed.reason in ("unavailable", "half_answer")


# Who is out of reach, and what is told of it.


def test_a_server_that_is_not_there_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with openai_llm(monkeypatch) as (model, server):
        pass
    with asyncio.Runner() as runner:
        failed = reason(Llm(model, server, runner))
    assert (failed.reason, failed.exit_code) == ("unavailable", 5)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_neither_key_nor_question_is_told(llm: Llm, status: int) -> None:
    secret = KEY if isinstance(llm.server, OpenAiServer) and llm.server.key == KEY else TOKEN
    said = f"Incorrect API key provided: {secret}. Your request was: {QUESTION}"
    llm.server.fail(status, times=9, message=said if status in (400, 429, 500) else said.partition(" Your")[0])
    failed = reason(llm)
    shown = f"{failed} {failed!r} {''.join(traceback.format_exception(failed))}"
    assert QUESTION not in shown
    assert KEY not in shown
    assert failed.__cause__ is None and failed.__context__ is None


def test_many_conversations_share_the_model(llm: Llm) -> None:
    llm.server.answer = lambda request: Reply(request.last.upper(), delay=0.05)

    async def all_at_once() -> list[str]:
        asked = [llm.model.request(question(f"pergunta {n}"), None, ModelRequestParameters()) for n in range(20)]
        return [str(response.text) for response in await asyncio.gather(*asked)]

    assert llm.run(all_at_once) == [f"PERGUNTA {n}" for n in range(20)]


def test_a_request_can_be_given_up(llm: Llm) -> None:
    llm.server.say("tarde", delay=5)

    async def give_up() -> None:
        async with asyncio.timeout(0.2):
            await llm.asked()

    with pytest.raises(TimeoutError):
        llm.run(give_up)


def test_a_stream_may_be_left_early(llm: Llm) -> None:
    llm.server.say("um dois três quatro cinco", pause=0.05)
    llm.server.say("pronto")

    async def leave() -> str:
        async with llm.model.request_stream(question(), None, ModelRequestParameters()) as stream:
            async for _ in stream:
                break
        return str((await llm.asked()).text)

    assert llm.run(leave) == "pronto"
