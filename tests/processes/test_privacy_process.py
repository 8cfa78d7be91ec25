"""`telecom privacy erase` killed anywhere in the middle and begun again: all is gone, and the proof is whole."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from telecom import privacy
from telecom.bootstrap import Platform
from telecom.cli import app
from telecom.settings import Settings
from tests.contracts.home_search import found_below
from tests.contracts.people import ANA, NAMES, RUI, fill, leave_behind, put
from tests.contracts.people import stores as stores_of
from tests.processes.forked import Nursery

DYING = """
import importlib, os, signal, sys
place, times = sys.argv.pop(1), int(sys.argv.pop(1))
module, _, path = place.partition(":")
holder = importlib.import_module(module)
*owners, name = path.split(".")
for owner in owners:
    holder = getattr(holder, owner)
whole, called = getattr(holder, name), []

def dying(*given, **named):
    called.append(1)
    if len(called) == times:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*given, **named)

setattr(holder, name, dying)
from telecom.cli import main
main()
"""
WAREHOUSE, OBJECTS = "telecom.adapters.local.warehouse", "telecom.adapters.local.objects:LocalObjects"
CSV = "bronze/churn/a.csv"
PLACES = [
    (f"{OBJECTS}.put", 2),  # it was taken away, and its successor is not there yet
    ("telecom.adapters.local.records:LocalRecords.erase", 1),
    (f"{WAREHOUSE}:write_catalog", 6),  # files are written, and nobody knows of them
    (f"{WAREHOUSE}:LocalWarehouse._delete_unreferenced", 7),  # rows are gone, and their file is not
    ("telecom.adapters.local.features:LocalFeatureStore.forget", 1),
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """A home with a person everywhere, and how much of them is where."""
    folder = tmp_path_factory.mktemp("filled")
    platform = Platform(Settings(home=folder / "home"))
    fill(platform)
    leave_behind(platform.settings.home)
    put(platform, CSV, f"customerID,gender\n{ANA},Female\n{RUI},Male\n", folder)
    return platform.settings.home, privacy.survey(stores_of(platform), ANA)


ASKED = ("privacy", "erase", "--customer", ANA, "--by", "dpo", "--yes", "--json")


def killed(stores: Nursery, home: Path, *where: str) -> int | None:
    """The exit code of a process that erases and is killed there."""
    process = stores.start(DYING, (*where, *ASKED), os.environ | {"TELECOM_HOME": str(home)})
    process.communicate()
    return process.returncode


@pytest.mark.parametrize(("place", "times"), PLACES, ids=[place.rpartition(":")[2] for place, _ in PLACES])
def test_killed_and_begun_again(stores: Nursery, filled: Any, tmp_path: Path, place: str, times: int) -> None:
    (source, expected), home = filled, tmp_path / "home"
    shutil.copytree(source, home)
    assert killed(stores, home, place, str(times)) == -signal.SIGKILL
    done = CliRunner().invoke(app, ASKED, env={"TELECOM_HOME": str(home)})  # another process than the killed one
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["proof"]["places"] == expected
    assert found_below(home, (ANA, NAMES[ANA], f"{ANA.lower()}@example.org")) == {}
    lake = Platform(Settings(home=home)).objects
    assert lake.keys("") == (CSV,) and Path(lake.get(CSV, tmp_path)).read_text() == f"customerID,gender\n{RUI},Male\n"
