"""The assistant's SQLite file: what it says when it cannot be used, what it erases, and how events leave it."""

import gc
import logging
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from telecom.adapters.local import _outbox, events, records
from telecom.adapters.local._outbox import Outbox
from telecom.adapters.local.events import LocalEvents
from telecom.adapters.local.records import LocalRecords
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.errors import DependencyUnavailable, TelecomError, UsageError, WarehouseBusy
from telecom.ports import Reader, Record, Write
from telecom.settings import Settings

TABLE = "telecom_monitoring.llm_feedback"
OTHER = "telecom_monitoring.llm_usage"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, lock_seconds=0.2)


def put(store: LocalRecords, key: str, value: Any, owner: str = "", expires_at: datetime | None = None) -> None:
    store.change("session", key, lambda _: Record(key, value, owner, expires_at))


# The file.


def test_only_its_owner_may_read_it(settings: Settings) -> None:
    store = LocalRecords(settings)
    put(store, "a", 1)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in settings.home.glob("assistant.db*")}
    assert modes == dict.fromkeys(["assistant.db", "assistant.db-wal", "assistant.db-shm"], 0o600)
    assert store.read("session", "a")


def test_a_file_that_is_something_else_is_named(settings: Settings) -> None:
    (settings.home / "assistant.db").write_bytes(b"not a database " * 100)
    with pytest.raises(TelecomError, match=r"assistant\.db is damaged"):
        LocalRecords(settings).read("session", "a")


def test_a_later_format_is_not_touched(settings: Settings) -> None:
    with sqlite3.connect(settings.home / "assistant.db") as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(TelecomError, match="has format 7, not 1"):
        LocalRecords(settings).read("session", "a")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DependencyUnavailable, match=r"assistant\.db cannot be made"):
        LocalRecords(Settings(home=tmp_path / "file" / "home")).read("session", "a")


def test_who_writes_too_long_is_not_waited_for_for_ever(settings: Settings) -> None:
    store = LocalRecords(settings)
    put(store, "a", 1)
    other = sqlite3.connect(settings.home / "assistant.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(WarehouseBusy, match=r"waited 0\.2 s"):
        put(store, "a", 2)
    assert store.read("session", "a") == Record("a", 1), "readers never wait"
    other.execute("ROLLBACK")
    other.close()
    put(store, "a", 2)
    assert store.read("session", "a") == Record("a", 2)


def test_threads_wait_for_a_thread_only_so_long(settings: Settings) -> None:
    store, inside, go_on = LocalRecords(settings), threading.Event(), threading.Event()

    def slow(found: Record | None) -> Record:
        inside.set()
        go_on.wait(5)
        return Record("a", 1)

    thread = threading.Thread(target=lambda: store.change("session", "a", slow))
    thread.start()
    inside.wait(5)
    with pytest.raises(WarehouseBusy):
        put(store, "b", 1)
    go_on.set()
    thread.join()


def test_a_change_within_a_change_is_refused(settings: Settings) -> None:
    store = LocalRecords(settings)

    def nested(_: Record | None) -> Record:
        put(store, "b", 1)
        return Record("a", 1)

    with pytest.raises(UsageError, match="within another change"):
        store.change("session", "a", nested)
    assert store.change("session", "a", lambda _: store.read("session", "b")) is None, "reading is no change"


def test_events_within_a_change_are_refused_not_waited_for(settings: Settings) -> None:
    store, box = LocalRecords(settings), Outbox(settings, LocalWarehouse(settings))

    def nested(_: Record | None) -> Record:
        box.add(TABLE, [feedback("t1")])
        return Record("a", 1)

    with pytest.raises(UsageError, match="within another change"):
        store.change("session", "a", nested)
    box.add(TABLE, [feedback("t1")])


def test_what_is_erased_is_in_no_file_any_more(settings: Settings) -> None:
    store = LocalRecords(settings)
    for number in range(50):
        put(store, f"s{number}", ["minha senha secreta"] * 20, "c1")
    assert any(b"senha secreta" in path.read_bytes() for path in settings.home.glob("assistant.db*"))
    assert store.erase("c1") == 50
    assert not any(b"senha secreta" in path.read_bytes() for path in settings.home.glob("assistant.db*"))


def test_records_past_their_time_are_swept_by_changes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "SWEEP_EVERY", 3)
    store = LocalRecords(settings)
    put(store, "old", 1, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    put(store, "b", 1, expires_at=datetime.now(UTC) + timedelta(hours=1))
    put(store, "c", 1)
    with sqlite3.connect(settings.home / "assistant.db") as connection:
        assert connection.execute("SELECT key FROM records ORDER BY key").fetchall() == [("b",), ("c",)]
    connection.close()


# Events.


class Slow:
    """A warehouse that may refuse, and notes down what was written."""

    def __init__(self, settings: Settings) -> None:
        self.real = LocalWarehouse(settings)
        self.refuses: set[str] = set()
        self.written: list[tuple[str, int]] = []

    def write(self, *writes: Write, inspect: Callable[[Reader], None] | None = None) -> tuple[int, ...]:
        (write,) = writes
        if write.table in self.refuses:
            raise WarehouseBusy(f"{write.table} is being written by somebody.")
        (rows,) = self.real.write(write)
        self.written.append((write.table, rows))
        return (rows,)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


@pytest.fixture
def warehouse(settings: Settings) -> Slow:
    return Slow(settings)


@pytest.fixture
def outbox(settings: Settings, warehouse: Slow) -> Outbox:
    return Outbox(settings, warehouse)


def feedback(trace: str) -> dict[str, Any]:
    return {"given_on": date(2026, 11, 20), "trace_id": trace, "rating": "up", "given_by": "a", "given_at": NOW}


def usage(trace: str) -> dict[str, Any]:
    return {
        **{"used_on": date(2026, 11, 20), "trace_id": trace, "session_id": "s", "model": "m", "prompt_version": "p"},
        **{"intent": "i", "channel": "c", "input_tokens": 1, "output_tokens": 1, "cost_usd": 0.0, "latency_ms": 1.0},
        **{"degraded": False, "answered_at": NOW},
    }


def waiting(settings: Settings) -> dict[str, int]:
    """Rows in the outbox by table."""
    connection = sqlite3.connect(settings.home / "assistant.db")
    found = connection.execute(
        "SELECT target, COUNT(*) FROM outbox JOIN batches ON batch = name GROUP BY target"
    ).fetchall()
    connection.close()
    return dict(found)


def traces(warehouse: Slow, table: str = TABLE) -> list[str]:
    return list(warehouse.query(f"SELECT trace_id FROM {table} ORDER BY trace_id")["trace_id"].to_pylist())


def test_a_day_is_one_file_however_often_is_flushed(outbox: Outbox, warehouse: Slow, settings: Settings) -> None:
    for number in range(3):
        outbox.add(TABLE, [feedback(f"t{number}")])
        outbox.flush()
    outbox.flush()
    assert warehouse.written == [(TABLE, 1), (TABLE, 2), (TABLE, 3)], (
        "the whole set each time; nothing, if nothing is new"
    )
    assert len(list((settings.home / "warehouse").glob("*/llm_feedback/*.parquet"))) == 1
    assert waiting(settings) == {TABLE: 3}


def test_a_full_batch_is_closed_and_leaves(
    outbox: Outbox, warehouse: Slow, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_outbox, "FULL", 3)
    for number in range(7):
        outbox.add(TABLE, [feedback(f"t{number}")])
    outbox.flush()
    assert traces(warehouse) == [f"t{number}" for number in range(7)]
    assert waiting(settings) == {TABLE: 1}, "two are closed; the third is open"
    assert warehouse.query(f"SELECT DISTINCT batch FROM {TABLE}").num_rows == 3
    outbox.flush()
    assert len(warehouse.written) == 3


def test_a_batch_of_yesterday_is_closed(
    outbox: Outbox, warehouse: Slow, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Yesterday(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) - timedelta(days=1)

    with monkeypatch.context() as patch:
        patch.setattr(_outbox, "datetime", Yesterday)
        outbox.add(TABLE, [feedback("old")])
    outbox.add(TABLE, [feedback("new")])
    outbox.flush()
    assert traces(warehouse) == ["new", "old"]
    assert waiting(settings) == {TABLE: 1}


def test_one_tables_trouble_is_not_the_others(outbox: Outbox, warehouse: Slow, settings: Settings) -> None:
    outbox.add(TABLE, [feedback("t1")])
    outbox.add(OTHER, [usage("t1")])
    warehouse.refuses = {TABLE}
    with pytest.raises(WarehouseBusy):
        outbox.flush()
    assert (traces(warehouse), traces(warehouse, OTHER)) == ([], ["t1"])
    warehouse.refuses = set()
    outbox.flush()
    assert (traces(warehouse), traces(warehouse, OTHER)) == (["t1"], ["t1"])


def test_a_flush_that_was_not_noted_down_is_repeated_without_harm(
    outbox: Outbox, warehouse: Slow, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.add(TABLE, [feedback("t1")])

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "_note", killed)
        with pytest.raises(KeyboardInterrupt):
            outbox.flush()
    assert traces(warehouse) == ["t1"]
    Outbox(settings, warehouse).flush()
    assert traces(warehouse) == ["t1"]


def test_rows_that_were_kept_are_in_utc_and_whole(outbox: Outbox, warehouse: Slow, settings: Settings) -> None:
    row = feedback("t1") | {"comment": "linha\nação 😀", "given_at": NOW.replace(microsecond=1)}
    outbox.add(TABLE, [row])
    Outbox(settings, warehouse).flush()
    (found,) = warehouse.query(f"SELECT * FROM {TABLE}").to_pylist()
    assert {name: found[name] for name in row} == row


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "EVERY_SECONDS", 0.02)


def writers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "telecom-events"]


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    yield
    gc.collect()
    assert not writers()


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


def test_rows_are_written_without_a_flush(settings: Settings, warehouse: Slow, quick: None) -> None:
    local = LocalEvents(settings, warehouse)
    assert not writers(), "nothing runs before the first row"
    local.add(TABLE, [feedback("t1")])
    assert within(5, lambda: traces(warehouse) == ["t1"])
    local.add(TABLE, [feedback("t2")])
    assert within(5, lambda: traces(warehouse) == ["t1", "t2"])
    assert len(writers()) == 1


def test_trouble_is_told_once_and_ridden_out(
    settings: Settings, warehouse: Slow, quick: None, caplog: pytest.LogCaptureFixture
) -> None:
    warehouse.refuses = {TABLE}
    local = LocalEvents(settings, warehouse)
    with caplog.at_level(logging.WARNING):
        local.add(TABLE, [feedback("t1")])
        time.sleep(0.3)
        warehouse.refuses = set()
        assert within(5, lambda: traces(warehouse) == ["t1"])
    assert [record.getMessage() for record in caplog.records] == [
        f"Events wait for the warehouse: {TABLE} is being written by somebody."
    ]


def test_the_end_writes_what_is_left(settings: Settings, warehouse: Slow) -> None:
    local = LocalEvents(settings, warehouse)
    local.add(TABLE, [feedback("t1")])
    del local
    gc.collect()
    assert traces(warehouse) == ["t1"]


def test_the_thread_leaves_the_work_to_another_process_that_is_at_it(
    settings: Settings, warehouse: Slow, quick: None
) -> None:
    from telecom.adapters.local._files import exclusive

    local = LocalEvents(settings, warehouse)
    with exclusive(settings.home / ".assistant-events.lock", 1, "x"):
        local.add(TABLE, [feedback("t1")])
        time.sleep(0.2)
        assert traces(warehouse) == []
        with pytest.raises(WarehouseBusy, match="outbox of events"):
            local.flush()
    assert within(5, lambda: traces(warehouse) == ["t1"])
