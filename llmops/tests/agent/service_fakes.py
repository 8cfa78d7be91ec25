"""The assistant's service without sockets, over turns that do what a test says."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
from fastapi import FastAPI

from llmops.agent.admission import Door
from llmops.agent.assistant_service import Wiring, create_app
from llmops.agent.config import AssistantConfig
from llmops.agent.limits import RateLimits
from llmops.agent.service_audit import ServiceAudit
from llmops.agent.telemetry import Telemetry
from llmops.agent.turn import Ask, Citation, Event, ProposedAction, Reply, ToolUse, Usage
from llmops.tests.agent.desk import Desk
from llmops.tests.small_world import CUSTOMER, NOW, RULES
from telecom.errors import TokenRefused
from telecom.ports import Caller, Reader
from telecom.serving.admission import Admission
from telecom.serving.limits import Turnstile

AGENT = {"kind": "agent", "customers": ["*"], "scopes": ["approve:*"]}
CLAIMS: dict[str, dict[str, Any]] = {
    "ana": AGENT,
    "rui": {"kind": "agent", "customers": [CUSTOMER], "scopes": []},
    "eva": {"kind": "agent", "customers": [CUSTOMER, "0002-BBBBB"], "scopes": ["approve:retention"]},
    "nil": {"kind": "agent"},
    CUSTOMER: {"kind": "customer", "customer": CUSTOMER},
    "0002-BBBBB": {"kind": "customer", "customer": "0002-BBBBB"},
    "robot": {"kind": "service"},
    "odd": {"kind": "agent", "customers": "*"},
    "both": {"kind": "agent", "customers": ["*", CUSTOMER]},
    "none": {},
}
DOOR = {"Authorization": "Bearer ana"}
ACTION = ProposedAction("a-1", "modem_restart", "Reiniciar", {"line_id": "1"}, True, "proposed", "Porque sim.")


class FakeIdentity:
    """The token `NAME` is NAME's, with the claims above."""

    def verify(self, token: str, audience: str) -> Caller:
        if token not in CLAIMS:
            raise TokenRefused("signature")
        return Caller(token, CLAIMS[token] | {"exp": 9e9})


def reply_to(ask: Ask, **changes: Any) -> Reply:
    """A reply with something in every field."""
    given: dict[str, Any] = {
        "session_id": ask.session_id,
        "trace_id": ask.trace_id,
        "message": "Olá, está tudo bem.",
        "language": "pt-BR",
        "intent": "greeting",
        "citations": (Citation("a.md", "A", "B", 2, "c"),),
        "actions": (ACTION,),
        "tools": (ToolUse("diagnose_line", True, 1.5),),
        "guardrails": ("masked_cpf",),
        "degraded": "",
        "prompt_version": "p@1",
        "model": "responder-1",
        "usage": Usage(10, 5, 0.001),
    }
    return Reply(**(given | changes))


class FakeTurns:
    """Answers politely, unless `behave` does something else."""

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.ended = 0
        self.behave: Callable[[Ask], AsyncGenerator[Event, None]] = polite

    async def turn(self, ask: Ask) -> AsyncGenerator[Event, None]:
        self.asks.append(ask)
        try:
            async for event in self.behave(ask):
                yield event
        finally:
            self.ended += 1


async def polite(ask: Ask, **changes: Any) -> AsyncGenerator[Event, None]:
    """A tool, an action, two words, the reply."""
    reply = reply_to(ask, **changes)
    yield Event("tool", reply.tools[0])
    yield Event("action", ACTION)
    for piece in ("Olá, ", "está tudo bem."):
        yield Event("token", piece)
    yield Event("done", reply)


class Service:
    """The service, and what it works with."""

    def __init__(self, *, warehouse: Reader | None = None, turnstile: Turnstile | None = None, **config: Any) -> None:
        told = AssistantConfig(**config)
        self.turns, self.desk = FakeTurns(), Desk()
        self.telemetry = Telemetry("all")
        self.resting: tuple[str, ...] = ()
        rates = {role: told.rate(role, local=True) for role in ("agent", "customer")}
        self.wiring = Wiring(
            door=Door(Admission(FakeIdentity, "telecom-assistant", None)),
            rates=RateLimits(rates),  # type: ignore[arg-type]
            turns=self.turns,
            actions=self.desk.actions,
            audit=ServiceAudit(self.desk.events),
            warehouse=warehouse or self.desk.reader,
            records=self.desk.records,
            rules=RULES,
            resting=lambda: self.resting,
            telemetry=self.telemetry,
            desk=ThreadPoolExecutor(2),
            config=told,
            now=lambda: NOW,
        )
        self.app = create_app(self.wiring, turnstile)

    def ask(self, path: str, body: Any = None, method: str = "", **headers: str) -> httpx.Response:
        """One request of ana's, unless told otherwise; a body that is neither text nor bytes is sent as JSON."""
        sent = body if isinstance(body, bytes | str) or body is None else json.dumps(body)
        door = {} if "Authorization" in headers else DOOR
        return asyncio.run(request(self.app, method or ("GET" if body is None else "POST"), path, sent, door | headers))

    def chat(self, who: str = "ana", message: Any = "Oi", **more: Any) -> httpx.Response:
        """One message."""
        return self.ask("/chat", {"message": message} | more, Authorization=f"Bearer {who}")

    def stream(self, **more: Any) -> list[tuple[str, Any]]:
        """The events of one message."""
        answer = self.ask("/chat", {"message": "Oi"} | more, accept="text/event-stream")
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
        return events_of(answer.text)

    def metric(self, line: str) -> float:
        """The value of a line of /metrics."""
        found = [text for text in self.ask("/metrics").text.splitlines() if text.startswith(line + " ")]
        assert len(found) == 1, line
        return float(found[0].rpartition(" ")[2])


def events_of(text: str) -> list[tuple[str, Any]]:
    """Server-sent events: `event: KIND` and `data: JSON`, each ended by an empty line."""
    assert text.endswith("\n\n")
    found = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        kind, data = block.split("\n")
        found.append((kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


async def request(
    app: FastAPI, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """One request, straight to the application; an exception that leaves it fails the test."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://assistant", timeout=30) as client:
        return await client.request(method, path, content=body, headers=dict(headers or {}))
