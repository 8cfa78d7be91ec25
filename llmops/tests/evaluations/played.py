"""Played scenarios by hand."""

from datetime import timedelta
from typing import Any

from llmops.agent.proposals import Proposal
from llmops.evaluations.playing import Answer, Played
from llmops.evaluations.scenario_types import Scenario
from llmops.evaluations.world import AT


def scenario(*wants: dict[str, Any], **more: Any) -> Scenario:
    told: dict[str, Any] = {
        "id": "some-scenario",
        "intent": "plan",
        "persona": "suporte_tecnico",
        "role": "customer",
        "channel": "portal",
        "customer": "one",
        "turns": [{"say": "qual é?", "want": want} for want in wants or ({},)],
    }
    return Scenario.model_validate(told | more)


def proposal(kind: str = "modem_restart", status: str = "proposed", **parameters: Any) -> Proposal:
    return Proposal(
        id="act_" + "a" * 32,
        type=kind,  # type: ignore[arg-type]
        title="t",
        reason="r",
        parameters=parameters,
        customer_id="c",
        authority="customer",
        risk="low",
        retention=False,
        status=status,  # type: ignore[arg-type]
        proposed_at=AT,
        expires_at=AT + timedelta(hours=1),
        proposed_by="c",
        proposer_role="customer",
        trace_id="t",
    )


def answer(message: str = "Tudo certo.", *, status: int = 200, wanted: Any = None, **more: Any) -> Answer:
    proposals = more.pop("proposals", ())
    reply = {
        "message": message,
        "language": "pt-BR",
        "intent": "plan",
        "tools": [],
        "citations": [],
        "guardrails": [],
        "degraded": "",
        "prompt_version": "suporte_tecnico@1.0.0+aaaaaaaa",
    }
    return Answer(status, reply | more, wanted or {}, proposals)


def played(want: dict[str, Any] | None = None, **more: Any) -> Played:
    about = {name: more.pop(name) for name in ("role", "id", "limit", "part", "tickets", "customer") if name in more}
    approvals, tickets = more.pop("approvals", ()), more.pop("registered", 0)
    return Played(scenario(want or {}, **about), (answer(**more),), approvals, tickets)
