"""Records as Firestore documents: how one is written, read and asked for; and the calls, each with its deadline."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.types import common, document, firestore, query, write

from telecom.adapters._records import Stored
from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import IDEMPOTENT
from telecom.settings import Settings

COLLECTION = "assistant_records"
SECONDS = 5.0
PATIENT = IDEMPOTENT.with_delay(initial=0.1, maximum=1.0).with_timeout(2 * SECONDS)
LAST_WRITES = 10
_OPTIMISTIC = common.TransactionOptions(
    read_write=common.TransactionOptions.ReadWrite(
        concurrency_mode=common.TransactionOptions.ConcurrencyMode.OPTIMISTIC
    )
)


@dataclass(frozen=True)
class Held:
    """A document as a transaction read it; `writes` names the last changes made to it, the newest last."""

    stored: Stored | None = None
    writes: tuple[str, ...] = ()
    transaction: bytes = b""


class Collection:
    """The collection of all records, in the environment's own database (`telecom-dev`, `telecom-prod`)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = f"projects/{settings.project}/databases/telecom-{settings.env}"
        self._call: dict[str, Any] = {
            "timeout": SECONDS,
            "metadata": (("google-cloud-resource-prefix", self._database),),
        }

    def get(self, kind: str, key: str) -> Stored | None:
        """The record's document, as it is now."""
        request = firestore.BatchGetDocumentsRequest(database=self._database, documents=[self._name(kind, key)])
        return self._held(request).stored

    def begin(self, kind: str, key: str) -> Held:
        """The same in a transaction that keeps nobody out: its commit fails if the document has changed since."""
        request = firestore.BatchGetDocumentsRequest(
            database=self._database, documents=[self._name(kind, key)], new_transaction=_OPTIMISTIC
        )
        return self._held(request)

    def commit(self, kind: str, key: str, held: Held, stored: Stored | None, token: str) -> None:
        """Ends the transaction with a document in the place of the one that it read (None: with none).

        Sent once: whether a commit whose answer is lost was made shows in the document's `writes`.
        """
        name = self._name(kind, key)
        request = firestore.CommitRequest(
            database=self._database,
            transaction=held.transaction,
            writes=[_put(name, kind, stored, (*held.writes, token)) if stored else write.Write(delete=name)],
        )
        self._client.commit(request, retry=None, **self._call)

    def give_up(self, held: Held) -> None:
        """Ends the transaction without a change."""
        request = firestore.RollbackRequest(database=self._database, transaction=held.transaction)
        self._client.rollback(request, retry=None, **self._call)

    def newest(self, kind: str, owner: str) -> Iterator[tuple[str, Stored]]:
        """An owner's records of a kind with their keys, the one changed last first."""
        order = query.StructuredQuery.Order(
            field=_field("changed_at"), direction=query.StructuredQuery.Direction.DESCENDING
        )
        for found in self._find(_all(_equal("kind", kind), _equal("owner", owner)), [order]):
            yield named(found.name)[1], _stored(found)

    def owned(self, owner: str, most: int | None = None) -> list[tuple[str, Stored]]:
        """An owner's documents of any kind, all or at most so many, by name."""
        return [(found.name, _stored(found)) for found in self._find(_equal("owner", owner), [], most)]

    def delete(self, names: Iterable[str]) -> None:
        """Removes documents, all at once; those that are gone already do no harm."""
        request = firestore.CommitRequest(database=self._database, writes=[write.Write(delete=n) for n in names])
        self._client.commit(request, retry=PATIENT, **self._call)

    @property
    def _client(self) -> FirestoreClient:
        return grpc_client(FirestoreClient, self._settings)

    def _name(self, kind: str, key: str) -> str:
        return f"{self._database}/documents/{COLLECTION}/{kind}:{quote(key, safe='')}"

    def _held(self, request: firestore.BatchGetDocumentsRequest) -> Held:
        # As a whole: once the first message is there, the client repeats nothing by itself.
        answers = PATIENT(lambda: list(self._client.batch_get_documents(request, retry=None, **self._call)))()
        transaction = next((answer.transaction for answer in answers if answer.transaction), b"")
        found = next((answer.found for answer in answers if "found" in answer), None)
        if found is None:
            return Held(transaction=transaction)
        writes = tuple(value.string_value for value in found.fields["writes"].array_value.values)
        return Held(_stored(found), writes, transaction)

    def _find(self, where: Any, order: Sequence[Any], most: int | None = None) -> Iterator[document.Document]:
        structured = query.StructuredQuery(
            from_=[query.StructuredQuery.CollectionSelector(collection_id=COLLECTION)],
            where=where,
            order_by=order,
            limit=most,
        )
        request = firestore.RunQueryRequest(parent=f"{self._database}/documents", structured_query=structured)
        answers = self._client.run_query(request, retry=PATIENT, **self._call)
        try:
            yield from (answer.document for answer in answers if "document" in answer)
        finally:
            answers.cancel()


def named(name: str) -> tuple[str, str]:
    """Kind and key of a document's name."""
    kind, _, key = name.rsplit("/", 1)[1].partition(":")
    return kind, unquote(key)


def _put(name: str, kind: str, stored: Stored, writes: tuple[str, ...]) -> write.Write:
    """Replaces the whole document; Firestore itself writes down when."""
    fields = {
        "kind": _text(kind),
        "owner": _text(stored.owner),
        "value": _text(stored.text),
        "writes": document.Value(array_value=document.ArrayValue(values=[_text(w) for w in writes[-LAST_WRITES:]])),
    }
    if stored.expires_at:
        fields["expires_at"] = document.Value(timestamp_value=stored.expires_at)
    now = write.DocumentTransform.FieldTransform(
        field_path="changed_at",
        set_to_server_value=write.DocumentTransform.FieldTransform.ServerValue.REQUEST_TIME,
    )
    return write.Write(update=document.Document(name=name, fields=fields), update_transforms=[now])


def _stored(found: document.Document) -> Stored:
    fields = found.fields
    ends = fields["expires_at"].timestamp_value if "expires_at" in fields else None
    expires_at = datetime.combine(ends.date(), ends.timetz()) if ends else None  # without the client's nanoseconds
    return Stored(fields["owner"].string_value, fields["value"].string_value, expires_at)


def _text(value: str) -> document.Value:
    return document.Value(string_value=value)


def _field(path: str) -> Any:
    return query.StructuredQuery.FieldReference(field_path=path)


def _equal(path: str, value: str) -> Any:
    equal = query.StructuredQuery.FieldFilter.Operator.EQUAL
    return query.StructuredQuery.Filter(
        field_filter=query.StructuredQuery.FieldFilter(field=_field(path), op=equal, value=_text(value))
    )


def _all(*filters: Any) -> Any:
    conjunction = query.StructuredQuery.CompositeFilter.Operator.AND
    return query.StructuredQuery.Filter(
        composite_filter=query.StructuredQuery.CompositeFilter(op=conjunction, filters=filters)
    )
