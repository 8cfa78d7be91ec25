"""What one run of the agent works with and leaves behind. Of one turn; never shared between two."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from llmops.agent.intents.understanding import Understood
from llmops.agent.intents.wishes import Wish
from llmops.agent.memory import Session
from llmops.agent.parts import Parts
from llmops.agent.prompt_library import Prompt
from llmops.agent.turn import Ask, Event, Language, ProposedAction, ToolUse
from llmops.tools.context import ToolContext
from telecom.ports import Found


@dataclass(frozen=True)
class Brief:
    """What is known of a message before anybody answers it. `message` is masked; `found` are screened passages.

    `bound`: the conversation is about a customer. `now` is the turn's moment, UTC. `wishes` are the parts of the
    message; `understood` is what the first of them wants.
    """

    message: str
    understood: Understood
    language: Language
    role: str
    session: Session
    now: datetime
    bound: bool
    found: tuple[Found, ...] = ()
    wishes: tuple[Wish, ...] = ()


@dataclass
class Workbench:
    """The dependencies of the tools.

    `evidence` holds what tools returned, `missing` the rungs that did not answer, `codes` what guardrails did, `state`
    the journey's state for the next turn.
    """

    ask: Ask
    parts: Parts
    context: ToolContext | None
    prompt: Prompt
    emit: Callable[[Event], None]
    uses: list[ToolUse] = field(default_factory=list)
    evidence: list[Any] = field(default_factory=list)
    actions: dict[str, ProposedAction] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    codes: set[str] = field(default_factory=set)
    state: Mapping[str, Any] = field(default_factory=dict)

    def propose(self, action: ProposedAction) -> None:
        """Notes a proposal, once."""
        if action.id not in self.actions:
            self.actions[action.id] = action
            self.emit(Event("action", action))
