"""The lake on one machine: a folder. Keys become paths; an object, once written, is never changed."""

import hashlib
import shutil
from pathlib import Path

from telecom.adapters._paths import find_file
from telecom.adapters.local._files import beside, fsync_path
from telecom.errors import NotFound, UsageError
from telecom.settings import Settings


class LocalObjects:
    """Implements `telecom.ports.Objects` below `<home>/lake`."""

    def __init__(self, settings: Settings) -> None:
        self._root = settings.home / "lake"

    def put(self, source: Path, key: str) -> str:
        """Stores a copy of the bytes of `source` under `key`; the same bytes twice is no change.

        Returns:
            The object's URI.

        Raises:
            UsageError: the key leaves the lake, or already holds other bytes.
        """
        target = self._path(key)
        if not source.is_file():
            raise NotFound(f"There is no file {str(source)!r} to put under {key!r}.")
        if target.is_dir():
            raise UsageError(f"The key {key!r} is a folder of the lake.", "Name a file in it.")
        if target.exists():
            if _digest(target) != _digest(source):
                raise UsageError(
                    f"The object {key!r} exists with other bytes.", "Objects are immutable; use another key."
                )
            return target.as_uri()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise UsageError(f"The key {key!r} leads through an object.", "Use another key.") from error
        with beside(target) as part:
            shutil.copyfile(source, part)
        return target.as_uri()

    def get(self, uri: str, folder: Path) -> Path:
        """A local file with the object's bytes. `uri` may be a plain path, `file://…` or a key of the lake.

        Raises:
            NotFound: there is no such file.
            InputRefused: not_a_file, where the path leads to a folder or a device.
            UsageError: the scheme is not local.
        """
        scheme, separator, _ = uri.partition("://")
        if separator and scheme != "file":
            raise UsageError(
                f"The local backend cannot read {uri!r}.", "Give a local path, or set TELECOM_BACKEND=gcp."
            )
        return find_file(uri, self._root)

    def keys(self, prefix: str) -> tuple[str, ...]:
        """Keys that start with `prefix`, in order."""
        found = (path.relative_to(self._root).as_posix() for path in self._root.rglob("*") if path.is_file())
        return tuple(sorted(key for key in found if key.startswith(prefix) and not Path(key).name.startswith(".")))

    def remove(self, key: str) -> bool:
        """Deletes the object, if it is there.

        Raises:
            UsageError: the key leaves the lake.
        """
        path = self._path(key)
        if not path.is_file():
            return False
        path.unlink()
        fsync_path(path.parent)
        return True

    def _path(self, key: str) -> Path:
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root.resolve()) or path == self._root.resolve():
            raise UsageError(f"The key {key!r} is not inside the lake.", "Use a relative key such as bronze/churn/…")
        return path


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
