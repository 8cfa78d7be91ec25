"""Erases a person from every layer that the ports reach, and proves it without naming them; finds what is held.

Every part can be repeated: a run that was killed is begun again, finds what is left, and comes to the same proof.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from telecom import erasures
from telecom.erasures import Proof
from telecom.errors import NotFound, TelecomError
from telecom.ports import Documents, Events, FeatureStore, Objects, Records, Warehouse, Workfiles
from telecom.privacy_lake import Lake
from telecom.privacy_places import rows_of, words_of

PASSES = 3
"""Jobs that were reading when it began may write once more what they read."""
OF_RECORDS, OF_FEATURES = "records", "features"


@dataclass(frozen=True)
class Stores:
    """Whatever may hold a person; `workfiles` is None where the backend keeps none."""

    warehouse: Warehouse
    objects: Objects
    features: FeatureStore
    records: Records
    events: Events
    documents: Documents
    workfiles: Workfiles | None


@dataclass(frozen=True)
class Outcome:
    """What came of an erasure: its proof, and whether anything was there this time."""

    proof: Proof
    anything: bool


def survey(stores: Stores, customer_id: str) -> dict[str, int]:
    """How much of a person is where: rows, records of files, findings; places without anything are left out."""
    words = words_of(stores.warehouse, customer_id)
    counts = {rows.table: rows.count(stores.warehouse) for rows in rows_of(customer_id)}
    counts |= {f"lake/{key}": len(found) for key, found in Lake(stores.objects, customer_id).find().items()}
    counts |= {f"{OF_FEATURES}/{group}": 1 for group in stores.features.served(customer_id)}
    for kind, _ in stores.records.owned(customer_id):
        counts[f"{OF_RECORDS}/{kind}"] = counts.get(f"{OF_RECORDS}/{kind}", 0) + 1
    if stores.workfiles:
        counts |= {f"files/{path}": times for path, times in stores.workfiles.mentions(words).items()}
    return {name: number for name, number in sorted(counts.items()) if number}


def erase(stores: Stores, customer_id: str, by: str, clock: Callable[[], datetime]) -> Outcome:
    """Removes a person, and keeps them from coming back with a later file.

    Args:
        stores: whatever may hold them.
        customer_id: who.
        by: who does it; goes into the proof.
        clock: tells the moment, UTC; asked when it begins and when all is gone.

    Raises:
        NotFound: nothing is held of them, and nothing ever was erased.
        TelecomError: somebody keeps writing them anew; or a part did not answer. Run it again.
    """
    stores.events.settle()
    person = erasures.hashed(erasures.key_of(stores.documents), customer_id)
    earlier = erasures.proof_of(stores.warehouse, person)
    found = survey(stores, customer_id)
    if not found and earlier is None:
        raise NotFound(f"Nothing is held of a customer {customer_id!r}.", "Check the number.")
    proof = (earlier or Proof(person, clock(), by, {})).with_found(found)
    if proof.finished_at:
        return Outcome(proof, anything=False)
    erasures.write_down(stores.warehouse, proof)  # from here on no file brings them back
    for _ in range(PASSES):
        _erase(stores, customer_id)
        left = survey(stores, customer_id)
        if not left:
            done = replace(proof, finished_at=clock())
            erasures.write_down(stores.warehouse, done)
            return Outcome(done, anything=bool(found))
    raise TelecomError(
        f"Something of the customer is written anew all the time: {', '.join(left)}.",
        "Wait until jobs and services have finished, and run it again.",
    )


def _erase(stores: Stores, customer_id: str) -> None:
    """Everywhere once; the lake last, since a bucket that keeps its files must not stop the rest."""
    if stores.workfiles:
        stores.workfiles.scrub(words_of(stores.warehouse, customer_id))
    stores.records.erase(customer_id)
    stores.events.settle()
    for rows in rows_of(customer_id):
        stores.warehouse.erase(rows.table, rows.where, rows.parameters)
    stores.features.forget(customer_id)
    Lake(stores.objects, customer_id).erase()


def held(stores: Stores, customer_id: str) -> Mapping[str, list[object]]:
    """All that is held of a person, by source.

    Raises:
        NotFound: nothing is.
    """
    stores.events.flush()
    found: dict[str, list[object]] = {rows.table: [*rows.read(stores.warehouse)] for rows in rows_of(customer_id)}
    found |= {f"lake/{key}": [*records] for key, records in Lake(stores.objects, customer_id).find().items()}
    for kind, record in stores.records.owned(customer_id):
        found.setdefault(f"{OF_RECORDS}/{kind}", []).append(
            {"key": record.key, "expires_at": record.expires_at, "value": record.value}
        )
    for group in stores.features.served(customer_id):
        found[f"{OF_FEATURES}/{group}"] = [*stores.features.read(group, [customer_id]).to_pylist()]
    if stores.workfiles:
        words = words_of(stores.warehouse, customer_id)
        found |= {f"files/{path}": [{"mentions": n}] for path, n in stores.workfiles.mentions(words).items()}
    filled = {name: items for name, items in sorted(found.items()) if items}
    if not filled:
        raise NotFound(f"Nothing is held of a customer {customer_id!r}.", "Check the number.")
    return filled
