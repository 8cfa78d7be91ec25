"""The offline side of the feature store: features as rows of the warehouse, the same SQL for every adapter."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from telecom.ports import FeatureGroup, Parameters, Warehouse
from telecom.tables import contract

AT_ONCE = 10_000
"""Entities per query: their names travel as one parameter."""
SEPARATOR = "\n"


def schema(group: FeatureGroup) -> pa.Schema:
    """The entity and the features, in the group's order, with the types of the table's contract."""
    columns = (group.entity, *group.features)
    return pa.schema([contract(group.table).column(name).arrow_field for name in columns])


def require_columns(group: FeatureGroup) -> None:
    """Checks that the table has all that the group names.

    Raises:
        NotFound: it lacks the entity, `feature_timestamp` or one of the features.
    """
    for name in (group.entity, "feature_timestamp", *group.features):
        contract(group.table).column(name)


def as_of(warehouse: Warehouse, group: FeatureGroup, entities: Sequence[str], when: datetime) -> pa.Table:
    """What was known of each entity at a moment: its row with the newest `feature_timestamp` not after `when`.

    Entities of which nothing was known are left out; the others come in the order asked for.
    """
    newest = f"PARTITION BY {group.entity} ORDER BY feature_timestamp DESC, snapshot_date DESC"
    condition = f"feature_timestamp <= @when QUALIFY ROW_NUMBER() OVER ({newest}) = 1"
    return _selected(warehouse, group, entities, condition, {"when": when})


def of_snapshot(warehouse: Warehouse, group: FeatureGroup, entities: Sequence[str], day: date) -> pa.Table:
    """The entities' rows of one snapshot, in the order asked for; those that it lacks are left out."""
    return _selected(warehouse, group, entities, "snapshot_date = @day", {"day": day})


def in_order(group: FeatureGroup, entities: Sequence[str], found: dict[str, dict[str, Any]]) -> pa.Table:
    """The rows found, by entity, as the table that a read returns."""
    return pa.Table.from_pylist([found[name] for name in entities if name in found], schema=schema(group))


def _selected(
    warehouse: Warehouse, group: FeatureGroup, entities: Sequence[str], condition: str, parameters: Parameters
) -> pa.Table:
    sql = (
        f"SELECT {', '.join(schema(group).names)} FROM {group.table} "
        f"WHERE {group.entity} IN UNNEST(SPLIT(@entities, '\\n')) AND {condition}"
    )
    found: dict[str, dict[str, Any]] = {}
    for names in _chunks(entities):
        rows = warehouse.query(sql, {**parameters, "entities": SEPARATOR.join(names)}).to_pylist()
        found |= {row[group.entity]: row for row in rows}
    return in_order(group, entities, found)


def _chunks(entities: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(entities), AT_ONCE):
        yield entities[start : start + AT_ONCE]
