"""The documents of a folder: which files there are, what each one's bytes and front matter are worth as a digest."""

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from llmops.rag.blocks import Refused
from llmops.rag.formats import PARSERS
from telecom.errors import UsageError

SIDECAR = ".meta.yaml"
DATA = (".yaml", ".yml")
"""Said about documents or for programs; nobody reads it."""
VERSION = "1"
"""Part of every digest: raise it when parsing or chunking changes, so that every file is read anew."""


@dataclass(frozen=True)
class File:
    """A file that may be a document. `name` is its path in the folder, as it is cited."""

    name: str
    path: Path
    sidecar: Path

    @property
    def suffix(self) -> str:
        """In lower case."""
        return self.path.suffix.lower()

    def digest(self, most_bytes: int) -> str:
        """Of its bytes, its sidecar's and the version of this code.

        Raises:
            Refused: it is not a plain file of a known format, cannot be read, or is too large.
        """
        self._check(most_bytes)
        try:
            whole = hashlib.sha256(VERSION.encode())
            whole.update(bytes.fromhex(self.content_digest()))
            whole.update(self.sidecar.read_bytes() if self.sidecar.is_file() else b"")
        except OSError as error:
            raise Refused("unreadable", error.strerror or "") from error
        return whole.hexdigest()

    def content_digest(self) -> str:
        """SHA-256 of its bytes alone."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def _check(self, most_bytes: int) -> None:
        if self.suffix not in PARSERS:
            raise Refused("unsupported", self.suffix or "without a suffix")
        if not self.path.is_file():
            raise Refused("not_a_file")
        size = self.path.stat().st_size
        if size == 0:
            raise Refused("empty")
        if size > most_bytes:
            raise Refused("too_large", f"{size:,} bytes; at most {most_bytes:,} are read")


def files(folder: Path) -> Iterator[File]:
    """Every file below a folder by name, without hidden ones, sidecars and YAML. Links to folders are not followed.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"There is no folder {str(folder)!r}.", "Name the folder that holds the documents.")
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent, name)
            if not name.startswith((".", "~$")) and not name.endswith(DATA):
                shown = unicodedata.normalize("NFC", path.relative_to(folder).as_posix())
                found.append(File(shown, path, path.with_name(name + SIDECAR)))
    return iter(sorted(found, key=lambda file: file.name))


def inside(file: File, folder: Path) -> None:
    """That a file is no link out of the folder, and can be named.

    Raises:
        Refused: outside_folder; unreadable, where its name is not text.
    """
    try:
        file.name.encode()
    except UnicodeEncodeError as error:
        raise Refused("unreadable", "its name is not text") from error
    if any(ord(sign) < 32 for sign in file.name):
        raise Refused("unreadable", "there are control characters in its name")
    for path in (file.path, file.sidecar):
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            raise Refused("outside_folder")
