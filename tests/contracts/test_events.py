"""What every Events adapter promises: each row once, none lost, and nothing that is not a row of its table."""

import threading
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from telecom.bootstrap import Platform
from telecom.errors import NotFound, UsageError
from telecom.tables import contracts

pytestmark = pytest.mark.backends("local", "gcp")
FEEDBACK = "telecom_monitoring.llm_feedback"
AUDIT = "telecom_monitoring.assistant_audit"
ACTIONS = "telecom_gold.retention_actions"
NOW = datetime(2026, 11, 20, 12, 30, 15, 123456, tzinfo=UTC)
DAY = date(2026, 11, 20)


def feedback(trace: str, **more: Any) -> dict[str, Any]:
    return {"given_on": DAY, "trace_id": trace, "rating": "up", "given_by": "agent", "given_at": NOW, **more}


def decision(action: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "action_id": action,
        "decided_on": DAY,
        "customer_id": "7590-VHVEG",
        "type": "discount",
        "title": "Desconto de 10 %",
        "parameters": '{"percent": 10}',
        "status": status,
        "reason": "within policy",
        "proposed_at": NOW,
        "decided_at": NOW,
        "decided_by": "agent-1",
        "trace_id": "t1",
        **more,
    }


def stored(platform: Platform, table: str, order: str) -> list[dict[str, Any]]:
    return list(platform.warehouse.query(f"SELECT * FROM {table} ORDER BY {order}").to_pylist())


def test_what_was_added_is_in_the_table_after_a_flush(platform: Platform) -> None:
    late = NOW.astimezone(timezone(timedelta(hours=-3)))
    platform.events.add(FEEDBACK, [feedback("t1", comment="ótimo 😀"), feedback("t2", rating="down", given_at=late)])
    platform.events.add(FEEDBACK, [feedback("t3", comment=None)])
    platform.events.flush()
    rows = stored(platform, FEEDBACK, "trace_id")
    assert [row["trace_id"] for row in rows] == ["t1", "t2", "t3"]
    assert rows[0] == {**feedback("t1"), "comment": "ótimo 😀", "batch": rows[0]["batch"]}
    assert rows[1]["given_at"] == NOW
    assert rows[2]["comment"] is None


def test_each_row_is_there_once_however_often_is_flushed(platform: Platform) -> None:
    for number in range(3):
        platform.events.add(FEEDBACK, [feedback(f"t{number}")])
        platform.events.flush()
        platform.events.flush()
    assert [row["trace_id"] for row in stored(platform, FEEDBACK, "trace_id")] == ["t0", "t1", "t2"]


def test_tables_are_apart(platform: Platform) -> None:
    platform.events.add(FEEDBACK, [feedback("t1")])
    platform.events.add(ACTIONS, [decision("a1", "approved")])
    platform.events.add(ACTIONS, [decision("a1", "executed"), decision("a2", "rejected", decided_by=None)])
    platform.events.flush()
    assert [row["trace_id"] for row in stored(platform, FEEDBACK, "trace_id")] == ["t1"]
    assert [(row["action_id"], row["status"]) for row in stored(platform, ACTIONS, "action_id, status")] == [
        ("a1", "approved"),
        ("a1", "executed"),
        ("a2", "rejected"),
    ]


def test_many_threads_lose_nothing(platform: Platform) -> None:
    events = platform.events

    def add(thread: int) -> None:
        for number in range(10):
            events.add(FEEDBACK, [feedback(f"{thread}-{number}")])

    threads = [threading.Thread(target=add, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events.flush()
    found = [row["trace_id"] for row in stored(platform, FEEDBACK, "trace_id")]
    assert found == sorted(f"{thread}-{number}" for thread in range(8) for number in range(10))


def test_nothing_is_added_of_nothing(platform: Platform) -> None:
    platform.events.add(FEEDBACK, [])
    platform.events.flush()
    assert stored(platform, FEEDBACK, "trace_id") == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rating": "sideways"}, "'sideways' is none of up, down"),
        ({"rating": None}, "rating is REQUIRED"),
        ({"ratting": "up"}, r"has no columns \['ratting'\]"),
        ({"given_at": "yesterday"}, "contract's types"),
        ({"given_at": datetime(2026, 11, 20)}, "no TIMESTAMP"),
        ({"given_on": NOW}, "no DATE"),
        ({"trace_id": 7}, "contract's types"),
    ],
)
def test_what_is_no_row_of_the_table_is_refused_with_all_that_came_along(
    platform: Platform, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        platform.events.add(FEEDBACK, [feedback("t1"), feedback("t2") | change])
    platform.events.flush()
    assert stored(platform, FEEDBACK, "trace_id") == []


@pytest.mark.parametrize(
    ("change", "said"), [({"customer_id": "'; DROP"}, "does not match"), ({"status": "done"}, "is none of")]
)
def test_values_are_those_of_the_contract(platform: Platform, change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        platform.events.add(ACTIONS, [decision("a1", "approved") | change])


def test_numbers_have_their_bounds(platform: Platform) -> None:
    row = {
        "used_on": DAY,
        "trace_id": "t1",
        "session_id": "s1",
        "model": "m",
        "prompt_version": "p",
        "intent": "invoice",
        "channel": "portal",
        "input_tokens": 10,
        "output_tokens": 5,
        "cost_usd": 0.001,
        "latency_ms": 12.5,
        "degraded": False,
        "answered_at": NOW,
    }
    platform.events.add("telecom_monitoring.llm_usage", [row])
    with pytest.raises(UsageError, match=r"cost_usd = -1 is out of bounds"):
        platform.events.add("telecom_monitoring.llm_usage", [row | {"cost_usd": -1}])
    platform.events.flush()
    (found,) = stored(platform, "telecom_monitoring.llm_usage", "trace_id")
    assert found.items() >= row.items() and found["batch"]


def test_halves_of_characters_do_not_keep_a_row_out(platform: Platform) -> None:
    platform.events.add(FEEDBACK, [feedback("t1", comment="a\ud83db")])
    platform.events.flush()
    assert [row["comment"] for row in stored(platform, FEEDBACK, "trace_id")] == ["a?b"]


def test_other_tables_take_no_events(platform: Platform) -> None:
    with pytest.raises(UsageError, match="not a table to which rows are added"):
        platform.events.add("telecom_gold.telco_churn_scored", [{}])
    with pytest.raises(NotFound, match="There is no table"):
        platform.events.add("telecom_gold.nothing", [{}])


def test_the_tables_that_only_grow_are_these() -> None:
    growing = {table for table, contract in contracts().items() if contract.replace_by == ("batch",)}
    assert growing == {FEEDBACK, AUDIT, ACTIONS, "telecom_monitoring.llm_usage", "telecom_monitoring.test_runs"}
