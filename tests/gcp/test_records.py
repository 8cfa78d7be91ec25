"""Firestore as a service in which others are quicker, answers get lost, and an index may be missing."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.firestore_v1.services.firestore import FirestoreClient

from telecom.adapters.gcp import records as module
from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp.records import FirestoreRecords
from telecom.errors import DependencyUnavailable, NotFound, TelecomError, WarehouseBusy
from telecom.ports import Record
from telecom.settings import Settings
from tests.loopback.cloud import Cloud
from tests.loopback.faults import Kind

DATABASE = "projects/telecom-test/databases/telecom-dev"
LATER = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def records(gcp_settings: Settings) -> FirestoreRecords:
    return FirestoreRecords(gcp_settings)


def grown(found: Record | None) -> Record:
    return Record("k", (found.value if found else 0) + 1, "c1")


def taken(popped: list[Any]) -> Callable[[Record | None], None]:
    def take(found: Record | None) -> None:
        popped.append(found.value if found else None)

    return take


def test_a_record_is_one_document(records: FirestoreRecords, cloud: Cloud) -> None:
    records.change("session", "a/b", lambda _: Record("a/b", {"n": 1}, "c1", LATER))
    ((name, found),) = cloud.firestore.documents.items()
    assert name == f"{DATABASE}/documents/assistant_records/session:a%2Fb"
    assert set(found.fields) == {"kind", "owner", "value", "writes", "changed_at", "expires_at"}
    assert found.fields["value"].string_value == '{"n": 1}'
    assert abs(found.fields["changed_at"].timestamp_value - datetime.now(UTC)) < timedelta(minutes=1)
    assert cloud.firestore.expire("assistant_records", "expires_at", LATER) == 1


def test_every_call_has_a_deadline_and_says_where_it_goes(records: FirestoreRecords, cloud: Cloud) -> None:
    records.change("session", "k", grown)
    records.change("session", "k", lambda found: found)
    records.read("session", "k")
    records.of("session", "c1")
    records.erase("c1")
    assert {call.rpc for call in cloud.grpc.calls} == {"BatchGetDocuments", "Commit", "Rollback", "RunQuery"}
    for call in cloud.grpc.calls:
        assert call.deadline is not None and call.deadline < 5.5, call.rpc
        assert call.metadata["google-cloud-resource-prefix"] == DATABASE
        assert call.routing.get("database", call.routing.get("parent", "")).startswith(DATABASE)


def test_a_change_takes_two_calls_and_nothing_is_written_that_is_there(records: FirestoreRecords, cloud: Cloud) -> None:
    records.change("session", "k", grown)
    assert [call.rpc for call in cloud.grpc.calls] == ["BatchGetDocuments", "Commit"]
    (before,) = cloud.firestore.documents.values()
    records.change("session", "k", lambda found: found)
    assert len(cloud.grpc.requests("Commit")) == 1
    assert list(cloud.firestore.documents.values()) == [before]
    assert not cloud.firestore.transactions, "none is left open"


@pytest.mark.parametrize("kind", ["429", "500", "503", "timeout"])
@pytest.mark.parametrize("rpc", ["BatchGetDocuments", "Commit"])
def test_transient_failures_are_ridden_out(records: FirestoreRecords, cloud: Cloud, rpc: str, kind: Kind) -> None:
    cloud.fail(rpc, times=2, kind=kind)
    assert records.change("session", "k", grown) == Record("k", 1, "c1")
    assert not cloud.faults.unspent
    assert records.read("session", "k") == Record("k", 1, "c1")


def test_a_lost_answer_to_a_commit_is_not_a_second_change(records: FirestoreRecords, cloud: Cloud) -> None:
    calls: list[int] = []
    cloud.fail("Commit", kind="half")
    after = records.change("session", "k", lambda found: (calls.append(1), grown(found))[1])
    assert after == Record("k", 1, "c1") == records.read("session", "k")
    assert (len(calls), len(cloud.grpc.requests("Commit"))) == (1, 1)


def test_it_is_found_below_the_changes_of_others_as_well(records: FirestoreRecords, cloud: Cloud) -> None:
    records.change("session", "k", grown)
    struck: list[int] = []

    @cloud.grpc.on("Commit")
    def commit(request: Any, context: Any) -> Any:
        answer = cloud.firestore.commit(request, context)
        if not struck:
            struck.append(1)
            for _ in range(3):
                records.change("session", "k", grown)
            context.abort(module_code("UNAVAILABLE"), "The answer is lost.")
        return answer

    records.change("session", "k", grown)
    found = records.read("session", "k")
    assert found and found.value == 5


def test_a_lost_answer_to_a_removal_is_not_a_second_one(records: FirestoreRecords, cloud: Cloud) -> None:
    records.change("session", "k", grown)
    cloud.fail("Commit", kind="half")
    popped: list[Any] = []
    assert records.change("session", "k", taken(popped)) is None
    assert popped == [1]


def test_of_two_who_take_one_record_only_one_gets_it(records: FirestoreRecords, cloud: Cloud) -> None:
    records.change("session", "k", grown)
    first: list[Any] = []
    second: list[Any] = []

    def meanwhile(request: Any) -> None:
        cloud.firestore.before_commit = lambda _: None
        records.change("session", "k", taken(second))

    cloud.firestore.before_commit = meanwhile
    records.change("session", "k", taken(first))
    assert (first, second) == ([1, None], [1]), "the one who came later sees that it is gone"


def test_who_comes_first_is_seen_by_who_comes_later(records: FirestoreRecords, cloud: Cloud) -> None:
    def meanwhile(request: Any) -> None:
        cloud.firestore.before_commit = lambda _: None
        records.change("session", "k", lambda _: Record("k", 41, "c1"))

    cloud.firestore.before_commit = meanwhile
    assert records.change("session", "k", grown) == Record("k", 42, "c1")


def test_others_who_are_always_quicker_end_the_attempts(
    records: FirestoreRecords, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.02)
    cloud.firestore.before_commit = lambda _: _touch(cloud)
    records.change("session", "k", grown)
    with pytest.raises(WarehouseBusy, match="changed by others at every attempt"):
        records.change("session", "k", grown)
    assert len(cloud.grpc.requests("Commit")) == 1 + module.ATTEMPTS
    assert not cloud.firestore.transactions


def test_the_waiting_time_ends_them_too(gcp_settings: Settings, cloud: Cloud) -> None:
    records = FirestoreRecords(gcp_settings.model_copy(update={"lock_seconds": 0.0}))
    cloud.fail("Commit", kind="503")
    with pytest.raises(WarehouseBusy):
        records.change("session", "k", grown)
    assert records.change("session", "k", grown)


def test_nobody_is_kept_out_while_a_change_is_thought_about(records: FirestoreRecords) -> None:
    records.change("session", "k", grown)
    inside, go_on = threading.Event(), threading.Event()

    def slow(found: Record | None) -> Record:
        inside.set()
        go_on.wait(5)
        return grown(found)

    thinking = threading.Thread(target=lambda: records.change("session", "k", slow))
    thinking.start()
    inside.wait(5)
    assert records.change("session", "k", grown) == Record("k", 2, "c1")
    go_on.set()
    thinking.join()
    assert records.read("session", "k") == Record("k", 3, "c1")


def test_a_missing_index_or_database_is_told(records: FirestoreRecords, cloud: Cloud) -> None:
    records.change("session", "k", grown)
    cloud.firestore.indexes.clear()
    with pytest.raises(TelecomError, match="The query requires an index"):
        records.of("session", "c1")
    cloud.firestore.databases.clear()
    with pytest.raises(NotFound, match=r"Reading the record session 'k' failed.*telecom-dev does not exist"):
        records.read("session", "k")


def test_a_service_that_never_answers_is_given_up(
    records: FirestoreRecords, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from telecom.adapters.gcp import _firestore

    monkeypatch.setattr(_firestore, "PATIENT", _firestore.PATIENT.with_timeout(0.2))
    cloud.fail("BatchGetDocuments", times=50)
    with pytest.raises(DependencyUnavailable, match="Reading the record session 'k' failed"):
        records.read("session", "k")


def test_many_records_are_erased_in_portions(
    records: FirestoreRecords, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DELETED_AT_ONCE", 2)
    for key in "abcde":
        records.change("session", key, lambda _, key=key: Record(key, 1, "c1"))  # type: ignore[misc]
    cloud.fail("RunQuery", kind="503")
    cloud.fail("Commit", kind="half")
    assert records.erase("c1") == 5
    assert not cloud.firestore.documents


# What the loopback itself does with transactions that lock, as Firestore's default ones do.


def test_the_loopback_knows_locks(gcp_settings: Settings, cloud: Cloud, records: FirestoreRecords) -> None:
    records.change("session", "k", grown)
    name = f"{DATABASE}/documents/assistant_records/session:k"
    client = grpc_client(FirestoreClient, gcp_settings)
    cloud.firestore.lock_seconds = 0.1
    locked = client.begin_transaction(database=DATABASE).transaction
    list(client.batch_get_documents({"database": DATABASE, "documents": [name], "transaction": locked}))
    with pytest.raises(WarehouseBusy):
        FirestoreRecords(gcp_settings.model_copy(update={"lock_seconds": 0.3})).change("session", "k", grown)
    client.rollback(database=DATABASE, transaction=locked)
    assert records.change("session", "k", grown) == Record("k", 2, "c1")


def module_code(name: str) -> Any:
    import grpc

    return grpc.StatusCode[name]


def _touch(cloud: Cloud) -> None:
    """Somebody else writes the same document, at this moment."""
    for name, found in cloud.firestore.documents.items():
        changed = type(found)(found)
        changed.update_time = datetime.now(UTC)
        cloud.firestore.documents[name] = changed
