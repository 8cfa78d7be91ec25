"""The agent loop of one turn: a model with tools, its answer checked, once more if it fails, then a refusal.

Where the paid model cannot answer (down, slow, over budget, blocked, half an answer), the responder does.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pydantic_ai
from pydantic_ai import Agent, RunContext, TextContent, UsageLimits
from pydantic_ai.exceptions import ContentFilterError, UnexpectedModelBehavior, UsageLimitExceeded
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserContent, UserPromptPart
from pydantic_ai.models import Model
from pydantic_ai.run import AgentRunResult
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RunUsage

from llmops.agent.citations import as_evidence, cited, unmarked
from llmops.agent.local_loop import LocalLoop
from llmops.agent.memory import Session
from llmops.agent.parts import Parts
from llmops.agent.staged import alone, staged
from llmops.agent.tools_registry import toolset
from llmops.agent.turn import Role, Usage
from llmops.agent.workbench import Brief, Workbench
from telecom.errors import DependencyUnavailable, LlmFailed
from telecom.ports import Found

MOST_REQUESTS, MOST_CALLS = 8, 16
RESPONDER_SECONDS = 1.5
"""Kept back from the deadline, for the responder to answer where the model does not."""
NOTHING_SAID = "—"
MOST_TOKENS = 4_096
"""Of one request's answer, thinking included; what is cut there is half an answer."""
THIS_MESSAGE = frozenset(("blocked", "too_long", "half_answer", "over_budget", "nonsense"))
"""Reasons that lie in the message, which must not keep the model from others."""
CUT_OFF = frozenset(("length", "content_filter", "error"))
log = logging.getLogger(__name__)
Loop = Agent[Workbench, str]
KINDS: tuple[tuple[Role, bool], ...] = (("customer", True), ("customer", False), ("agent", True), ("agent", False))


@dataclass(frozen=True)
class Answered:
    """An answer that may go out: its passages, who gave it, and what it cost. `refused`: nothing could be supported."""

    message: str
    rests_on: tuple[Found, ...]
    model: str
    usage: Usage
    refused: bool = False


class HalfAnAnswer(Exception):
    """The model was cut off."""


REASONS: tuple[tuple[type[Exception], str], ...] = (
    (ContentFilterError, "blocked"),
    (UsageLimitExceeded, "over_budget"),
    (HalfAnAnswer, "half_answer"),
    (UnexpectedModelBehavior, "nonsense"),
    (TimeoutError, "timeout"),
)


class Answering:
    """The agents of all roles, built once."""

    def __init__(self, parts: Parts) -> None:
        pydantic_ai.BANNER_ENABLED = False  # else the first answer in a terminal comes with an advertisement
        self._parts = parts
        self._own = {
            (role, tools): LocalLoop(role, tools=tools, most_requests=MOST_REQUESTS, most_calls=MOST_CALLS)
            for role, tools in KINDS
        }
        self._loops = {(role, tools): _loop(role, tools=tools) for role, tools in KINDS} if parts.model else {}

    async def answer(self, bench: Workbench, brief: Brief) -> Callable[[], Answered]:
        """The answer to a message: to be called in a thread, since what the responder says is checked then.

        Raises:
            DependencyUnavailable: the deadline passed.
        """
        parts, ask = self._parts, bench.ask
        if parts.model is not None:
            if parts.ladder.usable("llm", ask) and (found := await self._by_model(parts.model, bench, brief)):
                return partial(_same, found)
            bench.missing.add("llm")
        try:
            return await self._by_responder(bench, brief)
        except TimeoutError as error:
            raise DependencyUnavailable("The answer took longer than its deadline.", "Ask again.") from error

    async def _by_model(self, model: Model, bench: Workbench, brief: Brief) -> Answered | None:
        """The paid model's answer; None where it has none. What was used is charged in any case."""
        ladder, usage = self._parts.ladder, RunUsage()
        paid, lost = Usage(), (0, 0)
        try:
            found = await self._checked(model, bench, brief, bench.ask.deadline - RESPONDER_SECONDS, usage)
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
                paid = ladder.charge(bench.ask, model.model_name, *tokens)
        return Answered(found.message, found.rests_on, found.model, paid, found.refused) if found else None

    async def _by_responder(self, bench: Workbench, brief: Brief) -> Callable[[], Answered]:
        responder, left = self._parts.responder, max(bench.ask.deadline - self._parts.clock(), 0.0)
        running = self._own[_kind(bench)].run(responder, bench, _prompt(bench, brief))
        said, response = await asyncio.wait_for(running, left)
        bench.state = (response.provider_details or {}).get("state", {})
        return partial(self._settled, said, bench, brief)

    def _settled(self, said: str, bench: Workbench, brief: Brief) -> Answered:
        """The responder's answer, or a refusal where it does not pass: it would say the same a second time."""
        responder = self._parts.responder
        rests_on = cited(said, brief.found, by_words=False)
        message = unmarked(said)
        if not self._complaints(message, bench, rests_on):
            return Answered(message, rests_on, responder.model_name, Usage())
        bench.codes.add("unsupported_answer")
        return self._refused(responder, bench, brief)

    async def _checked(self, model: Model, bench: Workbench, brief: Brief, until: float, usage: RunUsage) -> Answered:
        """Runs the loop, at most twice, until an answer passes; otherwise says that it has none."""
        prompt, history = _prompt(bench, brief), _history(brief.session)
        for _ in range(2):
            run = await self._run(model, bench, prompt, history, until, usage)
            rests_on = cited(run.output, brief.found, by_words=True)
            message = unmarked(run.output)
            checking = alone(partial(self._complaints, message, bench, rests_on))
            complaints = await staged(self._parts.pool, self._parts.clock, checking, (until - self._parts.clock(),))
            if not complaints:
                return Answered(message, rests_on, model.model_name, Usage())
            bench.codes.add("unsupported_answer")
            history = tuple(run.all_messages())
            prompt = [TextContent(self._parts.prompts.say("service.write_again", brief.language, faults=complaints))]
        return self._refused(model, bench, brief)

    def _refused(self, model: Model, bench: Workbench, brief: Brief) -> Answered:
        bench.codes.add("answer_refused")
        said = self._parts.prompts.say("service.no_support", brief.language)
        return Answered(said, (), model.model_name, Usage(), refused=True)

    async def _run(
        self,
        model: Model,
        bench: Workbench,
        prompt: list[UserContent],
        history: tuple[ModelMessage, ...],
        until: float,
        usage: RunUsage,
    ) -> AgentRunResult[str]:
        parts, ask, left = self._parts, bench.ask, max(until - self._parts.clock(), 0.0)
        # With the time that is left the client knows that it need not wait and ask again.
        settings = ModelSettings(timeout=left, max_tokens=MOST_TOKENS)
        limits = UsageLimits(
            request_limit=usage.requests + MOST_REQUESTS,
            tool_calls_limit=usage.tool_calls + MOST_CALLS,
            total_tokens_limit=parts.ladder.tokens(ask),
        )
        running = self._loops[_kind(bench)].run(
            prompt,
            model=model,
            deps=bench,
            message_history=history,
            model_settings=settings,
            usage_limits=limits,
            usage=usage,
        )
        run = await asyncio.wait_for(running, left)
        if run.response.finish_reason in CUT_OFF:
            raise HalfAnAnswer
        return run

    def _complaints(self, message: str, bench: Workbench, rests_on: tuple[Found, ...]) -> str:
        """What is wrong with an answer, for the model to mend; empty where it may go out."""
        if not message:
            return NOTHING_SAID
        verdict = self._parts.guard.check(message, [*bench.evidence, *as_evidence(rests_on)])
        return "" if verdict.ok else "; ".join((*verdict.unsupported, *verdict.links))[:500] or NOTHING_SAID


def _same(found: Answered) -> Answered:
    return found


def _kind(bench: Workbench) -> tuple[Role, bool]:
    """Whose loop it is, and whether it has tools."""
    return bench.ask.principal.role, bench.context is not None and "warehouse" not in bench.missing


def _prompt(bench: Workbench, brief: Brief) -> list[UserContent]:
    return [TextContent(_context(bench, brief), metadata=brief), TextContent(brief.message)]


def _reason(error: Exception) -> str:
    """Why there is no answer: `LlmFailed`'s reason, or `over_budget`, `nonsense` (no words, no such tool), `error`."""
    if isinstance(error, LlmFailed):
        return error.reason
    return next((reason for kind, reason in REASONS if isinstance(error, kind)), "error")


def _loop(role: Role, *, tools: bool) -> Loop:
    loop = Agent(
        deps_type=Workbench,
        output_type=str,
        toolsets=[toolset(role)] if tools else [],
        retries=1,
        name=f"assistant-{role}",
        defer_model_check=True,
    )

    # Asynchronous, because the others are called in a thread of their own.
    @loop.instructions
    async def system(run: RunContext[Workbench]) -> str:
        return run.deps.prompt.system

    @loop.instructions
    async def rules(run: RunContext[Workbench]) -> str:
        return run.deps.prompt.rules

    return loop


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
