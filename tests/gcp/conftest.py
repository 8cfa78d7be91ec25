"""Tests of one Google Cloud adapter each, against the loopback cloud."""

import pytest

from telecom.adapters.gcp.warehouse import BigQueryWarehouse
from telecom.settings import Settings
from tests.loopback.fixtures import LEFT_OPEN, cloud, gcp_settings, running_cloud

__all__ = ["cloud", "gcp_settings", "running_cloud"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", LEFT_OPEN)


@pytest.fixture
def warehouse(gcp_settings: Settings) -> BigQueryWarehouse:
    return BigQueryWarehouse(gcp_settings)
