"""What every Records adapter promises: whole records, no change lost, nobody else's data, and nothing past its time."""

import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from telecom.bootstrap import Platform
from telecom.errors import UsageError
from telecom.ports import Record, Records

pytestmark = pytest.mark.backends("local", "gcp")
NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def records(platform: Platform) -> Records:
    return platform.records


def put(records: Records, key: str, value: Any, owner: str = "", kind: str = "session", **more: Any) -> Record | None:
    return records.change(kind, key, lambda _: Record(key, value, owner, **more))


def test_what_was_written_is_read(records: Records) -> None:
    assert records.read("session", "s1") is None
    value = {"text": "ação 😀 \ud800", "numbers": [1, 2.5, None, True], "nested": [[1], {"a": []}]}
    record = Record("s1", value, "7590-VHVEG", LATER)
    assert records.change("session", "s1", lambda found: record if found is None else None) == record
    assert records.read("session", "s1") == record
    assert records.read("action", "s1") is None, "kinds are apart"
    assert records.change("session", "s1", lambda found: Record("s1", [found is not None])) == Record("s1", [True])
    assert records.read("session", "s1") == Record("s1", [True])


def test_a_record_is_removed(records: Records) -> None:
    put(records, "s1", 1)
    assert records.change("session", "s1", lambda _: None) is None
    assert records.read("session", "s1") is None
    assert records.change("session", "s1", lambda found: found) is None, "what is not there may stay so"


def test_a_change_that_fails_changes_nothing(records: Records) -> None:
    put(records, "s1", {"n": [1]})

    def fail(found: Record | None) -> Record | None:
        assert found
        found.value["n"].append(2)
        raise UsageError("no")

    with pytest.raises(UsageError, match="no"):
        records.change("session", "s1", fail)
    assert records.read("session", "s1") == Record("s1", {"n": [1]})
    assert put(records, "s1", 2) == records.read("session", "s1"), "nothing is left locked"


def test_a_value_changed_in_place_is_changed(records: Records) -> None:
    put(records, "s1", {"n": 1})

    def grow(found: Record | None) -> Record | None:
        assert found
        found.value["n"] += 1
        return found

    records.change("session", "s1", grow)
    assert records.read("session", "s1") == Record("s1", {"n": 2})


def test_past_its_time_a_record_is_not_there(records: Records) -> None:
    put(records, "s1", 1, "c1", expires_at=datetime.now(UTC) + timedelta(seconds=0.25))
    put(records, "s2", 2, "c1", expires_at=LATER.astimezone(timezone(timedelta(hours=-3))))
    assert records.read("session", "s1") == records.of("session", "c1")[1]
    time.sleep(0.3)
    assert records.read("session", "s1") is None
    assert [record.key for record in records.of("session", "c1")] == ["s2"]
    assert records.change("session", "s1", lambda found: found) is None, "a change does not see it either"
    assert records.erase("c1") == 1, "nor is it counted"
    assert records.read("session", "s2") is None


def test_an_owners_records_are_listed_the_one_changed_last_first(records: Records) -> None:
    for key in ("a", "b", "c"):
        put(records, key, key, "c1")
    put(records, "d", "d", "c2")
    put(records, "e", "e", "c1", kind="action")
    put(records, "a", "changed", "c1")
    assert [(record.key, record.value) for record in records.of("session", "c1")] == [
        ("a", "changed"),
        ("c", "c"),
        ("b", "b"),
    ]
    assert [record.key for record in records.of("session", "c1", limit=2)] == ["a", "c"]
    assert records.of("session", "c1", limit=0) == ()
    assert records.of("session", "nobody") == ()
    put(records, "b", "b", "c2")
    assert [record.key for record in records.of("session", "c2")] == ["b", "d"], "a record may change hands"


def test_erasing_takes_all_of_an_owners_records_and_nothing_else(records: Records) -> None:
    for kind in ("session", "action"):
        for key in ("a", "b"):
            put(records, key, 1, "c1", kind)
        put(records, "c", 1, "c2", kind)
    assert records.erase("c1") == 4
    assert records.erase("c1") == 0
    assert [records.of(kind, "c1") for kind in ("session", "action")] == [(), ()]
    assert [records.of(kind, "c2") for kind in ("session", "action")] == [(Record("c", 1, "c2"),)] * 2


def test_no_change_is_lost(records: Records) -> None:
    def add(number: int) -> None:
        for step in range(5):
            records.change("count", "all", lambda found, entry=(number, step): grown(found, entry))  # type: ignore[misc]

    def grown(found: Record | None, entry: tuple[int, int]) -> Record:
        return Record("all", [*(found.value if found else []), list(entry)])

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = records.read("count", "all")
    assert found and sorted(found.value) == [[number, step] for number in range(4) for step in range(5)]


@pytest.mark.parametrize("key", ["a/b", "..", "__x__", "a b", "ação", "x" * 400, "%2F", ":", "\n"])
def test_any_text_can_be_a_key(records: Records, key: str) -> None:
    put(records, key, 1, "c1")
    assert records.read("session", key) == Record(key, 1, "c1") == records.of("session", "c1")[0]


@pytest.mark.parametrize(
    ("kind", "key"),
    [("Session", "a"), ("", "a"), ("a/b", "a"), ("session", ""), ("session", "x" * 401), ("session", "\0")],
)
def test_other_names_are_refused(records: Records, kind: str, key: str) -> None:
    with pytest.raises(UsageError):
        records.read(kind, key)
    with pytest.raises(UsageError):
        put(records, key, 1, kind=kind)


def test_halves_of_characters_name_nothing(records: Records) -> None:
    with pytest.raises(UsageError, match="not valid Unicode"):
        records.read("session", "\ud800")
    with pytest.raises(UsageError, match="not valid Unicode"):
        put(records, "a", 1, "\ud800")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (Record("b", 1), "was changed into 'b'"),
        (Record("a", {1, 2}), "is not JSON"),
        (Record("a", float("nan")), "is not JSON"),
        (Record("a", "x" * 900_000), "has 900,002 bytes"),
        (Record("a", 1, "", datetime(2030, 1, 1)), "no time zone"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_nothing_changed(records: Records, record: Record, said: str) -> None:
    put(records, "a", "before")
    with pytest.raises(UsageError, match=said):
        records.change("session", "a", lambda _: record)
    assert records.read("session", "a") == Record("a", "before")


def test_a_large_record_is_kept_whole(records: Records) -> None:
    put(records, "a", ["x" * 1000] * 800)
    found = records.read("session", "a")
    assert found and found.value == ["x" * 1000] * 800


@pytest.mark.parametrize("ask", [lambda records: records.erase(""), lambda records: records.of("session", "")])
def test_records_of_nobody_are_not_asked_for(records: Records, ask: Any) -> None:
    put(records, "a", 1)
    with pytest.raises(UsageError, match="none is named"):
        ask(records)
    assert records.read("session", "a")
