"""What the doctor says about the state folder."""

from pathlib import Path

import pytest

from telecom.doctor import Check, examine
from telecom.settings import Settings


def state_folder(home: Path) -> Check:
    return next(check for check in examine(Settings(home=home)) if check.name == "state folder")


def test_a_folder_that_can_be_made_is_well(tmp_path: Path) -> None:
    assert state_folder(tmp_path / "a" / "b").ok
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_is_no_state_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    found = state_folder(tmp_path / name)
    assert not found.ok and "is a file" in found.found and "TELECOM_HOME" in found.mend
