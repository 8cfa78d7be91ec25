"""One turn of a conversation: a message comes in, what may be said goes out.

Screen the message, mask it, remember, look it up, let a model answer with tools, check the answer, keep it, tell. No
word of the answer leaves before it has passed the check (ADR 12). Protocols and parts are in `parts`.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

from llmops.agent import memory
from llmops.agent.answering import Answered, Answering
from llmops.agent.citations import citations
from llmops.agent.intents.topics import NEEDS_NO_GUIDE, SMALL_TALK, followed, persona_of, query_of
from llmops.agent.intents.understanding import understand
from llmops.agent.language import language_of
from llmops.agent.memory import Said
from llmops.agent.parts import Guard, Ladder, Parts, Proposer, Rung
from llmops.agent.rows import audit_row, usage_row
from llmops.agent.turn import Ask, Event, Reply, Usage
from llmops.agent.workbench import Brief, Workbench
from llmops.tools.context import ToolContext
from telecom.errors import DependencyUnavailable, TelecomError
from telecom.ports import Found, Passage, Reading, Retriever

__all__ = ["Conversation", "Guard", "Ladder", "Parts", "Proposer", "Rung"]

PASSAGES, MOST_SCREENED = 5, 4_096
SEARCH_SECONDS, MEMORY_SECONDS = 2.0, 2.0
PIECE = re.compile(r"\S+\s*")
log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class _Received:
    """A message after the first checks; `blocked` are the codes for which it is refused."""

    brief: Brief
    blocked: tuple[str, ...]
    codes: frozenset[str]
    remembered: bool


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
            for piece in _pieces(reply.message):
                yield Event("token", piece)
            yield Event("done", reply)
        finally:
            work.cancel()

    async def _reply(self, ask: Ask, emit: Callable[[Event], None]) -> Reply:
        began = self._parts.clock()
        try:
            received = await self._threaded(lambda: self._receive(ask), self._left(ask, 2 * MEMORY_SECONDS))
        except TimeoutError as error:
            raise DependencyUnavailable("The message could not be taken in in time.", "Ask again.") from error
        bench = self._bench(ask, received, emit)
        brief = received.brief
        if received.blocked:
            found = self._refusal(brief)
        else:
            brief = await self._informed(ask, brief, bench)
            self._need_something(brief, bench)
            found = await self._answering.answer(bench, brief)
        reply = self._composed(ask, brief, bench, found)
        outcome = "refused" if received.blocked or found.refused else "allowed"
        ms = 1000 * (self._parts.clock() - began)
        try:
            await self._threaded(lambda: self._keep(ask, brief, bench, reply, outcome, ms), MEMORY_SECONDS)
        except TimeoutError:
            log.error("A turn was not kept in time; its thread goes on.")
        return reply

    def _receive(self, ask: Ask) -> _Received:
        """Screens, masks, remembers, understands. Runs in a thread."""
        guard = self._parts.guard
        screened = guard.screen(ask.message, source="message")
        masked = guard.mask(screened.text)
        session, remembered = memory.recalled(self._parts.records, ask)
        language = language_of(masked.text, session.language)
        alone = understand(masked.text, ask.now.date())
        understood = followed(alone, masked.text, session.state)
        blocked = screened.codes if screened.verdict == "block" else ()
        codes = {*screened.codes, *(f"masked_{kind}" for kind in masked.kinds)}
        role, bound = ask.principal.role, ask.customer_id is not None
        brief = Brief(masked.text, understood, language, role, session, ask.now, bound)
        return _Received(brief, blocked, frozenset(codes), remembered)

    def _bench(self, ask: Ask, received: _Received, emit: Callable[[Event], None]) -> Workbench:
        parts, brief = self._parts, received.brief
        missing = set() if received.remembered else {"memory"}
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
            if not parts.ladder.usable("warehouse", ask):
                missing.add("warehouse")
        prompt = parts.prompts.prompt(persona_of(brief.understood.intent), brief.language, ask.principal.role)
        return Workbench(ask, parts, context, prompt, emit, codes=set(received.codes), missing=missing)

    async def _informed(self, ask: Ask, brief: Brief, bench: Workbench) -> Brief:
        """The brief with what the knowledge base has on it."""
        if brief.understood.intent in NEEDS_NO_GUIDE:
            return brief
        parts, retriever = self._parts, self._parts.retriever
        if retriever is None or not parts.ladder.usable("search", ask):
            bench.missing.add("search")
            return brief
        try:
            found, dropped = await self._threaded(
                lambda: self._search(retriever, ask, brief), self._left(ask, SEARCH_SECONDS)
            )
        except (TelecomError, TimeoutError, OSError) as error:
            log.warning("The knowledge base did not answer: %s", type(error).__name__)
            parts.ladder.failed("search")
            bench.missing.add("search")
            return brief
        parts.ladder.succeeded("search")
        if dropped:
            bench.codes.add(f"passages_dropped:{dropped}")
        return replace(brief, found=found)

    def _search(self, retriever: Retriever, ask: Ask, brief: Brief) -> tuple[tuple[Found, ...], int]:
        """Passages for the reader, without those that look like orders, and how many these were. Runs in a thread."""
        query = query_of(brief.understood, brief.message, brief.language)
        found = retriever.search(query, Reading(ask.principal.role, ask.now.date()), PASSAGES)
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

    def _refusal(self, brief: Brief) -> Answered:
        said = self._parts.prompts.say("service.blocked", brief.language)
        return Answered(said, (), self._parts.responder.model_name, Usage(), refused=True)

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
            state = dict(brief.session.state)
        said = Said(brief.message, mask(reply.message).text, brief.understood.intent)
        session = brief.session.after(said, state, brief.language)
        jobs: list[Callable[[], Any]] = [
            lambda: self._parts.events.add("telecom_monitoring.llm_usage", [usage_row(ask, reply, ms)]),
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

    async def _threaded(self, work: Callable[[], T], seconds: float) -> T:
        """Runs what blocks in a thread.

        Raises:
            TimeoutError: it took longer.
        """
        running = asyncio.get_running_loop().run_in_executor(self._parts.pool, work)
        return await asyncio.wait_for(running, seconds)


NOTED = frozenset(("search", "warehouse"))
"""Rungs whose lack the reader is told of."""


def _pieces(message: str) -> Iterator[str]:
    return (piece[0] for piece in PIECE.finditer(message))
