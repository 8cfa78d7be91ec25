"""One turn of a conversation: a message comes in, what may be said goes out.

Screen the message, mask it, remember, look it up, let a model answer with tools, check the answer, keep it, tell. No
word of the answer leaves before it has passed the check (ADR 12). Protocols and parts are in `parts`.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, TypeVar

from llmops.agent import fixed_answers, memory
from llmops.agent.answer_check import Answered
from llmops.agent.answering import Answering
from llmops.agent.citations import citations
from llmops.agent.fixed_answers import Fixed
from llmops.agent.intents.topics import SMALL_TALK, persona_of
from llmops.agent.intents.wishes import lacking, queries_of, wishes
from llmops.agent.language import language_of
from llmops.agent.memory import Said
from llmops.agent.parts import Guard, Ladder, Parts, Proposer, Rung
from llmops.agent.rows import audit_row, usage_row
from llmops.agent.staged import Overdue, Passed, staged
from llmops.agent.turn import Ask, Event, Reply, Usage
from llmops.agent.workbench import Brief, Workbench
from llmops.tools.context import ToolContext
from telecom.errors import DependencyUnavailable, TelecomError
from telecom.ports import Found, Passage, Reading, Retriever

__all__ = ["Conversation", "Guard", "Ladder", "Parts", "Proposer", "Rung"]

PASSAGES, MOST_SCREENED = 5, 4_096
SEARCH_SECONDS, MEMORY_SECONDS = 2.0, 2.0
PIECE = re.compile(r"(?:\S+\s*){1,4}")
log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class _Received:
    """A message taken in; `blocked` says that it is refused, `missing` what did not answer.

    `fixed`: the answer that it gets whoever is there to answer.
    """

    brief: Brief
    blocked: bool
    codes: frozenset[str]
    missing: frozenset[str]
    fixed: Fixed | None = None


class Conversation:
    """Turns of all sessions; one for the process.

    Args:
        parts: what it works with.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._answering = Answering(parts)
        self._is_plain = lru_cache(maxsize=MOST_SCREENED)(self._screened)

    async def turn(self, ask: Ask) -> AsyncGenerator[Event, None]:
        """The steps of one turn as they happen; the last is `done` with the `Reply`.

        Args:
            ask: the message. The service has verified the principal, and that the customer is one of theirs.

        Raises:
            DependencyUnavailable: nothing is left to answer with, or the deadline passed.
            NotFound: the session is somebody else's.
        """
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        work = asyncio.create_task(self._reply(ask, events.put_nowait))
        work.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while event := await events.get():
                yield event
            reply = work.result()
            for piece in _pieces(reply.message) if ask.pieces else ():
                yield Event("token", piece)
            yield Event("done", reply)
        finally:
            work.cancel()

    async def _reply(self, ask: Ask, emit: Callable[[Event], None]) -> Reply:
        began = self._parts.clock()
        received = await self._informed(ask)
        bench, brief = self._bench(ask, received, emit), received.brief
        answer: Callable[[], Answered] = partial(self._unasked, received, bench)
        if not (received.fixed or received.blocked):
            self._need_something(brief, bench)
            answer = await self._answering.answer(bench, brief)
            self._need_something(brief, bench)
        replies: list[Reply] = []

        def end(passed: Passed) -> None:
            found = answer()
            replies.append(self._composed(ask, brief, bench, found))
            passed()
            ms = 1000 * (self._parts.clock() - began)
            self._keep(ask, brief, bench, replies[0], "refused" if found.refused else "allowed", ms)

        try:
            await self._staged(end, (ask.deadline - self._parts.clock(), MEMORY_SECONDS))
        except Overdue as error:
            if not replies:
                raise DependencyUnavailable("The answer took longer than its deadline.", "Ask again.") from error
            log.error("A turn was not kept in time; its thread goes on.")
        return replies[0]

    async def _informed(self, ask: Ask) -> _Received:
        """The message taken in, with what the knowledge base has on it; a search that takes too long is given up."""
        received: list[_Received] = []

        def begin(passed: Passed) -> _Received:
            received.append(self._receive(ask))
            passed()
            return self._searched(ask, received[0])

        try:
            return await self._staged(begin, (self._left(ask, 2 * MEMORY_SECONDS), self._left(ask, SEARCH_SECONDS)))
        except Overdue as error:
            if not received:
                raise DependencyUnavailable("The message could not be taken in in time.", "Ask again.") from error
            return self._without_search(received[0], error)

    def _receive(self, ask: Ask) -> _Received:
        """Screens, masks, remembers, understands. Runs in a thread."""
        guard = self._parts.guard
        screened = guard.screen(ask.message, source="message")
        masked = guard.mask(screened.text)
        session, remembered = memory.recalled(self._parts.records, ask)
        language = language_of(masked.text, session.language)
        wished = wishes(masked.text, ask.now.date(), session.state)
        blocked, role, bound = screened.verdict == "block", ask.principal.role, ask.customer_id is not None
        fixed = fixed_answers.danger(masked.text)
        if not fixed and not blocked:
            fixed = fixed_answers.other_customer(screened.text, ask.customer_id, role)
        codes = {*screened.codes, *(f"masked_{kind}" for kind in masked.kinds), *((fixed.code,) if fixed else ())}
        brief = Brief(masked.text, wished[0].understood, language, role, session, ask.now, bound, wishes=wished)
        return _Received(brief, blocked, frozenset(codes), frozenset(() if remembered else ("memory",)), fixed)

    def _bench(self, ask: Ask, received: _Received, emit: Callable[[Event], None]) -> Workbench:
        parts, brief = self._parts, received.brief
        missing = set(received.missing)
        context = None
        if ask.customer_id:
            context = ToolContext(
                customer_id=ask.customer_id,
                role=ask.principal.role,
                principal=ask.principal.name,
                now=ask.now,
                warehouse=parts.warehouse,
                records=parts.records,
                trace_id=ask.trace_id,
                language=brief.language,
                rules=parts.rules,
            )
            if not received.fixed and not parts.ladder.usable("warehouse", ask):
                missing.add("warehouse")
        prompt = parts.prompts.prompt(persona_of(brief.understood.intent), brief.language, ask.principal.role)
        return Workbench(ask, parts, context, prompt, emit, codes=set(received.codes), missing=missing)

    def _searched(self, ask: Ask, received: _Received) -> _Received:
        """With what the knowledge base has on the message. Runs in a thread."""
        parts, brief, retriever = self._parts, received.brief, self._parts.retriever
        if received.fixed or received.blocked or not queries_of(brief.wishes, brief.language):
            return received
        if retriever is None or not parts.ladder.usable("search", ask):
            return replace(received, missing=received.missing | {"search"})
        try:
            found, dropped = self._search(retriever, ask, brief)
        except (TelecomError, OSError) as error:
            return self._without_search(received, error)
        parts.ladder.succeeded("search")
        codes = {f"passages_dropped:{dropped}"} if dropped else set()
        return replace(received, brief=replace(brief, found=found), codes=received.codes | codes)

    def _without_search(self, received: _Received, error: Exception) -> _Received:
        log.warning("The knowledge base did not answer: %s", type(error).__name__)
        self._parts.ladder.failed("search")
        return replace(received, missing=received.missing | {"search"})

    def _search(self, retriever: Retriever, ask: Ask, brief: Brief) -> tuple[tuple[Found, ...], int]:
        """Passages for the reader, without those that look like orders, and how many these were. Runs in a thread."""
        reading = Reading(ask.principal.role, ask.now.date())
        searched = (retriever.search(query, reading, PASSAGES) for query in queries_of(brief.wishes, brief.language))
        found = tuple({one.passage.key: one for each in searched for one in each}.values())
        for place, query in lacking(brief.wishes, found).items():
            again = retriever.search(query, reading, PASSAGES)
            found += tuple(one for one in again if (one.passage.document, one.passage.section) == place)
        safe = tuple(one for one in found if self._is_plain(one.passage))
        return safe, len(found) - len(safe)

    def _screened(self, passage: Passage) -> bool:
        """Whether a passage gives no orders; the same ones come again and again."""
        text = f"{passage.title}\n{passage.section}\n{passage.text}"
        return self._parts.guard.screen(text, source="document").verdict == "allow"

    @staticmethod
    def _need_something(brief: Brief, bench: Workbench) -> None:
        """Small talk needs no support; for anything else one of search and warehouse must be there."""
        if {"search", "warehouse"} <= bench.missing and brief.understood.intent not in SMALL_TALK:
            raise DependencyUnavailable(
                "Neither the knowledge base nor the customer's data can be reached.", "Ask again in a minute."
            )

    def _unasked(self, received: _Received, bench: Workbench) -> Answered:
        """The answer that needs neither model nor tools: a fixed one, or that the message is refused."""
        language, fixed = received.brief.language, received.fixed
        phrase, blanks, no = "service.blocked", {}, True
        if fixed:
            phrase, blanks, no = fixed.phrase, dict(fixed.blanks), fixed.refused
        if not no:
            bench.state = {"pending": {"kind": "callback", "intent": "human"}}
        said = self._parts.prompts.say(phrase, language, **blanks)
        return Answered(said, (), self._parts.responder.model_name, Usage(), refused=no)

    def _composed(self, ask: Ask, brief: Brief, bench: Workbench, found: Answered) -> Reply:
        missing = sorted(bench.missing)
        notes = [
            self._parts.prompts.say(f"service.without_{name}", brief.language) for name in missing if name in NOTED
        ]
        return Reply(
            session_id=ask.session_id,
            trace_id=ask.trace_id,
            message="\n\n".join([found.message, *notes]),
            language=brief.language,
            intent=brief.understood.intent,
            citations=citations(found.message, found.rests_on),
            actions=tuple(bench.actions.values()),
            tools=tuple(bench.uses),
            guardrails=tuple(sorted(bench.codes)),
            degraded=",".join(missing),
            prompt_version=bench.prompt.version,
            model=found.model,
            usage=found.usage,
        )

    def _keep(self, ask: Ask, brief: Brief, bench: Workbench, reply: Reply, outcome: str, ms: float) -> None:
        """Memory, usage and audit, all masked. What cannot be kept does not take the answer back."""
        mask = self._parts.guard.mask
        state = {"topic": brief.understood.intent, **bench.state}
        if brief.understood.intent in SMALL_TALK:
            state = {**brief.session.state, **({"pending": bench.state["pending"]} if "pending" in bench.state else {})}
        said = Said(
            user=brief.message,
            assistant=mask(reply.message).text,
            intent=brief.understood.intent,
            tools=tuple(use.name for use in reply.tools if use.ok),
            cited=tuple(", ".join(part for part in (c.document, c.section) if part) for c in reply.citations),
        )
        session, sure = brief.session.after(said, state, brief.language), brief.understood.sure
        jobs: list[Callable[[], Any]] = [
            lambda: self._parts.events.add("telecom_monitoring.llm_usage", [usage_row(ask, reply, ms, outcome, sure)]),
            lambda: self._parts.events.add("telecom_monitoring.assistant_audit", [audit_row(ask, reply, outcome)]),
        ]
        if outcome == "allowed":
            jobs.append(lambda: memory.save(self._parts.records, ask, session))
        for job in jobs:
            try:
                job()
            except (TelecomError, OSError) as error:
                log.error("A turn was not kept: %s", type(error).__name__)

    def _left(self, ask: Ask, most: float) -> float:
        """Seconds to the deadline, at most so many."""
        return max(0.0, min(most, ask.deadline - self._parts.clock()))

    async def _staged(self, work: Callable[[Passed], T], seconds: Sequence[float]) -> T:
        """Runs what blocks in a thread; see `staged` for what it raises."""
        return await staged(self._parts.pool, self._parts.clock, work, seconds)


NOTED = frozenset(("search", "warehouse"))
"""Rungs whose lack the reader is told of."""


def _pieces(message: str) -> Iterator[str]:
    return (piece[0] for piece in PIECE.finditer(message))
