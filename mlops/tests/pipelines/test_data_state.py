"""The digest under which a step's answer is cached: new whenever what the pipelines read is new."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from mlops.src.pipelines.data_state import digest
from mlops.src.utils_bigquery import load_query
from mlops.tests.conftest import Insert
from telecom.bootstrap import Platform
from telecom.ports import ModelVersion

FIRST = ModelVersion("telco-churn", "1", "a" * 64, datetime(2026, 11, 1, tzinfo=UTC), ("champion",), {})


@dataclass(frozen=True)
class Registry:
    """Versions, and nothing that could be written."""

    listed: tuple[ModelVersion, ...] = (FIRST,)

    def versions(self, name: str) -> tuple[ModelVersion, ...]:
        return self.listed

    def champions(self, name: str) -> tuple[str, ...]:
        return ()

    def register(self, name: str, bundle: Path, digest: str, notes: Mapping[str, str]) -> Any:
        raise AssertionError

    def point(self, name: str, alias: str, version: str) -> None:
        raise AssertionError

    def fetch(self, name: str, version: str) -> Path:
        raise AssertionError


def test_files_are_counted_by_snapshot(platform: Platform, insert: Insert) -> None:
    insert({}, {"customerID": "0002-BBBBB"}, day=date(2026, 11, 20), digest="d1", hour=5)
    insert({}, day=date(2026, 12, 20), digest="d2")
    rows = platform.warehouse.query(load_query("data_state")).to_pylist()
    found = [(row["kind"], row["snapshot_date"], row["what"], row["records"], row["changed_at"].hour) for row in rows]
    assert found == [
        ("file", date(2026, 11, 20), "d1", 2, 5),
        ("file", date(2026, 12, 20), "d2", 1, 0),
    ]


def test_the_digest_follows_the_tables_and_the_registry(platform: Platform, insert: Insert) -> None:
    empty = digest(platform.warehouse, Registry())
    assert digest(platform.warehouse, Registry()) == empty
    insert({})
    one = digest(platform.warehouse, Registry())
    insert({}, digest="d2")
    two = digest(platform.warehouse, Registry())
    moved = Registry((replace(FIRST, aliases=()), replace(FIRST, version="2", aliases=("champion",))))
    again = digest(platform.warehouse, Registry())
    assert len({empty, one, two, digest(platform.warehouse, moved)}) == 4 and again == two
