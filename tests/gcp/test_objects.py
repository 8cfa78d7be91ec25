"""Cloud Storage over the wire: preconditions, parts, checksums, repetitions, and answers that break."""

from pathlib import Path
from typing import Any

import pytest
from google.api_core.retry import Retry

from telecom.adapters.gcp import objects as adapter
from telecom.adapters.gcp._checksums import checksums
from telecom.adapters.gcp._errors import DEADLINE, is_transient
from telecom.adapters.gcp._lake import key_of, place
from telecom.adapters.gcp.objects import CloudStorageObjects
from telecom.errors import DependencyUnavailable, NotFound, UsageError
from telecom.settings import Settings
from tests.loopback.cloud import Cloud
from tests.loopback.faults import Kind

KEY = "bronze/churn/a.csv"
URI = "gs://telecom-test-dev-bronze/churn/a.csv"
TRANSIENT: tuple[Kind, ...] = ("429", "500", "503", "timeout", "half")
LOOK = "GET /storage/v1/b/telecom-test-dev-bronze/o/"
BIG = bytes(range(256)) * 40_000  # 10.2 MB: above 8 MiB an upload is resumable


@pytest.fixture
def lake(gcp_settings: Settings) -> CloudStorageObjects:
    return CloudStorageObjects(gcp_settings)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.csv"
    path.write_bytes(b"a,b\r\n1,\xff\r\n")
    return path


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for tenths of a second where the product waits for a minute."""
    retry = Retry(predicate=is_transient, initial=0.01, maximum=0.02, timeout=0.3)
    monkeypatch.setattr(adapter, "_CALL", {"timeout": 0.1, "retry": retry})


def test_each_layer_has_its_bucket(cloud: Cloud, lake: CloudStorageObjects, source: Path) -> None:
    keys = (KEY, "gold/x/y.parquet", "demo/churn/x", "quarantine/r.jsonl")
    assert [lake.put(source, key) for key in keys] == [
        URI,
        "gs://telecom-test-dev-gold/x/y.parquet",
        "gs://telecom-test-dev-bronze/demo/churn/x",
        "gs://telecom-test-dev-bronze/quarantine/r.jsonl",
    ]
    assert cloud.storage.content(URI) == source.read_bytes()


@pytest.mark.parametrize("key", [KEY, "demo/x", "quarantine/x", "models/demo/x"])
def test_keys_and_places_are_one_to_one(key: str) -> None:
    assert key_of(*place(key)) == key


@pytest.mark.parametrize("key", ["bronze/demo/x", "churn/x", "bronze", "bronze/", "bronze//x", "bronze/a\nb", "demo"])
def test_other_keys_are_none(key: str) -> None:
    with pytest.raises(UsageError, match="not inside the lake"):
        place(key)


def test_keys_fit_into_cloud_storage() -> None:
    assert place("bronze/" + "é" * 512)
    with pytest.raises(UsageError, match="1024 bytes"):
        place("bronze/" + "é" * 513)


def test_a_put_insists_that_nobody_was_first(cloud: Cloud, lake: CloudStorageObjects, source: Path) -> None:
    lake.put(source, KEY)
    (upload,) = cloud.storage.requests("POST", "/upload/")
    assert "ifGenerationMatch=0" in upload.path
    assert checksums(source).crc32c.encode() in upload.body
    lake.put(source, KEY)
    assert len(cloud.storage.requests("POST", "/upload/")) == 1, "the same bytes are not sent again"


def test_two_writers_at_once_do_not_overwrite_each_other(
    cloud: Cloud, lake: CloudStorageObjects, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = CloudStorageObjects._upload

    def others_are_first(self: CloudStorageObjects, blob: object, path: Path, *rest: object) -> None:
        monkeypatch.setattr(CloudStorageObjects, "_upload", whole)
        other = source.with_name("other.csv")
        other.write_bytes(theirs)
        lake.put(other, KEY)
        whole(self, blob, path, *rest)  # type: ignore[arg-type]

    theirs = b"theirs"
    monkeypatch.setattr(CloudStorageObjects, "_upload", others_are_first)
    with pytest.raises(UsageError, match="immutable"):
        lake.put(source, KEY)
    assert cloud.storage.content(URI) == b"theirs"


def test_every_call_has_a_deadline(
    lake: CloudStorageObjects, source: Path, tmp_path: Path, gcp_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = adapter.storage_client(gcp_settings)._http
    whole, timeouts = session.request, []

    def noting(*args: Any, **named: Any) -> Any:
        if "/o" in str((*args, named.get("url"))):  # the library looks at the bucket too, in a thread of its own
            timeouts.append(named["timeout"])
        return whole(*args, **named)

    monkeypatch.setattr(session, "request", noting)
    lake.get(lake.put(source, KEY), tmp_path / "inbox")
    lake.keys("")
    assert len(timeouts) >= 5
    assert set(timeouts) == {DEADLINE}


def test_big_files_go_up_in_parts(
    cloud: Cloud, lake: CloudStorageObjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "PART_BYTES", 4 << 20)
    (tmp_path / "big").write_bytes(BIG)
    cloud.fail("PUT /upload/", times=1, kind="503")
    uri = lake.put(tmp_path / "big", KEY)
    parts = cloud.storage.requests("PUT", "/upload/")
    assert [len(part.body) for part in parts] == [4 << 20, 4 << 20, 4 << 20, len(BIG) - (8 << 20)]
    assert lake.get(uri, tmp_path / "inbox").read_bytes() == BIG
    assert lake.put(tmp_path / "big", KEY) == uri


@pytest.mark.parametrize("kind", TRANSIENT)
def test_what_passes_by_itself_is_repeated(
    cloud: Cloud, lake: CloudStorageObjects, source: Path, tmp_path: Path, impatient: None, kind: Kind
) -> None:
    for target in (LOOK, "POST /upload/"):
        cloud.fail(target, kind=kind)
    uri = lake.put(source, KEY)
    assert len(cloud.storage.requests("POST", "/upload/")) == 2
    for target in (LOOK, "GET /download/"):
        cloud.fail(target, kind=kind)
    assert lake.get(uri, tmp_path / "inbox").read_bytes() == source.read_bytes()
    cloud.fail("GET /o?", kind=kind)
    assert lake.keys("bronze/") == (KEY,)
    assert cloud.faults.unspent == {}


@pytest.mark.parametrize("kind", ["429", "500", "503", "timeout", "half", "hang"])
def test_what_does_not_pass_is_said(
    cloud: Cloud, lake: CloudStorageObjects, source: Path, tmp_path: Path, impatient: None, kind: Kind
) -> None:
    lake.put(source, "bronze/known")
    cloud.fail("/", times=1_000, kind=kind)
    for act in (lambda: lake.put(source, KEY), lambda: lake.get(URI, tmp_path / "inbox"), lambda: lake.keys("bronze/")):
        with pytest.raises(DependencyUnavailable, match=r"gs://telecom-test-dev-bronze") as raised:
            act()
        assert "later" in raised.value.remedy
    cloud.faults.reset()
    written = {URI} if kind == "half" else set()
    assert set(cloud.storage.objects()) == {"gs://telecom-test-dev-bronze/known"} | written
    assert list((tmp_path / "inbox").glob("*") if (tmp_path / "inbox").exists() else ()) == []


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_damaged_bytes_are_never_handed_out(cloud: Cloud, lake: CloudStorageObjects, tmp_path: Path, size: int) -> None:
    (tmp_path / "x").write_bytes(b"x" * size)
    uri = lake.put(tmp_path / "x", KEY)
    inbox = tmp_path / "inbox"
    cloud.fail("GET /download/", kind="corrupt")
    if size:
        with pytest.raises(DependencyUnavailable, match="damaged"):
            lake.get(uri, inbox)
        assert list(inbox.iterdir()) == [], "no half file stays"
    assert lake.get(uri, inbox).read_bytes() == b"x" * size
    assert [path.name for path in inbox.iterdir()] == ["a.csv"]


def test_damage_without_a_checksum_in_the_header_is_found_too(
    cloud: Cloud, lake: CloudStorageObjects, tmp_path: Path, source: Path
) -> None:
    uri = lake.put(source, KEY)
    held = cloud.storage.emulator.objects["telecom-test-dev-bronze"]["churn/a.csv"]
    held["size"] = str(int(held["size"]) + 1)
    with pytest.raises(DependencyUnavailable, match="checksum differs"):
        lake.get(uri, tmp_path / "inbox")
    assert list((tmp_path / "inbox").iterdir()) == []


def test_a_download_names_the_generation_that_it_looked_at(
    cloud: Cloud, lake: CloudStorageObjects, tmp_path: Path, source: Path
) -> None:
    lake.get(lake.put(source, KEY), tmp_path / "inbox")
    held = cloud.storage.emulator.objects["telecom-test-dev-bronze"]["churn/a.csv"]
    (download,) = cloud.storage.requests("GET", "/download/")
    assert f"ifGenerationMatch={held['generation']}" in download.path


def test_objects_of_any_bucket_are_read(cloud: Cloud, lake: CloudStorageObjects, tmp_path: Path, source: Path) -> None:
    cloud.storage.create("somebody-else")
    client = adapter.storage_client(cloud.settings())
    client.bucket("somebody-else").blob("in/file.csv").upload_from_filename(str(source))
    assert lake.get("gs://somebody-else/in/file.csv", tmp_path / "inbox").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("uri", ["gs://", "gs://bucket", "gs://bucket/", "gs://bucket/folder/", "gs:///x", "gs://b/.."])
def test_uris_without_an_object_are_refused(lake: CloudStorageObjects, tmp_path: Path, uri: str) -> None:
    with pytest.raises(UsageError, match="names no object"):
        lake.get(uri, tmp_path)


def test_what_is_missing_is_named(lake: CloudStorageObjects, tmp_path: Path, source: Path, cloud: Cloud) -> None:
    with pytest.raises(NotFound, match="gs://telecom-test-dev-gold/gone"):
        lake.get("gold/gone", tmp_path)
    elsewhere = CloudStorageObjects(cloud.settings(bucket_prefix="no-such"))
    with pytest.raises(NotFound, match="gs://no-such-gold/x") as raised:
        elsewhere.put(source, "gold/x")
    assert "terraform" in raised.value.remedy
    with pytest.raises(NotFound, match="gs://no-such-gold/"):
        elsewhere.keys("gold/")


def test_folder_markers_of_the_console_are_no_keys(cloud: Cloud, lake: CloudStorageObjects, source: Path) -> None:
    adapter.storage_client(cloud.settings()).bucket("telecom-test-dev-gold").blob("folder/").upload_from_string("")
    lake.put(source, "gold/folder/a")
    assert lake.keys("gold/") == ("gold/folder/a",)
