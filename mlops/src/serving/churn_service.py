"""Churn risk over HTTP: for instances that a request brings, and for customers whose features are served online.

`POST /predict` keeps Vertex AI's contract for custom containers: `{"instances": […], "parameters": {"reasons": false}}`
→ `{"predictions": […]}`, one answer per instance and in their order, or a refusal of all with every fault named.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.routing import Route

from mlops.src.serving.churn_answers import Scored, refusal
from mlops.src.serving.config import ServingConfig, VertexContract
from mlops.src.serving.instances import Instances, InstancesRefused
from mlops.src.serving.model_slot import ModelSlot
from mlops.src.serving.predictor import Predictor
from mlops.src.serving.telemetry import Telemetry
from telecom.errors import DependencyUnavailable, InputRefused, NotFound, UsageError
from telecom.serving.admission import Admission
from telecom.serving.answers import MORE, Answer
from telecom.serving.app import DirectApp
from telecom.serving.endpoint import Asked, Endpoint, Handle
from telecom.serving.limits import Turnstile

CUSTOMER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
INLINE_BYTES = 16_384
"""Bodies up to this are answered at once, in less than 2 ms; larger ones in a thread, so that others need not wait."""
BATCH_THREADS, LOOKUP_THREADS = 2, 4
Features = Callable[[str], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Wiring:
    """What the service works with.

    Args:
        slot: the model in service.
        admission: lets callers in; None: everybody is let in, because somebody in front already did that.
        features: a customer's served features; None for one that it does not know.
        telemetry: counts, times and logs.
        config: limits.
        vertex: paths that Vertex AI wants.
        traces: FastAPI's telemetry settings.
    """

    slot: ModelSlot
    admission: Admission | None
    features: Features
    telemetry: Telemetry
    config: ServingConfig = field(default_factory=ServingConfig)
    vertex: VertexContract = field(default_factory=VertexContract)
    traces: Any = None


class ChurnService:
    """The service without its routes."""

    def __init__(self, wiring: Wiring) -> None:
        self._wiring, self._slot, self._telemetry = wiring, wiring.slot, wiring.telemetry
        self._instances = Instances()
        self._batches = ThreadPoolExecutor(BATCH_THREADS, "batch")
        self._lookups = ThreadPoolExecutor(LOOKUP_THREADS, "lookup")

    async def predict(self, asked: Asked) -> Answer:
        """Answers instances."""
        await self._admit(asked)
        body = await asked.body()
        if len(body) <= INLINE_BYTES:
            return self._predicted(body)
        return await asyncio.get_running_loop().run_in_executor(self._batches, self._predicted, body)

    async def risk(self, asked: Asked) -> Answer:
        """Answers for one customer, by the features that are served online."""
        await self._admit(asked)
        predictor = self._in_service()
        customer = asked.path["customer_id"]
        found = None
        if CUSTOMER.fullmatch(customer):
            found = await asyncio.get_running_loop().run_in_executor(self._lookups, self._features_of, customer)
        if found is None:
            raise NotFound(f"There is no customer {customer[:64]!r}.")
        try:
            rows = self._instances.rows([found])
        except InstancesRefused:
            raise DependencyUnavailable("The customer's served features break their contract.") from None
        answered = predictor.predict(rows, reasons=True)
        self._telemetry.scored(answered.probabilities)
        return Scored(200, orjson.dumps({"customer_id": customer, **answered.answers[0]}), instances=1)

    def close(self) -> None:
        """Ends the threads."""
        self._slot.close()
        self._batches.shutdown(wait=False, cancel_futures=True)
        self._lookups.shutdown(wait=False, cancel_futures=True)

    async def _admit(self, asked: Asked) -> None:
        if self._wiring.admission:
            await self._wiring.admission.admit(asked.headers.get("authorization"))

    def _in_service(self) -> Predictor:
        if self._slot.predictor is None:
            raise DependencyUnavailable("No model is in service yet.", "Ask again in a moment.")
        return self._slot.predictor

    def _predicted(self, body: bytes) -> Answer:
        instances, reasons = question_of(body)
        rows = self._instances.rows(instances)
        found = self._in_service().predict(rows, reasons=reasons)
        self._telemetry.scored(found.probabilities)
        return Scored(200, orjson.dumps({"predictions": found.answers}), instances=len(rows))

    def _features_of(self, customer: str) -> Mapping[str, Any] | None:
        try:
            return self._wiring.features(customer)
        except NotFound as error:
            raise DependencyUnavailable(error.message, error.remedy) from None


def question_of(body: bytes) -> tuple[list[Any], bool]:
    """The instances of a request, and whether reasons are wanted.

    Raises:
        UsageError: the body is not JSON.
        InputRefused: it is, and does not ask what can be answered.
    """
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"The body is not JSON: {str(error)[:200]}.") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("instances"), list):
        raise InputRefused("no_instances", "The body has no list of instances.", 'Send {"instances": [{…}, …]}.')
    parameters = asked.get("parameters")
    if parameters is None:
        parameters = {}
    if not isinstance(parameters, dict) or not parameters.keys() <= {"reasons"}:
        raise InputRefused("unknown_parameter", "Of the parameters only 'reasons' is known.", "Leave out the others.")
    reasons = parameters.get("reasons", True)
    if not isinstance(reasons, bool):
        raise InputRefused("wrong_parameter", "The parameter 'reasons' is neither true nor false.", "Send one of them.")
    return asked["instances"], reasons


def create_app(wiring: Wiring, turnstile: Turnstile | None = None) -> FastAPI:
    """The service's routes over its parts. `turnstile` is given by whoever ends the process in order."""
    config, vertex, telemetry = wiring.config, wiring.vertex, wiring.telemetry
    turnstile = turnstile or Turnstile(config.concurrency)
    service = ChurnService(wiring)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        wiring.slot.follow(config.reload_seconds)
        if wiring.admission:
            asyncio.get_running_loop().run_in_executor(None, wiring.admission.prepare)
        yield
        service.close()

    def bounded(name: str, handle: Handle) -> Endpoint:
        seconds, most = config.timeout_seconds, config.body_bytes
        return Endpoint(name, handle, turnstile, telemetry, seconds=seconds, most_bytes=most, refuse=refusal)

    async def ready() -> Response:
        predictor = wiring.slot.predictor
        why = "The process is ending." if turnstile.draining else "" if predictor else "No model is in service yet."
        told = {"ready": not why, "reason": why, "version": predictor.version if predictor else ""}
        answer = JSONResponse(told, 503 if why else 200)
        answer.raw_headers.extend(MORE.get(answer.status_code, ()))
        return answer

    async def alive() -> Response:
        return JSONResponse({"ok": True})

    async def metrics() -> Response:
        return Response(telemetry.page(turnstile.running), media_type=CONTENT_TYPE_LATEST)

    predictions = dict.fromkeys(sorted({"/predict", vertex.predict_route} - {""}), bounded("predict", service.predict))
    routes = [Route(path, endpoint, methods=["POST"]) for path, endpoint in predictions.items()]
    routes.append(Route("/v1/customers/{customer_id}/risk", bounded("risk", service.risk), methods=["GET"]))
    # Vertex AI's health route means: ready to predict. It may be /healthz itself, and is found first.
    routes += [Route(path, _told(ready)) for path in sorted({vertex.health_route, "/readyz"} - {""})]
    routes += [Route("/healthz", _told(alive)), Route("/metrics", _told(metrics))]
    hidden: dict[str, Any] = dict.fromkeys(("docs_url", "redoc_url", "openapi_url"))
    return DirectApp(predictions, title="Churn", lifespan=lifespan, routes=routes, telemetry=wiring.traces, **hidden)


def _told(page: Callable[[], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def told(_: Request) -> Response:
        return await page()

    return told
