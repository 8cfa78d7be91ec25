"""The lake in Cloud Storage: one bucket per layer, objects that are never changed, bytes checked both ways."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import NotFound as Missing
from google.api_core.exceptions import PreconditionFailed

from telecom.adapters._paths import find_file
from telecom.adapters.gcp._checksums import Checksums, checksums
from telecom.adapters.gcp._clients import storage_client
from telecom.adapters.gcp._errors import DEADLINE, IDEMPOTENT, vendor_errors
from telecom.adapters.gcp._lake import key_of, place, searches
from telecom.errors import DependencyUnavailable, NotFound, UsageError
from telecom.settings import Settings

if TYPE_CHECKING:
    from google.cloud.storage import Blob, Bucket

# What is larger goes up in parts of this size; only the part that failed is sent again. A multiple of 256 KiB.
PART_BYTES = 16 << 20
_CALL: dict[str, Any] = {"timeout": DEADLINE, "retry": IDEMPOTENT}


class CloudStorageObjects:
    """Implements `telecom.ports.Objects`. `bronze/churn/a.csv` is `gs://<prefix>-bronze/churn/a.csv`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def put(self, source: Path, key: str) -> str:
        """Stores the bytes of `source` under `key`; the same bytes twice is no change.

        Returns:
            The object's URI, `gs://…`.

        Raises:
            UsageError: the key is not one of the lake, or already holds other bytes.
            NotFound: there is no such file, or no such bucket.
            DependencyUnavailable: Cloud Storage does not answer, or does not let us in.
        """
        layer, name = place(key)
        if not source.is_file():
            raise NotFound(f"There is no file {str(source)!r} to put under {key!r}.")
        bytes_of = checksums(source)
        blob = self._bucket(layer).blob(name, chunk_size=PART_BYTES)
        with vendor_errors(f"Writing {_uri(blob)}", _make_bucket(blob.bucket.name)):
            if not self._holds(blob, bytes_of, key):
                self._upload(blob, source, bytes_of, key)
        return _uri(blob)

    def get(self, uri: str, folder: Path) -> Path:
        """A local file with the object's bytes, below `folder` if it had to be fetched.

        `uri` may be `gs://…` (of any bucket), a local path or `file://…`, or a key of the lake.

        Raises:
            NotFound: there is no such file or object.
            InputRefused: not_a_file, where a local path leads to a folder or a device.
            UsageError: the scheme is unknown.
            DependencyUnavailable: Cloud Storage does not answer, or the bytes arrived damaged.
        """
        scheme, separator, rest = uri.partition("://")
        if scheme == "gs" and separator:
            return self._download(*_split(uri, rest), folder)
        if separator and scheme != "file":
            raise UsageError(f"{uri!r} cannot be read from.", "Give gs://…, a local path or a key of the lake.")
        try:
            return find_file(uri)
        except NotFound as nothing_here:
            try:
                layer, name = place(uri)
            except UsageError:
                raise nothing_here from None
        return self._download(self._settings.bucket(layer), name, folder)

    def keys(self, prefix: str) -> tuple[str, ...]:
        """Keys that start with `prefix`, in order."""
        found = (key for layer, below in searches(prefix).items() for key in self._keys_of(layer, below))
        return tuple(sorted(key for key in found if key.startswith(prefix) and not key.endswith("/")))

    def remove(self, key: str) -> bool:
        """Deletes the object with its noncurrent versions; the bucket's soft deletion still holds it for some days.

        Raises:
            UsageError: the key is not one of the lake.
            DependencyUnavailable: Cloud Storage does not answer, or its retention policy does not let go.
        """
        layer, name = place(key)
        bucket = self._bucket(layer)
        with vendor_errors(f"Deleting gs://{bucket.name}/{name}", _make_bucket(bucket.name)):
            found = [blob for blob in bucket.list_blobs(prefix=name, versions=True, **_CALL) if blob.name == name]
            for blob in found:
                with suppress(Missing):  # also the answer to our own repetition
                    blob.delete(**_CALL)
        return bool(found)

    def _keys_of(self, layer: str, below: str) -> list[str]:
        bucket = self._bucket(layer)
        with vendor_errors(f"Listing gs://{bucket.name}/{below}", _make_bucket(bucket.name)):
            return [key_of(layer, blob.name) for blob in bucket.list_blobs(prefix=below, **_CALL)]

    def _upload(self, blob: "Blob", source: Path, bytes_of: Checksums, key: str) -> None:
        try:
            # Generation 0: only if nobody was first. That makes the call safe to repeat.
            blob.upload_from_filename(str(source), if_generation_match=0, checksum="crc32c", **_CALL)
        except PreconditionFailed:
            # Also the answer to our own repetition, when the first answer was lost.
            if not self._holds(blob, bytes_of, key):
                raise

    def _holds(self, blob: "Blob", bytes_of: Checksums, key: str) -> bool:
        """Whether the object exists, with these bytes; with others it is refused."""
        there = blob.bucket.get_blob(blob.name, **_CALL)
        if there is None:
            return False
        if not bytes_of.match(there.size, there.crc32c, there.md5_hash):
            raise UsageError(f"The object {key!r} exists with other bytes.", "Objects are immutable; use another key.")
        return True

    def _download(self, bucket: str, name: str, folder: Path) -> Path:
        uri = f"gs://{bucket}/{name}"
        target = folder / PurePosixPath(name).name
        with vendor_errors(f"Reading {uri}"):
            blob = storage_client(self._settings).bucket(bucket).get_blob(name, **_CALL)
            if blob is None:
                raise NotFound(f"There is no object {uri!r}.", "Check its name with: gcloud storage ls")
            folder.mkdir(parents=True, exist_ok=True)
            _fetch(blob, target)
        return target

    def _bucket(self, layer: str) -> "Bucket":
        return storage_client(self._settings).bucket(self._settings.bucket(layer))


def _fetch(blob: "Blob", target: Path) -> None:
    """Downloads to a file beside `target`, checks its bytes, and only then gives it the name."""
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
    os.close(handle)
    try:
        # Raw: as stored, also where the object says that it is compressed.
        blob.download_to_filename(part, raw_download=True, if_generation_match=blob.generation, **_CALL)
        if not checksums(Path(part)).match(blob.size, blob.crc32c, blob.md5_hash):
            raise DependencyUnavailable(f"{_uri(blob)} arrived damaged: its checksum differs.", "Run it again.")
        Path(part).replace(target)
    finally:
        Path(part).unlink(missing_ok=True)


def _split(uri: str, rest: str) -> tuple[str, str]:
    bucket, _, name = rest.partition("/")
    if not bucket or name.rpartition("/")[2] in ("", ".", ".."):
        raise UsageError(f"{uri!r} names no object.", "Write gs://bucket/name.")
    return bucket, name


def _uri(blob: "Blob") -> str:
    return f"gs://{blob.bucket.name}/{blob.name}"


def _make_bucket(name: str) -> str:
    return f"Check that the bucket {name} exists (infra/terraform makes it) and that you may use it."
