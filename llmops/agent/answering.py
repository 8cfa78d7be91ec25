"""The answer to a message: a paid model's, or the responder's where there is none or it cannot answer.

A paid model cannot where it is down, slow, over budget, blocked, or gives half an answer.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from llmops.agent.answer_check import Answered, complaints, refused
from llmops.agent.citations import cited, unmarked
from llmops.agent.kinds import KINDS, MOST_CALLS, MOST_REQUESTS, kind_of
from llmops.agent.local_loop import LocalLoop
from llmops.agent.parts import Parts
from llmops.agent.turn import Usage
from llmops.agent.workbench import Brief, Workbench
from telecom.errors import DependencyUnavailable

if TYPE_CHECKING:
    from llmops.agent.by_model import PaidAnswering


class Answering:
    """The loops of all roles, built once; pydantic-ai is loaded only where there is a paid model."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._own = {
            (role, tools): LocalLoop(role, tools=tools, most_requests=MOST_REQUESTS, most_calls=MOST_CALLS)
            for role, tools in KINDS
        }
        self._paid = _paid(parts)

    async def answer(self, bench: Workbench, brief: Brief) -> Callable[[], Answered]:
        """The answer to a message: to be called in a thread, since what the responder says is checked then.

        Raises:
            DependencyUnavailable: the deadline passed.
        """
        if self._paid is not None:
            if self._parts.ladder.usable("llm", bench.ask) and (found := await self._paid.answer(bench, brief)):
                return partial(_same, found)
            bench.missing.add("llm")
        try:
            return await self._by_responder(bench, brief)
        except TimeoutError as error:
            raise DependencyUnavailable("The answer took longer than its deadline.", "Ask again.") from error

    async def _by_responder(self, bench: Workbench, brief: Brief) -> Callable[[], Answered]:
        left = max(bench.ask.deadline - self._parts.clock(), 0.0)
        said = await asyncio.wait_for(self._own[kind_of(bench)].run(self._parts.responder, bench, brief), left)
        bench.state = said.state
        return partial(self._settled, said.text, bench, brief)

    def _settled(self, said: str, bench: Workbench, brief: Brief) -> Answered:
        """The responder's answer, or a refusal where it does not pass: it would say the same a second time."""
        name = self._parts.responder.model_name
        rests_on = cited(said, brief.found, by_words=False)
        message = unmarked(said)
        if not complaints(self._parts, message, bench, rests_on):
            return Answered(message, rests_on, name, Usage())
        bench.codes.add("unsupported_answer")
        return refused(self._parts, name, bench, brief)


def _paid(parts: Parts) -> "PaidAnswering | None":
    if parts.model is None:
        return None
    made: PaidAnswering = import_module("llmops.agent.by_model").PaidAnswering(parts, parts.model)
    return made


def _same(found: Answered) -> Answered:
    return found
