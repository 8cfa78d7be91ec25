"""The registry's tools as pydantic-ai's Agent takes them: the same functions, parameters and docstrings."""

from functools import cache
from inspect import signature
from typing import Any

from pydantic_ai import FunctionToolset, RunContext, ToolReturn
from pydantic_ai import Tool as ModelTool
from pydantic_ai.toolsets import ToolsetTool

from llmops.agent.tools_registry import Run, Tool, tools_of
from llmops.agent.turn import Role
from llmops.agent.workbench import Workbench

Context = RunContext[Workbench]


@cache
def toolset(role: Role) -> FunctionToolset[Workbench]:
    """All tools of a role."""
    return _Prepared([_shown(tool) for tool in tools_of(role).values()], max_retries=1)


class _Prepared(FunctionToolset[Workbench]):
    """Tools whose definitions depend on no run: they are prepared once, not for every request of a model."""

    _ready: dict[str, ToolsetTool[Workbench]] | None = None

    async def get_tools(self, ctx: Context) -> dict[str, ToolsetTool[Workbench]]:
        """All of them."""
        if self._ready is None:
            self._ready = await super().get_tools(ctx)
        return dict(self._ready)


def _shown(tool: Tool) -> ModelTool[Workbench]:
    async def call(context: Context, **given: Any) -> ToolReturn[Any]:
        answer = await tool.work(Run(context.deps, context.tool_call_id), **given)
        return ToolReturn(answer.value, metadata=answer.found)

    if tool.schema is not None:
        return ModelTool.from_schema(
            call, tool.name, tool.told, dict(tool.schema), takes_ctx=True, sequential=tool.proposes
        )
    run, *taken = signature(tool.work).parameters.values()
    given = [run.replace(annotation=Context), *taken]
    # The library reads what a tool takes from here, and what it is told from the docstring.
    call.__signature__ = signature(tool.work).replace(parameters=given, return_annotation=ToolReturn[Any])  # type: ignore[attr-defined]
    call.__annotations__ = {each.name: each.annotation for each in given} | {"return": ToolReturn[Any]}
    call.__name__, call.__doc__ = tool.name, tool.work.__doc__
    return ModelTool(call, takes_ctx=True)
