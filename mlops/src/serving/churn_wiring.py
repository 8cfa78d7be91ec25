"""The churn service over the real ports, and its process. An entry point: the one file of it that opens them."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from mlops.src.feature_store_loader import GROUP
from mlops.src.serving.churn_service import Wiring, create_app
from mlops.src.serving.config import ServingConfig, VertexContract
from mlops.src.serving.model_slot import ModelSlot, RegistrySource, Source, StorageSource
from mlops.src.serving.telemetry import Telemetry
from telecom.bootstrap import Platform, load_adapter
from telecom.ports import FeatureStore, ModelRegistry
from telecom.serving import process
from telecom.serving.admission import Admission
from telecom.serving.limits import Turnstile
from telecom.serving.traces import traces
from telecom.tokens import audience_of


def wire(platform: Platform, config: ServingConfig, vertex: VertexContract) -> Wiring:
    """The service's parts on the platform's backend, with the model in service, or none where there is none yet.

    Raises:
        UsageError: on Google Cloud, tokens are required and no audience is set.
        NotFound: there is no version of the number that was set, or its files are gone.
        ModelRejected: its files do not verify.
    """
    settings = platform.settings
    telemetry = Telemetry(config.log_requests)
    slot = ModelSlot(_source(platform, config, vertex), telemetry.served, telemetry.reload_failed)
    slot.start()
    behind_vertex = vertex.http_port is not None
    admission = None
    if config.tokens == "required" or (config.tokens == "auto" and not behind_vertex):
        anybody = settings.backend == "local" and not config.allowed
        callers = None if anybody else config.allowed
        admission = Admission(lambda: platform.identity, audience_of(settings, "churn"), callers)
    return Wiring(slot, admission, _features(platform), telemetry, config, vertex, traces())


def serve(wiring: Wiring, host: str, port: int) -> None:
    """Serves until the process is told to end; then whoever still asks is answered, up to the bound.

    Port 0 takes a free one; the log says which.
    """
    config, turnstile = wiring.config, Turnstile(wiring.config.concurrency)
    app = create_app(wiring, turnstile)
    process.run(app, host, port, turnstile, drain=config.drain_seconds, finish=config.timeout_seconds)


def _source(platform: Platform, config: ServingConfig, vertex: VertexContract) -> Source:
    if vertex.storage_uri:
        return StorageSource(vertex.storage_uri, config.digest, lambda: platform.objects)
    return RegistrySource(_registry(platform), config.version)


def _registry(platform: Platform) -> ModelRegistry:
    """The registry; locally one that does not import MLflow into this process."""
    if platform.settings.backend != "local":
        return platform.registry
    registry: ModelRegistry = load_adapter("local", "registry")(platform.settings, apart=True)
    return registry


def _features(platform: Platform) -> Callable[[str], Mapping[str, Any] | None]:
    """A customer's served features; the store is opened with the first question."""

    @cache
    def store() -> FeatureStore:
        settings = platform.settings
        opened: FeatureStore = load_adapter(settings.backend, "features")(settings, _Later(lambda: platform.warehouse))
        return opened

    def find(customer: str) -> Mapping[str, Any] | None:
        rows = store().read(GROUP, [customer]).to_pylist()
        return rows[0] if rows else None

    return find


class _Later:
    """A port that is opened when it is first used: the online side alone never asks the warehouse."""

    def __init__(self, port: Callable[[], object]) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port(), name)
