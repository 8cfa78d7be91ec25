"""Settings → Platform: the only table of backend → adapter. Adapters are named as strings and loaded on first use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from telecom.errors import DependencyUnavailable, MissingExtra
from telecom.ports import (
    AutoMl,
    BatchPredictor,
    Documents,
    Endpoints,
    Events,
    Experiments,
    FeatureStore,
    Identity,
    Judge,
    Metrics,
    ModelRegistry,
    Objects,
    Pipelines,
    Records,
    Retriever,
    Traffic,
    Warehouse,
    Workfiles,
)
from telecom.progress import Progress, Silent
from telecom.settings import Settings

if TYPE_CHECKING:
    from pydantic_ai.models import Model

ADAPTERS: Mapping[tuple[str, str], str] = {
    ("local", "warehouse"): "telecom.adapters.local.warehouse:LocalWarehouse",
    ("local", "objects"): "telecom.adapters.local.objects:LocalObjects",
    ("local", "features"): "telecom.adapters.local.features:LocalFeatureStore",
    ("local", "registry"): "telecom.adapters.local.registry:LocalRegistry",
    ("local", "experiments"): "telecom.adapters.local.experiments:LocalExperiments",
    ("local", "metrics"): "telecom.adapters.local.metrics:LocalMetrics",
    ("local", "pipelines"): "telecom.adapters.local.pipelines:LocalPipelines",
    ("local", "automl"): "telecom.adapters.local.automl:LocalAutoMl",
    ("local", "endpoints"): "telecom.adapters.local.endpoints:LocalEndpoints",
    ("local", "traffic"): "telecom.adapters.local.traffic:LocalTraffic",
    ("local", "documents"): "telecom.adapters.local.documents:LocalDocuments",
    ("local", "identity"): "telecom.adapters.local.identity:LocalIdentity",
    ("local", "retriever"): "telecom.adapters.local.retrieval:LocalRetriever",
    ("local", "records"): "telecom.adapters.local.records:LocalRecords",
    ("local", "events"): "telecom.adapters.local.events:LocalEvents",
    ("local", "workfiles"): "telecom.adapters.local.workfiles:LocalWorkfiles",
    ("local", "llm"): "telecom.adapters.local.llm:openai_model",
    ("gcp", "warehouse"): "telecom.adapters.gcp.warehouse:BigQueryWarehouse",
    ("gcp", "objects"): "telecom.adapters.gcp.objects:CloudStorageObjects",
    ("gcp", "features"): "telecom.adapters.gcp.features:VertexFeatureStore",
    ("gcp", "registry"): "telecom.adapters.gcp.registry:VertexRegistry",
    ("gcp", "experiments"): "telecom.adapters.gcp.experiments:VertexExperiments",
    ("gcp", "metrics"): "telecom.adapters.gcp.metrics:CloudMonitoringMetrics",
    ("gcp", "pipelines"): "telecom.adapters.gcp.pipelines:VertexPipelines",
    ("gcp", "batch"): "telecom.adapters.gcp.batch:VertexBatchPredictor",
    ("gcp", "automl"): "telecom.adapters.gcp.automl:VertexAutoMl",
    ("gcp", "endpoints"): "telecom.adapters.gcp.endpoints:VertexEndpoints",
    ("gcp", "traffic"): "telecom.adapters.gcp.traffic:GoogleTraffic",
    ("gcp", "documents"): "telecom.adapters.gcp.documents:CloudStorageDocuments",
    ("gcp", "identity"): "telecom.adapters.gcp.identity:GoogleIdentity",
    ("gcp", "retriever"): "telecom.adapters.gcp.retrieval:AgentSearchRetriever",
    ("gcp", "records"): "telecom.adapters.gcp.records:FirestoreRecords",
    ("gcp", "events"): "telecom.adapters.gcp.events:BigQueryEvents",
    ("gcp", "llm"): "telecom.adapters.gcp.llm:google_model",
    ("gcp", "judge"): "telecom.adapters.gcp.evaluations:VertexJudge",
}
EXTRAS: Mapping[tuple[str, str], str] = {
    ("local", "retriever"): "assistant",
    ("local", "llm"): "assistant",
    ("gcp", "retriever"): "assistant-gcp",
    ("gcp", "llm"): "assistant,assistant-gcp",
    ("gcp", "judge"): "evaluation",
}
"""What to install for adapters that need more than their backend's own extra."""
OWN_PACKAGES = ("telecom", "mlops", "llmops")


@dataclass(frozen=True)
class Platform:
    """The ports of one backend. Each adapter is built the first time that it is asked for."""

    settings: Settings
    progress: Progress = field(default_factory=Silent)

    @cached_property
    def warehouse(self) -> Warehouse:
        """Tables."""
        return cast(Warehouse, self._adapter("warehouse"))

    @cached_property
    def objects(self) -> Objects:
        """The lake."""
        return cast(Objects, self._adapter("objects"))

    @cached_property
    def features(self) -> FeatureStore:
        """The feature store."""
        return cast(FeatureStore, self._adapter("features", self.warehouse))

    @cached_property
    def registry(self) -> ModelRegistry:
        """The model registry."""
        return cast(ModelRegistry, self._adapter("registry"))

    @cached_property
    def experiments(self) -> Experiments:
        """Experiment tracking."""
        return cast(Experiments, self._adapter("experiments"))

    @cached_property
    def metrics(self) -> Metrics:
        """Gauges."""
        return cast(Metrics, self._adapter("metrics"))

    @cached_property
    def pipelines(self) -> Pipelines:
        """Starts compiled pipelines."""
        return cast(Pipelines, self._adapter("pipelines"))

    @cached_property
    def batch(self) -> BatchPredictor | None:
        """Batch prediction outside this process; None where the backend has none."""
        if (self.settings.backend, "batch") not in ADAPTERS:
            return None
        return cast(BatchPredictor, self._adapter("batch", self.warehouse, self.progress))

    @cached_property
    def judge(self) -> Judge | None:
        """Judges answers; None where the backend has nobody who does."""
        return cast(Judge, self._adapter("judge")) if (self.settings.backend, "judge") in ADAPTERS else None

    @cached_property
    def automl(self) -> AutoMl:
        """Somebody else's search for a model."""
        return cast(AutoMl, self._adapter("automl", self.warehouse))

    @cached_property
    def endpoints(self) -> Endpoints:
        """Online serving."""
        return cast(Endpoints, self._adapter("endpoints"))

    @cached_property
    def traffic(self) -> Traffic:
        """Shares of the requests."""
        return cast(Traffic, self._adapter("traffic"))

    @cached_property
    def documents(self) -> Documents:
        """Small shared documents."""
        return cast(Documents, self._adapter("documents"))

    @cached_property
    def identity(self) -> Identity:
        """Verifies tokens."""
        return cast(Identity, self._adapter("identity"))

    @cached_property
    def retriever(self) -> Retriever:
        """The knowledge base."""
        return cast(Retriever, self._adapter("retriever"))

    @cached_property
    def records(self) -> Records:
        """State of conversations and proposals."""
        return cast(Records, self._adapter("records"))

    @cached_property
    def events(self) -> Events:
        """Rows that are only ever added."""
        return cast(Events, self._adapter("events", self.warehouse))

    @cached_property
    def workfiles(self) -> Workfiles | None:
        """Files beside the tables; None where the backend keeps none (its staging tables expire in a day)."""
        if (self.settings.backend, "workfiles") not in ADAPTERS:
            return None
        return cast(Workfiles, self._adapter("workfiles"))

    @cached_property
    def llm(self) -> "Model | None":
        """The language model of the settings, on any backend: whoever serves it; None for `offline`."""
        if self.settings.llm == "offline":
            return None
        return cast("Model", load_adapter("gcp" if self.settings.llm_on_google else "local", "llm")(self.settings))

    async def aclose(self) -> None:
        """Closes the language model's connections, in the loop that used them; without one, does nothing."""
        if (model := self.__dict__.get("llm")) is not None:
            await model.aclose()

    def _adapter(self, port: str, *others: object) -> object:
        return load_adapter(self.settings.backend, port)(self.settings, *others)


def load_adapter(backend: str, port: str) -> Any:
    """The adapter's class, imported now.

    Raises:
        DependencyUnavailable: this version has no such adapter.
        MissingExtra: a package that the adapter needs is not installed; the remedy is the command.
    """
    target = ADAPTERS.get((backend, port))
    if target is None:
        raise DependencyUnavailable(
            f"Backend {backend!r} has no {port} adapter in this version.", "Use TELECOM_BACKEND=local."
        )
    module, name = target.split(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise missing_extra(error, EXTRAS.get((backend, port), backend)) from error


def missing_extra(error: ModuleNotFoundError, extra: str = "local,train,report") -> MissingExtra:
    """What to install when a package of others is missing: `extra`, or the one that brings it.

    Raises:
        ModuleNotFoundError: the missing module is our own, which no extra mends.
    """
    package = (error.name or "").split(".")[0]
    if package in OWN_PACKAGES:
        raise error
    # Reading the metadata is for whoever misses something.
    from telecom.extras import DISTRIBUTION, extra_of

    remedy = f"Install it with: pip install '{DISTRIBUTION}[{extra_of(error.name or '', extra)}]'"
    return MissingExtra(f"The package {package!r} is not installed.", remedy)
