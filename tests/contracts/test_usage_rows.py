"""What an answer leaves in telecom_monitoring.llm_usage, on both backends: lists, shares and NULLs survive."""

from datetime import UTC, datetime

import pytest

from llmops.agent.rows import usage_row
from llmops.agent.turn import Ask, Principal, Reply, Usage
from telecom.bootstrap import Platform

pytestmark = pytest.mark.backends("local", "gcp")
TABLE = "telecom_monitoring.llm_usage"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_confidence_guardrails_and_fallbacks_are_kept(platform: Platform) -> None:
    ask = Ask("Oi", Principal("ana", "agent", None), "A-1", "s", "desk", "t", NOW, 0.0)
    plain = Reply("s", "t1", "Olá", "pt-BR", "bill", model="m", prompt_version="p@1", usage=Usage(10, 5, 0.001))
    more = Reply("s", "t2", "Olá", "pt-BR", "bill", guardrails=("masked_cpf", "link"), degraded="llm,search")
    rows = [usage_row(ask, plain, 12.5, "allowed", 0.9), usage_row(ask, more, 1.0, "refused", 1.0000001)]
    rows[1]["trace_id"] = "t2"
    platform.events.add(TABLE, rows)
    platform.events.flush()
    first, second = platform.warehouse.query(f"SELECT * FROM {TABLE} ORDER BY trace_id").to_pylist()
    assert (first["confidence"], first["guardrails"], first["fallbacks"], first["outcome"]) == (0.9, [], [], "allowed")
    assert (first["input_tokens"], first["output_tokens"]) == (10, 5)
    assert (first["cost_usd"], first["latency_ms"]) == (0.001, 12.5)
    assert (first["model"], first["prompt_version"], first["degraded"]) == ("m", "p@1", False)
    assert (second["guardrails"], second["fallbacks"]) == (["masked_cpf", "link"], ["llm", "search"])
    assert (second["confidence"], second["outcome"], second["degraded"]) == (1.0, "refused", True)
    hits = platform.warehouse.query(f"SELECT hit FROM {TABLE}, UNNEST(guardrails) AS hit ORDER BY hit")
    assert hits["hit"].to_pylist() == ["link", "masked_cpf"]
