"""What goes into one turn of a conversation and what comes out of it. The service speaks HTTP, the rest speaks this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Role = Literal["agent", "customer"]
Language = Literal["pt-BR", "en"]
Channel = Literal["desk", "portal", "whatsapp", "chatbot"]


@dataclass(frozen=True)
class Principal:
    """Who asks, from a verified token. `customers` are those whom an agent may see; None: all of them.

    A customer sees exactly one: themselves. `scopes` are what else the token allows (`approve:retention`, …).
    """

    name: str
    role: Role
    customers: frozenset[str] | None = frozenset()
    scopes: frozenset[str] = frozenset()

    def may_see(self, customer_id: str) -> bool:
        """Whether this customer's data may be shown."""
        return self.customers is None or customer_id in self.customers


@dataclass(frozen=True)
class Ask:
    """One message. `customer_id` was checked against the principal; `deadline` is in seconds of `time.monotonic`.

    `pieces`: whether the answer is also told piece by piece, before the whole.
    """

    message: str
    principal: Principal
    customer_id: str | None
    session_id: str
    channel: Channel
    trace_id: str
    now: datetime
    deadline: float
    pieces: bool = True


@dataclass(frozen=True)
class Citation:
    """A passage that supports the answer, with the words that do."""

    document: str
    title: str
    section: str
    page: int | None
    quote: str


@dataclass(frozen=True)
class ProposedAction:
    """Something that would change state, as the reader sees it; only an approval executes it."""

    id: str
    type: str
    title: str
    parameters: Mapping[str, Any]
    requires_approval: bool
    status: str
    reason: str


@dataclass(frozen=True)
class ToolUse:
    """One call of a tool."""

    name: str
    ok: bool
    ms: float


@dataclass(frozen=True)
class Usage:
    """Tokens and their price; zeros where no model was paid."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True)
class Reply:
    """The answer to one message, in the form of `POST /chat`.

    `degraded` is empty, or names what was missing (`llm`, `search`, `warehouse`), comma-separated.
    `guardrails` are the codes of the checks that changed something.
    """

    session_id: str
    trace_id: str
    message: str
    language: Language
    intent: str
    citations: tuple[Citation, ...] = ()
    actions: tuple[ProposedAction, ...] = ()
    tools: tuple[ToolUse, ...] = ()
    guardrails: tuple[str, ...] = ()
    degraded: str = ""
    prompt_version: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class Event:
    """A step of a turn as it happens: `tool`, `action`, `token`, and at last `done` with the whole reply."""

    kind: Literal["token", "tool", "action", "done"]
    data: Any
