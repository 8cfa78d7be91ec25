"""Folders and shared documents in Cloud Storage: whole or not at all, and no change lost."""

import threading
from pathlib import Path

import pytest
from google.cloud import storage

from telecom.adapters.gcp import _buckets
from telecom.adapters.gcp._buckets import bucket_of, change_json, download_folder, read_json, upload_folder
from telecom.errors import DependencyUnavailable
from telecom.settings import Settings
from tests.loopback.cloud import Cloud

BUCKET = "gs://telecom-test-dev-models"


@pytest.fixture
def settings(gcp_settings: Settings) -> Settings:
    return gcp_settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder" / "deeper").mkdir(parents=True)
    (tmp_path / "folder" / "model.json").write_text("{}")
    (tmp_path / "folder" / "deeper" / "notes.txt").write_text("")
    return tmp_path / "folder"


def test_a_folder_goes_up_and_comes_back(cloud: Cloud, settings: Settings, folder: Path, tmp_path: Path) -> None:
    upload_folder(bucket_of(settings, "models"), "churn/aa", folder)
    assert cloud.storage.objects() == (f"{BUCKET}/churn/aa/deeper/notes.txt", f"{BUCKET}/churn/aa/model.json")
    assert download_folder(bucket_of(settings, "models"), "churn/aa", tmp_path / "copy")
    assert (tmp_path / "copy" / "model.json").read_text() == "{}"
    assert (tmp_path / "copy" / "deeper" / "notes.txt").read_text() == ""


def test_a_folder_is_not_its_longer_namesake(cloud: Cloud, settings: Settings, folder: Path, tmp_path: Path) -> None:
    upload_folder(bucket_of(settings, "models"), "churn/aab", folder)
    assert not download_folder(bucket_of(settings, "models"), "churn/aa", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_what_is_there_is_not_sent_again(cloud: Cloud, settings: Settings, folder: Path) -> None:
    upload_folder(bucket_of(settings, "models"), "churn/aa", folder)
    cloud.storage.calls.clear()
    (folder / "model.json").write_text("{ }")
    upload_folder(bucket_of(settings, "models"), "churn/aa", folder)
    assert len(cloud.storage.requests("POST", "/upload/")) == 1
    assert cloud.storage.content(f"{BUCKET}/churn/aa/model.json") == b"{ }"


@pytest.mark.parametrize("theirs", [b"{}", b"other"])
def test_a_file_written_by_another_meanwhile_is_kept(
    cloud: Cloud, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch, theirs: bytes
) -> None:
    bucket = bucket_of(settings, "models")
    bucket.blob("churn/aa/model.json").upload_from_string(theirs)
    monkeypatch.setattr(_buckets, "files_below", lambda *_: {})
    if theirs == b"{}":
        upload_folder(bucket, "churn/aa", folder)
    else:
        with pytest.raises(DependencyUnavailable, match="somebody else"):
            upload_folder(bucket, "churn/aa", folder)
    assert cloud.storage.content(f"{BUCKET}/churn/aa/model.json") == theirs


def test_of_two_changes_at_once_neither_is_lost(cloud: Cloud, settings: Settings) -> None:
    bucket, seen = bucket_of(settings, "models"), []

    def appended(stored: list[int]) -> list[int]:
        seen.append(stored)
        if len(seen) == 1:
            change_json(bucket, "list.json", [], lambda _: [1])
        return [*stored, 2]

    change_json(bucket, "list.json", [], appended)
    assert read_json(bucket, "list.json", None) == [1, 2] and seen == [[], [1]]


def test_a_change_that_never_wins_gives_up(settings: Settings) -> None:
    bucket = bucket_of(settings, "models")
    counts = iter(range(1_000))

    def overtaken(stored: int) -> int:
        change_json(bucket, "number.json", 0, lambda _: next(counts) + 1)
        return -1

    with pytest.raises(DependencyUnavailable, match="all the time"):
        change_json(bucket, "number.json", 0, overtaken)


def test_a_change_whose_answer_is_lost_is_made_once(cloud: Cloud, settings: Settings) -> None:
    bucket = bucket_of(settings, "models")
    cloud.fail("POST /upload/", kind="half")
    change_json(bucket, "list.json", [], lambda stored: stored if 1 in stored else [*stored, 1])
    assert read_json(bucket, "list.json", None) == [1]


def test_a_download_names_the_generations_of_the_listing(
    cloud: Cloud, settings: Settings, folder: Path, tmp_path: Path
) -> None:
    upload_folder(bucket_of(settings, "models"), "churn/aa", folder)
    download_folder(bucket_of(settings, "models"), "churn/aa", tmp_path / "copy")
    held = cloud.storage.emulator.objects["telecom-test-dev-models"]
    downloads = cloud.storage.requests("GET", "/download/")
    assert len(downloads) == 2
    for name in ("deeper%2Fnotes.txt", "model.json"):
        generation = held[f"churn/aa/{name.replace('%2F', '/')}"]["generation"]
        (download,) = (call for call in downloads if name in call.path)
        assert f"ifGenerationMatch={generation}" in download.path


def test_of_two_downloads_at_once_the_first_stays(settings: Settings, folder: Path, tmp_path: Path) -> None:
    bucket, target = bucket_of(settings, "models"), tmp_path / "below" / "copy"
    upload_folder(bucket, "churn/aa", folder)
    threads = [threading.Thread(target=download_folder, args=(bucket, "churn/aa", target)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {path.name for path in target.iterdir()} == {"deeper", "model.json"}
    assert {path.name for path in target.parent.iterdir()} == {"copy"}


def test_bytes_that_are_not_those_of_the_listing_are_not_kept(
    settings: Settings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = bucket_of(settings, "models")
    upload_folder(bucket, "churn/aa", folder)
    # As where an answer carries no checksum: the library then verifies nothing.
    monkeypatch.setattr(storage.Blob, "download_to_filename", lambda _, path, **__: Path(path).write_text("{]"))
    with pytest.raises(DependencyUnavailable, match=r"model\.json arrived damaged|notes\.txt arrived damaged"):
        download_folder(bucket, "churn/aa", tmp_path / "below" / "copy")
    assert list((tmp_path / "below").iterdir()) == []


def test_objects_outside_their_folder_are_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("../evil", "/evil", "a/../../evil"):
        monkeypatch.setattr(_buckets, "files_below", lambda *_, name=name: {name: None})
        with pytest.raises(DependencyUnavailable, match="leads out"):
            download_folder(None, "any", tmp_path / "target")
    assert list(tmp_path.iterdir()) == []
