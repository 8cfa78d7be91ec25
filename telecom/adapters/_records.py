"""What both Records adapters agree on: which names and values a record may have, and what of it is stored."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from telecom.errors import UsageError
from telecom.ports import Record

KIND = re.compile(r"[a-z][a-z0-9_]{0,62}")
MOST_NAME = 400
MOST_VALUE = 900_000
"""Bytes of a value as JSON. A Firestore document holds 1 MiB with its names."""

Change = Callable[[Record | None], Record | None]


@dataclass(frozen=True)
class Stored:
    """A record without its key, as a store holds it: the value as JSON, the expiry in UTC."""

    owner: str
    text: str
    expires_at: datetime | None

    def live(self, now: datetime) -> bool:
        """Whether its time is not over."""
        return self.expires_at is None or self.expires_at > now

    def record(self, key: str) -> Record:
        """The record, whose value nobody else holds."""
        return Record(key, json.loads(self.text), self.owner, self.expires_at)


def changed(kind: str, key: str, stored: Stored | None, change: Change) -> tuple[Record | None, Stored | None]:
    """The record after `change` (None: removed), and the same as it is to be stored.

    Raises:
        UsageError: it has another key, a value that is no JSON or too large, or an expiry without a time zone.
    """
    found = stored if stored and stored.live(datetime.now(UTC)) else None
    after = change(found.record(key) if found else None)
    if after is None:
        return None, None
    if after.key != key:
        raise UsageError(f"The record {kind} {key!r} was changed into {after.key!r}.", "Keep its key.")
    _checked_name(after.owner)
    if after.expires_at and after.expires_at.tzinfo is None:
        raise UsageError(f"The record {kind} {key!r} expires at {after.expires_at}, in no time zone.", "Give it UTC.")
    expires_at = after.expires_at.astimezone(UTC) if after.expires_at else None
    return after, Stored(after.owner, _as_json(kind, key, after.value), expires_at)


def checked_key(kind: str, key: str) -> None:
    """Refuses, on any backend alike, what cannot name a record.

    Raises:
        UsageError: a kind that is not plain, an empty key, a name of more than 400 bytes or of no valid Unicode.
    """
    checked_kind(kind)
    if not key:
        raise UsageError(f"A record of kind {kind} needs a key.", "Name it.")
    _checked_name(key)


def checked_kind(kind: str) -> None:
    """Refuses what cannot be a kind of records.

    Raises:
        UsageError: it has other signs than lower case, digits and '_', or more than 63.
    """
    if not KIND.fullmatch(kind):
        raise UsageError(f"No record can be of kind {kind!r}.", "Use lower case, digits and '_'.")


def checked_owner(owner: str) -> None:
    """Refuses to speak of the records of nobody.

    Raises:
        UsageError: it is empty, or no owner can have that name.
    """
    if not owner:
        raise UsageError("Records are asked for by owner, and none is named.", "Name the customer.")
    _checked_name(owner)


def _checked_name(name: str) -> None:
    try:
        size = len(name.encode())
    except UnicodeEncodeError as error:
        raise UsageError(f"{name!r} names no record and no owner: it is not valid Unicode.") from error
    if size > MOST_NAME or "\0" in name:
        raise UsageError(f"{name[:40]!r}… names no record and no owner.", f"Use at most {MOST_NAME} bytes, and no NUL.")


def _as_json(kind: str, key: str, value: Any) -> str:
    # In ASCII: what clients send may hold halves of surrogate pairs, which no store takes as text.
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"The value of the record {kind} {key!r} is not JSON: {error}.") from error
    if len(text) > MOST_VALUE:
        said = f"The record {kind} {key!r} has {len(text):,} bytes."
        raise UsageError(said, f"Keep it below {MOST_VALUE:,}: shorten or summarise it.")
    return text
