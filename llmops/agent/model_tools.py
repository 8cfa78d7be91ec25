"""The registry's tools as models of others are shown them: the same functions' parameters and docstrings."""

from functools import cache
from inspect import signature
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai import Tool as ModelTool
from pydantic_ai.tools import ToolDefinition

from llmops.agent.tools_registry import Tool, tools_of
from llmops.agent.turn import Role


@cache
def definitions(role: Role) -> list[ToolDefinition]:
    """Of all tools of a role; nobody may change them."""
    return [_shown(tool).tool_def for tool in tools_of(role).values()]


def _shown(tool: Tool) -> ModelTool[None]:
    async def call(context: RunContext[None], **given: Any) -> None:
        """Stands for the tool, which `model_loop` calls."""

    if tool.schema is not None:
        return ModelTool.from_schema(
            call, tool.name, tool.told, dict(tool.schema), takes_ctx=True, sequential=tool.proposes
        )
    run, *taken = signature(tool.work).parameters.values()
    given = [run.replace(annotation=RunContext[None]), *taken]
    # The library reads what a tool takes from here, and what it is told from the docstring.
    call.__signature__ = signature(tool.work).replace(parameters=given, return_annotation=None)  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in given} | {"return": None}
    call.__name__, call.__doc__ = tool.name, tool.work.__doc__
    return ModelTool(call, takes_ctx=True)
