"""The knowledge base on one machine: a tantivy index that many processes read while one writes."""

import os
import shutil
import threading
import weakref
from collections.abc import Mapping, Sequence
from functools import lru_cache
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
MOST_ANSWERS = 256


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
        self._open: tuple[tuple[int, int], _Opened] | None = None

    def search(self, query: str, reading: Reading, k: int = 5) -> tuple[Found, ...]:
        """At most `k` passages that the reader may see, best first, none twice in other words.

        Raises:
            NotFound: nothing was ingested yet.
            TelecomError: the index is damaged.
        """
        return self._opened().answer(query, reading, k)

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
                index = self._opened().index
            except TelecomError:
                self._begin(passages, digests or {})
            else:
                _index.write(index, passages, gone, digests or {})

    def digests(self) -> Mapping[str, str]:
        """Digest by document; none where there is no index, or none that can be read."""
        try:
            opened = self._opened()
            return _index.ledger(opened.searcher, opened.index.schema)
        except TelecomError:
            return {}

    def _begin(self, passages: Mapping[str, Sequence[Passage]], digests: Mapping[str, str]) -> None:
        """A new index beside the place, then in it."""
        with beside(self._folder) as part:
            part.mkdir()
            _index.write(_index.make(part), passages, (), digests)
            shutil.rmtree(self._folder, ignore_errors=True)

    def _opened(self) -> "_Opened":
        """The index as it is on disk now; opened again only after a commit."""
        try:
            told = (self._folder / "meta.json").stat()
        except FileNotFoundError as error:
            raise NotFound(
                "Nothing was ingested into the knowledge base yet.", "Run: telecom rag ingest docs/telecom"
            ) from error
        stamp = told.st_ino, told.st_mtime_ns
        with self._lock:
            if self._open is None or self._open[0] != stamp:
                self._open = stamp, self._read()
            return self._open[1]

    def _read(self) -> "_Opened":
        try:
            index = tantivy.Index.open(str(self._lockable()))
            index.config_reader("manual")
            index.reload()
            return _Opened(index, self._ranking)
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


class _Opened:
    """One state of the index, and what was read of it; questions that come again are answered from memory."""

    def __init__(self, index: Any, ranking: Ranking) -> None:
        self.index, self.searcher = index, index.searcher()
        self._ranking, self._known = ranking, Known()
        self.answer = lru_cache(maxsize=MOST_ANSWERS)(self._answer)

    def _answer(self, query: str, reading: Reading, k: int) -> tuple[Found, ...]:
        """At most `k` passages."""
        found = self._ranking.find(self.searcher, self.index.schema, query, reading, self._known)
        return tuple(islice(without_twins(found), max(k, 0)))
