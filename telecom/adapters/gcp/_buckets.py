"""Folders and small shared documents in Cloud Storage, safe to repeat and safe against others at work."""

import json
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from google.api_core.exceptions import NotFound as Missing
from google.api_core.exceptions import PreconditionFailed

from telecom.adapters.gcp._checksums import checksums
from telecom.adapters.gcp._clients import storage_client
from telecom.adapters.gcp._errors import DEADLINE, IDEMPOTENT
from telecom.errors import DependencyUnavailable
from telecom.settings import Settings

_ATTEMPTS = 20
_CALL = {"timeout": DEADLINE, "retry": IDEMPOTENT}


def bucket_of(settings: Settings, layer: str) -> Any:
    """The bucket of a layer, without asking whether it exists."""
    return storage_client(settings).bucket(settings.bucket(layer))


def files_below(bucket: Any, prefix: str) -> dict[str, Any]:
    """The objects of a folder by their path in it; empty where there is no such folder."""
    found = bucket.list_blobs(prefix=f"{prefix}/", **_CALL)
    named = {blob.name.removeprefix(f"{prefix}/"): blob for blob in found}
    return {name: blob for name, blob in named.items() if name and not name.endswith("/")}


def upload_folder(bucket: Any, prefix: str, folder: Path) -> None:
    """Puts every file of a folder under `prefix`; one that is there with the same bytes is left alone.

    Raises:
        DependencyUnavailable: somebody else writes other bytes to the same place at this moment.
    """
    there = files_below(bucket, prefix)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        if name not in there or not _same(there[name], path):
            _upload(bucket, f"{prefix}/{name}", path, there[name].generation if name in there else 0)


def _upload(bucket: Any, name: str, path: Path, generation: int) -> None:
    try:
        bucket.blob(name).upload_from_filename(str(path), if_generation_match=generation, **_CALL)
    except PreconditionFailed as error:
        # Also the answer to our own repetition after a response that was lost.
        now = bucket.get_blob(name, **_CALL)
        if now is None or not _same(now, path):
            raise DependencyUnavailable(
                f"gs://{bucket.name}/{name} was changed by somebody else at the same time.", "Run it again."
            ) from error


def download_folder(bucket: Any, prefix: str, target: Path) -> bool:
    """Copies a folder to `target`, whole or not at all, every file verified by its checksum.

    Returns:
        False where the bucket has no such folder.

    Raises:
        DependencyUnavailable: a file changed on the way or arrived damaged.
    """
    found = files_below(bucket, prefix)
    if not found:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
        part = Path(scratch) / target.name
        for name, blob in found.items():
            _download(blob, part / _inside(name))
        try:
            part.rename(target)
        except OSError:
            if not target.is_dir():  # otherwise another process was first, with the same files
                raise
    return True


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise DependencyUnavailable(f"The object name {name!r} leads out of its folder.", "Remove it from the bucket.")
    return path


def _download(blob: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Downloading overwrites the object's properties by what the answer's headers say, or leave out.
    expected = blob.size, blob.crc32c, blob.md5_hash
    blob.download_to_filename(str(path), if_generation_match=blob.generation, **_CALL)
    if not checksums(path).match(*expected):
        raise DependencyUnavailable(f"gs://{blob.bucket.name}/{blob.name} arrived damaged.", "Run it again.")
    with path.open("rb") as file:
        os.fsync(file.fileno())


def read_json(bucket: Any, name: str, default: Any) -> Any:
    """A JSON document, or `default` where there is none."""
    try:
        return json.loads(bucket.blob(name).download_as_bytes(**_CALL))
    except Missing:
        return default


def change_json(bucket: Any, name: str, default: Any, change: Callable[[Any], Any]) -> None:
    """Replaces a JSON document by `change` of it; of two changes at once, the later one sees the earlier one's result.

    Raises:
        DependencyUnavailable: others changed it at every attempt.
    """
    for _ in range(_ATTEMPTS):
        found = bucket.get_blob(name, **_CALL)
        generation = found.generation if found else 0
        try:
            stored = json.loads(found.download_as_bytes(if_generation_match=generation, **_CALL)) if found else default
            changed = change(stored)
            if changed != stored:
                bucket.blob(name).upload_from_string(
                    json.dumps(changed), "application/json", if_generation_match=generation, **_CALL
                )
            return
        except (PreconditionFailed, Missing):
            continue
    raise DependencyUnavailable(f"gs://{bucket.name}/{name} is being changed all the time by others.", "Run it again.")


def _same(blob: Any, path: Path) -> bool:
    return checksums(path).match(blob.size, blob.crc32c, blob.md5_hash)
