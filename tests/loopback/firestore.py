"""Firestore over gRPC: documents, transactions that meet each other, queries that need their index.

An optimistic transaction fails at its commit (ABORTED) if a document that it read has changed. A pessimistic one, the
default, keeps writers of what it read waiting until it ends; of two that wait for each other, one is aborted. It knows
nothing of security rules, quotas or the many query operators that nobody here sends.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from google.cloud.firestore_v1.types import common, document, firestore, query, write
from google.protobuf.empty_pb2 import Empty

from tests.loopback.messages import raw

Code = grpc.StatusCode
MOST_BYTES = 2**20
EXPIRED = "The referenced transaction has expired or is no longer valid."
MODES = common.TransactionOptions.ConcurrencyMode


@dataclass
class Transaction:
    """What one has read (a document's update time, None for none), and whether it keeps others out meanwhile."""

    locks: bool
    read_only: bool
    reads: dict[str, datetime | None] = field(default_factory=dict)
    committing: bool = False


class Firestore:
    """`documents` by full name, `transactions` under way, `indexes` (collection, equal fields, ordered field).

    `lock_seconds` is how long a commit waits for another's lock; `databases` are the ids of those that exist.
    """

    def __init__(self, project: str) -> None:
        self._prefix = f"projects/{project}/databases/"
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._now = datetime.now(UTC)
        self.reset()

    def reset(self) -> None:
        """No documents; the databases and the index that Terraform makes."""
        self.documents: dict[str, document.Document] = {}
        self.transactions: dict[bytes, Transaction] = {}
        self.databases = {"telecom-dev", "telecom-prod"}
        self.indexes = {("assistant_records", frozenset({"kind", "owner"}), "-changed_at")}
        self.lock_seconds = 5.0
        self.before_commit: Callable[[Any], None] = lambda _: None

    def handlers(self) -> dict[str, Callable[[Any, Any], Any]]:
        """Handlers by rpc."""
        return {
            "BeginTransaction": self.begin,
            "BatchGetDocuments": self.batch_get,
            "Commit": self.commit,
            "Rollback": self.rollback,
            "RunQuery": self.run_query,
        }

    def begin(self, request: Any, context: Any) -> Any:
        """`BeginTransaction`."""
        self._checked(request.database, context)
        return firestore.BeginTransactionResponse(transaction=self._begun(request.options, False))

    def batch_get(self, request: Any, context: Any) -> Iterator[Any]:
        """`BatchGetDocuments`: the documents as they are now; of a transaction begun here, its id first."""
        self._checked(request.database, context)
        transaction = request.transaction
        if "new_transaction" in request:
            transaction = self._begun(request.new_transaction, True)
            yield firestore.BatchGetDocumentsResponse(transaction=transaction)
        with self._changed:
            now = self._time()
            for name in request.documents:
                if not name.startswith(f"{request.database}/documents/"):
                    context.abort(Code.INVALID_ARGUMENT, f"{name} is not of {request.database}.")
                found = self.documents.get(name)
                if transaction:
                    self._known(transaction, context).reads[name] = found.update_time if found else None
                answer = {"found": found} if found else {"missing": name}
                yield firestore.BatchGetDocumentsResponse(read_time=now, **answer)

    def commit(self, request: Any, context: Any) -> Any:
        """`Commit`: all writes at one moment, or none."""
        self._checked(request.database, context)
        self.before_commit(request)
        names = [each.delete or each.update.name for each in request.writes]
        with self._changed:
            mine = self._known(request.transaction, context) if request.transaction else None
            if mine and mine.read_only and names:
                context.abort(Code.INVALID_ARGUMENT, "Cannot modify entities in a read-only transaction.")
            try:
                self._wait_for_locks(names, mine, context)
                self._validate(mine, context)
                return self._apply(request.writes, context)
            finally:
                self.transactions.pop(request.transaction, None)
                self._changed.notify_all()

    def rollback(self, request: Any, context: Any) -> Any:
        """`Rollback`: ends a transaction and its locks."""
        self._checked(request.database, context)
        with self._changed:
            self._known(request.transaction, context)
            del self.transactions[request.transaction]
            self._changed.notify_all()
        return Empty()

    def run_query(self, request: Any, context: Any) -> Iterator[Any]:
        """`RunQuery`: equality filters joined by AND, one order, a limit; refuses what lacks its index."""
        self._checked(request.parent.removesuffix("/documents"), context)
        asked = request.structured_query
        collection = asked.from_[0].collection_id
        equal = dict(_equalities(asked.where, context))
        (order, *_) = [*asked.order_by, None]
        if order and (collection, frozenset(equal), _sign(order)) not in self.indexes:
            context.abort(Code.FAILED_PRECONDITION, "The query requires an index. You can create it here: https://…")
        with self._changed:
            now, found = self._time(), self._matching(f"{request.parent}/{collection}/", equal)
        if order:
            path = order.field.field_path
            found = [each for each in found if path in each.fields]
            found.sort(key=lambda each: each.fields[path].timestamp_value, reverse=_sign(order).startswith("-"))
        limit = raw(asked).limit.value if raw(asked).HasField("limit") else len(found)
        yield from (firestore.RunQueryResponse(document=each, read_time=now) for each in found[:limit])
        yield firestore.RunQueryResponse(read_time=now)

    def expire(self, collection: str, path: str, now: datetime) -> int:
        """What a TTL policy does within a day: removes documents whose time is over."""
        over = [
            name
            for name, each in self.documents.items()
            if f"/{collection}/" in name and path in each.fields and each.fields[path].timestamp_value <= now
        ]
        for name in over:
            del self.documents[name]
        return len(over)

    def _begun(self, options: Any, defaults_to_read_only: bool) -> bytes:
        mode = options.read_write.concurrency_mode
        read_only = "read_only" in options or (defaults_to_read_only and "read_write" not in options)
        name = f"transaction-{next(self._numbers)}".encode()
        with self._changed:
            # A transaction that is tried again takes the place of the failed one.
            self.transactions.pop(options.read_write.retry_transaction, None)
            self.transactions[name] = Transaction(mode != MODES.OPTIMISTIC and not read_only, read_only)
        return name

    def _known(self, name: bytes, context: Any) -> Transaction:
        if name not in self.transactions:
            context.abort(Code.INVALID_ARGUMENT, EXPIRED)
        return self.transactions[name]

    def _wait_for_locks(self, names: list[str], mine: Transaction | None, context: Any) -> None:
        until = time.monotonic() + self.lock_seconds
        if mine:
            mine.committing = True
        while holders := [
            t for t in self.transactions.values() if t is not mine and t.locks and t.reads.keys() & names
        ]:
            crossed = mine is not None and mine.locks and any(t.committing for t in holders)
            if crossed or not self._changed.wait(max(until - time.monotonic(), 0)):
                context.abort(Code.ABORTED, "Too much contention on these documents. Please try again.")

    def _validate(self, mine: Transaction | None, context: Any) -> None:
        for name, seen in mine.reads.items() if mine else ():
            found = self.documents.get(name)
            if (found.update_time if found else None) != seen:
                context.abort(Code.ABORTED, "Transaction was aborted: a document that it read has changed.")

    def _apply(self, writes: Any, context: Any) -> Any:
        now, after = self._time(), dict(self.documents)
        for each in writes:
            name = each.delete or each.update.name
            _meets(each.current_document, after.get(name), name, context)
            if each.delete:
                after.pop(name, None)
            else:
                after[name] = self._written(each, after.get(name), now, context)
        self.documents = after
        results = [write.WriteResult(update_time=now) for _ in writes]
        return firestore.CommitResponse(write_results=results, commit_time=now)

    def _written(self, each: Any, before: Any, now: datetime, context: Any) -> document.Document:
        name = each.update.name
        identifier = name.rsplit("/", 1)[1]
        if not name.startswith(self._prefix) or len(identifier.encode()) > 1500 or identifier in (".", ".."):
            context.abort(Code.INVALID_ARGUMENT, f"{name} is not a document's name.")
        fields = dict(each.update.fields)
        for transform in each.update_transforms:
            fields[transform.field_path] = document.Value(timestamp_value=now)
        made = document.Document(
            name=name, fields=fields, create_time=before.create_time if before else now, update_time=now
        )
        if raw(made).ByteSize() > MOST_BYTES:
            context.abort(
                Code.INVALID_ARGUMENT, f"Document '{name}' exceeds the maximum allowed size of 1,048,576 bytes."
            )
        return made

    def _matching(self, prefix: str, equal: dict[str, str]) -> list[document.Document]:
        return [
            each
            for name, each in sorted(self.documents.items())
            if name.startswith(prefix)
            and "/" not in name.removeprefix(prefix)
            and all(path in each.fields and each.fields[path].string_value == v for path, v in equal.items())
        ]

    def _checked(self, database: str, context: Any) -> None:
        if not database.startswith(self._prefix) or database.removeprefix(self._prefix) not in self.databases:
            context.abort(Code.NOT_FOUND, f"The database {database} does not exist.")

    def _time(self) -> datetime:
        """Later than all times before."""
        self._now = max(datetime.now(UTC), self._now + timedelta(microseconds=1))
        return self._now


def _equalities(where: Any, context: Any) -> Iterator[tuple[str, str]]:
    if "composite_filter" in where and where.composite_filter.op == query.StructuredQuery.CompositeFilter.Operator.AND:
        for each in where.composite_filter.filters:
            yield from _equalities(each, context)
    elif where.field_filter.op == query.StructuredQuery.FieldFilter.Operator.EQUAL:
        yield where.field_filter.field.field_path, where.field_filter.value.string_value
    else:
        context.abort(Code.UNIMPLEMENTED, "The loopback server reads equality joined by AND only.")


def _sign(order: Any) -> str:
    descending = order.direction == query.StructuredQuery.Direction.DESCENDING
    return f"{'-' if descending else ''}{order.field.field_path}"


def _meets(condition: Any, found: Any, name: str, context: Any) -> None:
    if "exists" in condition and condition.exists != bool(found):
        code = Code.NOT_FOUND if condition.exists else Code.ALREADY_EXISTS
        context.abort(code, f"{name} {'does not exist' if condition.exists else 'exists already'}.")
    if "update_time" in condition and (found is None or found.update_time != condition.update_time):
        context.abort(Code.FAILED_PRECONDITION, f"{name} has changed.")
