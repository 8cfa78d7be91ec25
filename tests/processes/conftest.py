"""Processes that have imported what many here need, and from which those that are tested are forked."""

from collections.abc import Iterator

import pytest

from tests.processes.forked import Nursery

LOCAL = "telecom.adapters.local"
STORES = [
    f"{LOCAL}.{name}" for name in ("warehouse", "retrieval", "events", "records", "objects", "features", "workfiles")
]
SERVICES = ("mlops.src.serving.churn_wiring", "mlops.src.serving.dispatcher_wiring", "llmops.agent.assistant_wiring")
RELEASES = (f"{LOCAL}.traffic", f"{LOCAL}.front", "mlops.src.release.rollout")
MODEL = (f"{LOCAL}.llm", "pydantic_ai.models.openai")


@pytest.fixture(scope="session")
def stores() -> Iterator[Nursery]:
    """For processes that read and write, and for commands that do."""
    yield from _nursery("telecom.cli", "pyarrow.compute", "telecom.bootstrap", *STORES)


@pytest.fixture(scope="session")
def services() -> Iterator[Nursery]:
    """For services of which it is not asked what they import."""
    yield from _nursery("telecom.cli", "telecom.serving.process", *SERVICES, *RELEASES, *MODEL)


def _nursery(*modules: str) -> Iterator[Nursery]:
    nursery = Nursery(*modules)
    yield nursery
    nursery.end()
