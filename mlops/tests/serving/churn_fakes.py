"""A small model in service, and ways to ask the churn service: without a socket, and over one."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from mlops.src.model_versions import MODEL
from mlops.src.modelling import bundle
from mlops.src.modelling.calibration import Calibrator
from mlops.src.modelling.churn_model import ChurnModel
from mlops.src.modelling.features import CHURN_FEATURES
from mlops.src.modelling.threshold import EconomicsConfig
from mlops.src.modelling.trainer import fit
from mlops.src.serving.churn_service import Features, Wiring, create_app
from mlops.src.serving.config import ServingConfig, VertexContract
from mlops.src.serving.model_slot import ModelSlot, RegistrySource
from mlops.src.serving.telemetry import Telemetry
from mlops.tests.conftest import CUSTOMER as LABELLED
from mlops.tests.labelled import Registry
from mlops.tests.modelling.conftest import make_world
from telecom.errors import NotFound
from telecom.serving.admission import Admission
from telecom.serving.connections import server_of
from telecom.serving.limits import Turnstile

CUSTOMER = {name: value for name, value in LABELLED.items() if name != "Churn"}
FEATURE_ROW: dict[str, Any] = {
    "senior_citizen": False,
    "partner": True,
    "dependents": False,
    "tenure_months": 10,
    "phone_service": True,
    "multiple_lines": False,
    "internet_service": "DSL",
    "online_security": True,
    "online_backup": False,
    "device_protection": False,
    "tech_support": False,
    "streaming_tv": False,
    "streaming_movies": True,
    "contract": "One year",
    "paperless_billing": True,
    "payment_method": "Credit card (automatic)",
    "total_charges": 600.0,
    "monthly_charge_level": 65.0,
    "charge_change": 2.5,
    "months_to_renewal": 2,
}
"""The same customer."""


def saved_model(folder: Path, seed: int = 3, threshold: float = 0.4) -> tuple[Path, str]:
    """A model trained on made-up customers, saved; and its digest."""
    world = make_world(600, seed)
    booster = fit(world.x, world.y, CHURN_FEATURES, rounds=25, seed=seed)
    model = ChurnModel.from_booster(
        booster, CHURN_FEATURES, Calibrator("platt", 1.1, -0.1), threshold, EconomicsConfig()
    )
    provenance = bundle.Provenance("d" * 64, seed, {}, 25, {})
    bundle.save(model, folder, provenance, {})
    return folder, model.digest


def registry_with(*models: tuple[Path, str]) -> Registry:
    """A registry of these, the first one champion."""
    registry = Registry()
    for folder, digest in models:
        made = registry.register(MODEL, folder, digest, {})
        registry.folders[made.version] = folder
    registry.point(MODEL, "champion", "1")
    return registry


class Service:
    """A churn service without a socket, and what it works with."""

    def __init__(
        self,
        registry: Registry,
        *,
        features: Features | None = None,
        admission: Admission | None = None,
        vertex: VertexContract | None = None,
        traces: Any = None,
        turnstile: Turnstile | None = None,
        **config: Any,
    ) -> None:
        self.telemetry = Telemetry()
        source = RegistrySource(registry, "champion")
        self.slot = ModelSlot(source, self.telemetry.served, self.telemetry.reload_failed)
        self.slot.load()
        told = ServingConfig(**config)
        vertex = vertex or VertexContract()
        wiring = Wiring(self.slot, admission, features or _nobody, self.telemetry, told, vertex, traces)
        self.app = create_app(wiring, turnstile)

    def ask(self, path: str, body: Any = None, method: str = "", **headers: str) -> httpx.Response:
        """One request; a body that is neither text nor bytes is sent as JSON."""
        sent = body if isinstance(body, bytes | str) or body is None else json.dumps(body)
        return asyncio.run(request(self.app, method or ("GET" if body is None else "POST"), path, sent, headers))

    def predict(self, *instances: Any, parameters: Any = None) -> Any:
        """The predictions of instances that are taken."""
        asked = {"instances": list(instances)} | ({"parameters": parameters} if parameters is not None else {})
        answer = self.ask("/predict", asked)
        assert answer.status_code == 200, answer.text
        return answer.json()["predictions"]

    def metric(self, line: str) -> float:
        """The value of a line of /metrics."""
        found = [text for text in self.ask("/metrics").text.splitlines() if text.startswith(line + " ")]
        assert len(found) == 1, line
        return float(found[0].rpartition(" ")[2])


@contextmanager
def running(app: Any, turnstile: Turnstile | None = None, *, unread: int = 0) -> Iterator[int]:
    """The port of a server as the services have it; it has ended properly when this ends.

    `unread`: about how many bytes the system takes for a caller who does not read; 0: some megabytes.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        if unread:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, unread)
        server = server_of(app, "127.0.0.1", 0, turnstile or Turnstile(10), drain=0, finish=5)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


async def request(
    app: FastAPI, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """One request, straight to the application; an exception that leaves it fails the test."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://churn", timeout=30) as client:
        return await client.request(method, path, content=body, headers=dict(headers or {}))


async def pieces(parts: Iterable[bytes], pause: float = 0.0) -> AsyncIterator[bytes]:
    """A body that arrives in pieces, without a length."""
    for part in parts:
        yield part
        await asyncio.sleep(pause)


def _nobody(_: str) -> None:
    return None


def no_store(_: str) -> None:
    """Features of a store that was never filled."""
    raise NotFound("Feature group 'telco_churn' has no online side.", "Run: telecom features")
