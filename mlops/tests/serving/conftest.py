"""One small model for all tests of the churn service."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from mlops.tests.serving.churn_fakes import Service, registry_with, saved_model
from telecom.logs import JsonFormatter

Model = tuple[Path, str]


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return saved_model(tmp_path_factory.mktemp("models") / "first")


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return saved_model(tmp_path_factory.mktemp("models") / "second", seed=4, threshold=0.6)


@pytest.fixture(scope="session")
def service(first: Model) -> Service:
    return Service(registry_with(first))


@pytest.fixture
def said() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The log lines of this test so far."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter("telecom-test"))
    loggers = [logging.getLogger(name) for name in ("mlops.src.serving", "telecom.serving")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)
