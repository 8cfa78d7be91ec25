"""The agent loop of a paid model: pydantic-ai's models and messages, without its Agent. (ADR 15.)

Asks the model, calls the tools that it wants, tells it what they found or why a call was not taken, and asks again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_ai import UsageLimits
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import UnexpectedModelBehavior
from pydantic_ai.messages import (
    InstructionPart,
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    RetryFeedbackPart,
    RetryInfo,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RunUsage

from llmops.agent.local_loop import called
from llmops.agent.model_tools import definitions
from llmops.agent.tools_registry import Run, Tool, ToolAnswer, tools_of
from llmops.agent.turn import Role
from llmops.agent.workbench import Workbench

CUT_OFF = frozenset(("length", "content_filter", "error"))
NO_WORDS = "Answer with text, or call a tool."
MOST_FAULTS = 1
"""One after the other, of one tool."""


class HalfAnAnswer(Exception):
    """The model was cut off."""


@dataclass(frozen=True)
class Asking:
    """How a model is asked in one turn; `usage` counts what it uses, whoever waits for the answer."""

    model: Model
    settings: ModelSettings
    limits: UsageLimits
    usage: RunUsage


class ModelLoop:
    """The loop of one role, for all turns.

    Args:
        role: whose tools are offered.
        tools: whether any are.
    """

    def __init__(self, role: Role, *, tools: bool) -> None:
        self._tools = tools_of(role) if tools else {}
        self._shown = definitions(role) if tools else []

    async def run(self, asking: Asking, bench: Workbench, messages: list[ModelMessage]) -> str:
        """What the model says in the end; `messages` grow by all that was said on the way.

        Raises:
            HalfAnAnswer: it was cut off.
            UsageLimitExceeded: it asked, called or used too much.
            UnexpectedModelBehavior: it repeats a call that no tool takes, or says nothing.
        """
        parts = [InstructionPart(bench.prompt.system), InstructionPart(bench.prompt.rules)]
        shown = ModelRequestParameters(function_tools=self._shown, instruction_parts=parts)
        usage, limits, faults = asking.usage, asking.limits, dict[str, int]()
        while True:
            limits.check_before_request(usage)
            usage.requests += 1
            response = await model_request(
                asking.model, messages, model_settings=asking.settings, model_request_parameters=shown, instrument=False
            )
            usage.incr(response.usage)
            limits.check_tokens(usage)
            if response.finish_reason in CUT_OFF:
                raise HalfAnAnswer
            messages.append(response)
            calls = response.tool_calls
            if response.text and not calls:
                return response.text
            usage.tool_calls += len(calls)
            limits.check_before_tool_call(usage)
            told = await self._told(calls, bench)
            faults = _counted(faults, told)
            messages.append(request_of(bench, told))

    async def _told(self, calls: Sequence[ToolCallPart], bench: Workbench) -> list[ModelRequestPart]:
        """What the model is told of its calls, in their order; of none, that it said nothing."""
        if not calls:
            return [RetryFeedbackPart(NO_WORDS, retry=RetryInfo(cause="no_output"))]
        taken = [self._taken(call, bench) for call in calls]
        found = iter(await called([each for each in taken if not isinstance(each, str | list)]))
        return [
            _retried(call, each) if isinstance(each, str | list) else _returned(call, next(found))
            for call, each in zip(calls, taken, strict=True)
        ]

    def _taken(self, call: ToolCallPart, bench: Workbench) -> tuple[Tool, Run, Any] | str | list[Any]:
        """The call as its tool takes it, or why none does."""
        tool = self._tools.get(call.tool_name)
        if tool is None:
            return f"There is no tool {call.tool_name!r}. There are: {', '.join(self._tools) or 'none'}."
        try:
            return tool, Run(bench, call.tool_call_id), tool.taken(call.args_as_dict(raise_if_invalid=True))
        except ValidationError as error:
            return list(error.errors(include_url=False, include_context=False))
        except (ValueError, AssertionError):
            return "The arguments are no JSON object."


def request_of(bench: Workbench, parts: Sequence[ModelRequestPart]) -> ModelRequest:
    """A request with the prompt's instructions."""
    return ModelRequest(parts=parts, instructions=f"{bench.prompt.system}\n\n{bench.prompt.rules}")


def _returned(call: ToolCallPart, answer: ToolAnswer) -> ToolReturnPart:
    return ToolReturnPart(call.tool_name, answer.value, tool_call_id=call.tool_call_id, metadata=answer.found)


def _retried(call: ToolCallPart, fault: str | list[Any]) -> ToolReturnPart:
    return ToolReturnPart(call.tool_name, fault, tool_call_id=call.tool_call_id, outcome="retried")


def _counted(faults: dict[str, int], told: Sequence[ModelRequestPart]) -> dict[str, int]:
    """How often each tool's calls were not taken, one after the other; under no name, how often nothing was said.

    Raises:
        UnexpectedModelBehavior: too often.
    """
    again = [part for part in told if isinstance(part, RetryFeedbackPart)]
    names = ["" for _ in again] + [
        part.tool_name for part in told if isinstance(part, ToolReturnPart) and part.outcome == "retried"
    ]
    found = {name: faults.get(name, 0) + 1 for name in names}
    if any(count > MOST_FAULTS for count in found.values()):
        raise UnexpectedModelBehavior("No tool takes its calls, or it says nothing.")
    return found
