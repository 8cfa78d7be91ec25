"""Which backends the contract suites run over."""

import shutil
from pathlib import Path

import pytest

from telecom.bootstrap import Platform
from telecom.settings import Settings


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(Settings(home=tmp_path / "home", lock_seconds=10))


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that MLflow has just created: doing so takes seconds, copying it does not."""
    home = tmp_path_factory.mktemp("mlflow")
    Platform(Settings(home=home)).registry.versions("none")
    return home / "mlflow.db"


@pytest.fixture
def mlflow_platform(platform: Platform, empty_mlflow: Path) -> Platform:
    platform.settings.home.mkdir()
    shutil.copyfile(empty_mlflow, platform.settings.home / "mlflow.db")
    return platform
