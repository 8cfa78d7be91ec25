"""What an import costs and does: nothing that the design forbids."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.honesty.documents import ROOT

HEAVY = ("duckdb", "xgboost", "mlflow", "pyarrow", "pandas", "rich", "sklearn", "scipy", "optuna", "altair", "numpy")

HELP = """
import sys
from telecom.cli import main
sys.argv = ["telecom", *sys.argv[1:]]
try:
    main()
finally:
    loaded = {name.split(".")[0] for name in sys.modules}
    sys.stderr.write(" ".join(sorted(loaded)))
"""

IMPORT_ALL = """
import gc, importlib, os, pkgutil, sys
gc.disable()  # nothing that is imported is garbage
import wsgiref.handlers  # copies the whole environment when it is imported; prometheus_client imports it
import tqdm  # the same; optuna imports it

read, written, opened = set(), set(), set()
getitem = os._Environ.__getitem__

def watched(self, key):
    if str(key).startswith("TELECOM_"):
        read.add(key)
    return getitem(self, key)

def audit(event, args):
    if event == "open" and (set("wax+") & set(str(args[1])) or (args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
        if args[0] != os.devnull:
            written.add(str(args[0]))
    if event in ("os.mkdir", "os.rename", "os.remove", "socket.connect", "subprocess.Popen"):
        opened.add((event, str(args)))

import telecom, mlops.src
packages = (telecom, mlops.src)
os._Environ.__getitem__ = watched
sys.addaudithook(audit)
names = [m.name for p in packages for m in pkgutil.walk_packages(p.__path__, p.__name__ + ".")]
names = [name for name in names if not name.endswith(".__main__")]  # importing those is running them
for name in names:
    importlib.import_module(name)
print(len(names), sorted(read), sorted(written), sorted(opened), sep="\\n", flush=True)
os._exit(0)  # taking everything down again is not looked at
"""


def python(script: str, *arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script in an empty folder that is also the user's home."""
    ours = {"HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(folder)} | environment
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TELECOM_", "COV_", "COVERAGE"))}
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=folder, env=kept | ours, capture_output=True, text=True
    )


@pytest.mark.parametrize("arguments", [("--help",), ("demo", "--help"), ("data", "fetch", "--help")], ids=" ".join)
def test_help_loads_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = python(HELP, *arguments, folder=tmp_path)
    assert done.returncode == 0 and "Usage: telecom" in done.stdout
    loaded = set(done.stderr.split())
    assert "typer" in loaded and loaded.isdisjoint(HEAVY)


def test_importing_everything_reads_no_setting_and_changes_nothing(tmp_path: Path) -> None:
    done = python(IMPORT_ALL, folder=tmp_path, TELECOM_BACKEND="nonsense", TELECOM_THREADS="many")
    assert done.returncode == 0, done.stderr
    count, *found = done.stdout.splitlines()
    modules = [
        path for name in ("telecom", "mlops/src") for path in (ROOT / name).rglob("*.py") if path.name != "__main__.py"
    ]
    assert int(count) == len(modules) - 2  # the packages themselves come first
    assert found == ["[]", "[]", "[]"]
    assert list(tmp_path.iterdir()) == []
