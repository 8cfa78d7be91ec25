"""A conversation on a stage: real tools, actions, guardrails and memory; models and failures as a test wants them."""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ToolCallPart, UserPromptPart
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, FunctionModel

from llmops.agent.actions import Actions
from llmops.agent.conversation import Conversation, Parts, Rung
from llmops.agent.executor import SimulatedSystems
from llmops.agent.guardrails import Guardrails
from llmops.agent.prompt_library import PromptLibrary
from llmops.agent.responder.core import Responder
from llmops.agent.turn import Ask, Event, Principal, Reply, Role, Usage
from llmops.tests.small_world import CUSTOMER, NOW, RULES, MemoryEvents, MemoryRecords, by_hand
from telecom.errors import DependencyUnavailable
from telecom.ports import Found, Passage, Reader, Reading, Records

PROMPTS = PromptLibrary.load()
POOL = ThreadPoolExecutor(8)
LATE = Passage(
    "late-1", "billing/atraso.md", "Cobrança e atraso", "Multa e juros", None, "Multa de 2 % e juros de 1 % ao mês."
)
PORT = Passage(
    "port-1",
    "contracts/portabilidade.html",
    "Portabilidade",
    "Prazo",
    None,
    "A portabilidade do número leva até 3 dias úteis. Ela é gratuita. Durante a troca a linha pode ficar sem sinal.",
)
_numbers = itertools.count(1)


class Shelf:
    """Finds its passages for every question that shares a word with them."""

    def __init__(self, *passages: Passage, score: float = 0.9) -> None:
        self.passages, self.score = passages, score
        self.asked: list[tuple[str, Reading]] = []
        self.down = False

    def search(self, query: str, reading: Reading, k: int = 5) -> tuple[Found, ...]:
        self.asked.append((query, reading))
        if self.down:
            raise DependencyUnavailable("The index does not answer.")
        said = set(query.lower().replace("?", "").split())
        near = [p for p in self.passages if said & set(f"{p.title} {p.section} {p.text}".lower().split())]
        return tuple(Found(passage, self.score) for passage in near[:k])

    def replace(self, *_: Any) -> None:
        raise NotImplementedError

    def digests(self) -> dict[str, str]:
        return {}


@dataclass
class Rungs:
    """Everything works, unless it is in `closed`; notes what it is told."""

    closed: set[str] = field(default_factory=set)
    told: list[tuple[str, bool]] = field(default_factory=list)
    charged: list[tuple[str, int, int]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    most: int = 50_000

    def usable(self, rung: Rung, ask: Ask) -> bool:
        return rung not in self.closed

    def succeeded(self, rung: Rung) -> None:
        self.told.append((rung, True))

    def failed(self, rung: Rung) -> None:
        self.told.append((rung, False))

    def unanswered(self, reason: str) -> None:
        self.reasons.append(reason)

    def tokens(self, ask: Ask) -> int:
        return self.most

    def charge(self, ask: Ask, model: str, input_tokens: int, output_tokens: int) -> Usage:
        self.charged.append((model, input_tokens, output_tokens))
        return Usage(input_tokens, output_tokens, 0.001)


class Broken:
    """A warehouse that does not answer."""

    def query(self, sql: str, parameters: Any = None) -> Any:
        raise DependencyUnavailable("The warehouse does not answer.")


class Stage:
    """One conversation and everything around it; `say` is a turn."""

    def __init__(
        self,
        *,
        model: Model | None = None,
        warehouse: Reader | None = None,
        shelf: Shelf | None = None,
        records: Records | None = None,
        events: Any = None,
        retriever: Any = None,
        now: datetime = NOW,
    ) -> None:
        self.records = records or MemoryRecords()
        self.events = events or MemoryEvents()
        self.rungs = Rungs()
        self.shelf = shelf or Shelf(LATE, PORT)
        self.now = now
        warehouse = warehouse or by_hand()
        self.actions = Actions(self.records, self.events, warehouse, RULES, SimulatedSystems(self.records))
        self.parts = Parts(
            responder=Responder(PROMPTS),
            prompts=PROMPTS,
            guard=Guardrails(PROMPTS.leaked),
            ladder=self.rungs,
            records=self.records,
            warehouse=warehouse,
            actions=self.actions,
            events=self.events,
            pool=POOL,
            retriever=retriever or self.shelf,
            model=model,
            rules=RULES,
        )
        self.conversation = Conversation(self.parts)
        self.run: Callable[[Coroutine[Any, Any, Any]], Any] = asyncio.run

    def ask(self, message: str, **changes: Any) -> Ask:
        """A customer's message, unless told otherwise; `role` and `who` make the principal."""
        role: Role = changes.pop("role", "customer")
        customer = changes.pop("customer_id", CUSTOMER)
        who = changes.pop("who", customer if role == "customer" else "ana")
        seen = frozenset({customer}) if role == "customer" else None
        given: dict[str, Any] = {
            "message": message,
            "principal": Principal(who or "", role, seen),
            "customer_id": customer,
            "session_id": "s-1",
            "channel": "portal",
            "trace_id": f"trace-{next(_numbers)}",
            "now": self.now,
            "deadline": time.monotonic() + changes.pop("seconds", 8.0),
        }
        return Ask(**(given | changes))

    def events_of(self, message: str, **changes: Any) -> list[Event]:
        """All events of a turn."""

        async def gathered() -> list[Event]:
            return [event async for event in self.conversation.turn(self.ask(message, **changes))]

        events: list[Event] = self.run(gathered())
        return events

    def say(self, message: str, **changes: Any) -> Reply:
        """The reply of a turn."""
        last = self.events_of(message, **changes)[-1]
        assert last.kind == "done"
        reply: Reply = last.data
        return reply

    def talk(self, *messages: str, **changes: Any) -> list[Reply]:
        """One session, message by message."""
        return [self.say(message, **changes) for message in messages]

    def effects(self, customer_id: str = CUSTOMER) -> int:
        """Records that executed actions made."""
        kinds = ("network_event", "billing_adjustment", "ticket", "delivery", "plan_change")
        return sum(len(self.records.of(kind, customer_id)) for kind in kinds)


Step = Callable[[list[ModelMessage], AgentInfo], ModelResponse]


def model_of(*steps: Step | str | ToolCallPart) -> FunctionModel:
    """A model that answers its requests one after the other; text is said, a call is called. The last one repeats."""
    todo = list(steps)

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        step = todo.pop(0) if len(todo) > 1 else todo[0]
        if isinstance(step, str):
            return ModelResponse(parts=[TextPart(step)])
        if isinstance(step, ToolCallPart):
            return ModelResponse(parts=[step])
        return step(messages, info)

    return FunctionModel(answer, model_name="stub")


def seen_by(messages: Sequence[ModelMessage]) -> str:
    """All that a model was shown, in one text."""
    parts = []
    for message in messages:
        if isinstance(message, ModelRequest):
            parts.append(message.instructions or "")
        for part in message.parts:
            content = getattr(part, "content", "")
            if isinstance(part, UserPromptPart) and not isinstance(content, str):
                parts += [getattr(one, "content", str(one)) for one in content]
            else:
                parts.append(str(content))
    return "\n".join(parts)
