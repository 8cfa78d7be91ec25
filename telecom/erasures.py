"""Who was erased: proofs without personal data, and the list by which nobody comes back.

`telecom_monitoring.erasures` holds one row per person: a keyed hash (HMAC-SHA-256) of the customer's number, what was
taken out of where, when, by whom. The key lies apart, in the document `erasure-key`: without it nobody can tell from a
row whose it is, and with it a number that comes in again is recognised.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pyarrow as pa

from telecom.errors import TelecomError
from telecom.ports import Documents, Reader, Warehouse, Write
from telecom.tables import contract

TABLE = "telecom_monitoring.erasures"
KEY = "erasure-key"
KEY_BYTES = 32


@dataclass(frozen=True)
class Proof:
    """That a person was erased. `finished_at` is None while that is under way; `places` counts what was there."""

    person: str
    began_at: datetime
    erased_by: str
    places: Mapping[str, int]
    finished_at: datetime | None = None

    def with_found(self, found: Mapping[str, int]) -> "Proof":
        """With what a further look found: added once it was finished before, else the larger of the two counts.

        An erasure that broke off has taken some away already, and finds the less.
        """
        join = max if self.finished_at is None else int.__add__
        places = {name: join(self.places.get(name, 0), found.get(name, 0)) for name in {*self.places, *found}}
        new = self.finished_at is not None and any(found.values())
        return replace(self, places=dict(sorted(places.items())), finished_at=None if new else self.finished_at)


@dataclass(frozen=True)
class Erased:
    """Recognises the numbers of people who were erased."""

    key: bytes
    people: frozenset[str]

    def __contains__(self, customer_id: str) -> bool:
        return hashed(self.key, customer_id) in self.people


def hashed(key: bytes, customer_id: str) -> str:
    """The person behind a number, as proofs name them."""
    return hmac.new(key, customer_id.encode(), hashlib.sha256).hexdigest()


def key_of(documents: Documents) -> bytes:
    """The key, made when it is first needed."""

    def made(stored: Any) -> Any:
        return stored or {"key": secrets.token_hex(KEY_BYTES)}

    return bytes.fromhex(documents.change(KEY, made)["key"])


def known(warehouse: Reader, documents: Documents | None) -> Erased | None:
    """The people who were erased, or are just being; None where there are none.

    Raises:
        TelecomError: there are proofs and no key, or no documents to find it in.
    """
    people = warehouse.query(f"SELECT person FROM {TABLE}")["person"].to_pylist()
    if not people:
        return None
    stored = documents.read(KEY) if documents else None
    if not stored:
        raise TelecomError(
            f"{TABLE} says that people were erased, and the document {KEY!r}, which recognises them, is gone.",
            "Restore it. Without it they would come back.",
        )
    return Erased(bytes.fromhex(stored["key"]), frozenset(people))


def proof_of(warehouse: Reader, person: str) -> Proof | None:
    """What is written down of a person's erasure."""
    rows = warehouse.query(f"SELECT * FROM {TABLE} WHERE person = @person", {"person": person}).to_pylist()
    if not rows:
        return None
    row = rows[0]
    places = {each["place"]: each["items"] for each in row["places"]}
    return Proof(person, row["began_at"], row["erased_by"], places, row["finished_at"])


def write_down(warehouse: Warehouse, proof: Proof) -> None:
    """Puts a proof in the place of the one before."""
    row = {
        "person": proof.person,
        "began_on": proof.began_at.date(),
        "began_at": proof.began_at,
        "finished_at": proof.finished_at,
        "erased_by": proof.erased_by,
        "places": [{"place": name, "items": items} for name, items in proof.places.items()],
    }
    batch = pa.RecordBatch.from_pylist([row], schema=contract(TABLE).schema)
    warehouse.write(Write(TABLE, [batch], {"person": proof.person}))
