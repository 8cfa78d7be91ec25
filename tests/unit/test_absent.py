"""Packages that a process does without."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from telecom import cli
from telecom.absent import let_in, without

CODE = """
from telecom.absent import keep_out
keep_out("colorsys")
try:
    import colorsys
except ModuleNotFoundError as error:
    print(error, error.name)
import json.tool
"""


@pytest.fixture
def own_finders(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this test keeps out comes back, though something else has imported it."""
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    for name in ("pandas", "sklearn", "colorsys"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr("gc.set_threshold", lambda *_: None)


def test_what_is_kept_out_is_not_installed_and_all_else_is() -> None:
    done = subprocess.run((sys.executable, "-c", CODE), capture_output=True, text=True, check=True)
    assert done.stdout == "No module named 'colorsys' colorsys\n"


@pytest.mark.usefixtures("own_finders")
def test_outside_of_the_block_it_is_there() -> None:
    before = [*sys.meta_path]
    with pytest.raises(ModuleNotFoundError, match="colorsys"), without("colorsys"):
        find_spec("colorsys")
    assert find_spec("colorsys") and sys.meta_path == before


@pytest.mark.usefixtures("own_finders")
@pytest.mark.parametrize("name", ["pandas", "sklearn"])
def test_the_command_does_without_it_until_it_is_let_in(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(sys, "argv", ["telecom", "--help"])
    with pytest.raises(SystemExit):
        cli.main()
    with pytest.raises(ModuleNotFoundError, match=name):
        find_spec(name)
    let_in()
    assert find_spec(name)


@pytest.mark.usefixtures("own_finders")
def test_a_block_may_be_let_in_meanwhile() -> None:
    before = [*sys.meta_path]
    with without("colorsys"):
        let_in()
        assert find_spec("colorsys")
    assert sys.meta_path == before
