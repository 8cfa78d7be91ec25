"""Which Parquet files make up each table: one JSON file, replaced atomically. That replacement is the commit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from telecom.adapters.local._files import write_json
from telecom.errors import TelecomError

FORMAT = 1


@dataclass(frozen=True)
class DataFile:
    """One immutable Parquet file of a table: its path below the warehouse, rows, and the values it stands for."""

    path: str
    rows: int
    scope: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Catalog:
    """The state of all tables at one moment."""

    version: int
    files: Mapping[str, tuple[DataFile, ...]]

    def replaced(self, changes: Mapping[str, tuple[DataFile, ...]]) -> Self:
        """The next state: in each changed table, new files take the place of those of the same scope.

        A file without rows stands for nothing and is not kept.
        """
        files = dict(self.files)
        for table, added in changes.items():
            scopes = {file.scope for file in added}
            kept = (file for file in files.get(table, ()) if file.scope not in scopes)
            present = [file for file in (*kept, *added) if file.rows]
            files[table] = tuple(sorted(present, key=lambda file: file.scope))
        return type(self)(self.version + 1, files)

    def paths(self) -> set[str]:
        """Every file that belongs to a table, relative to the warehouse."""
        return {file.path for files in self.files.values() for file in files}


def read_catalog(path: Path) -> Catalog:
    """The present state; an empty one before the first write.

    Raises:
        TelecomError: the catalog was written by an incompatible version of this code.
    """
    try:
        stored = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Catalog(0, {})
    except ValueError as error:
        raise TelecomError(
            f"The local catalogue {path} is not JSON: {error}.",
            "Restore a copy, or start in another TELECOM_HOME.",
        ) from error
    if stored.get("format") != FORMAT:
        raise TelecomError(
            f"The local warehouse {path.parent} has format {stored.get('format')!r}, not {FORMAT}.",
            "Use the release that wrote it, or start afresh in another TELECOM_HOME.",
        )
    files = {
        table: tuple(DataFile(f["path"], f["rows"], tuple(sorted(f["scope"].items()))) for f in found)
        for table, found in stored["tables"].items()
    }
    return Catalog(stored["version"], files)


class CatalogFile:
    """The catalogue on disk, read again only after it was replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[tuple[int, int, int], Catalog] | None = None

    def read(self) -> Catalog:
        """As `read_catalog`."""
        try:
            told = self._path.stat()
        except FileNotFoundError:
            return Catalog(0, {})
        stamp, known = (told.st_ino, told.st_mtime_ns, told.st_size), self._known
        if known is None or known[0] != stamp:
            # Older than what is read now, if it is replaced meanwhile: then it is read once more.
            self._known = known = stamp, read_catalog(self._path)
        return known[1]


def write_catalog(path: Path, catalog: Catalog) -> None:
    """Makes `catalog` the present state, durably, in one step."""
    tables = {
        table: [{"path": f.path, "rows": f.rows, "scope": dict(f.scope)} for f in files]
        for table, files in catalog.files.items()
    }
    write_json(path, {"format": FORMAT, "version": catalog.version, "tables": tables})
