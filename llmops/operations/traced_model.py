"""A language model whose requests are spans."""

from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, UserPromptPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from llmops.operations import spans


class TracedModel(WrapperModel):
    """Asks another model, and tells of each request its model, tokens and how it ended.

    Args:
        wrapped: the model that answers.
        content: whether the span also tells what was asked and answered, masked.
    """

    def __init__(self, wrapped: Model, content: bool = False) -> None:
        super().__init__(wrapped)
        self._content = content

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The model's answer; see `Model.request`."""
        with spans.chat(self.model_name, self.system) as span:
            response = await super().request(messages, model_settings, model_request_parameters)
            if span.is_recording():
                span.set_attributes(
                    {
                        "gen_ai.response.model": response.model_name or self.model_name,
                        "gen_ai.response.finish_reasons": [response.finish_reason or "stop"],
                        "gen_ai.usage.input_tokens": response.usage.input_tokens,
                        "gen_ai.usage.output_tokens": response.usage.output_tokens,
                    }
                )
                if self._content:
                    span.set_attribute("gen_ai.input.messages", spans.messages("user", _asked(messages)))
                    span.set_attribute("gen_ai.output.messages", spans.messages("assistant", _said(response)))
            return response


def traced(model: Model | None, *, content: bool = False) -> Model | None:
    """The model with spans; None stays None."""
    return TracedModel(model, content) if model else None


def _asked(messages: list[ModelMessage]) -> str:
    """What the newest request says in a person's name."""
    parts = messages[-1].parts if messages else []
    prompts = [part.content for part in parts if isinstance(part, UserPromptPart)]
    return "\n".join(text for prompt in prompts for text in _texts(prompt))


def _texts(prompt: object) -> list[str]:
    if isinstance(prompt, str):
        return [prompt]
    pieces = prompt if isinstance(prompt, list | tuple) else []
    return [piece if isinstance(piece, str) else str(getattr(piece, "content", "")) for piece in pieces]


def _said(response: ModelResponse) -> str:
    """Its words, and the names of the tools that it calls."""
    words = [part.content for part in response.parts if isinstance(part, TextPart)]
    return "\n".join(words + [f"→ {part.tool_name}" for part in response.parts if isinstance(part, ToolCallPart)])
