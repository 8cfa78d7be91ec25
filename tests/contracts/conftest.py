"""Which backends the contract suites run over.

A suite lists its backends: `pytestmark = pytest.mark.backends("local", "gcp")`; without it, it runs over local only.
A test that a backend cannot pass is marked `@pytest.mark.gap("gcp", reason="…", raises=SomeError)`: it must then fail
in just that way, so that a gap that closes is noticed.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from telecom.bootstrap import Platform
from telecom.settings import Settings
from tests.loopback.fixtures import LEFT_OPEN, cloud, gcp_settings, running_cloud

__all__ = ["cloud", "gcp_settings", "running_cloud"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "backends(*names): the backends that a contract suite runs over")
    config.addinivalue_line("markers", "gap(backend, reason, raises): what a backend does not keep, and how it fails")
    config.addinivalue_line("filterwarnings", LEFT_OPEN)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "platform" in metafunc.fixturenames:
        listed = metafunc.definition.get_closest_marker("backends")
        names: tuple[str, ...] = listed.args if listed else ("local",)
        gaps = list(metafunc.definition.iter_markers("gap"))
        metafunc.parametrize("backend", [pytest.param(name, marks=list(_known_gaps(gaps, name))) for name in names])


def _known_gaps(gaps: list[pytest.Mark], backend: str) -> Iterator[pytest.MarkDecorator]:
    for gap in gaps:
        if gap.args == (backend,):
            yield pytest.mark.xfail(reason=gap.kwargs["reason"], raises=gap.kwargs["raises"], strict=True)


@pytest.fixture
def platform(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Platform:
    if backend == "local":
        return Platform(Settings(home=tmp_path / "home", lock_seconds=10))
    settings: Settings = request.getfixturevalue("gcp_settings")
    return Platform(settings.model_copy(update={"home": tmp_path / "home"}))
