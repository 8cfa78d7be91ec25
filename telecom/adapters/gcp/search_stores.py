"""Data stores and engine of Agent Search: made where they are missing, left alone where they are as wanted."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from google.api_core.exceptions import AlreadyExists
from google.api_core.exceptions import NotFound as Missing
from google.cloud import discoveryengine_v1 as engine
from google.protobuf.json_format import MessageToDict

from telecom.adapters.gcp import _agent_search as names
from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import vendor_errors
from telecom.adapters.gcp._search_state import SearchState
from telecom.errors import TelecomError, UsageError
from telecom.settings import Settings

MAKE_SECONDS = 900.0
IMPORT_SECONDS = 7_200.0
SCHEMA = "default_schema"


class SearchStores:
    """What `llmops.rag.build_vertex_search_datastore` and `sync_bigquery_knowledge` ask of Agent Search."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def ensure_store(self, name: str, title: str, chunk_tokens: int) -> bool:
        """Makes the data store `telecom-<name>-<env>` where it is missing.

        Args:
            name: `docs` or `faq`.
            title: shown to people.
            chunk_tokens: largest chunk of a document with content, 100 to 500; 0 for rows without content.

        Returns:
            Whether it was made.

        Raises:
            UsageError: it exists with other chunks, which Agent Search cannot change.
        """
        with vendor_errors(f"Making the data store {names.store_id(self._settings, name)}"):
            try:
                found = self._stores.get_data_store(name=names.store(self._settings, name), **names.READ)
            except Missing:
                return self._make_store(name, title, chunk_tokens)
        layout = found.document_processing_config.chunking_config.layout_based_chunking_config
        if chunk_tokens and layout.chunk_size != chunk_tokens:
            raise UsageError(
                f"{found.name} cuts chunks of {layout.chunk_size} tokens; {chunk_tokens} are wanted.",
                "Delete that data store, make it again, and ingest again.",
            )
        return False

    def ensure_schema(self, name: str, schema: Mapping[str, Any]) -> bool:
        """Makes the data store's fields what they should be; returns whether they changed."""
        full = f"{names.store(self._settings, name)}/schemas/{SCHEMA}"
        with vendor_errors(f"Writing the schema of {names.store_id(self._settings, name)}"):
            try:
                if _plain(self._schemas.get_schema(name=full, **names.READ)) == dict(schema):
                    return False
            except Missing:
                pass
            request = engine.UpdateSchemaRequest(
                schema=engine.Schema(name=full, json_schema=json.dumps(schema)), allow_missing=True
            )
            self._schemas.update_schema(request, **names.CHANGE).result(timeout=MAKE_SECONDS)
        return True

    def ensure_engine(self, stores: Sequence[str], title: str) -> bool:
        """Makes the engine over the data stores where it is missing; returns whether it was made.

        Raises:
            UsageError: it exists over others.
        """
        wanted = [names.store_id(self._settings, name) for name in stores]
        full = f"{names.collection(self._settings)}/engines/{names.engine_id(self._settings)}"
        with vendor_errors(f"Making the engine {names.engine_id(self._settings)}"):
            try:
                found = self._engines.get_engine(name=full, **names.READ)
            except Missing:
                return self._make_engine(wanted, title)
        if not set(wanted) <= set(found.data_store_ids):
            raise UsageError(
                f"{full} is over {', '.join(found.data_store_ids)}; {', '.join(wanted)} are wanted.",
                "Delete that engine; the data stores and documents stay.",
            )
        return False

    def import_table(self, name: str, table: str, id_field: str) -> int:
        """Makes a data store's documents the rows of a BigQuery table; returns how many there are.

        Raises:
            TelecomError: Agent Search refused rows.
        """
        dataset, _, own = table.partition(".")
        request = engine.ImportDocumentsRequest(
            parent=names.branch(self._settings, name),
            bigquery_source=engine.BigQuerySource(
                project_id=self._settings.project, dataset_id=dataset, table_id=own, data_schema="custom"
            ),
            reconciliation_mode=engine.ImportDocumentsRequest.ReconciliationMode.FULL,
            id_field=id_field,
        )
        with vendor_errors(f"Importing {table} into {names.store_id(self._settings, name)}"):
            operation = self._documents.import_documents(request, **names.READ)
            refused = operation.result(timeout=IMPORT_SECONDS).error_samples
            if refused:
                raise TelecomError(
                    f"Agent Search refused rows of {table}: {refused[0].message}", "Correct them and run it again."
                )
            SearchState(self._settings).with_rows()
            return int(operation.metadata.success_count)

    def _make_store(self, name: str, title: str, chunk_tokens: int) -> bool:
        kinds = engine.DataStore.ContentConfig
        store = engine.DataStore(
            display_name=title,
            industry_vertical=engine.IndustryVertical.GENERIC,
            solution_types=[engine.SolutionType.SOLUTION_TYPE_SEARCH],
            content_config=kinds.CONTENT_REQUIRED if chunk_tokens else kinds.NO_CONTENT,
        )
        if chunk_tokens:
            store.document_processing_config = {
                "default_parsing_config": {"layout_parsing_config": {}},
                "chunking_config": {
                    "layout_based_chunking_config": {"chunk_size": chunk_tokens, "include_ancestor_headings": True}
                },
            }
        request = engine.CreateDataStoreRequest(
            parent=names.collection(self._settings),
            data_store=store,
            data_store_id=names.store_id(self._settings, name),
        )
        return _made(lambda: self._stores.create_data_store(request, **names.CHANGE))

    def _make_engine(self, stores: Sequence[str], title: str) -> bool:
        made = engine.Engine(
            display_name=title,
            solution_type=engine.SolutionType.SOLUTION_TYPE_SEARCH,
            industry_vertical=engine.IndustryVertical.GENERIC,
            data_store_ids=stores,
            search_engine_config={"search_tier": engine.SearchTier.SEARCH_TIER_ENTERPRISE},
        )
        request = engine.CreateEngineRequest(
            parent=names.collection(self._settings), engine=made, engine_id=names.engine_id(self._settings)
        )
        return _made(lambda: self._engines.create_engine(request, **names.CHANGE))

    @property
    def _stores(self) -> engine.DataStoreServiceClient:
        return grpc_client(engine.DataStoreServiceClient, self._settings)

    @property
    def _schemas(self) -> engine.SchemaServiceClient:
        return grpc_client(engine.SchemaServiceClient, self._settings)

    @property
    def _engines(self) -> engine.EngineServiceClient:
        return grpc_client(engine.EngineServiceClient, self._settings)

    @property
    def _documents(self) -> engine.DocumentServiceClient:
        return grpc_client(engine.DocumentServiceClient, self._settings)


def _made(create: Any) -> bool:
    """Waits for what is being made; False where somebody else was quicker."""
    try:
        create().result(timeout=MAKE_SECONDS)
    except AlreadyExists:
        return False
    return True


def _plain(schema: engine.Schema) -> dict[str, Any]:
    """Of the two forms that the API may answer in."""
    if schema.json_schema:
        found: dict[str, Any] = json.loads(schema.json_schema)
        return found
    told = MessageToDict(engine.Schema.pb(schema)).get("structSchema", {})
    return dict(told)
