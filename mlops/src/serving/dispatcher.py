"""Starts the pipelines that messages ask for: an HTTP service for Pub/Sub push. Speaks HTTP, and nothing else.

Pub/Sub reads the status only: 2xx acknowledges a message, anything else has it delivered again and, in the end,
dead-lettered.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from math import inf
from time import monotonic, perf_counter
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool

from mlops.src.serving.dispatcher_answers import HANDLERS, Unverifiable, refusal, told, verdict
from mlops.src.serving.dispatcher_gauges import Gauges
from mlops.src.serving.dispatcher_messages import LARGEST_BODY, Order, delivery_of, order_of
from mlops.src.serving.dispatcher_runs import Runs, Standing
from telecom import logs
from telecom.errors import DependencyUnavailable, TelecomError, TokenRefused, UsageError
from telecom.pipeline_runs import JOB_ID
from telecom.ports import Caller, Identity, PipelineRequest, Pipelines
from telecom.serving.answers import Forbidden, TooLarge
from telecom.tokens import bearer

log = logging.getLogger(__name__)

BODY_SECONDS = 10.0
ROBOT = re.compile(r"[\w.-]+@[\w.-]+\.gserviceaccount\.com")
PASSING = "keys_unavailable"
"""The refusal of a token that says nothing about the token: whoever publishes the keys does not answer."""


@dataclass(frozen=True)
class Wiring:
    """What the service works with.

    Args:
        identity: verifies callers.
        audience: what their tokens must name.
        pushers: who among them may send messages.
        pipelines: gives the port that starts pipelines; called when the first message is carried out.
        request: turns an order into what the port takes.
        known: what the backend remembers of a job id, if it can be asked.
        link: where a person finds a job id, started or not; empty if there is no such place.
        background: whether pipelines run behind the answer.
        drain_seconds: how long connections and a running pipeline, together, are waited for at the end.
        lacking: what is not set and must be before any pipeline could start; empty if nothing.
    """

    identity: Identity
    audience: str
    pushers: frozenset[str]
    pipelines: Callable[[], Pipelines]
    request: Callable[[Order], PipelineRequest]
    known: Callable[[str], Standing | None]
    link: Callable[[str], str]
    background: bool
    drain_seconds: float = 7.0
    lacking: str = ""


class Dispatcher:
    """The service without its routes."""

    def __init__(self, wiring: Wiring, gauges: Gauges) -> None:
        self._wiring, self._gauges = wiring, gauges
        self._ends_at = inf
        self.runs = Runs(
            wiring.pipelines,
            wiring.known,
            background=wiring.background,
            told=lambda s: gauges.runs.labels(s).inc(),
            link=wiring.link if wiring.background else lambda _: "",
        )

    def admit(self, authorization: str | None) -> Caller:
        """The caller, if it is certain who that is and messages may come from there.

        Raises:
            TokenRefused: it is not certain.
            Unverifiable: nobody can tell just now.
            Forbidden: it is certain, and they may not.
        """
        caller = self._verified(bearer(authorization))
        if caller.name not in self._wiring.pushers:
            # Names of people stay out of answers and log.
            who = f"The account {caller.name}" if ROBOT.fullmatch(caller.name) else "This caller"
            raise Forbidden(f"{who} may not send messages.", "TELECOM_DISPATCHER_PUSHERS names those who may.")
        return caller

    def _verified(self, token: str) -> Caller:
        try:
            return self._wiring.identity.verify(token, self._wiring.audience)
        except TokenRefused as error:
            if error.reason == PASSING:
                raise Unverifiable from error
            raise
        except DependencyUnavailable as error:
            raise Unverifiable from error
        except TelecomError as error:
            log.error("Tokens cannot be verified: %s", error)
            raise TokenRefused("not_verifiable") from error

    def dispatch(self, body: bytes, seen: dict[str, Any]) -> Standing:
        """Carries out the message in a push request; what is learnt about it goes into `seen`, for the log.

        Raises:
            UsageError: the message can never be carried out.
            DependencyUnavailable: not now; it should be delivered again.
        """
        delivery = delivery_of(body)
        seen |= delivery.about
        order = order_of(delivery)
        seen |= {"pipeline": order.kind, "job_id": order.job_id}
        return self.runs.start(order.job_id, lambda: self._wiring.request(order))

    def find(self, job_id: str) -> Standing | None:
        """How a run stands, or at least where to look; None if neither is known."""
        if not JOB_ID.fullmatch(job_id):
            return None
        if (found := self.runs.find(job_id)) or self._wiring.background:
            return found
        link = self._wiring.link(job_id)
        return Standing(job_id, "unknown", link) if link else None

    def why_not_ready(self) -> str:
        """Why messages could not be carried out; empty when they could."""
        if self.runs.closing:
            return "The process is ending."
        if not self._wiring.pushers:
            return "Nobody may send messages: TELECOM_DISPATCHER_PUSHERS is empty."
        return self._wiring.lacking

    def ending(self) -> None:
        """The process was told to end: the bound runs from now on."""
        self._ends_at = monotonic() + self._wiring.drain_seconds

    def close(self) -> None:
        """Waits for what runs, up to the bound, and says what did not end."""
        left = min(self._wiring.drain_seconds, max(0.0, self._ends_at - monotonic()))
        for job in self.runs.close(left):
            lost = "before the pipeline did. Start it with a new" if job.state == "running" else "first. Repeat the"
            log.warning("The process ends %s message.", lost, extra={"fields": {"job_id": job.job_id}})


def create_app(wiring: Wiring) -> FastAPI:
    """The service's routes over its parts. Its `state.ending` is to be called when the process is told to end."""
    gauges = Gauges()
    service = Dispatcher(wiring, gauges)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(service.close)

    app = FastAPI(
        title="Dispatcher",
        lifespan=lifespan,
        exception_handlers=dict(HANDLERS),
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.ending = service.ending

    @app.post("/events")
    async def events(request: Request) -> Response:
        with logs.tracing(logs.trace_of(request.headers)):
            return await _events(service, gauges, request)

    @app.get("/runs/{job_id}")
    async def runs(request: Request, job_id: str) -> Response:
        try:
            await run_in_threadpool(service.admit, request.headers.get("authorization"))
            found = await run_in_threadpool(service.find, job_id)
        except TelecomError as error:
            return refusal(error)
        if found is None:
            return JSONResponse({"error": f"There is no run {job_id[:128]!r}."}, 404)
        return told(replace(found, already=True))

    @app.get("/healthz")
    async def healthz() -> Response:
        return JSONResponse({"ok": True})

    @app.get("/readyz")
    async def readyz() -> Response:
        reason = service.why_not_ready()
        return JSONResponse({"ready": not reason, "reason": reason}, 503 if reason else 200)

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(gauges.registry), media_type=CONTENT_TYPE_LATEST)

    return app


async def _events(service: Dispatcher, gauges: Gauges, request: Request) -> Response:
    """One delivery, from request to answer, counted and logged."""
    started, seen = perf_counter(), dict[str, Any]()
    try:
        await run_in_threadpool(service.admit, request.headers.get("authorization"))
        standing = await run_in_threadpool(service.dispatch, await _body(request), seen)
        answer = told(standing)
        outcome = "already" if standing.already else "refused" if standing.state == "refused" else "started"
        log.info("Message %s.", outcome, extra={"fields": seen | {"outcome": outcome}})
    except Exception as error:
        answer, outcome = refusal(error), verdict(error)[1]
        _log_refusal(error, seen | {"outcome": outcome})
    gauges.messages.labels(seen.get("pipeline", ""), outcome).inc()
    gauges.seconds.observe(perf_counter() - started)
    return answer


async def _body(request: Request) -> bytes:
    """The request's bytes.

    Raises:
        TooLarge: there are more than any message has.
        UsageError: they do not arrive.
    """
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST_BODY:
                    raise TooLarge(f"A message has at most {LARGEST_BODY:,} bytes.")
    except TimeoutError as error:
        raise UsageError("The message did not arrive.") from error
    return body


def _log_refusal(error: Exception, fields: Mapping[str, Any]) -> None:
    status, outcome = verdict(error)
    refused = error if isinstance(error, TokenRefused) else error.__cause__
    reason = {"reason": refused.reason} if isinstance(refused, TokenRefused) else {}
    extra = {"fields": {**fields, **reason}}
    if status == 500:
        log.error("A message failed.", exc_info=error, extra=extra)
    else:
        log.warning("Message not taken (%s): %s", outcome, error, extra=extra)
