"""Fixtures of the loopback cloud: a conftest imports `running_cloud`, `cloud` and `gcp_settings` from here."""

import atexit
from collections.abc import Iterator
from functools import cache

import pytest

from telecom.settings import Settings
from tests.loopback.cloud import Cloud

# Google's storage client leaves the response of a failed download to the garbage collector.
LEFT_OPEN = "ignore:unclosed <socket:ResourceWarning"


@cache
def process_cloud() -> Cloud:
    """The one cloud of this test process, started when first asked for."""
    cloud = Cloud()
    cloud.start()
    atexit.register(cloud.stop)
    return cloud


@pytest.fixture(scope="session")
def running_cloud() -> Cloud:
    """The cloud as it is: not reset, and not in the environment (for fixtures that outlive a test)."""
    return process_cloud()


@pytest.fixture
def cloud(running_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """The cloud as new, with its environment set for this test."""
    for name, value in running_cloud.environment.items():
        monkeypatch.setenv(name, value)
    running_cloud.reset()
    yield running_cloud
    running_cloud.faults.reset()
    running_cloud.bigquery.writer.end_calls()


@pytest.fixture
def gcp_settings(cloud: Cloud) -> Settings:
    """Settings of the test project, with the cloud as new behind them."""
    return cloud.settings()
