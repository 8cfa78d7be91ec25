"""Rows that a turn leaves in the warehouse: what it used, and who asked about whom. Without a word of its content."""

import json
from datetime import datetime
from typing import Any

from llmops.agent.turn import Ask, Reply


def usage_row(ask: Ask, reply: Reply, ms: float, outcome: str, sure: float) -> dict[str, Any]:
    """Of telecom_monitoring.llm_usage.

    Args:
        ask: the message.
        reply: its answer.
        ms: from the message to the answer.
        outcome: allowed, or refused by a guardrail.
        sure: the probability of the intent, 0 to 1.
    """
    return {
        "used_on": ask.now.date(),
        "trace_id": ask.trace_id,
        "session_id": ask.session_id,
        "model": reply.model,
        "prompt_version": reply.prompt_version,
        "intent": reply.intent,
        "channel": ask.channel,
        "input_tokens": reply.usage.input_tokens,
        "output_tokens": reply.usage.output_tokens,
        "cost_usd": reply.usage.cost_usd,
        "latency_ms": ms,
        "degraded": bool(reply.degraded),
        "answered_at": ask.now,
        "outcome": outcome,
        "confidence": min(max(sure, 0.0), 1.0),
        "guardrails": list(reply.guardrails),
        "fallbacks": [each for each in reply.degraded.split(",") if each],
    }


def audit_row(ask: Ask, reply: Reply, outcome: str) -> dict[str, Any]:
    """Of telecom_monitoring.assistant_audit: the tools that read data, the proposals, what the guardrails did."""
    detail = {
        "role": ask.principal.role,
        "channel": ask.channel,
        "intent": reply.intent,
        "tools": [use.name for use in reply.tools],
        "actions": [action.id for action in reply.actions],
        "guardrails": list(reply.guardrails),
    }
    told = json.dumps(detail, separators=(",", ":"))
    return of_turn(ask, f"{ask.trace_id}-chat", outcome, told)


def of_turn(ask: Ask, event_id: str, outcome: str, detail: str) -> dict[str, Any]:
    """Of telecom_monitoring.assistant_audit: that a message was asked, and what came of it."""
    return audited(
        event_id,
        "chat",
        outcome,
        detail,
        principal=ask.principal.name,
        now=ask.now,
        trace_id=ask.trace_id,
        customer_id=ask.customer_id,
    )


def audited(
    event_id: str,
    event: str,
    outcome: str,
    detail: str,
    *,
    principal: str,
    now: datetime,
    trace_id: str,
    customer_id: str | None,
) -> dict[str, Any]:
    """A row of telecom_monitoring.assistant_audit; `detail` is JSON of ids and codes, never a person's words."""
    return {
        "event_id": event_id,
        "happened_on": now.date(),
        "trace_id": trace_id,
        "principal": principal,
        "customer_id": customer_id,
        "event": event,
        "outcome": outcome,
        "detail": detail,
        "happened_at": now,
    }
