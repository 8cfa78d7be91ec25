"""OpenAI's chat completions, as OpenAI and many others serve them (vLLM, Ollama, Model Garden), behind the guard."""

from collections.abc import Awaitable, Callable

from openai import AsyncOpenAI
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from telecom.adapters._llm import GuardedModel, Translator, http_client
from telecom.settings import Settings

OPENAI = "api.openai.com"
NO_KEY = "none"
"""What servers without keys are sent, because the client insists on one."""


def chat_completions_model(
    settings: Settings, token: Callable[[], Awaitable[str]] | None = None, translate: Translator = lambda _: None
) -> GuardedModel:
    """The settings' model on the settings' server.

    Args:
        settings: `llm_model`, `llm_base_url`, `llm_api_key`.
        token: gives the key of each request, where it changes; else it is the settings'.
        translate: knows failures of `token`.
    """
    key = settings.llm_api_key.get_secret_value()
    http = http_client()
    client = AsyncOpenAI(
        base_url=settings.llm_base_url, api_key=token or key or NO_KEY, max_retries=0, http_client=http
    )
    # What OPENAI_ORG_ID and OPENAI_PROJECT_ID say is for OpenAI, and the server may be somebody else's.
    client.organization = client.project = None
    provider = OpenAICompatibleProvider("openai-compatible", openai_client=client)
    profile = OpenAIModelProfile(
        # A stream that ends without a reason broke off on the way, which the client alone takes for an end.
        openai_chat_streaming_requires_finish_reason=True,
        # Only OpenAI itself wants the new name of max_tokens; others overlook it and answer without an end.
        openai_chat_supports_max_completion_tokens=OPENAI in settings.llm_base_url,
    )
    model = OpenAIChatModel(settings.llm_model, provider=provider, profile=profile)
    return GuardedModel(model, http, secret=key, translate=translate)
