"""Vertex AI Feature Store over the loopback BigQuery, as far as its published words tell how it behaves."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import grpc
from google.cloud.aiplatform_v1 import types
from google.protobuf.empty_pb2 import Empty

from tests.loopback.bigquery_engine import Engine
from tests.loopback.bigquery_errors import Refused
from tests.loopback.crud import Crud
from tests.loopback.messages import copy_of, find_rpc
from tests.loopback.operations import done

Code = grpc.StatusCode
Handler = Callable[[Any, grpc.ServicerContext], Any]
SERVICE = "/google.cloud.aiplatform.v1."
GROUP_ID = re.compile(r"[a-z_][a-z0-9_]{0,127}")
VIEW_ID = STORE_ID = re.compile(r"[a-z_][a-z0-9_]{0,59}")
ROWS = "#rows"
"""Behind a feature view's name: what its last sync put there."""


class FeatureStore:
    """Stateful answers of the feature registry, the online stores and their reads.

    Args:
        crud: the server's default behaviour, whose store these share.
        engine: the tables of the loopback BigQuery.
    """

    def __init__(self, crud: Crud, engine: Engine) -> None:
        self._crud = crud
        self._engine = engine

    def handlers(self) -> Mapping[str, Handler]:
        """By rpc."""
        return {
            "CreateFeatureGroup": self.create_group,
            "UpdateFeatureGroup": self.update_group,
            "DeleteFeatureGroup": self.delete_group,
            "BatchCreateFeatures": self.create_features,
            "CreateFeatureOnlineStore": self.create_store,
            "CreateFeatureView": self.create_view,
            "DeleteFeatureView": self.delete_view,
            "SyncFeatureView": self.sync,
            "FetchFeatureValues": self.fetch,
        }

    def create_group(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Over a table that has the entity's columns and the timestamp."""
        source = request.feature_group.big_query
        if not GROUP_ID.fullmatch(request.feature_group_id):
            context.abort(Code.INVALID_ARGUMENT, f"{request.feature_group_id!r} is no feature group id.")
        columns = self._columns(source.big_query_source.input_uri, context)
        timestamp = source.time_series.timestamp_column or "feature_timestamp"
        for name in (*(source.entity_id_columns or ["entity_id"]), timestamp):
            if name not in columns:
                context.abort(Code.INVALID_ARGUMENT, f"{source.big_query_source.input_uri} has no column {name}.")
        answer = self._default("FeatureRegistryService/CreateFeatureGroup", request, context)
        self._crud.store[f"{request.parent}/featureGroups/{request.feature_group_id}"].etag = "1"
        return answer

    def update_group(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Anything but the source's table; with an etag, only if nobody changed the group since that was read."""
        if any(path.startswith("big_query.big_query_source") for path in request.update_mask.paths):
            context.abort(Code.INVALID_ARGUMENT, "The source of a feature group is immutable.")
        given, held = request.feature_group, self._found(request.feature_group.name, context)
        if given.etag not in ("", held.etag):
            context.abort(Code.ABORTED, f"{given.name} was changed meanwhile.")
        following = str(int(held.etag) + 1)
        answer = self._default("FeatureRegistryService/UpdateFeatureGroup", request, context)
        self._crud.store[given.name].etag = following
        return answer

    def delete_group(self, request: Any, context: grpc.ServicerContext) -> Any:
        """With its features if forced, else only without."""
        features = [name for name in self._crud.store if name.startswith(f"{request.name}/features/")]
        if features and not request.force:
            context.abort(Code.FAILED_PRECONDITION, f"{request.name} still has features.")
        for name in features:
            del self._crud.store[name]
        return self._default("FeatureRegistryService/DeleteFeatureGroup", request, context)

    def create_features(self, request: Any, context: grpc.ServicerContext) -> Any:
        """All or none, each a column of the group's table."""
        group = self._found(request.parent, context)
        columns = self._columns(group.big_query.big_query_source.input_uri, context)
        made = []
        for each in request.requests:
            feature = copy_of(each.feature)
            feature.name = f"{request.parent}/features/{each.feature_id}"
            if each.feature_id not in columns or feature.name in self._crud.store:
                code = Code.ALREADY_EXISTS if each.feature_id in columns else Code.INVALID_ARGUMENT
                context.abort(code, f"{feature.name} cannot be made.")
            made.append(feature)
        self._crud.store.update({feature.name: feature for feature in made})
        return done(types.BatchCreateFeaturesResponse(features=made))

    def create_store(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Under an id that Vertex AI takes."""
        if not STORE_ID.fullmatch(request.feature_online_store_id):
            context.abort(Code.INVALID_ARGUMENT, f"{request.feature_online_store_id!r} is no online store id.")
        return self._default("FeatureOnlineStoreAdminService/CreateFeatureOnlineStore", request, context)

    def create_view(self, request: Any, context: grpc.ServicerContext) -> Any:
        """In a store that exists, over a table that exists."""
        self._found(request.parent, context)
        if not VIEW_ID.fullmatch(request.feature_view_id):
            context.abort(Code.INVALID_ARGUMENT, f"{request.feature_view_id!r} is no feature view id.")
        self._columns(request.feature_view.big_query_source.uri, context)
        return self._default("FeatureOnlineStoreAdminService/CreateFeatureView", request, context)

    def delete_view(self, request: Any, context: grpc.ServicerContext) -> Any:
        """With what it serves."""
        self._crud.store.pop(f"{request.name}{ROWS}", None)
        return self._default("FeatureOnlineStoreAdminService/DeleteFeatureView", request, context)

    def sync(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Copies every row of the source; what was served before and is not in the source stays.

        That is the less friendly reading of the documentation, which does not say what becomes of such rows. An entity
        with two rows fails the sync.
        """
        view = self._found(request.feature_view, context)
        source = view.big_query_source
        rows = self._engine.rows(_table(source.uri)).to_pylist()
        keys = [row[source.entity_id_columns[0]] for row in rows]
        syncs = sum(name.startswith(f"{view.name}/featureViewSyncs/") for name in self._crud.store)
        now = datetime.now(UTC)
        made = types.FeatureViewSync(name=f"{view.name}/featureViewSyncs/{syncs + 1}", run_time={"end_time": now})
        if len(set(keys)) < len(keys):
            made.final_status = {"code": Code.INVALID_ARGUMENT.value[0], "message": "An entity has two rows."}
        else:
            self._crud.store.setdefault(f"{view.name}{ROWS}", {}).update(zip(keys, rows, strict=True))
        self._crud.store[made.name] = made
        return types.SyncFeatureViewResponse(feature_view_sync=made.name)

    def fetch(self, request: Any, context: grpc.ServicerContext) -> Any:
        """One entity's values by name, NULLs left out."""
        served = self._crud.store.get(f"{request.feature_view}{ROWS}", {})
        if request.data_key.key not in served:
            context.abort(Code.NOT_FOUND, f"{request.feature_view} has no {request.data_key.key!r}.")
        pairs = [
            {"name": name, "value": {_kind(value): value}}
            for name, value in served[request.data_key.key].items()
            if value is not None
        ]
        return types.FetchFeatureValuesResponse(key_values={"features": pairs})

    def _found(self, name: str, context: grpc.ServicerContext) -> Any:
        if name not in self._crud.store:
            context.abort(Code.NOT_FOUND, f"{name} was not found.")
        return self._crud.store[name]

    def _columns(self, uri: str, context: grpc.ServicerContext) -> set[str]:
        try:
            return {field["name"] for field in self._engine.description(_table(uri))["schema"]["fields"]}
        except Refused as refusal:
            context.abort(Code.NOT_FOUND, refusal.message)
            raise

    def _default(self, rpc: str, request: Any, context: grpc.ServicerContext) -> Any:
        found = find_rpc(f"{SERVICE}{rpc}")
        assert found
        answer = self._crud.answer(found, request, context)
        return done(Empty()) if answer is None else answer


def _table(uri: str) -> str:
    """`dataset.table` of `bq://project.dataset.table`."""
    return uri.removeprefix("bq://").partition(".")[2]


def _kind(value: Any) -> str:
    kinds = {bool: "bool_value", int: "int64_value", float: "double_value", str: "string_value"}
    return kinds[type(value)]
