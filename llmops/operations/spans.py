"""Spans by OpenTelemetry's conventions for generative AI: `invoke_agent`, `chat MODEL`, `execute_tool NAME`.

Names of attributes and spans: semantic conventions 1.41, gen-ai (opentelemetry.io/docs/specs/semconv/gen-ai). The
convention's content attributes are there only where they are asked for, and then masked; tools' arguments and results
never are. An error is told by its type alone: what it says may quote somebody.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode

from llmops.agent.masking import mask

SCOPE = "llmops.agent"
AGENT = "assistant"
PROVIDERS: Mapping[str, str] = {
    "openai-compatible": "openai",
    "google": "gcp.gemini",
    "google-gla": "gcp.gemini",
    "google-vertex": "gcp.vertex_ai",
    "google-cloud": "gcp.vertex_ai",
}
"""The convention's names of providers by those of the library that asks them; others are called as they are."""
Value = str | int | float | bool | Sequence[str]


@contextmanager
def invoke_agent(session_id: str, turn: str) -> Iterator[Span]:
    """The span of a whole turn.

    Args:
        session_id: of the conversation. Callers choose it, so that only its digest is told.
        turn: our id of the turn, `trace_id` in the tables of usage and audit.
    """
    told = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": AGENT,
        "gen_ai.conversation.id": hashlib.sha256(session_id.encode("utf-8", "replace")).hexdigest()[:32],
        "gen_ai.output.type": "text",
        "assistant.turn": turn,
    }
    with _span(f"invoke_agent {AGENT}", SpanKind.INTERNAL, told) as span:
        yield span


@contextmanager
def chat(model: str, provider: str) -> Iterator[Span]:
    """The span of one request to a model."""
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": PROVIDERS.get(provider, provider),
        "gen_ai.request.model": model,
    }
    with _span(f"chat {model}", SpanKind.CLIENT, told) as span:
        yield span


@contextmanager
def execute_tool(name: str, call_id: str | None) -> Iterator[Span]:
    """The span of one call of a tool; neither its arguments nor its result are told."""
    told = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name, "gen_ai.tool.type": "function"}
    told |= {"gen_ai.tool.call.id": call_id} if call_id else {}
    with _span(f"execute_tool {name}", SpanKind.INTERNAL, told) as span:
        yield span


def failed(span: Span, kind: str) -> None:
    """Says that what the span is about failed; `kind` is a code or the name of a type."""
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)


def messages(role: str, text: str) -> str:
    """One message in the convention's form, masked."""
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": mask(text).text}]}], ensure_ascii=False)


@contextmanager
def _span(name: str, kind: SpanKind, told: Mapping[str, Value]) -> Iterator[Span]:
    with trace.get_tracer(SCOPE).start_as_current_span(
        name, kind=kind, attributes=dict(told), record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except GeneratorExit:  # whoever listened has heard enough
            raise
        except BaseException as error:
            failed(span, type(error).__name__)
            raise
