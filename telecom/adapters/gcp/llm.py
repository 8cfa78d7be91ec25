"""LLMs that Google serves: Gemini on Agent Platform, and the open models of Model Garden over chat completions.

Signed in with the default credentials; with `TELECOM_LLM_API_KEY` Gemini takes that key instead. Gemini's own API for
developers (not Agent Platform) answers to a key where `TELECOM_LLM_BASE_URL` is https://generativelanguage.googleapis.com.
"""

import asyncio
from typing import Any

from google.genai import Client
from google.genai.types import HttpOptions, HttpRetryOptions
from pydantic_ai.models import Model
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google_cloud import GoogleCloudProvider

from telecom.adapters._llm import SECONDS, GuardedModel, http_client
from telecom.adapters._llm_openai import chat_completions_model
from telecom.adapters.gcp._errors import is_transient, translate
from telecom.errors import LlmFailed
from telecom.settings import Settings

DEVELOPERS = "generativelanguage.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


def google_model(settings: Settings) -> Model:
    """Gemini, or (with TELECOM_LLM = openai) the model of Model Garden that the settings name.

    Nothing is asked before the first request. What it raises when asked is `LlmFailed`.
    """
    return gemini_model(settings) if settings.llm == "gemini" else garden_model(settings)


def gemini_model(settings: Settings) -> Model:
    """`TELECOM_LLM_MODEL` on Agent Platform, in the settings' project and `TELECOM_LLM_LOCATION`."""
    key = settings.llm_api_key.get_secret_value()
    where: dict[str, Any] = {"project": settings.project, "location": settings.llm_location}
    http = http_client()
    client = Client(
        enterprise=DEVELOPERS not in settings.llm_base_url,
        http_options=HttpOptions(
            base_url=settings.llm_base_url or None,
            timeout=int(SECONDS * 1000),
            retry_options=HttpRetryOptions(attempts=1),
            httpx_async_client=http,
        ),
        **({"api_key": key} if key else where),
    )
    model = GoogleModel(settings.llm_model, provider=GoogleCloudProvider(client=client))
    return GuardedModel(model, http, secret=key, translate=_sign_in_failure)


def garden_model(settings: Settings) -> Model:
    """A model of Model Garden on `TELECOM_LLM_BASE_URL`, to which each request brings a fresh token of ours."""
    credentials = _Credentials()
    return chat_completions_model(settings, token=credentials.token, translate=_sign_in_failure)


class _Credentials:
    """The default credentials, found at the first request and refreshed when their token ends."""

    def __init__(self) -> None:
        self._found: Any = None
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        async with self._lock:
            if self._found is None or not self._found.valid:
                await asyncio.to_thread(self._refresh)
        return str(self._found.token)

    def _refresh(self) -> None:
        import google.auth
        from google.auth.transport.requests import Request

        if self._found is None:
            self._found, _ = google.auth.default(scopes=[SCOPE])
        self._found.refresh(Request())


def _sign_in_failure(error: Exception) -> LlmFailed | None:
    """A failure of Google's sign-in, which the vendor's client lets through as it is."""
    if not type(error).__module__.startswith("google.auth"):
        return None
    told = translate(error, "Signing in to Google Cloud")
    passing = is_transient(error) or getattr(error, "retryable", False)
    return LlmFailed("unavailable" if passing else "refused", told.message, told.remedy) if told else None
