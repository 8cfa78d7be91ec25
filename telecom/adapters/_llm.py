"""An LLM behind a guard: one deadline, few repetitions, and every failure as `LlmFailed`.

The deadline covers a whole request, its repetitions and its stream: `ModelSettings["timeout"]` in seconds, if given. A
request is repeated at most twice, and only if nothing of its answer was seen. An answer that is cut off or blocked is
a failure too: whoever gets a response gets a whole one.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import httpx2
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse, create_async_httpx2_client
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from telecom.adapters._llm_errors import Failure, Unfinished, failure_of
from telecom.errors import LlmFailed

T = TypeVar("T")
SECONDS = 30.0
CONNECT_SECONDS = 3.0
REPETITIONS = 2
FIRST_PAUSE = 0.3
UNFINISHED = ("length", "content_filter", "error")
Translator = Callable[[Exception], LlmFailed | None]


class GuardedModel(WrapperModel):
    """A model that answers whole and in time, or fails with `LlmFailed`.

    Args:
        wrapped: a vendor's model, whose client repeats nothing by itself.
        http: the connections that it uses.
        secret: what no message may show, the key; empty if there is none.
        translate: knows failures of the vendor that are no failures of the model, such as those of signing in.
    """

    def __init__(
        self, wrapped: Model, http: httpx2.AsyncClient, secret: str = "", translate: Translator = lambda _: None
    ) -> None:
        super().__init__(wrapped)
        self._http, self._secret, self._translate = http, secret, translate

    async def aclose(self) -> None:
        """Closes the connections; the model is not asked any more."""
        await self._http.aclose()

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """A whole answer; its usage counts the repetitions, too.

        Raises:
            LlmFailed: there is none.
        """
        lost = RequestUsage()

        async def ask() -> ModelResponse:
            response = await self.wrapped.request(messages, model_settings, model_request_parameters)
            if response.finish_reason in UNFINISHED or not response.parts:
                lost.incr(response.usage)
                raise Unfinished(response.finish_reason)
            return response

        try:
            response = await self._repeated(ask, _deadline(model_settings))
        except LlmFailed as failed:
            failed.used = (lost.input_tokens, lost.output_tokens)
            raise
        response.usage.incr(lost)
        return response

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """An answer as it comes; what comes after the first event is not asked for again.

        Raises:
            LlmFailed: it does not begin; while it is read, also if it does not end.
        """
        until = _deadline(model_settings)
        async with AsyncExitStack() as stack:

            async def open_stream() -> StreamedResponse:
                opened = AsyncExitStack()
                stream = await opened.enter_async_context(
                    self.wrapped.request_stream(messages, model_settings, model_request_parameters, run_context)
                )
                stack.push_async_exit(opened)
                return stream

            stream = await self._repeated(open_stream, until)
            events = stream._get_event_iterator()
            # The one method that a vendor's stream implements; all others rest on it.
            setattr(stream, "_get_event_iterator", lambda: self._watched(events, stream, until))  # noqa: B010
            yield stream

    async def count_tokens(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> RequestUsage:
        """How many tokens a request would have.

        Raises:
            LlmFailed: the service does not say.
        """

        async def ask() -> RequestUsage:
            return await self.wrapped.count_tokens(messages, model_settings, model_request_parameters)

        return await self._repeated(ask, _deadline(model_settings))

    async def _repeated(self, ask: Callable[[], Awaitable[T]], until: float) -> T:
        for repetition in range(REPETITIONS + 1):
            failure = None
            try:
                async with asyncio.timeout_at(until):
                    return await ask()
            except Exception as error:
                failure = self._failure(error)
            pause = failure.pause(FIRST_PAUSE * 2**repetition * random.uniform(0.5, 1.5))  # noqa: S311
            if pause is None or repetition == REPETITIONS or _now() + pause >= until:
                raise failure.told
            await asyncio.sleep(pause)
        raise AssertionError("the last repetition returns or raises")

    async def _watched(self, events: AsyncIterator[Any], stream: StreamedResponse, until: float) -> AsyncIterator[Any]:
        """A stream's events, until it ends well."""
        begun = False
        while True:
            failure = None
            try:
                async with asyncio.timeout_at(until):
                    event = await anext(events)
            except StopAsyncIteration:
                break
            except Exception as error:
                failure = self._failure(error, begun)
            if failure:
                raise failure.told
            begun = True
            yield event
        if not stream.cancelled and stream.finish_reason in (*UNFINISHED, None):
            raise self._failure(Unfinished(stream.finish_reason), begun).told

    def _failure(self, error: Exception, begun: bool = False) -> Failure:
        """What a failure is in our words.

        It is raised after the handler of the vendor's error, which would otherwise be shown with it, words and all.
        """
        if known := self._translate(error):
            return Failure(known, again=known.reason == "unavailable")
        return failure_of(error, self.model_name, self._secret, begun)


def http_client() -> httpx2.AsyncClient:
    """Connections that are kept and used again; many conversations at once, each within the guard's deadline."""
    return create_async_httpx2_client(timeout=httpx2.Timeout(SECONDS, connect=CONNECT_SECONDS))


def _deadline(settings: ModelSettings | None) -> float:
    seconds = (settings or {}).get("timeout", SECONDS)
    return _now() + (seconds if isinstance(seconds, int | float) else SECONDS)


def _now() -> float:
    return asyncio.get_running_loop().time()
