"""One small loop, run once through the command line, for every test that looks at its outcome."""

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from telecom.cli import app

QUICK = {"TELECOM_CHURN_TUNING_TRIALS": "1", "TELECOM_CHURN_TUNING_ROWS": "1000"}
DAY = "2026-10-31"
ONE_BY_ONE = """
import json, sys
from telecom.absent import HEAVY, keep_out
from telecom.cli import app
keep_out(*HEAVY)  # as the command does
for arguments in json.loads(sys.argv[1]):
    app(arguments, prog_name="telecom", standalone_mode=False)
"""


@dataclass(frozen=True)
class Telecom:
    """The command, in a home of its own.

    Calls run in this process, which has the heavy imports behind it; `start` and `apart` begin one of their own.
    """

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, folder: Path | None = None) -> "subprocess.Popen[str]":
        return self._process("-m", "telecom", *arguments, folder=folder)

    def here(self, *commands: tuple[str, ...]) -> str:
        """Several commands one after the other; what the last one printed."""
        return [self(*command) for command in commands][-1]

    def apart(self, *commands: tuple[str, ...]) -> str:
        """The same in one process of its own, which starts in our environment."""
        process = self._process("-c", ONE_BY_ONE, json.dumps(commands))
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
        return out[out.rindex("\n{") :] if "\n{" in out else out

    def _process(self, *arguments: str, folder: Path | None = None) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self._settings()},
            cwd=folder or self.home.parent,
        )

    def __call__(self, *arguments: str, code: int = 0) -> str:
        out, err = self._run(arguments, code)
        return out if code == 0 else err + out

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self._run((*arguments, "--json"), code)[0])

    def query(self, sql: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self("query", sql, "--format", "json"))
        return rows

    def _run(self, arguments: tuple[str, ...], code: int) -> tuple[str, str]:
        ended, out, err = self._here(arguments)
        assert ended == code, f"{arguments} ended with {ended}:\n{out}\n{err}"
        return out, err

    def _here(self, arguments: tuple[str, ...]) -> tuple[int, str, str]:
        with chdir(self.home.parent), warnings.catch_warnings():
            # As a user runs it: what a library warns of is no error.
            warnings.simplefilter("default")
            done = CliRunner().invoke(app, arguments, env=self._settings(), prog_name="telecom")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return done.exit_code, done.stdout, done.stderr

    def _settings(self) -> dict[str, str]:
        return {**QUICK, **self.environment, "TELECOM_HOME": str(self.home)}


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
