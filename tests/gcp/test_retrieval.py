"""Agent Search as it is asked for: what is sent, what is kept when something fails, what is shown."""

from dataclasses import replace
from datetime import date
from typing import Any

import grpc
import pyarrow as pa
import pytest
from google.cloud import discoveryengine_v1 as engine

from llmops.rag import build_vertex_search_datastore, sync_bigquery_knowledge
from llmops.rag.build_vertex_search_datastore import Built, Shelf
from telecom.adapters.gcp import _search_state
from telecom.adapters.gcp.retrieval import AgentSearchRetriever
from telecom.adapters.gcp.search_stores import SearchStores
from telecom.adapters.gcp.warehouse import BigQueryWarehouse
from telecom.errors import DependencyUnavailable, NotFound, TelecomError, UsageError
from telecom.ports import Passage, Reading, Write
from telecom.settings import Settings
from telecom.tables import contract
from tests.loopback.cloud import Cloud

COLLECTION = "projects/telecom-test/locations/global/collections/default_collection"
DOCS, FAQ = f"{COLLECTION}/dataStores/telecom-docs-dev", f"{COLLECTION}/dataStores/telecom-faq-dev"
CUSTOMER, AGENT = Reading("customer", date(2026, 11, 21)), Reading("agent", date(2026, 11, 21))
FINE = Passage(
    "k1", "multa.pdf", "Contrato <A>", "1. Multa", 3,
    "Preços & multas\n\nLegenda\n| Mês | Valor |\n| --- | --- |\n| 1 | R$ 5 |",
    valid_from=date(2026, 1, 1),
)  # fmt: skip


@pytest.fixture
def stores(gcp_settings: Settings) -> SearchStores:
    made = SearchStores(gcp_settings)
    build_vertex_search_datastore.run(made)
    return made


@pytest.fixture
def retriever(gcp_settings: Settings, stores: SearchStores) -> AgentSearchRetriever:
    return AgentSearchRetriever(gcp_settings)


def documents(cloud: Cloud) -> list[str]:
    """Ids in the data store of documents."""
    below = f"{DOCS}/branches/default_branch/documents/"
    return sorted(name.removeprefix(below) for name in cloud.grpc.store if name.startswith(below))


def shown(retriever: AgentSearchRetriever, question: str = "multa valor") -> list[str]:
    return [one.passage.text for one in retriever.search(question, AGENT)]


def many(count: int, version: str = "v1") -> list[Passage]:
    return [Passage(f"{version}-{n}", "a.md", "A", f"S {n}", None, f"multa número {n} {version}") for n in range(count)]


def test_everything_is_built_once(gcp_settings: Settings, cloud: Cloud) -> None:
    stores = SearchStores(gcp_settings)
    assert build_vertex_search_datastore.run(stores) == Built(("docs", "faq", "engine"), ("docs", "faq"))
    assert build_vertex_search_datastore.run(stores) == Built((), ())
    docs, faq = cloud.grpc.requests("CreateDataStore")
    assert (docs.parent, docs.data_store_id, faq.data_store_id) == (COLLECTION, "telecom-docs-dev", "telecom-faq-dev")
    kinds = engine.DataStore.ContentConfig
    assert (docs.data_store.content_config, faq.data_store.content_config) == (kinds.CONTENT_REQUIRED, kinds.NO_CONTENT)
    processing = docs.data_store.document_processing_config
    assert processing.chunking_config.layout_based_chunking_config.chunk_size == 500
    assert processing.chunking_config.layout_based_chunking_config.include_ancestor_headings
    assert "layout_parsing_config" in processing.default_parsing_config
    (made,) = cloud.grpc.requests("CreateEngine")
    assert (made.engine_id, list(made.engine.data_store_ids)) == (
        "telecom-dev",
        ["telecom-docs-dev", "telecom-faq-dev"],
    )
    assert len(cloud.grpc.requests("UpdateSchema")) == 2


def test_what_cannot_be_changed_is_named(stores: SearchStores, cloud: Cloud) -> None:
    with pytest.raises(UsageError, match="cuts chunks of 500 tokens; 100 are wanted") as refused:
        build_vertex_search_datastore.run(stores, [Shelf("docs", "x", 100, {})])
    assert "Delete that data store" in refused.value.remedy
    cloud.grpc.store[f"{COLLECTION}/engines/telecom-dev"].data_store_ids = ["telecom-docs-dev"]
    with pytest.raises(UsageError, match="telecom-faq-dev are wanted"):
        build_vertex_search_datastore.run(stores)


def test_changed_fields_are_updated(stores: SearchStores) -> None:
    shelf = build_vertex_search_datastore.SHELVES[0]
    changed = replace(shelf, fields=build_vertex_search_datastore.schema({"other": {"type": "string"}}))
    assert stores.ensure_schema("docs", changed.fields) is True
    assert stores.ensure_schema("docs", changed.fields) is False


def test_somebody_quicker_is_no_error(gcp_settings: Settings, cloud: Cloud) -> None:
    cloud.fail("CreateDataStore", kind="half")
    stores = SearchStores(gcp_settings)
    with pytest.raises(DependencyUnavailable):
        build_vertex_search_datastore.run(stores)
    assert build_vertex_search_datastore.run(stores).made == ("faq", "engine")


def test_a_passage_is_a_document_of_its_own(retriever: AgentSearchRetriever, cloud: Cloud) -> None:
    retriever.replace({FINE.document: [FINE]}, digests={FINE.document: "d"})
    (sent,) = cloud.grpc.calls_of("ImportDocuments")
    assert sent.request.parent == f"{DOCS}/branches/default_branch"
    assert sent.routing == {"parent": f"{DOCS}/branches/default_branch"}
    assert sent.request.reconciliation_mode == engine.ImportDocumentsRequest.ReconciliationMode.INCREMENTAL
    (document,) = sent.request.inline_source.documents
    assert document.content.mime_type == "text/html"
    assert document.content.raw_bytes.decode() == (
        '<html lang="pt-BR"><head><title>Contrato &lt;A&gt;</title></head><body><h1>Contrato &lt;A&gt;</h1>'
        "<h2>1. Multa</h2><p>Preços &amp; multas</p><table><caption>Legenda</caption>"
        "<tr><th>Mês</th><th>Valor</th></tr><tr><td>1</td><td>R$ 5</td></tr></table></body></html>"
    )
    data = dict(document.struct_data)
    assert (data["since"], data["until"], data["page"]) == (20260101, 99991231, 3)


def test_searches_ask_for_chunks_and_carry_the_filter(retriever: AgentSearchRetriever, cloud: Cloud) -> None:
    retriever.replace({FINE.document: [FINE]})
    (one,) = retriever.search("qual a multa?", CUSTOMER, 3)
    assert one.passage == FINE and one.passage.page == 3
    (call,) = cloud.grpc.calls_of("Search")
    request = call.request
    assert request.serving_config == f"{DOCS}/servingConfigs/default_search"
    assert call.routing == {"serving_config": request.serving_config}
    modes = engine.SearchRequest.ContentSearchSpec.SearchResultMode
    assert request.content_search_spec.search_result_mode == modes.CHUNKS
    assert request.filter == (
        'audience: ANY("customer") AND sensitivity: ANY("public") AND since <= 20261121 AND until >= 20261121'
    )
    assert call.deadline is not None and call.deadline < 4
    retriever.search("qual a multa?", AGENT)
    assert "sensitivity" not in cloud.grpc.requests("Search")[-1].filter


def test_what_the_service_shows_in_error_is_checked_again(retriever: AgentSearchRetriever, cloud: Cloud) -> None:
    retriever.replace({FINE.document: [replace(FINE, audience=("agent",), sensitivity="internal")]})
    cloud.agent_search._filter = lambda *_: lambda _: True  # type: ignore[method-assign]
    try:
        assert retriever.search("multa", CUSTOMER) == ()
        assert len(retriever.search("multa", AGENT)) == 1
    finally:
        del cloud.agent_search._filter


def test_many_passages_go_in_parts(retriever: AgentSearchRetriever, cloud: Cloud) -> None:
    retriever.replace({"a.md": many(230)})
    assert [len(request.inline_source.documents) for request in cloud.grpc.requests("ImportDocuments")] == [
        100,
        100,
        30,
    ]
    assert len(documents(cloud)) == 230


def test_a_change_that_fails_halfway_shows_what_was_before(retriever: AgentSearchRetriever, cloud: Cloud) -> None:
    retriever.replace({FINE.document: [FINE]}, digests={FINE.document: "before"})
    cloud.agent_search.refuse_documents = "número 150"
    with pytest.raises(TelecomError, match="refused passages"):
        retriever.replace({"a.md": many(200), FINE.document: []}, digests={"a.md": "x", FINE.document: "after"})
    assert len(documents(cloud)) > 100, "half of it is there"
    assert shown(retriever) == [FINE.text]
    assert dict(retriever.digests()) == {FINE.document: "before"}
    cloud.agent_search.refuse_documents = ""
    retriever.replace({"b.md": [replace(FINE, document="b.md", key="k2", text="multa nova")]})
    assert len(documents(cloud)) == 2, "the next change sweeps up"
    assert set(shown(retriever)) == {FINE.text, "multa nova"}


def test_what_was_replaced_is_deleted(retriever: AgentSearchRetriever, cloud: Cloud) -> None:
    retriever.replace({"a.md": many(3)})
    before = documents(cloud)
    retriever.replace({"a.md": many(2, "v2")})
    assert len(documents(cloud)) == 2 and not set(documents(cloud)) & set(before)
    retriever.replace({}, ["a.md"])
    assert documents(cloud) == [] and shown(retriever) == []


def test_a_deletion_that_fails_is_made_up_for(retriever: AgentSearchRetriever, cloud: Cloud) -> None:
    retriever.replace({"a.md": many(2)})

    @cloud.grpc.on("DeleteDocument")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")

    with pytest.raises(DependencyUnavailable, match="permission denied"):
        retriever.replace({"a.md": many(2, "v2")})
    assert sorted(shown(retriever, "multa v2")) == ["multa número 0 v2", "multa número 1 v2"], "published nevertheless"
    del cloud.grpc._handlers["DeleteDocument"]
    retriever.replace({})
    assert len(documents(cloud)) == 2


def test_of_two_changes_at_once_one_gives_up(
    gcp_settings: Settings, retriever: AgentSearchRetriever, cloud: Cloud
) -> None:
    retriever.replace({FINE.document: [FINE]})
    other = AgentSearchRetriever(gcp_settings)
    import_documents = cloud.agent_search.import_documents
    fired: list[int] = []

    @cloud.grpc.on("ImportDocuments")
    def _(request: Any, context: grpc.ServicerContext) -> Any:
        if not fired:
            fired.append(1)
            other.replace({"b.md": [replace(FINE, document="b.md", key="kb", text="multa do outro")]})
        return import_documents(request, context)

    with pytest.raises(DependencyUnavailable, match="changed by somebody else"):
        retriever.replace({"a.md": many(2)})
    assert set(shown(retriever)) == {FINE.text, "multa do outro"}
    retriever.replace({"a.md": many(2)})
    assert len(documents(cloud)) == 4


def test_a_reader_of_an_old_state_looks_again(gcp_settings: Settings, retriever: AgentSearchRetriever) -> None:
    retriever.replace({"a.md": many(1)})
    reader = AgentSearchRetriever(gcp_settings)
    assert shown(reader) == ["multa número 0 v1"]
    retriever.replace({"a.md": many(1, "v2")})
    assert shown(reader) == ["multa número 0 v2"]


def test_the_state_is_read_again_after_a_while(
    gcp_settings: Settings, retriever: AgentSearchRetriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    retriever.replace({"a.md": many(1)})
    reader = AgentSearchRetriever(gcp_settings)
    shown(reader)
    retriever.replace({}, ["a.md"])
    monkeypatch.setattr(_search_state, "FRESH_SECONDS", 0.0)
    assert shown(reader) == []
    assert reader._state.read().live == {}


def test_a_chunk_of_another_origin_is_passed_over(retriever: AgentSearchRetriever, cloud: Cloud) -> None:
    retriever.replace({"a.md": many(1)})
    name = f"{DOCS}/branches/default_branch/documents/foreign"
    foreign = engine.Document(
        name=name, id="foreign", struct_data={"audience": ["agent"], "since": 0, "until": 99999999}
    )
    foreign.content = engine.Document.Content(raw_bytes=b"multa", mime_type="text/html")
    cloud.grpc.store[name] = foreign
    assert shown(retriever) == ["multa número 0 v1"]


def test_errors_are_ours(gcp_settings: Settings, cloud: Cloud) -> None:
    retriever = AgentSearchRetriever(gcp_settings)
    with pytest.raises(NotFound, match="Nothing was ingested"):
        retriever.search("x", AGENT)
    with pytest.raises(NotFound, match="Changing the knowledge base failed") as missing:
        retriever.replace({"a.md": many(1)})
    assert "telecom rag build" in missing.value.remedy
    build_vertex_search_datastore.run(SearchStores(gcp_settings))
    retriever.replace({"a.md": many(1)})
    cloud.fail("Search")
    with pytest.raises(DependencyUnavailable, match="Searching the knowledge base failed"):
        retriever.search("multa", AGENT)
    assert len(cloud.grpc.requests("Search")) == 1, "whoever waits decides whether to ask again"


def test_while_cloud_storage_does_not_answer_the_last_state_counts(
    gcp_settings: Settings, retriever: AgentSearchRetriever, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    retriever.replace({"a.md": many(1)})
    monkeypatch.setattr(_search_state, "FRESH_SECONDS", 0.0)
    cloud.fail("GET /download/", times=1)
    assert shown(retriever) == ["multa número 0 v1"]
    assert cloud.faults.unspent == {}
    cloud.fail("GET /download/", times=1)
    with pytest.raises(DependencyUnavailable, match="Searching the knowledge base failed"):
        AgentSearchRetriever(gcp_settings).search("multa", AGENT)


def test_questions_and_answers_come_from_the_table(
    gcp_settings: Settings, retriever: AgentSearchRetriever, stores: SearchStores, cloud: Cloud
) -> None:
    warehouse = BigQueryWarehouse(gcp_settings)
    row = {
        "faq_id": "segunda-via", "category": "Fatura", "question": "Como tiro a segunda via?",
        "answer": "No aplicativo, sem custo.", "audience": "everyone", "source": "faq",
        "valid_from": date(2026, 1, 1), "valid_until": None,
    }  # fmt: skip
    rows = [
        row,
        row | {"faq_id": "interna", "audience": "agents", "answer": "Segunda via: estorno com o supervisor."},
        row | {"faq_id": "velha", "valid_until": date(2026, 6, 1), "answer": "Segunda via: na loja."},
        row | {"faq_id": "futura", "valid_from": date(2027, 1, 1), "answer": "Segunda via: por correio."},
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=contract(sync_bigquery_knowledge.TABLE).schema)
    warehouse.write(Write(sync_bigquery_knowledge.TABLE, [batch], {}))
    retriever.replace({FINE.document: [replace(FINE, title="Contrato")]})
    assert sync_bigquery_knowledge.run(warehouse, retriever, stores).rows == 4
    request = cloud.grpc.requests("ImportDocuments")[-1]
    assert request.parent == f"{FAQ}/branches/default_branch"
    assert (request.id_field, request.bigquery_source.dataset_id) == ("faq_id", "telecom_gold")
    assert request.reconciliation_mode == engine.ImportDocumentsRequest.ReconciliationMode.FULL
    reader = AgentSearchRetriever(gcp_settings)
    (found,) = reader.search("como tiro a segunda via", CUSTOMER)
    assert (found.passage.section, found.passage.text) == ("Como tiro a segunda via?", "No aplicativo, sem custo.")
    assert 0 < found.score <= 1
    texts = {one.passage.text for one in reader.search("como tiro a segunda via", AGENT)}
    assert texts == {"No aplicativo, sem custo.", "Segunda via: estorno com o supervisor."}
    warehouse.write(Write(sync_bigquery_knowledge.TABLE, [batch.slice(0, 1)], {}))
    assert sync_bigquery_knowledge.run(warehouse, retriever, stores).rows == 1
    assert len([name for name in cloud.grpc.store if name.startswith(f"{FAQ}/branches/")]) == 1


def test_refused_rows_are_told(stores: SearchStores, gcp_settings: Settings, cloud: Cloud) -> None:
    cloud.agent_search.refuse_documents = "x"
    warehouse = BigQueryWarehouse(gcp_settings)
    row = {
        "faq_id": "x", "category": "c", "question": "q", "answer": "a", "audience": "everyone", "source": "s",
        "valid_from": date(2026, 1, 1), "valid_until": None,
    }  # fmt: skip
    batch = pa.RecordBatch.from_pylist([row], schema=contract(sync_bigquery_knowledge.TABLE).schema)
    warehouse.write(Write(sync_bigquery_knowledge.TABLE, [batch], {}))
    with pytest.raises(TelecomError, match="refused rows"):
        stores.import_table("faq", sync_bigquery_knowledge.TABLE, "faq_id")
