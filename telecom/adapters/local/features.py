"""The feature store on one machine: groups registered as JSON, the online side as one SQLite file per snapshot."""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from telecom.adapters._offline_features import as_of, in_order, require_columns
from telecom.adapters.local._files import beside, write_json
from telecom.errors import DependencyUnavailable, NotFound
from telecom.ports import FeatureGroup, Warehouse
from telecom.settings import Settings

_LOOKUP_LIMIT = 500


class LocalFeatureStore:
    """Implements `telecom.ports.FeatureStore` below `<home>/features`; the warehouse is its offline side."""

    def __init__(self, settings: Settings, warehouse: Warehouse) -> None:
        self._root = settings.home / "features"
        self._warehouse = warehouse

    def register(self, group: FeatureGroup) -> None:
        """Makes the group known; registering it again replaces its definition.

        Raises:
            NotFound: the table lacks the entity, `feature_timestamp` or one of the features.
        """
        require_columns(group)
        write_json(self._root / f"{group.name}.json", asdict(group))

    def sync(self, group: str, snapshot_date: date) -> int:
        """Copies one snapshot to the online side, in the place of what it held.

        Returns:
            Entities now served.
        """
        definition = self._definition(group)
        names = (definition.entity, *definition.features)
        sql = f"SELECT {', '.join(names)} FROM {definition.table} WHERE snapshot_date = @snapshot_date"
        with beside(self._online(group)) as part, closing(sqlite3.connect(part)) as database:
            # A file that is thrown away when anything fails needs no journal.
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("CREATE TABLE online (entity TEXT PRIMARY KEY, payload TEXT NOT NULL) WITHOUT ROWID")
            rows = self._warehouse.stream(sql, {"snapshot_date": snapshot_date})
            written = database.executemany("INSERT INTO online VALUES (?, ?)", _payloads(rows)).rowcount
            database.commit()
        return max(written, 0)

    def read(self, group: str, entities: Sequence[str]) -> pa.Table:
        """The served features of the entities that exist, in the order asked for.

        Raises:
            NotFound: the group is not registered or was never synced.
        """
        definition = self._definition(group)
        path = self._online(group)
        if not path.is_file():
            raise NotFound(f"Feature group {group!r} has no online side.", "Run: telecom features")
        return in_order(definition, entities, _lookup(path, entities))

    def as_of(self, group: str, entities: Sequence[str], when: datetime) -> pa.Table:
        """The features of each entity as they were known at `when`, from the warehouse, in the order asked for.

        Raises:
            NotFound: the group is not registered.
        """
        return as_of(self._warehouse, self._definition(group), entities, when)

    def served(self, entity: str) -> tuple[str, ...]:
        """The groups whose online side has the entity."""
        return tuple(path.stem for path in sorted(self._root.glob("*.sqlite")) if _lookup(path, [entity]))

    def forget(self, entity: str) -> int:
        """Takes the entity out of every group's file, which is written anew without it."""
        groups = self.served(entity)
        for group in groups:
            with beside(self._online(group)) as part:
                shutil.copyfile(self._online(group), part)
                with closing(sqlite3.connect(part)) as database:
                    database.execute("PRAGMA journal_mode = OFF")
                    database.execute("PRAGMA secure_delete = ON")
                    database.execute("DELETE FROM online WHERE entity = ?", (entity,))
                    database.commit()
                    database.execute("VACUUM")
        return len(groups)

    def _definition(self, group: str) -> FeatureGroup:
        try:
            stored = json.loads((self._root / f"{group}.json").read_text("utf-8"))
        except FileNotFoundError as error:
            raise NotFound(f"There is no feature group {group!r}.", "Run: telecom features") from error
        return FeatureGroup(stored["name"], stored["table"], stored["entity"], tuple(stored["features"]))

    def _online(self, group: str) -> Path:
        return self._root / f"{group}.sqlite"


def _payloads(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[str, str]]:
    for batch in batches:
        for row in batch.to_pylist():
            yield next(iter(row.values())), json.dumps(row, default=str)


def _lookup(path: Path, entities: Sequence[str]) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            for start in range(0, len(entities), _LOOKUP_LIMIT):
                wanted = list(entities[start : start + _LOOKUP_LIMIT])
                marks = ", ".join("?" * len(wanted))
                for entity, payload in database.execute(
                    f"SELECT entity, payload FROM online WHERE entity IN ({marks})", wanted
                ):
                    found[entity] = json.loads(payload)
    except sqlite3.Error as error:
        raise DependencyUnavailable(
            f"The online features {path} cannot be read: {error}.", "Run: telecom features"
        ) from error
    return found
