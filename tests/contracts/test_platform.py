"""Every row of the bootstrap table loads and keeps its port's shape."""

import asyncio
import inspect
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic_ai.models import Model

from telecom import ports
from telecom.bootstrap import ADAPTERS, Platform, load_adapter
from telecom.errors import DependencyUnavailable
from telecom.settings import Settings
from tests.loopback.cloud import Cloud

PROTOCOLS = {
    "warehouse": ports.Warehouse,
    "objects": ports.Objects,
    "features": ports.FeatureStore,
    "registry": ports.ModelRegistry,
    "experiments": ports.Experiments,
    "metrics": ports.Metrics,
    "pipelines": ports.Pipelines,
    "batch": ports.BatchPredictor,
    "automl": ports.AutoMl,
    "endpoints": ports.Endpoints,
    "traffic": ports.Traffic,
    "documents": ports.Documents,
    "identity": ports.Identity,
    "retriever": ports.Retriever,
    "records": ports.Records,
    "events": ports.Events,
    "workfiles": ports.Workfiles,
    "judge": ports.Judge,
}
FACTORIES = {"llm": Model}
"""What is no port of ours: functions that make something of a library's type."""
WITHOUT = {
    ("local", "batch"): "scoring in this process is the way on one machine",
    ("local", "judge"): "the deterministic grades are the way on one machine",
    ("gcp", "workfiles"): "what steps leave behind there are staging tables, which expire",
}


@pytest.mark.parametrize(("backend", "port"), [row for row in ADAPTERS if row[1] in PROTOCOLS])
def test_adapters_have_their_ports_methods_with_the_same_parameters(backend: str, port: str) -> None:
    adapter, protocol = load_adapter(backend, port), PROTOCOLS[port]
    promised = {n: m for n, m in vars(protocol).items() if inspect.isfunction(m) and not n.startswith("_")}
    assert promised
    for name, method in promised.items():
        implemented = inspect.signature(getattr(adapter, name)).parameters
        assert list(implemented) == list(inspect.signature(method).parameters), name


@pytest.mark.parametrize("backend", ["local", "gcp"])
def test_every_port_of_the_platform_can_be_built(
    backend: Literal["local", "gcp"], cloud: Cloud, tmp_path: Path
) -> None:
    platform = Platform(Settings(backend=backend, project="telecom-test", home=tmp_path))
    for port, protocol in PROTOCOLS.items():
        if (backend, port) not in WITHOUT:
            assert isinstance(getattr(platform, port), protocol)
    assert not any(tmp_path.iterdir()), "building a platform must not touch the disk"
    assert not cloud.grpc.calls, "nor ask the cloud"


@pytest.mark.parametrize("given", [{"llm": "gemini"}, {"llm": "openai", "llm_base_url": "http://localhost:1/v1"}])
def test_language_models_are_made_for_any_backend(given: dict[str, Any], cloud: Cloud, tmp_path: Path) -> None:
    for backend in ("local", "gcp"):
        chosen = Settings(
            **{"backend": backend, "project": "telecom-test", "home": tmp_path, "llm_model": "m", **given}
        )
        model: Any = Platform(chosen).llm
        assert isinstance(model, FACTORIES["llm"])
        assert model.model_name == "m"
        asyncio.run(model.aclose())
    assert Platform(Settings(llm="offline")).llm is None
    assert not any(tmp_path.iterdir()) and not cloud.grpc.calls


def test_every_port_has_its_adapters_or_a_reason() -> None:
    wanted = {(backend, port) for backend in ("local", "gcp") for port in (*PROTOCOLS, *FACTORIES)}
    assert wanted == set(ADAPTERS) | set(WITHOUT)
    assert Platform(Settings()).batch is None and Platform(Settings()).judge is None


def test_an_adapter_that_is_not_there_is_named() -> None:
    with pytest.raises(DependencyUnavailable, match="'local' has no batch adapter"):
        load_adapter("local", "batch")
