"""The feature store on Google Cloud: groups and features in Vertex AI's registry over a BigQuery table (the offline
side), and, where TELECOM_ONLINE_STORE names one, a Bigtable online store.

A feature view over a registered time series serves the newest row of every entity that ever was: a customer who left
would be answered for ever. So each sync copies its one snapshot to a staging table that expires, serves that from a
feature view of its own, and only then moves the group's label to it: readers see the old snapshot or the new one.
"""

import re
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
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
from telecom.adapters.gcp._errors import DEADLINE, vendor_errors
from telecom.adapters.gcp._patience import Patience
from telecom.adapters.gcp._vertex import CHANGE, READ, labels, location
from telecom.errors import DependencyUnavailable, NotFound
from telecom.ports import FeatureGroup, Warehouse
from telecom.settings import Settings

SYNC = Patience(seconds=3_600)
STORE_SECONDS = 1_800.0
AT_ONCE = 16
"""Reads under way at the same time: the online store answers for one entity per call."""


@dataclass(frozen=True)
class _Registered:
    """A group as the registry has it: its definition, and which snapshot is served from which feature view."""

    group: FeatureGroup
    day: date | None
    view: str


class VertexFeatureStore:
    """Implements `telecom.ports.FeatureStore`. Without an online store, reads go to the served snapshot in BigQuery."""

    def __init__(self, settings: Settings, warehouse: Warehouse, patience: Patience = SYNC) -> None:
        self._settings = settings
        self._warehouse = warehouse
        self._registry = _Registry(settings)
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
            DependencyUnavailable: the online store failed or took too long; the old snapshot is still served.
        """
        with _talking(f"Syncing the feature group {group}"):
            known = self._registry.find(group).group
            sql = f"SELECT COUNT(*) AS entities FROM {known.table} WHERE snapshot_date = @day"
            (counted,) = self._warehouse.query(sql, {"day": snapshot_date})["entities"].to_pylist()
            view = self._online.publish(known, snapshot_date) if self._online else ""
            self._registry.mark(group, snapshot_date, view)
            if self._online:
                self._online.drop_others(known, view)
        return int(counted)

    def read(self, group: str, entities: Sequence[str]) -> pa.Table:
        """The served features of the entities that exist, in the order asked for.

        Raises:
            NotFound: the group is not registered or was never synced.
        """
        with _talking(f"Reading the feature group {group}"):
            known = self._registry.find(group)
            if known.day is None or (self._online and not known.view):
                raise NotFound(f"Feature group {group!r} has no online side.", "Run: telecom features")
            if self._online is None:
                return of_snapshot(self._warehouse, known.group, entities, known.day)
            return in_order(known.group, entities, self._online.fetch(known, entities))

    def as_of(self, group: str, entities: Sequence[str], when: datetime) -> pa.Table:
        """The features of each entity as they were known at `when`, from BigQuery, in the order asked for.

        Raises:
            NotFound: the group is not registered.
        """
        with _talking(f"Reading the feature group {group}"):
            return as_of(self._warehouse, self._registry.find(group).group, entities, when)


class _Registry:
    """Feature groups and features as metadata over a BigQuery table."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._location = location(settings)

    def find(self, name: str) -> _Registered:
        """Raises NotFound where nobody registered it."""
        try:
            stored = self._client.get_feature_group(name=self._path(name), **READ)
        except Missing as error:
            raise NotFound(f"There is no feature group {name!r}.", "Run: telecom features") from error
        source, features = stored.big_query, self._features(name)
        table = source.big_query_source.input_uri.removeprefix(f"bq://{self._settings.project}.")
        ordered = sorted(features, key=lambda feature: int(features[feature].labels["position"]))
        group = FeatureGroup(name, table, source.entity_id_columns[0], tuple(ordered))
        day = stored.labels.get("served_snapshot", "")
        return _Registered(group, date.fromisoformat(day) if day else None, stored.labels.get("served_view", ""))

    def match(self, group: FeatureGroup) -> None:
        """Creates, changes and deletes until the registry says what the group says."""
        wanted = self._wanted(group)
        with suppress(Missing):
            stored = self._client.get_feature_group(name=self._path(group.name), **READ)
            if _source(stored) != _source(wanted):  # which cannot be changed in place
                self._client.delete_feature_group(name=stored.name, force=True, **CHANGE).result(DEADLINE)
        with suppress(AlreadyExists):
            self._client.create_feature_group(
                parent=self._location, feature_group=wanted, feature_group_id=group.name, **CHANGE
            ).result(DEADLINE)
        self._match_features(group)

    def mark(self, name: str, day: date, view: str) -> None:
        """Says which snapshot is served, and by which feature view; one change, seen whole or not at all."""
        stored = self._client.get_feature_group(name=self._path(name), **READ)
        stored.labels.update(served_snapshot=day.isoformat(), served_view=view)
        changed = vertex.FeatureGroup(name=stored.name, labels=stored.labels, etag=stored.etag)
        request = vertex.UpdateFeatureGroupRequest(feature_group=changed, update_mask={"paths": ["labels"]})
        self._client.update_feature_group(request=request, **CHANGE).result(DEADLINE)

    def _wanted(self, group: FeatureGroup) -> vertex.FeatureGroup:
        # `dense`: without it a NULL of today would be filled with a value of some earlier day.
        source = vertex.FeatureGroup.BigQuery(
            big_query_source={"input_uri": f"bq://{self._settings.project}.{group.table}"},
            entity_id_columns=[group.entity],
            time_series={"timestamp_column": "feature_timestamp"},
            dense=True,
        )
        return vertex.FeatureGroup(big_query=source, labels=labels(self._settings))

    def _match_features(self, group: FeatureGroup) -> None:
        parent, known = self._path(group.name), self._features(group.name)
        missing = []
        for position, name in enumerate(group.features):
            marks = labels(self._settings, position=str(position))
            if name not in known:
                missing.append(vertex.CreateFeatureRequest(parent=parent, feature={"labels": marks}, feature_id=name))
            elif known[name].labels != marks:
                changed = vertex.Feature(name=known[name].name, labels=marks)
                request = vertex.UpdateFeatureRequest(feature=changed, update_mask={"paths": ["labels"]})
                self._client.update_feature(request=request, **CHANGE).result(DEADLINE)
        if missing:
            self._client.batch_create_features(parent=parent, requests=missing, **CHANGE).result(DEADLINE)
        for name in sorted(set(known) - set(group.features)):
            self._client.delete_feature(name=known[name].name, **CHANGE).result(DEADLINE)

    def _features(self, group: str) -> dict[str, vertex.Feature]:
        found = self._client.list_features(parent=self._path(group), **READ)
        return {feature.name.rsplit("/", 1)[1]: feature for feature in found}

    def _path(self, group: str) -> str:
        return f"{self._location}/featureGroups/{group}"

    @property
    def _client(self) -> vertex.FeatureRegistryServiceClient:
        return grpc_client(vertex.FeatureRegistryServiceClient, self._settings)


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
        earlier = [int(view.rsplit("_", 1)[1]) for view in self._views(group)]
        view = f"{group.name}_{day:%Y%m%d}_{max(earlier, default=0) + 1}"
        table = f"{STAGING}.{view}"
        columns = ", ".join((group.entity, *group.features))
        rows = f"SELECT {columns} FROM {group.table} WHERE snapshot_date = @day"
        made = Statement(f"CREATE OR REPLACE TABLE {table} {EXPIRES} AS {rows}", rows, above=None)
        BigQueryJobs(self._settings).run(made, {"day": day}, f"telecom-{view}-{uuid.uuid4().hex}", "features")
        source = {"uri": f"bq://{self._settings.project}.{table}", "entity_id_columns": [group.entity]}
        self._admin.create_feature_view(
            parent=self._path,
            feature_view=vertex.FeatureView(big_query_source=source, labels=labels(self._settings)),
            feature_view_id=view,
            **CHANGE,
        ).result(STORE_SECONDS)
        self._sync(view)
        return view

    def drop_others(self, group: FeatureGroup, view: str) -> None:
        """Deletes the feature views of earlier syncs, also of those that failed half way."""
        for other in self._views(group):
            if other != view:
                with suppress(Missing):
                    self._admin.delete_feature_view(name=f"{self._path}/featureViews/{other}", **CHANGE).result(
                        STORE_SECONDS
                    )

    def fetch(self, known: _Registered, entities: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The rows of the entities that the view has."""
        client = grpc_client(vertex.FeatureOnlineStoreServiceClient, self._settings)
        view = f"{self._path}/featureViews/{known.view}"
        with ThreadPoolExecutor(AT_ONCE) as pool:
            rows = pool.map(partial(_fetch, client, view), entities)
        entity = known.group.entity
        return {key: {**row, entity: key} for key, row in zip(entities, rows, strict=True) if row is not None}

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
        path = f"{self._path}/featureViews/{view}"
        started = self._admin.sync_feature_view(feature_view=path, **CHANGE).feature_view_sync

        def ended() -> vertex.FeatureViewSync | None:
            sync = self._admin.get_feature_view_sync(name=started, **READ)
            return sync if sync.run_time.HasField("end_time") else None

        status = self._patience.until(ended, f"The sync {started}").final_status
        if status.code:
            raise DependencyUnavailable(
                f"The sync {started} failed: {status.message}",
                "The snapshot before it is still served; run: telecom features",
            )

    def _views(self, group: FeatureGroup) -> list[str]:
        ours = re.compile(rf"{re.escape(group.name)}_\d{{8}}_\d+")
        found = [view.name.rsplit("/", 1)[1] for view in self._admin.list_feature_views(parent=self._path, **READ)]
        return [view for view in found if ours.fullmatch(view)]

    @property
    def _admin(self) -> vertex.FeatureOnlineStoreAdminServiceClient:
        return grpc_client(vertex.FeatureOnlineStoreAdminServiceClient, self._settings)


def _fetch(client: Any, view: str, key: str) -> dict[str, Any] | None:
    """One entity's values by feature; None where the view does not know it."""
    try:
        answer = client.fetch_feature_values(feature_view=view, data_key={"key": key}, **READ)
    except Missing:
        return None
    return {pair.name: _plain(pair.value) for pair in answer.key_values.features}


def _plain(value: vertex.FeatureValue) -> Any:
    kind = vertex.FeatureValue.pb(value).WhichOneof("value")
    return getattr(value, kind) if kind else None


def _source(group: vertex.FeatureGroup) -> tuple[str, list[str]]:
    return group.big_query.big_query_source.input_uri, list(group.big_query.entity_id_columns)


def _talking(what: str) -> AbstractContextManager[None]:
    return vendor_errors(what)
