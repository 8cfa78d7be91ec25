"""The agent loop of the responder: asks it, calls the tools that it wants, and asks again until it answers.

The tools are those of paid models, and their arguments are validated as there; what pydantic-ai's Agent also does for
models of others (instructions, retries, output types, capabilities, spans) is left out. (ADR 15.)
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from llmops.agent.responder.core import Said, Wanted
from llmops.agent.responder.view import Call
from llmops.agent.tools_registry import Run, Tool, tools_of
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
        called = 0
        for _ in range(self._most_requests):
            step = responder.step(brief, results, self._names)
            if isinstance(step, Said):
                return step
            if (called := called + len(step.calls)) > self._most_calls:
                break
            results |= zip(step.calls, await self._results(step.calls, bench), strict=True)
        raise Endless(f"Asked {self._most_requests} times, or called more than {self._most_calls} tools.")

    async def _results(self, calls: Sequence[Call], bench: Workbench) -> Sequence[Any]:
        """What the tools find: called at once, but one after the other where one of them must be alone."""
        work = [(self._tool(call), call) for call in calls]
        if len(calls) == 1 or any(tool.proposes for tool, _ in work):
            return [await _found(tool, call, bench) for tool, call in work]
        return await asyncio.gather(*(_found(tool, call, bench) for tool, call in work))

    def _tool(self, call: Call) -> Tool:
        if call.tool not in self._tools:
            raise NoSuchCall(f"There is no tool {call.tool!r}.")
        return self._tools[call.tool]


async def _found(tool: Tool, call: Call, bench: Workbench) -> Any:
    try:
        given = tool.taken(json.loads(call.arguments))
    except ValueError as error:
        raise NoSuchCall(f"{call.tool} does not take these arguments.") from error
    return (await tool.work(Run(bench), **given)).found
