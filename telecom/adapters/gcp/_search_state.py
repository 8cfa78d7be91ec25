"""Which version of each document is the knowledge base: one small file in the docs bucket, changed in one step.

Agent Search has no transactions. A version is imported first, beside the one that is found; then this file names it,
and only what the file names is shown; then the version before is deleted. Whoever is killed in between leaves versions
that nobody sees and the next change deletes.
"""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from google.api_core.exceptions import NotFound as Missing

from telecom.adapters.gcp._buckets import bucket_of, change_json
from telecom.adapters.gcp._errors import ONCE, is_transient
from telecom.errors import DependencyUnavailable, NotFound
from telecom.settings import Settings

NAME = "knowledge/state.json"
FRESH_SECONDS = 10.0
READ_SECONDS = 3.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Live:
    """A document as it is found: its version, how many passages that has, and what is known of its source."""

    version: str
    passages: int
    digest: str


@dataclass
class State:
    """Documents by name; versions (and how many passages they have) on their way in, and those to be deleted."""

    live: dict[str, Live] = field(default_factory=dict)
    coming: dict[str, int] = field(default_factory=dict)
    leaving: dict[str, int] = field(default_factory=dict)
    rows: bool = False

    @classmethod
    def from_json(cls, data: Any) -> "State":
        """As it is stored; empty where nothing is."""
        told = data or {}
        live = {name: Live(**value) for name, value in told.get("live", {}).items()}
        return cls(live, dict(told.get("coming", {})), dict(told.get("leaving", {})), told.get("rows", False))


class SearchState:
    """Reads and changes the file. Reads may be a few seconds old, unless they must not."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: tuple[float, State] | None = None

    def read(self, fresh: bool = False) -> State:
        """The state now, or as it was a few seconds ago; as last seen where Cloud Storage does not answer.

        Raises:
            NotFound: nothing was ingested yet.
        """
        if self._known and not fresh and time.monotonic() - self._known[0] < FRESH_SECONDS:
            return self._known[1]
        try:
            state = self._stored()
        except Exception as error:
            if self._known is None or not is_transient(error):
                raise
            log.warning("The state of the knowledge base could not be read again: %s", type(error).__name__)
            state = self._known[1]
        self._known = (time.monotonic(), state)
        return state

    def _stored(self) -> State:
        try:
            told = bucket_of(self._settings, "docs").blob(NAME).download_as_bytes(timeout=READ_SECONDS, retry=ONCE)
        except Missing as error:
            raise NotFound(
                "Nothing was ingested into the knowledge base yet.", "Run: telecom rag ingest docs/telecom"
            ) from error
        return State.from_json(json.loads(told))

    def announce(self, versions: Mapping[str, int]) -> dict[str, int]:
        """These versions are on their way in. What an earlier change left on its way is to be deleted; returns that."""

        def change(state: State) -> None:
            kept = {live.version for live in state.live.values()}
            stale = {v: n for v, n in state.coming.items() if v not in versions}
            state.leaving = {v: n for v, n in (state.leaving | stale).items() if v not in kept and v not in versions}
            state.coming = dict(versions)

        return self._change(change).leaving

    def publish(self, live: Mapping[str, Live], gone: list[str]) -> dict[str, int]:
        """From now on these are found, and `gone` are not; returns the versions to be deleted.

        Raises:
            DependencyUnavailable: another change began after `announce` and has deleted what we brought.
        """

        def change(state: State) -> None:
            if not {one.version for one in live.values()} <= set(state.coming):
                raise DependencyUnavailable("The knowledge base is being changed by somebody else.", "Run it again.")
            before = {name: state.live.pop(name) for name in (*live, *gone) if name in state.live}
            state.live.update(live)
            kept = {one.version for one in state.live.values()}
            state.leaving |= {one.version: one.passages for one in before.values() if one.version not in kept}
            state.coming = {}

        return self._change(change).leaving

    def deleted(self, versions: Mapping[str, int]) -> None:
        """These versions are no more."""

        def change(state: State) -> None:
            state.leaving = {version: n for version, n in state.leaving.items() if version not in versions}

        self._change(change)

    def with_rows(self) -> None:
        """Searches ask the data store of questions and answers, too."""

        def change(state: State) -> None:
            state.rows = True

        self._change(change)

    def _change(self, change: Any) -> State:
        written: list[State] = []

        def changed(stored: Any) -> Any:
            state = State.from_json(stored)
            change(state)
            written[:] = [state]
            return asdict(state)

        change_json(bucket_of(self._settings, "docs"), NAME, None, changed)
        self._known = (time.monotonic(), written[0])
        return written[0]
