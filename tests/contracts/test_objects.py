"""What every Objects promises: what `put` returns `get` finds, bytes stay as they are, keys stay inside the lake."""

from pathlib import Path

import pytest

from telecom.bootstrap import Platform
from telecom.errors import InputRefused, NotFound, UsageError
from telecom.ports import Objects

pytestmark = pytest.mark.backends("local", "gcp")

KEY = "bronze/churn/snapshot_date=2026-01-31/0123-a.csv"


@pytest.fixture
def lake(platform: Platform) -> Objects:
    return platform.objects


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.csv"
    path.write_bytes(b"a\r\n\xff")
    return path


@pytest.mark.parametrize(
    "key", [KEY, "bronze/Clientes de São Paulo+100%41 #1?.csv", "demo/churn/x", "quarantine/x.jsonl"]
)
def test_what_was_put_is_found_by_uri_and_by_key(lake: Objects, source: Path, tmp_path: Path, key: str) -> None:
    uri = lake.put(source, key)
    source.unlink()
    by_uri, by_key = lake.get(uri, tmp_path / "1"), lake.get(key, tmp_path / "2")
    assert by_uri.name == by_key.name == key.rpartition("/")[2]
    assert by_uri.read_bytes() == by_key.read_bytes() == b"a\r\n\xff"


def test_empty_files_are_files(lake: Objects, tmp_path: Path) -> None:
    (tmp_path / "marker").touch()
    assert lake.get(lake.put(tmp_path / "marker", "demo/marker"), tmp_path).read_bytes() == b""


def test_the_same_bytes_twice_are_no_change(lake: Objects, source: Path) -> None:
    assert lake.put(source, KEY) == lake.put(source, KEY)
    assert lake.keys("") == (KEY,)


def test_an_object_is_never_changed(lake: Objects, source: Path, tmp_path: Path) -> None:
    uri = lake.put(source, KEY)
    source.write_bytes(b"other")
    with pytest.raises(UsageError, match=r"0123-a\.csv.*immutable"):
        lake.put(source, KEY)
    assert lake.get(uri, tmp_path).read_bytes() == b"a\r\n\xff"


@pytest.mark.parametrize("key", ["../out.csv", "a/../../out.csv", "/etc/out.csv", "", ".", "bronze/.."])
def test_keys_do_not_leave_the_lake(lake: Objects, source: Path, key: str) -> None:
    with pytest.raises(UsageError, match="not inside the lake"):
        lake.put(source, key)
    assert lake.keys("") == ()


def test_a_source_that_is_missing_is_named(lake: Objects, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"gone\.csv"):
        lake.put(tmp_path / "gone.csv", KEY)
    assert lake.keys("") == ()


def test_keys_are_listed_in_order_by_prefix(lake: Objects, source: Path) -> None:
    assert lake.keys("") == ()
    names = ("gold/2.csv", "bronze/1.csv", "gold/10.csv", "demo/churn/x", "bronze/churn/ü.csv", "quarantine/x")
    for key in names:
        lake.put(source, key)
    assert lake.keys("") == tuple(sorted(names))
    assert lake.keys("gold/") == ("gold/10.csv", "gold/2.csv")
    assert lake.keys("gold/1") == ("gold/10.csv",)
    assert lake.keys("bro") == lake.keys("bronze/") == ("bronze/1.csv", "bronze/churn/ü.csv")
    assert lake.keys("demo/churn") == lake.keys("d") == ("demo/churn/x",)
    assert lake.keys("quarantine/") == ("quarantine/x",)
    assert lake.keys("nothing") == lake.keys("nothing/") == lake.keys("bronze/demo") == ()


def test_files_of_this_machine_are_read_where_they_are(
    lake: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "100%41 of it.csv"
    odd.write_text("x")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (str(odd), odd.as_uri(), odd.name, f"~/{odd.name}"):
        assert lake.get(name, tmp_path / "inbox").samefile(odd)


@pytest.mark.parametrize("uri", ["s3://bucket/a.csv", "https://example.org/a.csv"])
def test_other_schemes_are_refused(lake: Objects, tmp_path: Path, uri: str) -> None:
    with pytest.raises(UsageError, match="read"):
        lake.get(uri, tmp_path)


@pytest.mark.parametrize(
    "name", ["gone.csv", "file:///gone/a.csv", "a\0b", "~nobody-of-that-name/a.csv", "a" * 5_000, "bronze/gone.csv"]
)
def test_what_does_not_exist_is_not_found(lake: Objects, tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound):
        lake.get(name, tmp_path)


def test_folders_are_no_files(lake: Objects, tmp_path: Path) -> None:
    for name in (str(tmp_path), tmp_path.as_uri(), ""):
        with pytest.raises(InputRefused) as refused:
            lake.get(name, tmp_path)
        assert refused.value.reason == "not_a_file"
