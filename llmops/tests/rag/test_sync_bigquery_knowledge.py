"""Rows of the table of questions and answers are found, and are no longer once they are gone."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from llmops.rag import sync_bigquery_knowledge
from llmops.rag.sync_bigquery_knowledge import Synced, run
from llmops.tests.rag.shelf import Shelf
from telecom.bootstrap import Platform
from telecom.ports import Passage, Write
from telecom.settings import Settings
from telecom.tables import contract

ROW = {
    "faq_id": "troca-chip", "category": "Celular", "question": "Como troco o chip?",
    "answer": "Na loja, com documento.",
    "audience": "everyone", "source": "faq-movel", "valid_from": date(2026, 1, 1), "valid_until": None,
}  # fmt: skip


@pytest.fixture
def platform(tmp_path: Any) -> Platform:
    return Platform(Settings(home=tmp_path / "home"))


def store(platform: Platform, *rows: dict[str, Any]) -> None:
    batch = pa.RecordBatch.from_pylist(list(rows), schema=contract(sync_bigquery_knowledge.TABLE).schema)
    platform.warehouse.write(Write(sync_bigquery_knowledge.TABLE, [batch], {}))


def test_rows_become_passages(platform: Platform) -> None:
    secret = ROW | {"faq_id": "limite", "audience": "agents", "valid_until": date(2026, 12, 31)}
    store(platform, ROW, secret)
    shelf = Shelf()
    assert run(platform.warehouse, shelf, None) == Synced(2, 2, 0)
    by_key = {one.key: one for one in shelf.all()}
    assert by_key["faq-troca-chip"] == Passage(
        "faq-troca-chip", "table:telecom_gold.knowledge_faq/troca-chip", "Celular", "Como troco o chip?", None,
        "Na loja, com documento.", ("agent", "customer"), "public", date(2026, 1, 1), None,
    )  # fmt: skip
    assert (by_key["faq-limite"].audience, by_key["faq-limite"].sensitivity) == (("agent",), "internal")
    assert by_key["faq-limite"].valid_until == date(2026, 12, 31)


def test_the_same_again_changes_nothing_and_what_is_gone_goes(platform: Platform) -> None:
    store(platform, ROW, ROW | {"faq_id": "b"})
    shelf = Shelf()
    shelf.replace({"a.md": []}, digests={"a.md": "kept"})
    run(platform.warehouse, shelf, None)
    assert run(platform.warehouse, shelf, None) == Synced(2, 0, 0)
    assert shelf.changes == 2
    store(platform, ROW | {"answer": "No aplicativo."})
    assert run(platform.warehouse, shelf, None) == Synced(1, 1, 1)
    assert [one.text for one in shelf.all()] == ["No aplicativo."]
    assert shelf.told["a.md"] == "kept"


def test_on_google_cloud_the_service_reads_the_table(platform: Platform) -> None:
    class Importer:
        def import_table(self, name: str, table: str, id_field: str) -> int:
            assert (name, table, id_field) == ("faq", "telecom_gold.knowledge_faq", "faq_id")
            return 7

    shelf = Shelf()
    assert run(platform.warehouse, shelf, Importer()) == Synced(7, None, None)
    assert shelf.changes == 0
