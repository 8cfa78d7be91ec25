"""The responder as a pydantic-ai `Model`, for the agent loop that paid models answer in."""

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

from llmops.agent.responder.core import NAME, Responder, Said
from llmops.agent.responder.view import Call
from llmops.agent.workbench import Brief
from telecom.errors import UsageError

STATE = "state"
"""Where `provider_details` of the last response hold the journey's state for the next turn."""


class ResponderModel(Model):
    """Asks the responder. It reads the `Brief` that the conversation attaches to its prompt.

    Args:
        responder: answers.
    """

    def __init__(self, responder: Responder) -> None:
        super().__init__()
        self._responder = responder

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
        step = self._responder.step(_brief(messages), _results(messages), tools)
        if isinstance(step, Said):
            return ModelResponse(parts=[TextPart(step.text)], model_name=NAME, provider_details={STATE: step.state})
        return ModelResponse(parts=_calls(step.calls), model_name=NAME)


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
