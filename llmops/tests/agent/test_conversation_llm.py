"""A turn with the vendors' own clients: Gemini's REST protocol and chat completions, served on loopback."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from llmops.agent.by_model import MOST_TOKENS
from llmops.tests.agent.stage import Stage
from telecom.adapters._llm import GuardedModel
from telecom.bootstrap import Platform
from telecom.settings import Settings
from tests.loopback.gemini_server import GeminiServer
from tests.loopback.google_signin import signed_in
from tests.loopback.llm_server import LlmServer, Reply, Request
from tests.loopback.openai_server import OpenAiServer

KEY = "sk-of-the-loopback"
Made = tuple[Stage, LlmServer]
Maker = Callable[[pytest.MonkeyPatch], AbstractContextManager[Made]]


@contextmanager
def openai(monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    with OpenAiServer() as server:
        server.key = KEY
        settings = Settings(llm="openai", llm_model="llama", llm_base_url=server.url, llm_api_key=KEY)
        yield from staged(settings, server)


@contextmanager
def gemini(monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    with GeminiServer() as server, signed_in(server.origin, monkeypatch):
        settings = Settings(backend="gcp", project="telecom-test", llm_base_url=server.url)
        yield from staged(settings, server)


def staged(settings: Settings, server: LlmServer) -> Iterator[Made]:
    """A stage with the settings' model, whose connections live and end in one loop."""
    model = Platform(settings).llm
    assert isinstance(model, GuardedModel)
    with asyncio.Runner() as runner:
        stage = Stage(model=model)
        stage.run = runner.run
        yield stage, server
        runner.run(closed(model))


async def closed(model: GuardedModel) -> None:
    """Closed, and the loop had a turn to see to it."""
    await model.aclose()
    await asyncio.sleep(0.01)


@pytest.fixture(params=[openai, gemini], ids=["openai", "gemini"])
def made(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    maker: Maker = request.param
    with maker(monkeypatch) as found:
        yield found


def test_tools_are_called_and_the_answer_is_grounded(made: Made) -> None:
    stage, server = made
    server.call("compare_invoices")
    server.say("A fatura é de R$ 70,00, igual à anterior.")
    reply = stage.say("por que minha conta mudou?")
    assert reply.message == "A fatura é de R$ 70,00, igual à anterior." and reply.degraded == ""
    assert [use.name for use in reply.tools] == ["compare_invoices"] and reply.model != "responder-1"
    assert reply.usage.input_tokens == 22 and reply.usage.output_tokens == 14
    sent = str(server.requests[0].body)
    assert "Segurança:" in sent and "propose_second_copy" in sent and "churn_risk" not in sent
    assert "70.00" in str(server.requests[1].body)


def test_a_wrong_figure_is_mended_once(made: Made) -> None:
    stage, server = made
    server.say("A multa é de 9 %.")
    server.say("A multa é de 2 % [1].")
    reply = stage.say("qual a multa por atraso?")
    assert reply.message == "A multa é de 2 %." and reply.citations and "unsupported_answer" in reply.guardrails
    assert "9 %" in str(
        server.requests[1].body["messages" if "messages" in server.requests[1].body else "contents"][-1]
    )


@pytest.mark.parametrize(
    ("reply", "works"),
    [
        (Reply(status=429), False),
        (Reply(status=503), False),
        (Reply("", finish="blocked"), True),
        (Reply("A multa é", finish="length"), True),
        (Reply(body=b"<html>no model here</html>"), False),
    ],
    ids=["429", "503", "blocked", "half", "html"],
)
def test_the_responder_takes_over(made: Made, reply: Reply, works: bool) -> None:
    stage, server = made
    server.answer = lambda _: reply
    found = stage.say("qual a multa por atraso?")
    assert (found.degraded, found.model) == ("llm", "responder-1") and "2 %" in found.message
    assert ("llm", works) in stage.rungs.told


def test_a_slow_model_is_given_up_in_time(made: Made) -> None:
    stage, server = made
    server.answer = lambda _: Reply("tarde", delay=20.0)
    began = time.monotonic()
    found = stage.say("qual a multa por atraso?", seconds=2.5)
    assert found.degraded == "llm" and time.monotonic() - began < 2.5


def test_calls_that_no_tool_takes_end_with_the_responder(made: Made) -> None:
    stage, server = made
    server.answer = lambda _: Reply(calls=(("customer_profile", {"customer_id": "0002-BBBBB"}),))
    found = stage.say("qual a multa por atraso?")
    assert found.degraded == "llm" and "2 %" in found.message and not stage.effects()
    assert stage.rungs.reasons == ["nonsense"] and ("llm", True) in stage.rungs.told, "others may ask the model"


def test_a_call_with_a_field_too_many_may_be_mended(made: Made) -> None:
    stage, server = made
    server.call("read_invoice", month=None, customer_id="0002-BBBBB")
    server.call("read_invoice")
    server.say("A fatura é de R$ 70,00.")
    found = stage.say("qual é a minha fatura?")
    assert found.message == "A fatura é de R$ 70,00." and found.degraded == ""
    assert [use.name for use in found.tools] == ["read_invoice"] and "customer_id" in str(server.requests[1].body)


def test_a_tool_that_there_is_not_is_told_and_may_be_mended(made: Made) -> None:
    stage, server = made
    server.call("run_sql", sql="SELECT 1")
    server.call("compare_invoices")
    server.say("A fatura é de R$ 70,00, igual à anterior.")
    found = stage.say("por que minha conta mudou?")
    assert found.degraded == "" and [use.name for use in found.tools] == ["compare_invoices"]
    assert "run_sql" in str(server.requests[1].body)


def test_who_is_to_wait_longer_than_there_is_time_has_the_responder_at_once(made: Made) -> None:
    stage, server = made
    server.fail(429, times=9, retry_after=5)
    found = stage.say("qual a multa por atraso?", seconds=6.0)
    assert found.degraded == "llm" and len(server.requests) == 1
    assert stage.rungs.reasons == ["rate_limited"], "the five seconds are not waited for"


def test_half_an_answer_costs_what_it_cost(made: Made) -> None:
    stage, server = made
    server.answer = lambda _: Reply("A multa é", finish="length", input_tokens=900, output_tokens=40)
    found = stage.say("qual a multa por atraso?")
    assert found.degraded == "llm" and stage.rungs.reasons == ["half_answer"]
    assert [tokens for _, *tokens in stage.rungs.charged] == [[900, 40]]


def test_an_answer_has_a_longest_length(made: Made) -> None:
    stage, server = made
    server.say("A multa é de 2 % [1].")
    stage.say("qual a multa por atraso?")
    body = server.requests[0].body
    assert body.get("max_tokens", body.get("generationConfig", {}).get("maxOutputTokens")) == MOST_TOKENS


def test_arguments_that_are_no_json_may_be_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of chat completions, where arguments are text; Gemini's are objects."""
    with openai(monkeypatch) as (stage, server):
        whole = server.whole

        def broken(reply: Reply, request: Request) -> Any:
            told = whole(reply, request)
            for call in told["choices"][0]["message"].get("tool_calls", ()):
                if len(server.requests) == 1:
                    call["function"]["arguments"] = '{"month": "2026-1'
            return told

        monkeypatch.setattr(server, "whole", broken)
        server.call("read_invoice")
        server.call("read_invoice")
        server.say("A fatura é de R$ 70,00.")
        found = stage.say("qual é a minha fatura?")
        assert found.message == "A fatura é de R$ 70,00." and found.degraded == ""
