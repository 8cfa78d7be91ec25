"""`make image-check`: builds an image's packages in an empty folder, runs its commands there, prints a table."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.image_check import dockerfile
from tools.image_check.building import Built, build
from tools.image_check.cell import AS_NOBODY, cell_for, freeze
from tools.image_check.context import Context
from tools.image_check.image import Image, NotPassed
from tools.image_check.targets import TARGETS
from tools.slim_packages import size

ROOT = Path(__file__).resolve().parents[2]
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
LARGEST = 12


def base_python(folder: Path) -> Path:
    """A virtual environment in the base image's place: the same minor version, and one that nobody may run.

    Raises:
        LookupError: this machine has none.
    """
    own = str(Path(sys.executable).resolve())
    places = (own, *(shutil.which(VERSION, path=path) for path in ("/usr/local/bin", "/usr/bin")))
    become = AS_NOBODY if os.geteuid() == 0 and shutil.which("setpriv") else ()
    for python in filter(None, places):
        if _library_of(python) == _library_of(python, become):
            subprocess.run((python, "-m", "venv", str(folder)), check=True)
            return folder
    raise LookupError(f"No {VERSION} here can be run by another user; install one below /usr.")


def _library_of(python: str, become: Sequence[str] = ()) -> str:
    """Where a Python finds its standard library; a user who may not read that finds another, or none."""
    asked = (*become, python, "-c", "import os; print(os.__file__)")
    return subprocess.run(asked, capture_output=True, text=True, cwd="/").stdout


@contextmanager
def empty_folder(kept: Path | None) -> Iterator[Path]:
    """Where everything happens; not below /tmp, which the image's commands see as their own."""
    if kept:
        kept.mkdir(parents=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="telecom-image-", dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def check(image: Image, target: str) -> tuple[list[tuple[str, str, str]], bool]:
    """Runs every check; returns rows for the report, and whether all passed."""
    rows, good = [], True
    for name, look in TARGETS[target].checks(target).items():
        try:
            rows.append((name, "passed", look(image)))
        except NotPassed as refusal:
            rows.append((name, "NOT PASSED", str(refusal)))
            good = False
    return rows, good


def sizes(built: Built) -> list[tuple[str, str]]:
    """The largest entries of site-packages, bytecode included, in MB."""
    (packages,) = built.prefix.glob("lib/python3.*/site-packages")
    found = sorted(((size(path), path.name) for path in packages.iterdir() if path.is_dir()), reverse=True)
    rest = sum(bytes_ for bytes_, _ in found[LARGEST:])
    rows = [(name, f"{bytes_ / 1e6:.1f}") for bytes_, name in found[:LARGEST]]
    return [*rows, (f"{len(found) - LARGEST} others", f"{rest / 1e6:.1f}"), ("all", f"{size(built.prefix) / 1e6:.1f}")]


def report(console: Console, title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table."""
    table = Table(*header, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def main() -> int:
    """Entry point; returns the exit code: 0 all passed, 1 not."""
    parser = argparse.ArgumentParser(prog="python -m tools.image_check", description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work in this new folder and leave it")
    parser.add_argument("--image", choices=TARGETS, default="churn", help="which one (default: churn)")
    console, began, told = Console(), time.monotonic(), parser.parse_args()
    target = TARGETS[told.image]
    with empty_folder(told.keep) as folder:
        found = dockerfile.read(ROOT / target.file)
        built = build(found, Context.of(ROOT), folder, base_python(folder / "base"))
        cell = cell_for(folder / "scratch", built.environment)
        freeze(built.prefix)
        rows, good = check(Image(ROOT, built, cell), told.image)
        steps = [(f"{step.seconds:.1f}", step.line) for step in built.steps]
        left_out = [("not run", f"RUN {line}") for line in built.left_out]
        report(console, f"Steps of {target.file}", ("seconds", "step"), [*steps, *left_out])
        report(console, "Installed, MB", ("package", "MB"), sizes(built))
        report(console, f"Checked ({cell.words})", ("check", "", "found"), rows)
    console.print(f"{time.monotonic() - began:.0f} s. Not checked here: the base image, and the layers themselves.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
