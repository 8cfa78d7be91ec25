"""A person's records in the files of the lake: found, shown, taken out."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from re import Pattern
from tempfile import TemporaryDirectory
from typing import Any

from telecom.customer_files import mention_of, records_of, take_customers_out, times_in
from telecom.ports import Objects

WITHOUT_PEOPLE = ("docs/", "models/")
"""Layers of documents for all readers, and of models: trees, bins and counts."""
REPLACING = ".without"
"""Behind the key of a file that is about to take the place of another: a run that breaks off here loses nothing."""


class Lake:
    """The files that may name people.

    Args:
        objects: the lake.
        customer_id: of the person.
    """

    def __init__(self, objects: Objects, customer_id: str) -> None:
        self._objects, self._customer = objects, customer_id
        self._mention: Pattern[bytes] = mention_of((customer_id,))

    def find(self) -> dict[str, list[Any]]:
        """Their records by key; of a file that is neither CSV nor lines of JSON, how often it mentions them."""
        return {key: found for key, path in self._files() if (found := self._records(path))}

    def erase(self) -> None:
        """Puts each file without them in its place."""
        self._finish_what_broke_off()
        for key, path in self._files():
            if self._records(path):
                with _folder() as folder:
                    target = folder / "without"
                    kept = self._without(path, target)
                    self._replace(key, target if kept else None)

    def _files(self) -> Iterator[tuple[str, Path]]:
        for key in self._objects.keys(""):
            if not key.startswith(WITHOUT_PEOPLE):
                with _folder() as folder:
                    yield key, self._objects.get(key, folder)

    def _records(self, path: Path) -> list[Any]:
        times = times_in(path, self._mention)
        found: list[Any] = []
        if times and _is(path, ".csv"):
            found = [*records_of(path, self._customer)]
        elif times and _is(path, ".jsonl"):
            found = [json.loads(line) for line in path.read_bytes().splitlines() if self._mention.search(line)]
        return found or ([{"mentions": times}] if times else [])

    def _without(self, path: Path, target: Path) -> bool:
        """Writes the file without the person; False where nothing of it can stay."""
        if _is(path, ".csv"):
            taken = take_customers_out(path, target, lambda name: name == self._customer)
            return taken.records > 0 and not times_in(target, self._mention)
        if _is(path, ".jsonl"):
            lines = path.read_bytes().splitlines(keepends=True)
            target.write_bytes(b"".join(line for line in lines if not self._mention.search(line)))
            return True
        return False

    def _replace(self, key: str, file: Path | None) -> None:
        if file is None:
            self._objects.remove(key)
            return
        self._objects.put(file, f"{key}{REPLACING}")
        self._objects.remove(key)
        self._objects.put(file, key)
        self._objects.remove(f"{key}{REPLACING}")

    def _finish_what_broke_off(self) -> None:
        keys = self._objects.keys("")
        for waiting in (key for key in keys if key.endswith(REPLACING)):
            key = waiting.removesuffix(REPLACING)
            if key not in keys:
                with _folder() as folder:
                    self._objects.put(self._objects.get(waiting, folder), key)
            self._objects.remove(waiting)


def _is(path: Path, suffix: str) -> bool:
    return path.name.removesuffix(REPLACING).endswith(suffix)


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="telecom-privacy-") as name:
        yield Path(name)
