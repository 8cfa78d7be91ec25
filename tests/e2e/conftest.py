"""One small loop, run once through the command line, for every test that looks at its outcome."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

QUICK = {"TELECOM_CHURN_TUNING_TRIALS": "1", "TELECOM_CHURN_TUNING_ROWS": "1000"}
DAY = "2026-10-31"


@dataclass(frozen=True)
class Telecom:
    """The command, in a home of its own."""

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, folder: Path | None = None) -> "subprocess.Popen[str]":
        environment = {**os.environ, **QUICK, **self.environment, "TELECOM_HOME": str(self.home)}
        command = [sys.executable, "-m", "telecom", *arguments]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=folder or self.home.parent,
        )

    def __call__(self, *arguments: str, code: int = 0) -> str:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        assert process.returncode == code, f"{arguments} ended with {process.returncode}:\n{out}\n{err}"
        return out if code == 0 else err + out

    def json(self, *arguments: str, code: int = 0) -> Any:
        process = self.start(*arguments, "--json")
        out, err = process.communicate(timeout=240)
        assert process.returncode == code, f"{arguments} ended with {process.returncode}:\n{out}\n{err}"
        return json.loads(out)

    def query(self, sql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self("query", sql, "--format", "json"))
        return rows


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Telecom, dict[str, Any]]:
    """A finished demo on 2,500 generated customers, and what it printed as JSON."""
    telecom = Telecom(tmp_path_factory.mktemp("e2e") / "home")
    out = str(telecom.home.parent / "report")
    done = telecom.json("demo", "--customers", "2500", "--snapshot-date", DAY, "--out", out)
    return telecom, done


@pytest.fixture
def copied(demo: tuple[Telecom, dict[str, Any]], tmp_path: Path) -> Telecom:
    """The finished demo's home, to be changed at will."""
    import shutil

    shutil.copytree(demo[0].home, tmp_path / "home")
    return Telecom(tmp_path / "home")
