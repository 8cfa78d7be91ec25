"""What every FeatureStore promises. On gcp both ways of serving: from BigQuery, and from an online store."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from telecom.bootstrap import Platform
from telecom.errors import DependencyUnavailable, NotFound
from telecom.ports import FeatureGroup, FeatureStore, Write
from telecom.tables import contract

pytestmark = pytest.mark.backends("local", "gcp", "gcp-online")

TABLE = "telecom_gold.telco_churn_features"
DAY, LATER = date(2026, 11, 20), date(2026, 12, 20)
GROUP = FeatureGroup("churn", TABLE, "customer_id", ("tenure_months", "contract", "autopay"))
DEFAULTS = {"STRING": "x", "INT64": 3, "FLOAT64": 1.5, "BOOL": True}


@pytest.fixture
def platform(platform: Platform, backend: str) -> Platform:
    if backend == "gcp-online":
        return Platform(platform.settings.model_copy(update={"online_store": "telecom_test"}))
    return platform


@pytest.fixture
def store(platform: Platform) -> FeatureStore:
    return platform.features


def prepared(platform: Platform, ids: Sequence[str], day: date = DAY, tenure: int = 3) -> None:
    """A snapshot of the feature table: the given customers and no others."""
    table = contract(TABLE)
    row = {c.name: DEFAULTS.get(c.type) for c in table.columns} | {"tenure_months": tenure, "snapshot_date": day}
    row |= {"feature_timestamp": datetime.combine(day, datetime.min.time(), UTC)}
    batch = pa.RecordBatch.from_pylist([row | {"customer_id": name} for name in ids], schema=table.schema)
    platform.warehouse.write(Write(TABLE, [batch], {"snapshot_date": day}))


def tenures(table: pa.Table) -> dict[str, int]:
    return dict(zip(table["customer_id"].to_pylist(), table["tenure_months"].to_pylist(), strict=True))


def test_features_are_served_in_the_order_asked_for(platform: Platform, store: FeatureStore) -> None:
    prepared(platform, ["a", "b", "c"])
    store.register(GROUP)
    assert store.sync("churn", DAY) == 3
    found = store.read("churn", ["c", "missing", "a"])
    assert found.to_pylist() == [
        {"customer_id": name, "tenure_months": 3, "contract": "x", "autopay": True} for name in ("c", "a")
    ]
    assert found.schema == pa.schema(
        [
            ("customer_id", pa.string()),
            ("tenure_months", pa.int64()),
            ("contract", pa.string()),
            ("autopay", pa.bool_()),
        ]
    )


def test_nobody_asked_for_is_an_empty_table(platform: Platform, store: FeatureStore) -> None:
    prepared(platform, ["a"])
    store.register(GROUP)
    store.sync("churn", DAY)
    for names in ([], ["missing"]):
        found = store.read("churn", names)
        assert (found.num_rows, found.schema.names) == (0, ["customer_id", *GROUP.features])


def test_many_entities_at_once(platform: Platform, store: FeatureStore) -> None:
    ids = [f"c{n}" for n in range(601)]
    prepared(platform, ids)
    store.register(GROUP)
    store.sync("churn", DAY)
    assert store.read("churn", ids)["customer_id"].to_pylist() == ids


def test_a_sync_replaces_what_was_served(platform: Platform, store: FeatureStore) -> None:
    store.register(GROUP)
    for day, ids, tenure in ((DAY, ["a", "b"], 1), (LATER, ["a", "c"], 2)):
        prepared(platform, ids, day, tenure)
        store.sync("churn", day)
    assert tenures(store.read("churn", ["a", "b", "c"])) == {"a": 2, "c": 2}
    store.sync("churn", DAY)
    assert tenures(store.read("churn", ["a", "b", "c"])) == {"a": 1, "b": 1}


def test_a_snapshot_prepared_again_is_served_after_its_sync(platform: Platform, store: FeatureStore) -> None:
    store.register(GROUP)
    for ids, tenure in ((["a", "b"], 1), (["a"], 5)):
        prepared(platform, ids, tenure=tenure)
        assert store.sync("churn", DAY) == len(ids)
    assert tenures(store.read("churn", ["a", "b"])) == {"a": 5}


def test_a_snapshot_that_was_not_prepared_serves_nobody(platform: Platform, store: FeatureStore) -> None:
    prepared(platform, ["a"])
    store.register(GROUP)
    assert store.sync("churn", LATER) == 0
    assert store.read("churn", ["a"]).num_rows == 0


def test_unknown_groups_and_features_are_named(store: FeatureStore) -> None:
    with pytest.raises(NotFound, match="There is no feature group 'nothing'"):
        store.read("nothing", ["a"])
    with pytest.raises(NotFound, match="There is no feature group 'nothing'"):
        store.sync("nothing", DAY)
    with pytest.raises(NotFound, match="There is no feature group 'nothing'"):
        store.as_of("nothing", ["a"], datetime(2026, 12, 1, tzinfo=UTC))
    with pytest.raises(NotFound, match="no column 'shoe_size'"):
        store.register(FeatureGroup("g", TABLE, "customer_id", ("shoe_size",)))
    store.register(GROUP)
    with pytest.raises(NotFound, match=r"Feature group 'churn' has no online side.*telecom features"):
        store.read("churn", ["a"])


def test_registering_again_changes_the_features_and_their_order(platform: Platform, store: FeatureStore) -> None:
    prepared(platform, ["a"])
    for features in (GROUP.features, ("contract", "tenure_months", "partner"), GROUP.features):
        store.register(FeatureGroup("churn", TABLE, "customer_id", features))
        store.sync("churn", DAY)
        assert store.read("churn", ["a"]).schema.names == ["customer_id", *features]


def test_groups_are_served_apart(platform: Platform, store: FeatureStore) -> None:
    other = FeatureGroup("churn_money", TABLE, "customer_id", ("total_charges",))
    for day, ids in ((DAY, ["a"]), (LATER, ["a", "b"])):
        prepared(platform, ids, day)
    for group, day in ((GROUP, DAY), (other, LATER)):
        store.register(group)
        store.sync(group.name, day)
    store.sync("churn", DAY)
    assert store.read("churn", ["a", "b"]).num_rows == 1
    assert store.read("churn_money", ["a", "b"])["total_charges"].to_pylist() == [1.5, 1.5]


def test_the_past_is_as_it_was_known_then(platform: Platform, store: FeatureStore) -> None:
    store.register(GROUP)
    prepared(platform, ["a", "b"], DAY, 1)
    prepared(platform, ["c", "a"], LATER, 2)
    store.sync("churn", DAY)
    moment = datetime.combine(LATER, datetime.min.time(), UTC)
    names = ["c", "b", "a", "missing"]
    assert tenures(store.as_of("churn", names, moment)) == {"c": 2, "b": 1, "a": 2}
    assert store.as_of("churn", names, moment)["customer_id"].to_pylist() == ["c", "b", "a"]
    assert tenures(store.as_of("churn", names, moment - timedelta(microseconds=1))) == {"b": 1, "a": 1}
    assert store.as_of("churn", names, datetime(2026, 1, 1, tzinfo=UTC)).num_rows == 0
    assert store.as_of("churn", [], moment).num_rows == 0


def test_a_snapshot_that_cannot_be_served_leaves_the_old_one(
    platform: Platform, store: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(platform, ["a"], DAY, 1)
    prepared(platform, ["a"], LATER, 2)
    store.register(GROUP)
    store.sync("churn", DAY)

    def failing(*_: object) -> None:
        raise DependencyUnavailable("full")

    with monkeypatch.context() as broken:
        for method in ("stream", "query"):
            broken.setattr(type(platform.warehouse), method, failing)
        with pytest.raises(DependencyUnavailable, match="full"):
            store.sync("churn", LATER)
    assert tenures(store.read("churn", ["a"])) == {"a": 1}
    if platform.settings.backend == "local":
        folder = platform.settings.home / "features"
        assert sorted(path.name for path in folder.iterdir()) == ["churn.json", "churn.sqlite"]
