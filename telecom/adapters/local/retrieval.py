"""The knowledge base on one machine: a tantivy index that many processes read while one writes."""

import os
import shutil
import threading
import weakref
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import tantivy

from telecom.adapters.local import _index
from telecom.adapters.local._files import beside, exclusive
from telecom.adapters.local._index import Known
from telecom.adapters.local._ranking import Ranking
from telecom.errors import NotFound, TelecomError
from telecom.passages import without_twins
from telecom.ports import Found, Passage, Reading
from telecom.settings import Settings

FORMAT = "index-1"
"""Name of the folder; another where entries change, so that an index of before is not read."""


class LocalRetriever:
    """Implements `telecom.ports.Retriever` below `<home>/knowledge`.

    The first passage's score is the probability (0 to 1) that the question is answered by one of the first five, as
    calibrated in `_ranking`; below 0.5 one had better say nothing.
    """

    def __init__(self, settings: Settings, ranking: Ranking | None = None) -> None:
        self._folder = settings.home / "knowledge" / FORMAT
        self._settings = settings
        self._ranking = ranking or Ranking()
        self._lock = threading.Lock()
        self._open: tuple[tuple[int, int], Any, Any, Known] | None = None

    def search(self, query: str, reading: Reading, k: int = 5) -> tuple[Found, ...]:
        """At most `k` passages that the reader may see, best first, none twice in other words.

        Raises:
            NotFound: nothing was ingested yet.
            TelecomError: the index is damaged.
        """
        _, index, searcher, known = self._opened()
        found = self._ranking.find(searcher, index.schema, query, reading, known)
        return tuple(islice(without_twins(found), max(k, 0)))

    def replace(
        self,
        passages: Mapping[str, Sequence[Passage]],
        gone: Sequence[str] = (),
        digests: Mapping[str, str] | None = None,
    ) -> None:
        """The passages of these documents take the place of what they had; `gone` documents lose theirs.

        One commit: a process that is killed leaves the state before.

        Raises:
            WarehouseBusy: another process is writing.
        """
        with exclusive(self._folder.with_name(".lock"), self._settings.lock_seconds, "The knowledge base"):
            try:
                _, index, _, _ = self._opened()
            except TelecomError:
                self._begin(passages, digests or {})
            else:
                _index.write(index, passages, gone, digests or {})

    def digests(self) -> Mapping[str, str]:
        """Digest by document; none where there is no index, or none that can be read."""
        try:
            fields, searcher = self._searcher()
            return _index.ledger(searcher, fields)
        except TelecomError:
            return {}

    def _begin(self, passages: Mapping[str, Sequence[Passage]], digests: Mapping[str, str]) -> None:
        """A new index beside the place, then in it."""
        with beside(self._folder) as part:
            part.mkdir()
            _index.write(_index.make(part), passages, (), digests)
            shutil.rmtree(self._folder, ignore_errors=True)

    def _searcher(self) -> tuple[Any, Any]:
        _, index, searcher, _ = self._opened()
        return index.schema, searcher

    def _opened(self) -> tuple[tuple[int, int], Any, Any, Known]:
        """The index as it is on disk now, and what was read of it; opened again only after a commit."""
        try:
            told = (self._folder / "meta.json").stat()
        except FileNotFoundError as error:
            raise NotFound(
                "Nothing was ingested into the knowledge base yet.", "Run: telecom rag ingest docs/telecom"
            ) from error
        stamp = told.st_ino, told.st_mtime_ns
        with self._lock:
            if self._open is None or self._open[0] != stamp:
                self._open = (stamp, *self._read(), {})
            return self._open

    def _read(self) -> tuple[Any, Any]:
        try:
            index = tantivy.Index.open(str(self._lockable()))
            index.config_reader("manual")
            index.reload()
            return index, index.searcher()
        except (ValueError, shutil.Error) as error:
            raise TelecomError(
                f"The knowledge base in {self._folder} is damaged: {error}.", "Run: telecom rag ingest docs/telecom"
            ) from error

    def _lockable(self) -> Path:
        """The index's folder; where we may not write, a copy of it, since the engine locks files even to read."""
        if os.access(self._folder, os.W_OK):
            return self._folder
        copy = mkdtemp(prefix="telecom-knowledge-")
        weakref.finalize(self, shutil.rmtree, copy, True)
        return shutil.copytree(self._folder, Path(copy, FORMAT))
