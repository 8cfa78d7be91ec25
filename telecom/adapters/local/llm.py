"""The LLM of one's own choice: any server that speaks OpenAI's chat completions, with a key or without."""

from pydantic_ai.models import Model

from telecom.adapters._llm_openai import chat_completions_model
from telecom.settings import Settings


def openai_model(settings: Settings) -> Model:
    """`TELECOM_LLM_MODEL` on `TELECOM_LLM_BASE_URL`; nothing is asked before the first request.

    What it raises when asked is `LlmFailed`.
    """
    return chat_completions_model(settings)
