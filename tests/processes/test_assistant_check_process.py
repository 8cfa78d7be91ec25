"""The check of a release against the assistant itself, over real HTTP."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mlops.src.release import assistant_check
from mlops.src.release.address import asker
from telecom.cli import app
from tests.processes.service_process import ServiceProcess, starting

SERVE = (sys.executable, "-m", "telecom", "serve", "assistant", "--port", "0")
AGENT = {"kind": "agent", "customers": ["*"], "scopes": []}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., ServiceProcess]]:
    (tmp_path / "home").mkdir()
    yield from starting(partial(ServiceProcess, tmp_path / "home", *SERVE))


def test_the_assistant_passes_and_a_stranger_proves_the_refusals(
    start: Callable[..., ServiceProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = start()

    def token(claims: object) -> str:
        return service.bearer("check", "telecom-assistant", claims)["Authorization"].removeprefix("Bearer ")

    found = assistant_check.run(asker(service.url, token(AGENT)), requests=36)
    assert found.failures == () and (found.answered, found.refused) == (4, 32)
    nobody = assistant_check.run(asker(service.url, token({"kind": "unknown"})), requests=9)
    assert nobody.failures == () and (nobody.answered, nobody.refused) == (0, 9)
    words = ["release", "check", "--service", "assistant", "--url", service.url, "--requests", "9"]
    done = CliRunner().invoke(app, words, env={"TELECOM_HOME": str(service.home), "TELECOM_CHECK_TOKEN": token(AGENT)})
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(app, words, env={"TELECOM_HOME": str(service.home), "TELECOM_CHECK_TOKEN": "none"})
    assert done.exit_code == 4, done.output
