"""The assistant over HTTP: verifies, validates, bounds, and hands over. What is answered is `conversation`'s part.

`POST /chat` answers with one JSON object or, for `Accept: text/event-stream`, with its events `tool`, `action`, `token`
and `done`. Whoever asks sees the customers that their token allows, and nothing else in a request can change that.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.routing import Route

from llmops.agent import analyst_routes, customer_card, openapi, passages_view, review_routes, work_queue
from llmops.agent.actions import Actions
from llmops.agent.admission import Door, chosen
from llmops.agent.chat_answers import answer, astray, code_of, refusal, streamed
from llmops.agent.chat_requests import ChatRequest, DecisionRequest, FeedbackRequest, idempotency_key, parse
from llmops.agent.config import AssistantConfig
from llmops.agent.limits import RateLimits
from llmops.agent.masking import mask
from llmops.agent.service_audit import ServiceAudit
from llmops.agent.session_view import session_of
from llmops.agent.telemetry import Telemetry
from llmops.agent.turn import Ask, Event, Principal, Reply
from llmops.agent.web_files import WebFiles
from llmops.operations.spans import invoke_agent, messages
from llmops.tools.context import ToolContext
from llmops.tools.retention_rules import RetentionRules
from telecom.errors import DependencyUnavailable, InputRefused, NotFound
from telecom.ports import Reader, Reading, Records, Retriever
from telecom.serving.answers import Answer, Forbidden, Headers
from telecom.serving.app import DirectApp
from telecom.serving.endpoint import Asked, Endpoint, Handle
from telecom.serving.limits import Turnstile

T = TypeVar("T")
CONTENT = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS: Headers = (
    (b"content-security-policy", CONTENT.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"strict-transport-security", b"max-age=31536000"),
    (b"cache-control", b"no-store"),
)
"""Of every answer: nothing from elsewhere is loaded, no text becomes markup, nothing is framed, nothing is kept."""


class Turns(Protocol):
    """Answers messages (`conversation.Conversation`)."""

    def turn(self, ask: Ask) -> AsyncIterator[Event]:
        """The steps of one turn; the last is `done`."""
        ...


async def _nothing() -> None:
    """There is nothing to close."""


@dataclass(frozen=True)
class Wiring:
    """What the service works with.

    Args:
        door: lets people in.
        rates: how much one person may ask.
        turns: answers messages.
        actions: takes decisions.
        audit: rows of who looked at what, and feedback.
        warehouse: answers the card and the queue.
        records: state that the card shows.
        rules: the retention policy.
        resting: names what does not answer just now.
        telemetry: counts, times and logs.
        retriever: finds cited passages; without one there are none.
        analysts: answers the analysts' pages; without it there are none.
        desk: threads for all that is not a conversation.
        config: limits.
        traces: FastAPI's telemetry settings.
        close: ends what the wiring began.
        aclose: closes connections, in the service's loop.
        now: the moment, UTC.
    """

    door: Door
    rates: RateLimits
    turns: Turns
    actions: Actions
    audit: ServiceAudit
    warehouse: Reader
    records: Records
    rules: RetentionRules
    resting: Callable[[], tuple[str, ...]]
    telemetry: Telemetry
    desk: Executor
    retriever: Retriever | None = None
    analysts: analyst_routes.Analysts | None = None
    config: AssistantConfig = field(default_factory=AssistantConfig)
    traces: Any = None
    close: Callable[[], None] = lambda: None
    aclose: Callable[[], Awaitable[None]] = _nothing
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class AssistantService:
    """The service without its routes."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring, self._telemetry = wiring, wiring.telemetry

    async def chat(self, asked: Asked) -> Answer:
        """Answers one message."""
        began = time.monotonic()
        who = await self._admit(asked)
        wanted = parse(ChatRequest, await asked.body())
        if len(wanted.message) > self._wiring.config.message_chars:
            most = self._wiring.config.message_chars
            raise InputRefused("message_too_long", f"The message has more than {most:,} characters.", "Shorten it.")
        ask = Ask(
            message=wanted.message,
            principal=who,
            customer_id=await self._chosen(who, wanted.customer_id, "chat"),
            session_id=wanted.session_id or secrets.token_urlsafe(16),
            channel=wanted.channel or ("desk" if who.role == "agent" else "portal"),
            trace_id=secrets.token_hex(16),
            now=self._wiring.now(),
            deadline=began + self._wiring.config.answer_seconds,
            pieces="text/event-stream" in asked.headers.get("accept", ""),
        )
        events = self._turn(ask)
        try:
            with asked.while_wanted():
                if ask.pieces:
                    # The first event decides between a status of its own and a stream.
                    return streamed(_again(await anext(events), events))
                return answer(await _last(events))
        except TimeoutError as error:
            raise DependencyUnavailable("The answer was not ready in time.", "Ask again in a moment.") from error

    async def approve(self, asked: Asked) -> Answer:
        """Approves an action, which carries it out."""
        who, _, key = await self._decision(asked)
        work = lambda: self._wiring.actions.approve(asked.path["action_id"], who, self._wiring.now(), key)  # noqa: E731
        proposal = await self._in_thread(work)
        self._telemetry.acted(proposal.shown())
        return answer({**vars(proposal.shown()), "result": proposal.result})

    async def reject(self, asked: Asked) -> Answer:
        """Rejects an action."""
        who, body, key = await self._decision(asked)
        action_id, now = asked.path["action_id"], self._wiring.now()
        proposal = await self._in_thread(lambda: self._wiring.actions.reject(action_id, who, now, key, body.reason))
        self._telemetry.acted(proposal.shown())
        return answer({**vars(proposal.shown()), "result": None})

    async def card(self, asked: Asked) -> Answer:
        """What there is to know of a customer."""
        who = await self._admit(asked)
        customer = await self._chosen(who, asked.path["customer_id"], "card")
        now, wiring = self._wiring.now(), self._wiring
        if customer is None:
            raise Forbidden("This caller may not see that customer.")
        context = ToolContext(customer, who.role, who.name, now, wiring.warehouse, wiring.records, rules=wiring.rules)
        # Whoever is unknown is asked about once only.
        parts = {"profile": await self._in_thread(partial(customer_card.part, "profile", context))}
        names = [name for name in customer_card.names(who.role) if name not in parts]
        found = await asyncio.gather(*(self._in_thread(partial(customer_card.part, name, context)) for name in names))
        proposals = await self._in_thread(lambda: wiring.actions.of(customer, now))
        await self._in_thread(lambda: wiring.audit.looked("card", who, customer, "allowed", now))
        parts |= dict(zip(names, found, strict=True))
        return answer(customer_card.whole(customer, parts, tuple(each.shown() for each in proposals)))

    async def queue(self, asked: Asked) -> Answer:
        """The customers whose leaving would cost most, for agents."""
        who = await self._admit(asked)
        now, audit = self._wiring.now(), self._wiring.audit
        if who.role != "agent":
            await self._in_thread(lambda: audit.looked("queue", who, None, "refused", now))
            raise Forbidden("The work queue is for agents.")
        wanted = work_queue.wanted_of(asked.query)
        page = await self._in_thread(lambda: work_queue.page(self._wiring.warehouse, who, wanted, now.date()))
        await self._in_thread(lambda: audit.looked("queue", who, None, "allowed", now))
        return answer(page)

    async def passage(self, asked: Asked) -> Answer:
        """A cited passage with what stands around it."""
        who = await self._admit(asked)
        cited, retriever = passages_view.cited_of(asked.query), self._wiring.retriever
        if retriever is None:
            raise NotFound("There is no knowledge base here.")
        reading = Reading(who.role, self._wiring.now().date())
        return answer(await self._in_thread(lambda: passages_view.find(retriever, cited, reading)))

    async def session(self, asked: Asked) -> Answer:
        """Who asks."""
        return answer(session_of(await self._admit(asked), asked.headers))

    async def feedback(self, asked: Asked) -> Answer:
        """Keeps what somebody says of an answer, masked."""
        who = await self._admit(asked)
        given = parse(FeedbackRequest, await asked.body())
        now = self._wiring.now()
        comment = mask(given.comment).text
        work = lambda: self._wiring.audit.rated(given.trace_id, given.rating, comment, who, now)  # noqa: E731
        await self._in_thread(work)
        return answer({"kept": True}, 202)

    async def _turn(self, ask: Ask) -> AsyncGenerator[Event, None]:
        """The conversation's events; the whole reply is counted before it goes out."""
        with invoke_agent(ask.session_id, ask.trace_id) as span:
            events = self._wiring.turns.turn(ask)
            try:
                async for event in events:
                    if event.kind == "done" and isinstance(event.data, Reply):
                        self._telemetry.turned(event.data)
                        if self._wiring.config.trace_content:
                            span.set_attribute("gen_ai.input.messages", messages("user", ask.message))
                            told = messages("assistant", event.data.message)
                            span.set_attribute("gen_ai.output.messages", told)
                    yield event
            except Exception as error:
                code = code_of(error)
                await self._in_thread(lambda: self._wiring.audit.unanswered(ask, code))
                raise

    async def _admit(self, asked: Asked) -> Principal:
        who = await self._wiring.door.admit(asked.headers)
        self._wiring.rates.take(who)
        return who

    async def _chosen(self, who: Principal, customer_id: str | None, what: str) -> str | None:
        try:
            return chosen(who, customer_id)
        except Forbidden:
            now = self._wiring.now()
            await self._in_thread(lambda: self._wiring.audit.looked(what, who, customer_id, "refused", now))
            raise

    async def _decision(self, asked: Asked) -> tuple[Principal, DecisionRequest, str]:
        who = await self._admit(asked)
        key = idempotency_key(asked.headers)
        body = await asked.body()
        return who, parse(DecisionRequest, body) if body.strip() else DecisionRequest(), key

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._wiring.desk, work)


async def _again(first: Event, rest: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """The first, then the others."""
    async with aclosing(rest):
        yield first
        async for event in rest:
            yield event


async def _last(events: AsyncGenerator[Event, None]) -> Any:
    """What `done` tells.

    Raises:
        DependencyUnavailable: the events broke off before.
    """
    async with aclosing(events):
        async for event in events:
            if event.kind == "done":
                return event.data
    raise DependencyUnavailable("The answer did not come to its end.", "Ask again in a moment.")


def create_app(wiring: Wiring, turnstile: Turnstile | None = None) -> FastAPI:
    """The service's routes over its parts. `turnstile` is given by whoever ends the process in order."""
    config, telemetry = wiring.config, wiring.telemetry
    turnstile = turnstile or Turnstile(config.concurrency)
    service = AssistantService(wiring)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        asyncio.get_running_loop().run_in_executor(None, wiring.door.admission.prepare)
        yield
        await wiring.aclose()
        wiring.close()

    def bounded(name: str, handle: Handle, seconds: float | None = None) -> Endpoint:
        seconds, most = seconds or config.deadline_seconds, config.body_bytes
        return Endpoint(name, handle, turnstile, telemetry, seconds=seconds, most_bytes=most, refuse=refusal)

    async def ready() -> Response:
        resting = list(wiring.resting())
        told = {"ready": not turnstile.draining, "resting": resting}
        return JSONResponse(told, 503 if turnstile.draining else 200)

    async def alive() -> Response:
        return JSONResponse({"ok": True})

    async def metrics() -> Response:
        return Response(telemetry.page(turnstile.running), media_type=CONTENT_TYPE_LATEST)

    async def described() -> Response:
        return JSONResponse(openapi.document())

    chat = bounded("chat", service.chat)
    routes = [
        Route("/chat", chat, methods=["POST"]),
        Route("/actions/{action_id}/approve", bounded("approve", service.approve), methods=["POST"]),
        Route("/actions/{action_id}/reject", bounded("reject", service.reject), methods=["POST"]),
        Route("/v1/customers/{customer_id}/card", bounded("card", service.card), methods=["GET"]),
        Route("/v1/queue", bounded("queue", service.queue), methods=["GET"]),
        Route("/feedback", bounded("feedback", service.feedback), methods=["POST"]),
        Route("/healthz", _told(alive)),
        Route("/readyz", _told(ready)),
        Route("/metrics", _told(metrics)),
        Route("/openapi.json", _told(described)),
        Route("/v1/passages", bounded("passage", service.passage), methods=["GET"]),
        Route("/v1/session", bounded("session", service.session), methods=["GET"]),
        *analyst_routes.routes(wiring, bounded),
        *review_routes.routes(wiring, bounded),
        *WebFiles.load().routes(),
    ]
    hidden = dict.fromkeys(("docs_url", "redoc_url", "openapi_url"))
    options = {
        "exception_handlers": {HTTPException: _astray},
        "title": "Assistant",
        "lifespan": lifespan,
        "routes": routes,
        "telemetry": wiring.traces,
        **hidden,
    }
    return DirectApp({"/chat": chat}, HEADERS, **options)


async def _astray(_: Request, error: Exception) -> Response:
    """The answer to a request that none of the routes takes."""
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (404, None)
    return Response(astray(status), status, headers, "application/json")


def _told(page: Callable[[], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def told(_: Request) -> Response:
        return await page()

    return told
