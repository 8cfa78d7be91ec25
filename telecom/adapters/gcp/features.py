"""The feature store on Google Cloud: groups and features in Vertex AI's registry over a BigQuery table (the offline
side), and, where TELECOM_ONLINE_STORE names one, a Bigtable online store.

A feature view over a registered time series serves the newest row of every entity that ever was: a customer who left
would be answered for ever. So each sync copies its one snapshot to a staging table that expires, serves that from a
feature view of its own, and only then moves the group's label to it: readers see the old snapshot or the new one. Of
two syncs at once, the one that moves the label first wins; a reader whose view is taken away meanwhile looks again.
"""

import re
import uuid
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from datetime import date, datetime
from functools import partial
from typing import Any

import pyarrow as pa
from google.api_core.exceptions import AlreadyExists
from google.api_core.exceptions import NotFound as Missing
from google.cloud import aiplatform_v1 as vertex

from telecom.adapters._offline_features import as_of, in_order, of_snapshot, require_columns
from telecom.adapters.gcp._bigquery_errors import Statement
from telecom.adapters.gcp._bigquery_jobs import BigQueryJobs
from telecom.adapters.gcp._bigquery_staging import EXPIRES, STAGING
from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import vendor_errors
from telecom.adapters.gcp._features_registry import FeatureRegistry, Registered
from telecom.adapters.gcp._patience import Patience
from telecom.adapters.gcp._vertex import CHANGE, READ, labels, location
from telecom.errors import DependencyUnavailable, NotFound
from telecom.ports import FeatureGroup, Warehouse
from telecom.settings import Settings

SYNC = Patience(seconds=3_600)
STORE_SECONDS = 1_800.0
AT_ONCE = 16
"""Reads under way at the same time: the online store answers for one entity per call."""


class VertexFeatureStore:
    """Implements `telecom.ports.FeatureStore`. Without an online store, reads go to the served snapshot in BigQuery."""

    def __init__(self, settings: Settings, warehouse: Warehouse, patience: Patience = SYNC) -> None:
        self._settings = settings
        self._warehouse = warehouse
        self._registry = FeatureRegistry(settings)
        self._online = _OnlineStore(settings, patience) if settings.online_store else None

    def register(self, group: FeatureGroup) -> None:
        """Makes the group known; registering it again replaces its definition.

        Raises:
            NotFound: the table lacks the entity, `feature_timestamp` or one of the features.
        """
        require_columns(group)
        with _talking(f"Registering the feature group {group.name}"):
            self._registry.match(group)

    def sync(self, group: str, snapshot_date: date) -> int:
        """Serves one snapshot in the place of what was served.

        Returns:
            Entities now served.

        Raises:
            NotFound: the group is not registered.
            DependencyUnavailable: the online store failed or took too long, or another sync was first; what was served
                goes on being served.
        """
        with _talking(f"Syncing the feature group {group}"):
            known = self._registry.find(group)
            sql = f"SELECT COUNT(*) AS entities FROM {known.group.table} WHERE snapshot_date = @day"
            (counted,) = self._warehouse.query(sql, {"day": snapshot_date})["entities"].to_pylist()
            if self._online is None:
                self._registry.mark(known, snapshot_date, "")
                return int(counted)
            view = self._online.publish(known.group, snapshot_date)
            # Listed before the label moves: a view that is made afterwards may be served next.
            others = self._online.views(known.group) - {view}
            self._registry.mark(known, snapshot_date, view)
            self._online.drop(others)
        return int(counted)

    def read(self, group: str, entities: Sequence[str]) -> pa.Table:
        """The served features of the entities that exist, in the order asked for.

        Raises:
            NotFound: the group is not registered or was never synced.
            DependencyUnavailable: the view that should be served is gone.
        """
        with _talking(f"Reading the feature group {group}"):
            known, day = self._served(group)
            if self._online is None:
                return of_snapshot(self._warehouse, known.group, entities, day)
            found = self._online.fetch(known, entities)
            if len(found) < len(set(entities)):  # strangers, or a sync took the view away meanwhile
                before, (known, _) = known.view, self._served(group)
                found = found if known.view == before else self._online.fetch(known, entities)
                self._online.require(known.view)
            return in_order(known.group, entities, found)

    def as_of(self, group: str, entities: Sequence[str], when: datetime) -> pa.Table:
        """The features of each entity as they were known at `when`, from BigQuery, in the order asked for.

        Raises:
            NotFound: the group is not registered.
        """
        with _talking(f"Reading the feature group {group}"):
            return as_of(self._warehouse, self._registry.find(group).group, entities, when)

    def served(self, entity: str) -> tuple[str, ...]:
        """The groups whose served snapshot answers for the entity.

        Raises:
            DependencyUnavailable: the view that should be served is gone.
        """
        with _talking("Listing the feature groups"):
            groups = self._registry.served()
        return tuple(group for group in groups if self.read(group, [entity]).num_rows)

    def forget(self, entity: str) -> int:
        """Serves the same snapshot anew, from a table that has no rows of the entity any more."""
        groups = self.served(entity)
        for group in groups if self._online else ():
            self.sync(group, self._served(group)[1])
        return len(groups)

    def _served(self, group: str) -> tuple[Registered, date]:
        known = self._registry.find(group)
        if known.day is None or (self._online and not known.view):
            raise NotFound(f"Feature group {group!r} has no online side.", "Run: telecom features")
        return known, known.day


class _OnlineStore:
    """Snapshots in Bigtable, one feature view each."""

    def __init__(self, settings: Settings, patience: Patience) -> None:
        self._settings = settings
        self._patience = patience
        self._location = location(settings)
        self._path = f"{self._location}/featureOnlineStores/{settings.online_store}"

    def publish(self, group: FeatureGroup, day: date) -> str:
        """Copies a snapshot into a feature view of its own; returns the view's id."""
        self._ensure_store()
        earlier = [int(view.rsplit("_", 1)[1]) for view in self.views(group)]
        view = f"{group.name}_{day:%Y%m%d}_{max(earlier, default=0) + 1}"
        table = f"{STAGING}.{view}"
        columns = ", ".join((group.entity, *group.features))
        rows = f"SELECT {columns} FROM {group.table} WHERE snapshot_date = @day"
        made = Statement(f"CREATE OR REPLACE TABLE {table} {EXPIRES} AS {rows}", rows, above=None)
        BigQueryJobs(self._settings).run(made, {"day": day}, f"telecom-{view}-{uuid.uuid4().hex}", "features")
        source = {"uri": f"bq://{self._settings.project}.{table}", "entity_id_columns": [group.entity]}
        made = vertex.FeatureView(big_query_source=source, labels=labels(self._settings))
        try:
            self._admin.create_feature_view(
                parent=self._path, feature_view=made, feature_view_id=view, **CHANGE
            ).result(STORE_SECONDS)
            self._sync(view)
        except (AlreadyExists, Missing) as error:
            raise DependencyUnavailable(
                f"The feature view {view} was made or taken away by another sync.", "Run: telecom features"
            ) from error
        return view

    def views(self, group: FeatureGroup) -> set[str]:
        """The feature views that syncs of the group made."""
        ours = re.compile(rf"{re.escape(group.name)}_\d{{8}}_\d+")
        found = [view.name.rsplit("/", 1)[1] for view in self._admin.list_feature_views(parent=self._path, **READ)]
        return {view for view in found if ours.fullmatch(view)}

    def drop(self, views: Collection[str]) -> None:
        """Deletes the feature views of earlier syncs, also of those that failed half way."""
        for view in sorted(views):
            with suppress(Missing):
                self._admin.delete_feature_view(name=self._view(view), **CHANGE).result(STORE_SECONDS)

    def fetch(self, known: Registered, entities: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The rows of the entities that the view has."""
        client = grpc_client(vertex.FeatureOnlineStoreServiceClient, self._settings)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            rows = pool.map(partial(_fetch, client, self._view(known.view)), entities)
        entity = known.group.entity
        return {key: {**row, entity: key} for key, row in zip(entities, rows, strict=True) if row is not None}

    def require(self, view: str) -> None:
        """Raises DependencyUnavailable where the view that should be served is gone."""
        try:
            self._admin.get_feature_view(name=self._view(view), **READ)
        except Missing as error:
            raise DependencyUnavailable(f"The feature view {view} is gone.", "Run: telecom features") from error

    def _ensure_store(self) -> None:
        scaling = {"min_node_count": 1, "max_node_count": 2, "cpu_utilization_target": 60}
        store = vertex.FeatureOnlineStore(bigtable={"auto_scaling": scaling}, labels=labels(self._settings))
        try:
            self._admin.get_feature_online_store(name=self._path, **READ)
        except Missing:
            with suppress(AlreadyExists):
                self._admin.create_feature_online_store(
                    parent=self._location,
                    feature_online_store=store,
                    feature_online_store_id=self._settings.online_store,
                    **CHANGE,
                ).result(STORE_SECONDS)

    def _sync(self, view: str) -> None:
        started = self._admin.sync_feature_view(feature_view=self._view(view), **CHANGE).feature_view_sync

        def ended() -> vertex.FeatureViewSync | None:
            sync = self._admin.get_feature_view_sync(name=started, **READ)
            return sync if sync.run_time.HasField("end_time") else None

        status = self._patience.until(ended, f"The sync {started}").final_status
        if status.code:
            raise DependencyUnavailable(
                f"The sync {started} failed: {status.message}",
                "The snapshot before it is still served; run: telecom features",
            )

    def _view(self, view: str) -> str:
        return f"{self._path}/featureViews/{view}"

    @property
    def _admin(self) -> vertex.FeatureOnlineStoreAdminServiceClient:
        return grpc_client(vertex.FeatureOnlineStoreAdminServiceClient, self._settings)


def _fetch(client: Any, view: str, key: str) -> dict[str, Any] | None:
    """One entity's values by feature; None where the view does not know it, or answers with names and no values."""
    try:
        answer = client.fetch_feature_values(feature_view=view, data_key={"key": key}, **READ)
    except Missing:
        return None
    row = {pair.name: _plain(pair.value) for pair in answer.key_values.features}
    return row if any(value is not None for value in row.values()) else None


def _plain(value: vertex.FeatureValue) -> Any:
    kind = vertex.FeatureValue.pb(value).WhichOneof("value")
    return getattr(value, kind) if kind else None


def _talking(what: str) -> AbstractContextManager[None]:
    return vendor_errors(what)
