"""Every row of the bootstrap table loads and keeps its port's shape."""

import inspect
from pathlib import Path

import pytest

from telecom import ports
from telecom.bootstrap import ADAPTERS, Platform, load_adapter
from telecom.errors import DependencyUnavailable
from telecom.settings import Settings

PROTOCOLS = {
    "warehouse": ports.Warehouse,
    "objects": ports.Objects,
    "features": ports.FeatureStore,
    "registry": ports.ModelRegistry,
    "experiments": ports.Experiments,
    "metrics": ports.Metrics,
}


@pytest.mark.parametrize(("backend", "port"), ADAPTERS)
def test_adapters_have_their_ports_methods_with_the_same_parameters(backend: str, port: str) -> None:
    adapter, protocol = load_adapter(backend, port), PROTOCOLS[port]
    promised = {n: m for n, m in vars(protocol).items() if inspect.isfunction(m) and not n.startswith("_")}
    assert promised
    for name, method in promised.items():
        implemented = inspect.signature(getattr(adapter, name)).parameters
        assert list(implemented) == list(inspect.signature(method).parameters), name


def test_every_port_of_the_platform_can_be_built(tmp_path: Path) -> None:
    platform = Platform(Settings(home=tmp_path))
    for port, protocol in PROTOCOLS.items():
        assert isinstance(getattr(platform, port), protocol)
    assert not any(tmp_path.iterdir()), "building a platform must not touch the disk"


def test_a_backend_without_adapters_says_so() -> None:
    with pytest.raises(DependencyUnavailable, match="'gcp' has no warehouse adapter"):
        _ = Platform(Settings(backend="gcp", project="p")).warehouse
