"""The assistant's traces: the real service, the real exporter, a model and a collector on loopback; nobody's data."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes

from tests.loopback.collector import collecting
from tests.processes.test_assistant_process import SLOW_LLM, Process

CPF, MAIL, PHONE = "529.982.247-25", "maria.souza@example.org", "(11) 98765-4321"
CUSTOMER, SESSION, NAME = "7590-VHVEG", "5511987654321", "Zuleica"
MESSAGE = f"Oi! Meu CPF é {CPF}, escreva para {MAIL} ou ligue {PHONE}. Assinado {NAME}"
RAW = (CPF, "52998224725", MAIL, PHONE, "98765", SESSION)
KNOWN = {
    value for name, value in vars(gen_ai_attributes).items() if name.startswith("GEN_AI_") and isinstance(value, str)
}


@pytest.fixture(scope="module")
def model() -> Iterator[dict[str, str]]:
    command = (sys.executable, str(SLOW_LLM), "0", "Olá! Como posso ajudar?")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = json.loads(process.stdout.readline())["port"]
        address = f"http://127.0.0.1:{port}/v1"
        yield {"TELECOM_LLM": "openai", "TELECOM_LLM_MODEL": "slow", "TELECOM_LLM_BASE_URL": address}
        process.kill()


def traced(tmp_path: Path, model: dict[str, str], *, content: bool) -> tuple[bytes, dict[str, Any]]:
    """All that was exported of some requests, as bytes; and the spans by name."""
    with collecting() as collector:
        home = tmp_path / "home"
        home.mkdir()
        told = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }
        service = Process(home, **model, **told, TELECOM_ASSISTANT_TRACE_CONTENT=str(content).lower())
        body = {"message": MESSAGE, "customer_id": CUSTOMER, "session_id": SESSION}
        assert service.chat(body).status_code == 200
        service.client.get(f"/v1/customers/{CUSTOMER}/card", headers=service.door)
        service.client.get("/v1/queue", params={"search": MAIL}, headers=service.door)
        assert service.end() == 0
        service.client.close()
        exported = [request for _, request in collector.requests]
    spans = [span for each in exported for part in each.resource_spans for s in part.scope_spans for span in s.spans]
    return b"".join(each.SerializeToString() for each in exported), {span.name: span for span in spans}


def attributes(span: Any) -> dict[str, Any]:
    kinds = {"string_value", "int_value", "bool_value", "array_value"}
    return {a.key: next(getattr(a.value, k) for k in kinds if a.value.HasField(k)) for a in span.attributes}


def test_spans_follow_the_convention_and_hold_nobodys_words(tmp_path: Path, model: dict[str, str]) -> None:
    sent, spans = traced(tmp_path, model, content=False)
    agent, chat = spans["invoke_agent assistant"], spans["chat slow"]
    told, asked = attributes(agent), attributes(chat)
    assert (told["gen_ai.operation.name"], asked["gen_ai.operation.name"]) == ("invoke_agent", "chat")
    assert (asked["gen_ai.provider.name"], asked["gen_ai.request.model"]) == ("openai", "slow")
    assert (asked["gen_ai.usage.input_tokens"], asked["gen_ai.usage.output_tokens"]) == (100, 10)
    assert told["assistant.intent"] and len(told["assistant.turn"]) == 32 and len(told["gen_ai.conversation.id"]) == 32
    assert chat.parent_span_id and chat.trace_id == agent.trace_id
    assert {key for key in {*told, *asked} if key.startswith("gen_ai.")} <= KNOWN
    assert not {key for key in {*told, *asked} if "messages" in key or "instructions" in key}
    for word in (*RAW, CUSTOMER, NAME, "Meu CPF", "posso ajudar"):
        assert word.encode() not in sent, word


def test_content_that_is_asked_for_is_masked(tmp_path: Path, model: dict[str, str]) -> None:
    sent, spans = traced(tmp_path, model, content=True)
    for name in ("invoke_agent assistant", "chat slow"):
        told = attributes(spans[name])
        (question,) = json.loads(told["gen_ai.input.messages"])
        assert question["role"] == "user" and "[CPF]" in question["parts"][0]["content"]
        assert json.loads(told["gen_ai.output.messages"])[0]["role"] == "assistant"
    assert NAME.encode() in sent, "names are not masked, and the setting says so"
    for word in RAW:
        assert word.encode() not in sent, word
