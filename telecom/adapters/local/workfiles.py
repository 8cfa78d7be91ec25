"""Files below the home folder that no other adapter keeps: generated extracts, runs of pipelines, leftovers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from re import Pattern

from telecom.adapters.local._files import beside
from telecom.customer_files import ERASED, mention_of, take_customers_out, times_in
from telecom.settings import Settings

KEPT_BY_OTHERS = ("warehouse", "lake", "features", "knowledge", "models")
"""Folders of other adapters; what a killed process left in them begins with a dot, and is nobody's."""
DATABASES = ("assistant.db", "mlflow.db")
SECRETS = ("dev-token.key", "erasure-key.json")


class LocalWorkfiles:
    """Implements `telecom.ports.Workfiles` below `<home>`."""

    def __init__(self, settings: Settings) -> None:
        self._home = settings.home

    def mentions(self, words: Sequence[str]) -> Mapping[str, int]:
        """Findings of any of the words, by path below the home folder."""
        return self._each(mention_of(words), lambda path, pattern: None)

    def scrub(self, words: Sequence[str]) -> Mapping[str, int]:
        """Takes the words out; a file that is not text goes as a whole."""

        def scrub(path: Path, pattern: Pattern[bytes]) -> None:
            if path.name.startswith(".") or not _is_text(path):
                path.unlink()
                return
            with beside(path) as part:
                source = path
                if path.suffix == ".csv":
                    take_customers_out(path, part, frozenset(words).__contains__)
                    source = part
                part.write_bytes(pattern.sub(ERASED.encode(), source.read_bytes()))

        return self._each(mention_of(words), scrub)

    def _each(self, pattern: Pattern[bytes], then: Callable[[Path, Pattern[bytes]], None]) -> Mapping[str, int]:
        found = {}
        for path in self._files():
            if times := times_in(path, pattern):
                found[path.relative_to(self._home).as_posix()] = times
                then(path, pattern)
        return found

    def _files(self) -> Iterator[Path]:
        for path in sorted(self._home.rglob("*")):
            parts = path.relative_to(self._home).parts
            ours = parts[0] not in KEPT_BY_OTHERS or (parts[0] != "warehouse" and parts[-1].startswith("."))
            if ours and not path.is_symlink() and path.is_file() and not path.name.startswith((*DATABASES, *SECRETS)):
                yield path


def _is_text(path: Path) -> bool:
    try:
        return "\0" not in path.read_text("utf-8")
    except UnicodeDecodeError:
        return False
