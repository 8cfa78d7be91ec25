"""A paid model's answer: what its loop with the tools says, checked, once more if it fails, then a refusal.

Loaded only where a paid model is configured: the library costs more memory and time than all the rest. (ADR 15.)
"""

import asyncio
import hashlib
import logging
from functools import partial

import pydantic_ai
from pydantic_ai import TextContent, UsageLimits
from pydantic_ai.exceptions import UnexpectedModelBehavior, UsageLimitExceeded
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RunUsage

from llmops.agent.answer_check import Answered, complaints, refused
from llmops.agent.citations import cited, unmarked
from llmops.agent.kinds import KINDS, MOST_CALLS, MOST_REQUESTS, kind_of
from llmops.agent.memory import Session
from llmops.agent.model_loop import Asking, HalfAnAnswer, ModelLoop, request_of
from llmops.agent.parts import Parts
from llmops.agent.staged import alone, staged
from llmops.agent.turn import Usage
from llmops.agent.workbench import Brief, Workbench
from telecom.errors import LlmFailed

MOST_TOKENS = 4_096
"""Of one request's answer, thinking included; what is cut there is half an answer."""
RESPONDER_SECONDS = 1.5
"""Kept back from the deadline, for the responder to answer where the model does not."""
THIS_MESSAGE = frozenset(("blocked", "too_long", "half_answer", "over_budget", "nonsense"))
"""Reasons that lie in the message, which must not keep the model from others."""
log = logging.getLogger(__name__)

REASONS: tuple[tuple[type[Exception], str], ...] = (
    (UsageLimitExceeded, "over_budget"),
    (HalfAnAnswer, "half_answer"),
    (UnexpectedModelBehavior, "nonsense"),
    (TimeoutError, "timeout"),
)


class PaidAnswering:
    """The loops of all roles, built once.

    Args:
        parts: of the conversation.
        model: the paid one.
    """

    def __init__(self, parts: Parts, model: Model) -> None:
        pydantic_ai.BANNER_ENABLED = False  # else the first answer in a terminal comes with an advertisement
        self._parts, self._model = parts, model
        self._loops = {(role, tools): ModelLoop(role, tools=tools) for role, tools in KINDS}

    async def answer(self, bench: Workbench, brief: Brief) -> Answered | None:
        """Its answer; None where it has none. What was used is charged in any case."""
        ladder, usage, name = self._parts.ladder, RunUsage(), self._model.model_name
        paid, lost = Usage(), (0, 0)
        try:
            found = await self._checked(bench, brief, bench.ask.deadline - RESPONDER_SECONDS, usage)
        except Exception as error:  # whatever a vendor's client raises, the responder answers
            reason = _reason(error)
            log.warning("The model gave no answer: %s (%s)", reason, type(error).__name__)
            ladder.unanswered(reason)
            (ladder.succeeded if reason in THIS_MESSAGE else ladder.failed)("llm")
            found, lost = None, getattr(error, "used", lost)
        else:
            ladder.succeeded("llm")
        finally:
            tokens = usage.input_tokens + lost[0], usage.output_tokens + lost[1]
            if any(tokens):
                paid = ladder.charge(bench.ask, name, *tokens)
        return Answered(found.message, found.rests_on, found.model, paid, found.refused) if found else None

    async def _checked(self, bench: Workbench, brief: Brief, until: float, usage: RunUsage) -> Answered:
        """Runs the loop, at most twice, until an answer passes; otherwise says that it has none."""
        messages = [*_history(brief.session), request_of(bench, [_prompt(bench, brief)])]
        for _ in range(2):
            said = await self._said(bench, messages, until, usage)
            rests_on = cited(said, brief.found, by_words=True)
            message = unmarked(said)
            checking = alone(partial(complaints, self._parts, message, bench, rests_on))
            faults = await staged(self._parts.pool, self._parts.clock, checking, (until - self._parts.clock(),))
            if not faults:
                return Answered(message, rests_on, self._model.model_name, Usage())
            bench.codes.add("unsupported_answer")
            again = self._parts.prompts.say("service.write_again", brief.language, faults=faults)
            messages.append(request_of(bench, [UserPromptPart(again)]))
        return refused(self._parts, self._model.model_name, bench, brief)

    async def _said(self, bench: Workbench, messages: list[ModelMessage], until: float, usage: RunUsage) -> str:
        """What the model says in the end, in the time that is left."""
        left = max(until - self._parts.clock(), 0.0)
        # With the time that is left the client knows that it need not wait and ask again.
        settings = ModelSettings(timeout=left, max_tokens=MOST_TOKENS)
        limits = UsageLimits(
            request_limit=usage.requests + MOST_REQUESTS,
            tool_calls_limit=usage.tool_calls + MOST_CALLS,
            total_tokens_limit=self._parts.ladder.tokens(bench.ask),
        )
        async with asyncio.timeout(left):
            return await self._loops[kind_of(bench)].run(Asking(self._model, settings, limits, usage), bench, messages)


def _prompt(bench: Workbench, brief: Brief) -> UserPromptPart:
    return UserPromptPart([TextContent(_context(bench, brief), metadata=brief), TextContent(brief.message)])


def _reason(error: Exception) -> str:
    """Why there is no answer: `LlmFailed`'s reason, or `over_budget`, `nonsense` (no words, no such tool), `error`."""
    if isinstance(error, LlmFailed):
        return error.reason
    return next((reason for kind, reason in REASONS if isinstance(error, kind)), "error")


def _context(bench: Workbench, brief: Brief) -> str:
    """Passages and the summary of earlier turns between marks that nobody who wrote them could know."""
    mark = hashlib.sha256(f"{bench.ask.trace_id}{bench.ask.session_id}".encode()).hexdigest()[:12]
    say = bench.parts.prompts.say
    parts = [
        f"[{place}] {one.passage.title} · {one.passage.section}\n{one.passage.text}"
        for place, one in enumerate(brief.found, 1)
    ]
    if brief.session.summary:
        parts.append(say("service.summary", brief.language, summary=brief.session.summary))
    body = "\n\n".join(parts) or say("service.no_passages", brief.language)
    return say("service.context", brief.language, mark=mark, body=body, today=f"{bench.ask.now:%d/%m/%Y}")


def _history(session: Session) -> tuple[ModelMessage, ...]:
    return tuple(
        message
        for turn in session.turns
        for message in (
            ModelRequest(parts=[UserPromptPart(turn.user)]),
            ModelResponse(parts=[TextPart(turn.assistant)]),
        )
    )
