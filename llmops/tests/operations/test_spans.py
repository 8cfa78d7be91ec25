"""Spans of tools, turns and failures: what they say, and what they never say."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from llmops.agent.turn import Ask, Event
from llmops.operations import spans
from llmops.tests.agent.desk import AUDIT
from llmops.tests.agent.service_fakes import Service
from llmops.tests.agent.stage import Stage
from llmops.tests.small_world import CUSTOMER
from telecom.errors import DependencyUnavailable


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(spans.trace, "get_tracer", provider.get_tracer)
    yield lambda: {span.name: span for span in exporter.get_finished_spans()}
    provider.shutdown()


def test_a_tool_is_a_span_without_arguments_or_result(finished: Any) -> None:
    Stage().say("minha internet está lenta")
    span = finished()["execute_tool diagnose_line"]
    assert span.kind == SpanKind.INTERNAL and span.status.status_code == StatusCode.UNSET
    assert span.attributes.keys() <= {
        "gen_ai.operation.name", "gen_ai.tool.name", "gen_ai.tool.type", "gen_ai.tool.call.id"
    }  # fmt: skip


def test_an_error_is_told_by_its_type_alone(finished: Any) -> None:
    with pytest.raises(ValueError, match="529"), spans.execute_tool("t", None):
        raise ValueError("CPF 529.982.247-25")
    span = finished()["execute_tool t"]
    assert (span.status.status_code, span.status.description, span.events) == (StatusCode.ERROR, None, ())
    assert span.attributes["error.type"] == "ValueError"


def test_whoever_stops_listening_is_no_error(finished: Any) -> None:
    async def listened() -> None:
        async def turn() -> AsyncGenerator[int, None]:
            with spans.invoke_agent("s", "t"):
                yield 1

        events = turn()
        await anext(events)
        await events.aclose()

    asyncio.run(listened())
    assert finished()["invoke_agent assistant"].status.status_code == StatusCode.UNSET


def test_the_session_is_told_by_its_digest(finished: Any) -> None:
    with spans.invoke_agent("11987654321", "t"):
        pass
    told = finished()["invoke_agent assistant"].attributes
    assert "11987654321" not in json.dumps(dict(told)) and len(told["gen_ai.conversation.id"]) == 32


def test_a_turn_without_an_answer_is_a_failed_span_and_a_row_with_its_code(finished: Any) -> None:
    async def nothing(_: Ask) -> AsyncGenerator[Event, None]:
        raise DependencyUnavailable("Nothing is left, says 529.982.247-25.")
        yield Event("done", None)

    service = Service()
    service.turns.behave = nothing
    assert service.chat(customer_id=CUSTOMER).status_code == 503
    (row,) = [row for row in service.desk.events.of(AUDIT) if row["event"] == "chat"]
    assert (row["outcome"], row["customer_id"], json.loads(row["detail"])["code"]) == (
        "failed",
        CUSTOMER,
        "unavailable",
    )
    span = finished()["invoke_agent assistant"]
    assert span.attributes["error.type"] == "DependencyUnavailable" and span.status.description is None
