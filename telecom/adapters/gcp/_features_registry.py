"""Vertex AI's feature registry: groups and features as metadata over a BigQuery table, and which snapshot is served.

A group's etag tells two who change it at once apart: who looked before the other's change is refused.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from google.api_core.exceptions import AlreadyExists
from google.api_core.exceptions import NotFound as Missing
from google.cloud import aiplatform_v1 as vertex

from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import DEADLINE
from telecom.adapters.gcp._vertex import CHANGE, READ, labels, location
from telecom.errors import NotFound
from telecom.ports import FeatureGroup
from telecom.settings import Settings


@dataclass(frozen=True)
class Registered:
    """A group as the registry has it: its definition, and which snapshot is served from which feature view."""

    group: FeatureGroup
    day: date | None
    view: str
    stored: vertex.FeatureGroup


class FeatureRegistry:
    """Feature groups and features as metadata over a BigQuery table."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._location = location(settings)

    def find(self, name: str) -> Registered:
        """Raises NotFound where nobody registered it."""
        try:
            stored = self._client.get_feature_group(name=self._path(name), **READ)
        except Missing as error:
            raise NotFound(f"There is no feature group {name!r}.", "Run: telecom features") from error
        source, features = stored.big_query, self._features(name)
        table = source.big_query_source.input_uri.removeprefix(f"bq://{self._settings.project}.")
        ordered = sorted(features, key=lambda feature: int(features[feature].labels["position"]))
        group = FeatureGroup(name, table, source.entity_id_columns[0], tuple(ordered))
        day, view = (stored.labels.get(label, "") for label in ("served_snapshot", "served_view"))
        return Registered(group, date.fromisoformat(day) if day else None, view, stored)

    def served(self) -> tuple[str, ...]:
        """Names of the groups of which a snapshot is served, in order."""
        found = self._client.list_feature_groups(parent=self._location, **READ)
        return tuple(sorted(each.name.rsplit("/", 1)[1] for each in found if each.labels.get("served_snapshot")))

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

    def mark(self, known: Registered, day: date, view: str) -> None:
        """Says which snapshot is served, and by which feature view; one change, seen whole or not at all.

        Raises:
            google.api_core.exceptions.Aborted: somebody changed the group since `find`; nothing was changed.
        """
        marks = {**known.stored.labels, "served_snapshot": day.isoformat(), "served_view": view}
        changed = vertex.FeatureGroup(name=known.stored.name, labels=marks, etag=known.stored.etag)
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


def _source(group: vertex.FeatureGroup) -> tuple[str, list[str]]:
    return group.big_query.big_query_source.input_uri, list(group.big_query.entity_id_columns)
