"""The agent loop for a model of our own: asks it, calls the tools that it wants, and asks again until it answers.

The model is asked as pydantic-ai's Agent asks it, with the same tools, whose arguments are validated as there; what an
Agent also does for models of others (instructions, retries, output types, capabilities, spans) is left out. (ADR 15.)
"""

import asyncio
from collections.abc import Sequence
from functools import cache

from pydantic_ai import RunContext, Tool
from pydantic_ai.exceptions import UnexpectedModelBehavior, UsageLimitExceeded
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.usage import RunUsage
from pydantic_core import ValidationError

from llmops.agent.tools_registry import toolset
from llmops.agent.turn import Role
from llmops.agent.workbench import Workbench


class LocalLoop:
    """The loop of one role, for all turns.

    Args:
        role: whose tools are offered.
        tools: whether any are.
        most_requests: of the model, in one turn.
        most_calls: of tools, in one turn.
    """

    def __init__(self, role: Role, *, tools: bool, most_requests: int, most_calls: int) -> None:
        self._tools = toolset(role).tools if tools else {}
        self._asked = _parameters(role) if tools else ModelRequestParameters()
        self._most_requests, self._most_calls = most_requests, most_calls

    async def run(self, model: Model, bench: Workbench, content: Sequence[UserContent]) -> tuple[str, ModelResponse]:
        """What the model says in the end, and its last response.

        Raises:
            UsageLimitExceeded: it does not come to an end.
            UnexpectedModelBehavior: it calls what there is not, or with arguments that no tool takes.
        """
        messages: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart(content)])]
        context = RunContext(deps=bench, model=model, usage=RunUsage())
        called = 0
        for _ in range(self._most_requests):
            response = await model.request(messages, None, self._asked)
            calls = [part for part in response.parts if isinstance(part, ToolCallPart)]
            if not calls:
                return "".join(part.content for part in response.parts if isinstance(part, TextPart)), response
            if (called := called + len(calls)) > self._most_calls:
                break
            messages += [response, ModelRequest(parts=await self._results(calls, context))]
        raise UsageLimitExceeded(f"{model.model_name} asked and called without end.")

    async def _results(self, calls: Sequence[ToolCallPart], context: RunContext[Workbench]) -> list[ToolReturnPart]:
        """What the tools return: called at once, but one after the other where one of them must be alone."""
        tools = [self._tool(call) for call in calls]
        if len(calls) == 1 or any(tool.sequential for tool in tools):
            return [await _result(tool, call, context) for tool, call in zip(tools, calls, strict=True)]
        work = (_result(tool, call, context) for tool, call in zip(tools, calls, strict=True))
        return await asyncio.gather(*work)

    def _tool(self, call: ToolCallPart) -> Tool[Workbench]:
        if call.tool_name not in self._tools:
            raise UnexpectedModelBehavior(f"There is no tool {call.tool_name!r}.")
        return self._tools[call.tool_name]


@cache
def _parameters(role: Role) -> ModelRequestParameters:
    """The definitions of a role's tools, written once."""
    return ModelRequestParameters(function_tools=[tool.tool_def for tool in toolset(role).tools.values()])


async def _result(tool: Tool[Workbench], call: ToolCallPart, context: RunContext[Workbench]) -> ToolReturnPart:
    schema = tool.function_schema
    try:
        given = schema.validator.validate_python(call.args_as_dict())
    except ValidationError as error:
        raise UnexpectedModelBehavior(f"{call.tool_name} does not take these arguments.") from error
    found = await schema.call(given, context)
    return ToolReturnPart(call.tool_name, found.return_value, call.tool_call_id, metadata=found.metadata)
