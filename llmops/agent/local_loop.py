"""The agent loop of the responder: asks it, calls the tools that it wants, and asks again until it answers.

The tools are those of paid models (`model_loop`), and their arguments are validated as there; what models of others
need besides (instructions, another try, budgets of tokens) is left out. (ADR 15.)
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from llmops.agent.responder.core import Said, Wanted
from llmops.agent.responder.view import Call
from llmops.agent.tools_registry import Run, Tool, ToolAnswer, tools_of
from llmops.agent.turn import Role
from llmops.agent.workbench import Brief, Workbench


class Steps(Protocol):
    """Whoever is asked."""

    def step(self, brief: Brief, results: Mapping[Call, Any], tools: frozenset[str]) -> Wanted | Said:
        """See `Responder.step`."""
        ...


class Endless(Exception):
    """It asks and calls without end."""


class NoSuchCall(Exception):
    """It calls what there is not, or with arguments that no tool takes: a fault of ours."""


class LocalLoop:
    """The loop of one role, for all turns.

    Args:
        role: whose tools are offered.
        tools: whether any are.
        most_requests: that the responder is asked in one turn.
        most_calls: of tools, in one turn.
    """

    def __init__(self, role: Role, *, tools: bool, most_requests: int, most_calls: int) -> None:
        self._tools = tools_of(role) if tools else {}
        self._names = frozenset(self._tools)
        self._most_requests, self._most_calls = most_requests, most_calls

    async def run(self, responder: Steps, bench: Workbench, brief: Brief) -> Said:
        """What the responder says in the end.

        Raises:
            Endless: it does not come to an end.
            NoSuchCall: no tool takes one of its calls.
        """
        results: dict[Call, Any] = {}
        count = 0
        for _ in range(self._most_requests):
            step = responder.step(brief, results, self._names)
            if isinstance(step, Said):
                return step
            if (count := count + len(step.calls)) > self._most_calls:
                break
            found = await called([self._taken(call, bench) for call in step.calls])
            results |= zip(step.calls, (each.found for each in found), strict=True)
        raise Endless(f"Asked {self._most_requests} times, or called more than {self._most_calls} tools.")

    def _taken(self, call: Call, bench: Workbench) -> tuple[Tool, Run, Mapping[str, Any]]:
        """The call as its tool takes it."""
        if call.tool not in self._tools:
            raise NoSuchCall(f"There is no tool {call.tool!r}.")
        tool = self._tools[call.tool]
        try:
            return tool, Run(bench), tool.taken(json.loads(call.arguments))
        except ValueError as error:
            raise NoSuchCall(f"{call.tool} does not take these arguments.") from error


async def called(calls: Sequence[tuple[Tool, Run, Mapping[str, Any]]]) -> Sequence[ToolAnswer]:
    """What tools answer, called at once; but one after the other where one of them must be alone."""
    if len(calls) == 1 or any(tool.proposes for tool, _, _ in calls):
        return [await tool.work(run, **given) for tool, run, given in calls]
    return await asyncio.gather(*(tool.work(run, **given) for tool, run, given in calls))
