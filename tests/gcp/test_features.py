"""The feature store as Vertex AI is asked for it: registry, one feature view per sync, failures, lost answers."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import grpc
import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud import aiplatform_v1 as vertex
from google.cloud.aiplatform_v1 import types
from pydantic import ValidationError

from mlops.tests.labelled import put
from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._patience import Patience
from telecom.adapters.gcp.features import VertexFeatureStore
from telecom.bootstrap import Platform
from telecom.errors import DependencyUnavailable, NotFound, TelecomError
from telecom.ports import FeatureGroup
from telecom.settings import Settings
from tests.loopback.cloud import Cloud

TABLE = "telecom_gold.telco_churn_features"
DAY, LATER = date(2026, 11, 20), date(2026, 12, 20)
GROUP = FeatureGroup("churn", TABLE, "customer_id", ("tenure_months", "contract", "partner"))
PARENT = "projects/telecom-test/locations/us-central1"
STORE = f"{PARENT}/featureOnlineStores/telecom_test"
LABELS = {"app": "telecom-ml-llmops", "env": "dev"}


@pytest.fixture
def platform(gcp_settings: Settings) -> Platform:
    """Two prepared snapshots and a registered group, with an online store."""
    platform = Platform(gcp_settings.model_copy(update={"online_store": "telecom_test"}))
    for day, ids in ((DAY, "ab"), (LATER, "ac")):
        rows = [{"customer_id": name, "tenure_months": day.month} for name in ids]
        put(platform.warehouse, TABLE, rows, snapshot_date=day)
    platform.features.register(GROUP)
    return platform


def served(platform: Platform) -> dict[str, int]:
    rows = platform.features.read("churn", ["a", "b", "c"]).to_pylist()
    return {row["customer_id"]: row["tenure_months"] for row in rows}


def views(cloud: Cloud) -> list[str]:
    below = f"{STORE}/featureViews/"
    return sorted(n.removeprefix(below) for n, r in cloud.grpc.store.items() if isinstance(r, types.FeatureView))


def test_the_registry_says_what_the_group_says(platform: Platform, cloud: Cloud) -> None:
    group = cloud.grpc.store[f"{PARENT}/featureGroups/churn"]
    source = group.big_query
    assert source.big_query_source.input_uri == f"bq://telecom-test.{TABLE}"
    assert list(source.entity_id_columns) == ["customer_id"]
    assert source.time_series.timestamp_column == "feature_timestamp" and source.dense
    assert dict(group.labels) == LABELS
    for position, name in enumerate(GROUP.features):
        feature = cloud.grpc.store[f"{PARENT}/featureGroups/churn/features/{name}"]
        assert dict(feature.labels) == {**LABELS, "position": str(position)}


def test_registering_the_same_again_changes_nothing(platform: Platform, cloud: Cloud) -> None:
    platform.features.sync("churn", DAY)
    before = len(cloud.grpc.calls)
    platform.features.register(GROUP)
    later = [call.rpc for call in cloud.grpc.calls[before:]]
    assert not [rpc for rpc in later if rpc.startswith(("Update", "Delete", "BatchCreate"))]
    assert served(platform) == {"a": 11, "b": 11}


def test_another_table_or_entity_makes_another_group(platform: Platform, cloud: Cloud) -> None:
    platform.features.sync("churn", DAY)
    table = "telecom_gold.telco_churn_features_score_input"
    with pytest.raises(NotFound, match="feature_timestamp"):
        platform.features.register(FeatureGroup("churn", table, "customer_id", ("partner",)))
    other = FeatureGroup("churn", TABLE, "split", ("partner",))
    platform.features.register(other)
    assert [call.request.force for call in cloud.grpc.calls_of("DeleteFeatureGroup")] == [True]
    features = [n for n in cloud.grpc.store if n.startswith(f"{PARENT}/featureGroups/churn/features/")]
    assert features == [f"{PARENT}/featureGroups/churn/features/partner"]
    with pytest.raises(NotFound, match="no online side"):
        platform.features.read("churn", ["a"])


def test_the_registry_is_read_in_pages(platform: Platform, cloud: Cloud) -> None:
    cloud.grpc.crud.page_limit = 1
    platform.features.sync("churn", DAY)
    assert platform.features.read("churn", ["a"]).schema.names == ["customer_id", *GROUP.features]


def test_two_who_register_at_once_do_no_harm(platform: Platform, cloud: Cloud) -> None:
    found = cloud.grpc.store.pop(f"{PARENT}/featureGroups/churn")

    @cloud.grpc.on("CreateFeatureGroup")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        cloud.grpc.store[found.name] = found
        context.abort(grpc.StatusCode.ALREADY_EXISTS, "The other was first.")

    platform.features.register(GROUP)
    platform.features.sync("churn", DAY)
    assert served(platform) == {"a": 11, "b": 11}


def test_each_sync_has_a_feature_view_of_its_own(platform: Platform, cloud: Cloud) -> None:
    for number, (day, customers) in enumerate([(DAY, "ab"), (LATER, "ac"), (LATER, "ac"), (DAY, "ab")], 1):
        assert platform.features.sync("churn", day) == 2
        assert views(cloud) == [f"churn_{day:%Y%m%d}_{number}"]
        assert served(platform) == dict.fromkeys(customers, day.month)
    assert dict(cloud.grpc.store[f"{PARENT}/featureGroups/churn"].labels) == {
        **LABELS,
        "served_snapshot": "2026-11-20",
        "served_view": "churn_20261120_4",
    }


def test_the_online_store_is_small_and_made_once(platform: Platform, cloud: Cloud) -> None:
    platform.features.sync("churn", DAY)
    platform.features.sync("churn", LATER)
    (call,) = cloud.grpc.calls_of("CreateFeatureOnlineStore")
    scaling = call.request.feature_online_store.bigtable.auto_scaling
    assert (scaling.min_node_count, scaling.max_node_count) == (1, 2)
    assert call.request.feature_online_store_id == "telecom_test" and call.routing == {"parent": PARENT}


def test_what_is_synced_lies_in_staging_and_expires(platform: Platform, cloud: Cloud) -> None:
    platform.features.sync("churn", DAY)
    view = cloud.grpc.store[f"{STORE}/featureViews/churn_20261120_1"]
    assert view.big_query_source.uri == "bq://telecom-test.telecom_staging.churn_20261120_1"
    assert list(view.big_query_source.entity_id_columns) == ["customer_id"]
    assert not view.sync_config.cron
    assert "expirationTime" in cloud.bigquery.engine.tables["telecom_staging.churn_20261120_1"]


def failing_sync(cloud: Cloud) -> None:
    @cloud.grpc.on("GetFeatureViewSync")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        moment = datetime(2026, 11, 20, tzinfo=UTC)
        return types.FeatureViewSync(
            name=request.name,
            run_time={"end_time": moment},
            final_status={"code": 7, "message": "no access to the table"},
        )


def test_a_sync_that_fails_leaves_the_old_snapshot(platform: Platform, cloud: Cloud) -> None:
    platform.features.sync("churn", DAY)
    failing_sync(cloud)
    with pytest.raises(DependencyUnavailable, match=r"featureViewSyncs/1 failed: no access to the table"):
        platform.features.sync("churn", LATER)
    assert served(platform) == {"a": 11, "b": 11}
    del cloud.grpc._handlers["GetFeatureViewSync"]
    platform.features.sync("churn", LATER)
    assert served(platform) == {"a": 12, "c": 12}
    assert views(cloud) == ["churn_20261220_3"], "what failed half way is tidied up"


def test_a_sync_that_takes_long_is_waited_for(platform: Platform, cloud: Cloud) -> None:
    looks = 0
    store = VertexFeatureStore(platform.settings, platform.warehouse, Patience(5, first=0.01))

    @cloud.grpc.on("GetFeatureViewSync")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        nonlocal looks
        looks += 1
        return cloud.grpc.store[request.name] if looks > 3 else types.FeatureViewSync(name=request.name)

    store.sync("churn", DAY)
    assert looks == 4 and served(platform) == {"a": 11, "b": 11}


def test_a_sync_that_never_ends_is_given_up(platform: Platform, cloud: Cloud) -> None:
    @cloud.grpc.on("GetFeatureViewSync")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        return types.FeatureViewSync(name=request.name)

    store = VertexFeatureStore(platform.settings, platform.warehouse, Patience(0.1, first=0.01))
    with pytest.raises(DependencyUnavailable, match=r"did not finish within 0\.1 s"):
        store.sync("churn", DAY)


def test_a_failed_operation_is_told(platform: Platform, cloud: Cloud) -> None:
    cloud.grpc.operations.plan("CreateFeatureView", error=(grpc.StatusCode.RESOURCE_EXHAUSTED, "views"))
    with pytest.raises(TelecomError, match="Syncing the feature group churn failed"):
        platform.features.sync("churn", DAY)
    with pytest.raises(NotFound, match="no online side"):
        platform.features.read("churn", ["a"])
    platform.features.sync("churn", DAY)
    assert served(platform) == {"a": 11, "b": 11}


def test_slow_operations_are_waited_for(platform: Platform, cloud: Cloud) -> None:
    cloud.grpc.operations.plan("BatchCreateFeatures", polls=1)
    platform.features.register(FeatureGroup("churn", TABLE, "customer_id", (*GROUP.features, "total_charges")))
    assert cloud.grpc.requests("GetOperation")


def test_reads_are_repeated_writes_are_not(platform: Platform, cloud: Cloud) -> None:
    platform.features.sync("churn", DAY)
    cloud.fail("FetchFeatureValues", times=2)
    assert served(platform) == {"a": 11, "b": 11}
    cloud.fail("SyncFeatureView")
    with pytest.raises(DependencyUnavailable, match="does not answer"):
        platform.features.sync("churn", LATER)
    assert len(cloud.grpc.requests("SyncFeatureView")) == 2
    assert not cloud.faults.unspent


def test_an_online_read_asks_bigquery_nothing(platform: Platform, cloud: Cloud) -> None:
    platform.features.sync("churn", DAY)
    before = len(cloud.bigquery.jobs)
    assert served(platform) == {"a": 11, "b": 11}
    assert len(cloud.bigquery.jobs) == before
    assert {call.deadline is not None for call in cloud.grpc.calls_of("FetchFeatureValues")} == {True}


def test_an_online_store_switched_on_later_needs_a_sync(gcp_settings: Settings, platform: Platform) -> None:
    offline = Platform(gcp_settings)
    offline.features.sync("churn", DAY)
    assert offline.features.read("churn", ["a"]).num_rows == 1
    with pytest.raises(NotFound, match="no online side"):
        platform.features.read("churn", ["a"])


def test_without_an_online_store_nothing_is_copied(gcp_settings: Settings, platform: Platform, cloud: Cloud) -> None:
    before = len(cloud.grpc.calls)
    offline = Platform(gcp_settings)
    offline.features.sync("churn", LATER)
    assert offline.features.read("churn", ["c", "b", "a"])["customer_id"].to_pylist() == ["c", "a"]
    rpcs = {call.rpc for call in cloud.grpc.calls[before:]}
    assert not {rpc for rpc in rpcs if "View" in rpc or "Store" in rpc}


# Others at work at the same time.


def another(platform: Platform) -> VertexFeatureStore:
    """The store as another process has it."""
    return VertexFeatureStore(platform.settings, platform.warehouse)


def around_the_first(
    cloud: Cloud, rpc: str, before: Callable[[], Any] = lambda: None, after: Callable[[], Any] = lambda: None
) -> None:
    """Lets something happen while the next `rpc` is under way: before its effect, or before its answer."""

    @cloud.grpc.on(rpc)
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        del cloud.grpc._handlers[rpc]
        before()
        answer = cloud.grpc._permanent[rpc](request, context)
        after()
        return answer


def test_of_two_syncs_at_once_the_first_is_served(platform: Platform, cloud: Cloud) -> None:
    platform.features.sync("churn", DAY)
    around_the_first(cloud, "SyncFeatureView", lambda: another(platform).sync("churn", LATER))
    with pytest.raises(DependencyUnavailable):
        platform.features.sync("churn", DAY)
    assert served(platform) == {"a": 12, "c": 12}


def test_a_sync_that_was_overtaken_changes_nothing(platform: Platform, cloud: Cloud) -> None:
    platform.features.sync("churn", DAY)
    around_the_first(cloud, "UpdateFeatureGroup", lambda: another(platform).sync("churn", LATER))
    with pytest.raises(DependencyUnavailable, match="another change was under way"):
        platform.features.sync("churn", DAY)
    assert served(platform) == {"a": 12, "c": 12}
    platform.features.sync("churn", DAY)
    assert served(platform) == {"a": 11, "b": 11} and len(views(cloud)) == 1


def test_a_sync_that_begins_while_another_ends_keeps_its_view(platform: Platform, cloud: Cloud) -> None:
    platform.features.sync("churn", DAY)
    published, may_go_on = threading.Event(), threading.Event()

    class Slow(VertexFeatureStore):
        def pause(self) -> None:
            assert self._online
            publish = self._online.publish

            def slowly(group: FeatureGroup, day: date) -> str:
                view = publish(group, day)
                published.set()
                may_go_on.wait(10)
                return view

            self._online.publish = slowly  # type: ignore[method-assign]

    later = Slow(platform.settings, platform.warehouse)
    later.pause()
    thread = threading.Thread(target=later.sync, args=("churn", DAY))

    def begin() -> None:
        thread.start()
        published.wait(10)

    around_the_first(cloud, "UpdateFeatureGroup", after=begin)
    platform.features.sync("churn", LATER)
    assert served(platform) == {"a": 12, "c": 12}
    may_go_on.set()
    thread.join()
    assert served(platform) == {"a": 11, "b": 11}


def test_a_reader_whose_view_is_taken_away_looks_again(platform: Platform, cloud: Cloud) -> None:
    platform.features.sync("churn", DAY)
    around_the_first(cloud, "FetchFeatureValues", lambda: another(platform).sync("churn", LATER))
    assert served(platform) == {"a": 12, "c": 12}


def test_a_view_that_is_gone_is_not_an_unknown_customer(platform: Platform, cloud: Cloud) -> None:
    platform.features.sync("churn", DAY)
    for name in [name for name in cloud.grpc.store if "/featureViews/" in name]:
        del cloud.grpc.store[name]
    with pytest.raises(DependencyUnavailable, match="churn_20261120_1 is gone") as raised:
        platform.features.read("churn", ["a"])
    assert raised.value.remedy == "Run: telecom features"


def test_an_answer_without_values_is_no_customer(platform: Platform, cloud: Cloud) -> None:
    platform.features.sync("churn", DAY)

    @cloud.grpc.on("FetchFeatureValues")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        return types.FetchFeatureValuesResponse(key_values={"features": [{"name": "contract"}]})

    assert served(platform) == {}


@pytest.mark.parametrize("name", ["Store", "1st", "my-store", "x" * 61])
def test_names_that_no_online_store_can_have_are_refused(gcp_settings: Settings, name: str) -> None:
    with pytest.raises(ValidationError, match="online_store"):
        Settings(online_store=name)
    client = grpc_client(vertex.FeatureOnlineStoreAdminServiceClient, gcp_settings)
    with pytest.raises(InvalidArgument, match="no online store id"):
        client.create_feature_online_store(
            parent=PARENT, feature_online_store=vertex.FeatureOnlineStore(), feature_online_store_id=name
        )
    assert Settings(online_store="x" * 60).online_store
