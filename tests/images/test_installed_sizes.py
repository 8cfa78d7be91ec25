"""What the assistant's lock file installs into an empty folder stays within its budget.

`make image-check` does the rest, and the same for the other image. uv is ten times as quick, but does not read pip's
settings, which may be needed.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.image_check.targets import TARGETS
from tools.slim_packages import size

ROOT = Path(__file__).resolve().parents[2]


INSTALLERS = (
    (str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet"),
    (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"),
)


def install(lock: Path, folder: Path) -> None:
    options = ("--no-deps", "--require-hashes", "--target", str(folder), "--requirement", str(lock))
    said = []
    for installer in INSTALLERS:
        done = subprocess.run((*installer, *options), capture_output=True, text=True)
        if done.returncode == 0:
            return
        said.append(done.stderr)
        shutil.rmtree(folder, ignore_errors=True)
    pytest.fail("\n".join(said))


@pytest.mark.slow
def test_the_lock_file_installs_no_more_than_the_budget(tmp_path: Path) -> None:
    target, packages = "assistant", tmp_path / "packages"
    install(ROOT / f"requirements-{target}.lock", packages)
    subprocess.run((sys.executable, str(ROOT / "tools/slim_packages.py"), str(packages), target), check=True)
    installed = {re.sub(r"[-_.]+", "-", path.name.split("-")[0]).lower() for path in packages.glob("*.dist-info")}
    assert installed, "nothing was installed"
    assert not installed & set(TARGETS[target].forbidden)
    assert size(packages) / 1e6 <= TARGETS[target].budget_mb
