"""Files in the making and locks: nothing half-done stays, and nothing must be written to read."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from telecom.adapters.local._files import beside, exclusive, shared
from telecom.adapters.local.objects import LocalObjects
from telecom.errors import WarehouseBusy
from telecom.settings import Settings
from telecom.synthetic import customers


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_finished_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with beside(tmp_path / "below" / "a.json") as part:
            part.write_text(text)
    assert (tmp_path / "below" / "a.json").read_text() == "new"
    assert names(tmp_path / "below") == ["a.json"]


def test_a_folder_may_be_prepared_too(tmp_path: Path) -> None:
    with beside(tmp_path / "model") as part:
        (part / "in").mkdir(parents=True)
        (part / "in" / "a").write_text("x")
    assert (tmp_path / "model" / "in" / "a").read_text() == "x"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_on_an_error_nothing_stays(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), beside(tmp_path / "a.json") as part:
        part.write_text("half")
        raise error
    assert names(tmp_path) == []


def test_what_dead_processes_left_is_removed_and_no_more(tmp_path: Path, gone: int) -> None:
    alive = f".a.json.{os.getppid()}"
    for name in (f".a.json.{gone}", alive, f".b.json.{gone}", f"a.json.{gone}", ".a.json.text", ".aXjson.1"):
        (tmp_path / name).write_text("half")
    (tmp_path / f".a.json.0{gone}").mkdir()
    with beside(tmp_path / "a.json") as part:
        part.write_text("whole")
    assert names(tmp_path) == sorted(
        [alive, f".b.json.{gone}", f"a.json.{gone}", ".a.json.text", ".aXjson.1", "a.json"]
    )


def test_a_copy_that_fails_leaves_nothing_in_the_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path, target: Path) -> None:
        target.write_text("half")
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("shutil.copyfile", full)
    (tmp_path / "source").write_text("x")
    with pytest.raises(OSError, match="full"):
        LocalObjects(Settings(home=tmp_path / "home")).put(tmp_path / "source", "bronze/a.csv")
    assert names(tmp_path / "home" / "lake" / "bronze") == []


def test_a_generated_file_makes_its_folder(tmp_path: Path) -> None:
    assert customers.write_csv(tmp_path / "new" / "a.csv", 3, 7) == 3
    assert names(tmp_path / "new") == ["a.csv"]


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def refusing(self: Path, mode: str = "r", *others: Any, **more: Any) -> Any:
        if "r" not in mode:
            raise OSError(errno.EROFS, "Read-only file system", str(self))
        return opened(self, mode, *others, **more)

    monkeypatch.setattr(Path, "open", refusing)


def test_readers_do_not_wait_for_ever(tmp_path: Path) -> None:
    lock = tmp_path / "files.lock"
    with (
        exclusive(lock, 0, "It"),
        pytest.raises(WarehouseBusy, match="being cleared by another process"),
        shared(lock, 0),
    ):
        pytest.fail("it is held")


def test_readers_and_one_writer_lock_a_file_they_may_not_write(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    lock = tmp_path / "files.lock"
    lock.write_text("process 7")
    request.getfixturevalue("read_only")
    with shared(lock), shared(lock):
        pass
    with exclusive(lock, 0, "It"):
        pass
    assert lock.read_bytes() == b"process 7"


@pytest.mark.usefixtures("read_only")
def test_without_a_lock_to_hold_only_readers_go_on(tmp_path: Path) -> None:
    with shared(tmp_path / "files.lock"):
        assert names(tmp_path) == []
    with pytest.raises(OSError, match="Read-only"), exclusive(tmp_path / "write.lock", 0, "It"):
        pass
