"""What `.ci/run` asks of make, which here only writes it down: the estate, the scanner of secrets."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKE = """#!/bin/sh
echo "$*" >> "$LOG"
[ "$*" != "${REFUSE:-}" ]
"""


@pytest.mark.parametrize(
    ("terraform", "refused", "made", "said"),
    [
        (True, "", ["test", "infra-check", ".venv-infra/.ready", "infra-scan"], ""),
        (
            True,
            ".venv-infra/.ready",
            ["test", "infra-check", ".venv-infra/.ready"],
            "*** NOT SCANNED: the Terraform estate",
        ),
        (False, "", ["test"], "*** NOT CHECKED: the Terraform estate"),
    ],
)
def test_the_estate_is_checked_and_scanned_or_somebody_hears_of_it(
    tmp_path: Path, terraform: bool, refused: str, made: list[str], said: str
) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("make", "terraform") if terraform else ("make",):
        (tools / name).write_text(MAKE)
        (tools / name).chmod(0o755)
    for name in ("bash", "find", "dirname", "realpath", "sh"):
        (tools / name).symlink_to(shutil.which(name) or name)
    if ready := terraform:
        (tmp_path / ".venv-ci").mkdir()
        (tmp_path / ".venv-ci/.ready").touch()
    environment = {"PATH": str(tools), "LOG": str(tmp_path / "log"), "REFUSE": refused, "HOME": os.environ["HOME"]}
    done = subprocess.run(
        (str(tools / "bash"), str(tmp_path / ".ci/run")), env=environment, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    ours = [line for line in (tmp_path / "log").read_text().splitlines() if "infra" in line or line == "test"]
    assert ours == made
    assert said in done.stderr and ("***" in done.stderr) is bool(said)
    assert ("secrets" in (tmp_path / "log").read_text().split()) is ready
