"""What a conversation is made of: the ports that it uses, and what it asks of the guardrails and of the service."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from llmops.agent.grounding import Evidence, Verdict
from llmops.agent.masking import Masked
from llmops.agent.prompt_library import PromptLibrary
from llmops.agent.proposals import Proposal
from llmops.agent.screening import Screening, Source
from llmops.agent.turn import Ask, Usage
from llmops.tools.context import ToolContext
from llmops.tools.drafts import ActionDraft
from telecom.ports import Events, Reader, Records, Retriever

if TYPE_CHECKING:
    from pydantic_ai.models import Model

    from llmops.agent.responder.core import Responder
    from llmops.tools.retention_rules import RetentionRules

Rung = Literal["llm", "search", "warehouse"]


class Guard(Protocol):
    """What may come in and go out. Everything here may be called from several threads at once."""

    def screen(self, text: str, *, source: Source) -> Screening:
        """Looks for attempts to command the model."""
        ...

    def mask(self, text: str) -> Masked:
        """The text without personal data."""
        ...

    def check(self, answer: str, evidence: Sequence[Evidence]) -> Verdict:
        """What of an answer has no support, or may never be said."""
        ...


class Ladder(Protocol):
    """Knows what works now, and what may still be spent; from any thread."""

    def usable(self, rung: Rung, ask: Ask) -> bool:
        """Whether to try: false while a breaker is open and, for `llm`, where a budget is used up."""
        ...

    def succeeded(self, rung: Rung) -> None:
        """It answered, with whatever."""
        ...

    def failed(self, rung: Rung) -> None:
        """It did not answer, or said that it cannot."""
        ...

    def unanswered(self, reason: str) -> None:
        """Counts a message that the model was asked and gave no answer to; the responder answers it."""
        ...

    def tokens(self, ask: Ask) -> int:
        """How many tokens, in and out together, this message may use of a paid model."""
        ...

    def charge(self, ask: Ask, model: str, input_tokens: int, output_tokens: int) -> Usage:
        """Counts what was used against the budgets and tells its price."""
        ...


class Proposer(Protocol):
    """Makes proposals of drafts (`llmops.agent.actions`)."""

    def propose(self, context: ToolContext, draft: ActionDraft) -> Proposal:
        """Stores the proposal; nothing is carried out.

        Raises:
            ToolError: the parameters or the policy speak against it.
        """
        ...


@dataclass(frozen=True)
class Parts:
    """Everything that a turn needs.

    Args:
        responder: the deterministic one, which answers where `model` cannot.
        prompts: system, rules and templates.
        guard: the guardrails.
        ladder: breakers and budgets.
        records: holds the sessions.
        warehouse: answers the tools.
        actions: takes proposals.
        events: usage and audit rows.
        pool: threads for whatever blocks.
        retriever: the knowledge base; None: there is none (`degraded` says `search`).
        model: a paid model; None: the responder answers, which is no degradation.
        rules: the retention policy, for the tools.
        clock: seconds, never going back; the clock of `Ask.deadline`.
    """

    responder: "Responder"
    prompts: PromptLibrary
    guard: Guard
    ladder: Ladder
    records: Records
    warehouse: Reader
    actions: Proposer
    events: Events
    pool: Executor
    retriever: Retriever | None = None
    model: "Model | None" = None
    rules: "RetentionRules | None" = None
    clock: Callable[[], float] = time.monotonic
