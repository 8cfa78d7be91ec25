"""State of conversations and proposals in Firestore: one collection, one document per record.

Database `telecom-<env>`, collection `assistant_records`, document `<kind>:<key>` (the key percent-encoded) with the
fields `kind`, `owner`, `value` (JSON as text), `changed_at`, `writes` and, where its time ends, `expires_at`. It
needs a composite index (kind, owner, changed_at descending) and a TTL policy on `expires_at`; `value`, `writes`,
`changed_at` and `expires_at` should have no index of their own.
"""

import itertools
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from google.api_core.exceptions import Aborted, GoogleAPICallError

from telecom.adapters._records import Change, changed, checked_key, checked_kind, checked_owner
from telecom.adapters.gcp._errors import is_transient, vendor_errors
from telecom.adapters.gcp._firestore import Collection, Held, named
from telecom.errors import WarehouseBusy
from telecom.ports import Record
from telecom.settings import Settings

ATTEMPTS = 20
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0
DELETED_AT_ONCE = 200


class FirestoreRecords:
    """Implements `telecom.ports.Records`; the newest of an owner's records is the one changed last.

    A change is an optimistic transaction: it keeps nobody out, and is made anew when another came first. Nothing is
    changed twice, even if the answer to a commit is lost.
    """

    def __init__(self, settings: Settings) -> None:
        self._documents = Collection(settings)
        self._seconds = settings.lock_seconds

    def read(self, kind: str, key: str) -> Record | None:
        """The record, or None.

        Raises:
            UsageError: no record can have that kind or key.
            DependencyUnavailable: Firestore does not answer, or does not let us in.
        """
        checked_key(kind, key)
        with vendor_errors(f"Reading the record {kind} {key!r}"):
            stored = self._documents.get(kind, key)
        return stored.record(key) if stored and stored.live(datetime.now(UTC)) else None

    def change(self, kind: str, key: str, change: Callable[[Record | None], Record | None]) -> Record | None:
        """Replaces the record by `change` of it, again while others are quicker; what `change` raises changes nothing.

        Raises:
            UsageError: the changed record cannot be stored.
            WarehouseBusy: others were quicker every time.
            DependencyUnavailable: Firestore does not answer.
        """
        checked_key(kind, key)
        with vendor_errors(f"Changing the record {kind} {key!r}"):
            return self._changed(kind, key, change)

    def of(self, kind: str, owner: str, limit: int = 100) -> tuple[Record, ...]:
        """An owner's records of a kind, the one changed last first.

        Raises:
            UsageError: no owner is named.
            DependencyUnavailable: Firestore does not answer.
        """
        checked_kind(kind)
        checked_owner(owner)
        now = datetime.now(UTC)
        with vendor_errors(f"Listing the records of kind {kind}"):
            live = (stored.record(key) for key, stored in self._documents.newest(kind, owner) if stored.live(now))
            return tuple(itertools.islice(live, max(limit, 0)))

    def owned(self, owner: str) -> tuple[tuple[str, Record], ...]:
        """All of an owner's records with their kinds, by kind and key.

        Raises:
            UsageError: no owner is named.
            DependencyUnavailable: Firestore does not answer.
        """
        checked_owner(owner)
        now = datetime.now(UTC)
        with vendor_errors("Listing an owner's records"):
            found = [(*named(name), stored) for name, stored in self._documents.owned(owner) if stored.live(now)]
        return tuple((kind, stored.record(key)) for kind, key, stored in sorted(found, key=lambda each: each[:2]))

    def erase(self, owner: str) -> int:
        """Removes an owner's records, those that are made meanwhile too; counts those whose time was not over.

        Raises:
            UsageError: no owner is named.
            DependencyUnavailable: Firestore does not answer; some records may be gone.
        """
        checked_owner(owner)
        now, gone = datetime.now(UTC), 0
        with vendor_errors("Erasing an owner's records", "Run it again."):
            while found := self._documents.owned(owner, DELETED_AT_ONCE):
                self._documents.delete(name for name, _ in found)
                gone += sum(stored.live(now) for _, stored in found)
        return gone

    def _changed(self, kind: str, key: str, change: Change) -> Record | None:
        doubtful: dict[str, Record | None] = {}
        for _ in self._attempts(f"The record {kind} {key!r}"):
            held = self._documents.begin(kind, key)
            if before := _made_before(doubtful, held):
                self._give_up(held)
                return before[-1]
            try:
                after, stored = changed(kind, key, held.stored, change)
            except BaseException:
                self._give_up(held)
                raise
            if stored == held.stored:
                self._give_up(held)
                return after
            token = uuid.uuid4().hex
            try:
                self._documents.commit(kind, key, held, stored, token)
                return after
            except Aborted:  # certainly not made: somebody else was quicker
                continue
            except Exception as error:
                if not is_transient(error):
                    raise
                doubtful[token] = after
        raise AssertionError("the attempts end by raising")

    def _attempts(self, what: str) -> Iterator[int]:
        until, pause = time.monotonic() + self._seconds, FIRST_PAUSE
        for number in range(ATTEMPTS):
            yield number
            if time.monotonic() + pause > until:
                break
            time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  lest those who met once meet again
            pause = min(pause * 2, LONGEST_PAUSE)
        raise WarehouseBusy(f"{what} was changed by others at every attempt.", "Try again.")

    def _give_up(self, held: Held) -> None:
        with suppress(GoogleAPICallError):  # it keeps nobody out, and ends by itself
            self._documents.give_up(held)


def _made_before(doubtful: Mapping[str, Record | None], held: Held) -> list[Record | None]:
    """Those of the changes whose commit had no answer that the document shows to have been made."""
    return [
        after for token, after in doubtful.items() if token in held.writes or (after is None and held.stored is None)
    ]
