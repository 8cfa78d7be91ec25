"""What ports promise to whoever erases a person: what is named goes, nothing else does, and it can be said again."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from telecom.bootstrap import Platform
from telecom.errors import QueryError, UsageError
from telecom.ports import FeatureGroup, Record, Write
from telecom.settings import Settings
from telecom.tables import contract

pytestmark = pytest.mark.backends("local", "gcp")
FEEDBACK, AUDIT = "telecom_monitoring.llm_feedback", "telecom_monitoring.assistant_audit"
FEATURES = "telecom_gold.telco_churn_features"
NOW, DAY = datetime(2026, 11, 20, 12, tzinfo=UTC), date(2026, 11, 20)
KEY = "bronze/churn/snapshot_date=2026-11-20/0123-a.csv"


def feedback(platform: Platform, batch: str, *comments: str | None) -> None:
    rows = [
        {"given_on": DAY, "trace_id": f"{batch}{n}", "rating": "up", "comment": text, "given_by": "agent"}
        | {"given_at": NOW, "batch": batch}
        for n, text in enumerate(comments)
    ]
    batches = [pa.RecordBatch.from_pylist(rows, schema=contract(FEEDBACK).schema)]
    platform.warehouse.write(Write(FEEDBACK, batches, {"batch": batch}))


def comments(platform: Platform) -> list[str | None]:
    found = platform.warehouse.query(f"SELECT comment FROM {FEEDBACK} ORDER BY trace_id")
    return list(found["comment"].to_pylist())


def test_rows_of_several_sets_go_and_others_stay_in_order(platform: Platform) -> None:
    feedback(platform, "a", "x", "ana", None)
    feedback(platform, "b", "ana")
    feedback(platform, "c", "y")
    assert platform.warehouse.erase(FEEDBACK, "comment = @who", {"who": "ana", "other": 1}) == 2
    assert comments(platform) == ["x", None, "y"], "what is NULL is not what is named"
    assert platform.warehouse.erase(FEEDBACK, "comment = @who", {"who": "ana"}) == 0
    assert platform.warehouse.erase(FEEDBACK, "TRUE", {}) == 3 and comments(platform) == []


def test_a_condition_may_look_a_word_up_and_ask_another_table(platform: Platform) -> None:
    feedback(platform, "a", "x", "ana")
    batch = pa.RecordBatch.from_pylist([audited("a0")], schema=contract(AUDIT).schema)
    platform.warehouse.write(Write(AUDIT, [batch], {"batch": "z"}))
    where = f"trace_id IN (SELECT trace_id FROM {AUDIT} WHERE customer_id = @who)"
    assert platform.warehouse.erase(FEEDBACK, where, {"who": "A-1"}) == 1
    assert platform.warehouse.erase(FEEDBACK, "REGEXP_CONTAINS(comment, @word)", {"word": r"(^|[^\w-])ana($|\W)"}) == 1
    assert comments(platform) == []


def test_a_wrong_condition_changes_nothing(platform: Platform) -> None:
    feedback(platform, "a", "x")
    for where in ("no_such_column = 1", "comment = ", "TRUE; DELETE FROM other"):
        with pytest.raises(QueryError):
            platform.warehouse.erase(FEEDBACK, where, {})
    assert comments(platform) == ["x"]


def test_an_object_is_taken_away_once_and_its_key_is_free(platform: Platform, tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text("1")
    platform.objects.put(source, KEY)
    platform.objects.put(source, f"{KEY}.more")
    assert platform.objects.remove(KEY) and not platform.objects.remove(KEY)
    assert platform.objects.keys("") == (f"{KEY}.more",)
    source.write_text("2")
    assert Path(platform.objects.get(platform.objects.put(source, KEY), tmp_path / "in")).read_text() == "2"
    with pytest.raises(UsageError, match="not inside the lake"):
        platform.objects.remove("../a.csv")


def test_an_owners_records_are_listed_with_their_kinds(platform: Platform) -> None:
    for kind, key, owner in (
        ("session", "s", "A-1"),
        ("action", "b/ü", "A-1"),
        ("action", "a", "A-1"),
        ("x", "y", "B"),
    ):
        put(platform, kind, Record(key, {"n": key}, owner))
    put(platform, "session", Record("over", {}, "A-1", datetime.now(UTC) - timedelta(seconds=1)))
    found = platform.records.owned("A-1")
    assert [(kind, record.key, record.value) for kind, record in found] == [
        ("action", "a", {"n": "a"}), ("action", "b/ü", {"n": "b/ü"}), ("session", "s", {"n": "s"}),
    ]  # fmt: skip
    assert platform.records.owned("nobody") == ()
    with pytest.raises(UsageError):
        platform.records.owned("")


def put(platform: Platform, kind: str, record: Record) -> None:
    platform.records.change(kind, record.key, lambda _: record)


def audited(trace: str, customer: str = "A-1") -> dict[str, Any]:
    return {
        "event_id": f"{trace}-e", "happened_on": DAY, "trace_id": trace, "principal": "ana", "customer_id": customer,
        "event": "chat", "outcome": "allowed", "detail": "{}", "happened_at": NOW, "batch": "z",
    }  # fmt: skip


def test_what_is_settled_and_erased_is_not_written_again(platform: Platform) -> None:
    row = {name: value for name, value in audited("t1").items() if name != "batch"}
    platform.events.add(AUDIT, [row, row | {"event_id": "other", "customer_id": "B-2"}])
    platform.events.settle()
    assert platform.warehouse.erase(AUDIT, "customer_id = @who", {"who": "A-1"}) == 1
    platform.events.add(AUDIT, [row | {"event_id": "later", "customer_id": "B-2"}])
    platform.events.flush()
    platform.events.settle()
    found = platform.warehouse.query(f"SELECT event_id FROM {AUDIT} ORDER BY event_id")["event_id"].to_pylist()
    assert found == ["later", "other"]


def feature_row(customer: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    samples = {"STRING": "x", "INT64": 1, "FLOAT64": 1.0, "BOOL": True, "DATE": DAY, "TIMESTAMP": NOW}
    for column in contract(FEATURES).columns:
        made[column.name] = column.values[0] if column.values else samples[column.type]
    return made | {"customer_id": customer, "snapshot_date": DAY}


@pytest.mark.parametrize("store", ["", "telco"])
def test_a_forgotten_entity_is_served_by_nobody(platform: Platform, store: str) -> None:
    if store and platform.settings.backend == "local":
        pytest.skip("one machine has one online store")
    settings: Settings = platform.settings.model_copy(update={"online_store": store})
    platform = Platform(settings)
    rows = [pa.RecordBatch.from_pylist([feature_row("A-1"), feature_row("B-2")], schema=contract(FEATURES).schema)]
    platform.warehouse.write(Write(FEATURES, rows, {"snapshot_date": DAY}))
    assert platform.features.served("A-1") == ()
    platform.features.register(FeatureGroup("telco_churn", FEATURES, "customer_id", ("tenure_months",)))
    assert platform.features.served("A-1") == ()
    platform.features.sync("telco_churn", DAY)
    assert platform.features.served("A-1") == ("telco_churn",) and platform.features.served("C-3") == ()
    platform.warehouse.erase(FEATURES, "customer_id = @who", {"who": "A-1"})
    served = platform.features.forget("A-1")
    assert served == (0 if platform.settings.backend == "gcp" and not store else 1)
    assert platform.features.served("A-1") == () and platform.features.forget("A-1") == 0
    assert platform.features.read("telco_churn", ["A-1", "B-2"])["customer_id"].to_pylist() == ["B-2"]
