"""What only the lake on one machine can do wrong: links, folders, pipes, copies in the making."""

import os
from pathlib import Path

import pytest

from telecom.adapters.local.objects import LocalObjects
from telecom.errors import InputRefused, TelecomError, UsageError
from telecom.settings import Settings

KEY = "bronze/churn/snapshot_date=2026-01-31/0123-a.csv"


@pytest.fixture
def lake(tmp_path: Path) -> LocalObjects:
    return LocalObjects(Settings(home=tmp_path / "home of ção %41"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.csv"
    path.write_bytes(b"a\r\n\xff")
    return path


def test_the_same_bytes_twice_are_no_change(lake: LocalObjects, source: Path, tmp_path: Path) -> None:
    uri = lake.put(source, KEY)
    before = lake.get(uri, tmp_path).stat()
    assert lake.put(source, KEY) == uri
    after = lake.get(uri, tmp_path).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("key", ["../out.csv", "a/../../out.csv", "/etc/out.csv", "", ".", "a/.."])
def test_keys_do_not_leave_the_lake(lake: LocalObjects, source: Path, tmp_path: Path, key: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="not inside the lake"):
        lake.put(source, key)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_does_not_lead_out_of_the_lake(lake: LocalObjects, source: Path, tmp_path: Path) -> None:
    lake.put(source, "a/b.csv")
    (tmp_path / "home of ção %41" / "lake" / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="not inside the lake"):
        lake.put(source, "link/out.csv")


def test_folders_and_objects_do_not_take_each_others_names(lake: LocalObjects, source: Path) -> None:
    lake.put(source, KEY)
    with pytest.raises(UsageError, match="folder of the lake"):
        lake.put(source, "bronze/churn")
    with pytest.raises(UsageError, match="through an object"):
        lake.put(source, f"{KEY}/below.csv")
    assert lake.keys("") == (KEY,)


def test_a_copy_in_the_making_is_not_listed(lake: LocalObjects, source: Path, tmp_path: Path) -> None:
    lake.put(source, KEY)
    (tmp_path / "home of ção %41" / "lake" / "bronze" / ".half.csv.77").write_bytes(b"half")
    assert lake.keys("") == (KEY,)


@pytest.mark.parametrize("uri", ["gs://bucket/a.csv", "s3://bucket/a.csv", "https://example.org/a.csv"])
def test_other_schemes_are_refused(lake: LocalObjects, tmp_path: Path, uri: str) -> None:
    with pytest.raises(UsageError, match="TELECOM_BACKEND"):
        lake.get(uri, tmp_path)


def test_folders_and_pipes_are_no_files(lake: LocalObjects, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in (str(tmp_path), tmp_path.as_uri(), str(tmp_path / "pipe"), ""):
        with pytest.raises(TelecomError) as refused:
            lake.get(name, tmp_path)
        assert isinstance(refused.value, InputRefused) and refused.value.reason == "not_a_file"
