"""The deterministic model: a pydantic-ai `Model` whose answers follow from intent, tool results and passages alone."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from pydantic_ai import TextContent
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from llmops.agent.prompt_library import PromptLibrary
from llmops.agent.responder.journeys import journey
from llmops.agent.responder.view import Call, Needed, View
from llmops.agent.workbench import Brief
from telecom.errors import UsageError

NAME = "responder-1"
STATE = "state"
"""Where `provider_details` of the last response hold the journey's state for the next turn."""


class Responder(Model):
    """Answers by journeys (`journeys`). It reads the `Brief` that the conversation attaches to its prompt.

    Args:
        prompts: whose templates it fills.
    """

    def __init__(self, prompts: PromptLibrary) -> None:
        super().__init__()
        self._prompts = prompts

    @property
    def model_name(self) -> str:
        """How it is called in replies and usage."""
        return NAME

    @property
    def system(self) -> str:
        """Who provides it."""
        return "telecom"

    @property
    def provider(self) -> None:
        """Nobody."""
        return None

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The calls that the journey needs next, or its answer.

        Raises:
            UsageError: the prompt has no brief.
        """
        tools = frozenset(tool.name for tool in model_request_parameters.function_tools)
        view = View(_brief(messages), _results(messages), tools, self._prompts)
        try:
            said = journey(view)
        except Needed as needed:
            return ModelResponse(parts=_calls(needed.calls), model_name=NAME)
        return ModelResponse(parts=[TextPart(said)], model_name=NAME, provider_details={STATE: view.state})


def _brief(messages: Sequence[ModelMessage]) -> Brief:
    for message in reversed(messages):
        for part in message.parts:
            if isinstance(part, UserPromptPart) and not isinstance(part.content, str):
                for content in part.content:
                    if isinstance(content, TextContent) and isinstance(content.metadata, Brief):
                        return content.metadata
    raise UsageError("The responder was asked without a brief.", "Ask it through the conversation.")


def _results(messages: Sequence[ModelMessage]) -> dict[Call, Any]:
    """What tools returned, by the call that asked for it."""
    asked = {
        part.tool_call_id: Call(part.tool_name, _arguments(part))
        for message in messages
        if isinstance(message, ModelResponse)
        for part in message.parts
        if isinstance(part, ToolCallPart)
    }
    return {
        asked[part.tool_call_id]: part.metadata
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, ToolReturnPart) and part.tool_call_id in asked
    }


def _arguments(part: ToolCallPart) -> str:
    return json.dumps(part.args_as_dict(), sort_keys=True, ensure_ascii=False)


def _calls(calls: Sequence[Call]) -> list[ToolCallPart]:
    return [ToolCallPart(call.tool, json.loads(call.arguments), f"call-{uuid.uuid4().hex[:12]}") for call in calls]
