"""Agent Search (Discovery Engine) over gRPC: data stores, imports, and a search over words that keeps filters.

It refuses what the service refuses: unknown data stores, fields in a filter that the schema does not index, chunks of a
data store without them, documents without content where it is required. What is relevant, it does not know: it counts
words in common.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import grpc
from google.cloud.discoveryengine_v1 import types
from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status

from telecom.passages import folded
from tests.loopback.bigquery_engine import Engine
from tests.loopback.crud import Crud
from tests.loopback.messages import copy_of, find_rpc, raw
from tests.loopback.operations import done

Code = grpc.StatusCode
Handler = Callable[[Any, grpc.ServicerContext], Any]
CONFIG = re.compile(r"(?P<store>projects/[^/]+/locations/[^/]+/collections/[^/]+/dataStores/[^/]+)/servingConfigs/\w+")
ID = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9_-]{0,126}[a-zA-Z0-9])?")
TERM = re.compile(
    r"""(?P<field>\w+)(?:: ANY\((?P<any>"[^"]*"(?:, "[^"]*")*)\)| (?P<sign><=|>=|=) (?P<value>"[^"]*"|\d+))"""
)
CHUNK_WORDS = 400
MOST_INLINE, MOST_RESULTS = 100, 100


class AgentSearch:
    """Stateful answers; documents lie in the store below their branch."""

    def __init__(self, crud: Crud, engine: Engine) -> None:
        self._crud = crud
        self._engine = engine
        self.refuse_documents = ""

    def handlers(self) -> Mapping[str, Handler]:
        """By rpc."""
        return {
            "CreateEngine": self.create_engine,
            "ImportDocuments": self.import_documents,
            "Search": self.search,
        }

    def create_engine(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Over data stores that exist."""
        for id_ in request.engine.data_store_ids:
            self._found(f"{request.parent}/dataStores/{id_}", context)
        return self._crud.answer(_rpc("EngineService/CreateEngine"), request, context)

    def import_documents(self, request: Any, context: grpc.ServicerContext) -> Any:
        """From the request or from a BigQuery table; those that are wrong are counted and told of."""
        store = self._found(request.parent.partition("/branches/")[0], context)
        documents = list(self._inline(request, context) if request.inline_source else self._rows(request))
        faults = [fault for document in documents if (fault := self._fault(document, store))]
        if request.reconciliation_mode == types.ImportDocumentsRequest.ReconciliationMode.FULL:
            for name in [name for name in self._crud.store if name.startswith(f"{request.parent}/documents/")]:
                del self._crud.store[name]
        for document in documents:
            if not self._fault(document, store):
                document.name = f"{request.parent}/documents/{document.id}"
                self._crud.store[document.name] = document
        good = len(documents) - len(faults)
        told = types.ImportDocumentsMetadata(success_count=good, failure_count=len(faults), total_count=len(documents))
        return done(types.ImportDocumentsResponse(error_samples=faults), told)

    def search(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The documents, or their chunks, that share words with the query and keep the filter."""
        config = CONFIG.fullmatch(request.serving_config)
        if config is None or request.page_size > MOST_RESULTS:
            context.abort(Code.INVALID_ARGUMENT, f"{request.serving_config} is no serving config.")
        store = self._found(config["store"], context)
        modes = types.SearchRequest.ContentSearchSpec.SearchResultMode
        chunks = request.content_search_spec.search_result_mode == modes.CHUNKS
        layout = store.document_processing_config.chunking_config.layout_based_chunking_config
        if chunks and not layout.chunk_size:
            context.abort(Code.INVALID_ARGUMENT, "The data store was made without chunks.")
        keeps = self._filter(request.filter, config["store"], context)
        asked = set(folded(request.query).split())
        found = [
            (score, name, text)
            for name, document in self._crud.store.items()
            if name.startswith(f"{config['store']}/branches/") and keeps(_data(document))
            for text in (_chunked(_text(document)) if chunks else [_text(document)])
            if (score := _common(asked, text))
        ]
        found.sort(key=lambda one: (-one[0], one[1]))
        make = self._chunk if chunks else self._document
        return types.SearchResponse(results=[make(*one) for one in found[: request.page_size or 50]])

    def _inline(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        if len(request.inline_source.documents) > MOST_INLINE:
            context.abort(Code.INVALID_ARGUMENT, f"At most {MOST_INLINE} documents.")
        yield from (copy_of(document) for document in request.inline_source.documents)

    def _rows(self, request: Any) -> Iterator[Any]:
        source = request.bigquery_source
        assert source.data_schema == "custom", source.data_schema
        for row in self._engine.rows(f"{source.dataset_id}.{source.table_id}").to_pylist():
            plain = json.loads(json.dumps(row, default=date.isoformat))
            id_ = plain.pop(request.id_field)
            yield types.Document(id=id_, struct_data={k: v for k, v in plain.items() if v is not None})

    def _fault(self, document: Any, store: Any) -> Status | None:
        needs = store.content_config == types.DataStore.ContentConfig.CONTENT_REQUIRED
        if self.refuse_documents and self.refuse_documents in document.id + _text(document):
            return Status(code=3, message=f"{document.id} is refused.")
        if not ID.fullmatch(document.id):
            return Status(code=3, message=f"{document.id!r} is no id.")
        if needs and not document.content.raw_bytes and not document.content.uri:
            return Status(code=3, message=f"{document.id} has no content.")
        return None

    def _filter(self, text: str, store: str, context: grpc.ServicerContext) -> Callable[[Mapping[str, Any]], bool]:
        terms = []
        for part in text.split(" AND ") if text else []:
            term = TERM.fullmatch(part)
            if term is None or term["field"] not in self._indexed(store):
                context.abort(Code.INVALID_ARGUMENT, f"Unsupported field or syntax in the filter: {part!r}.")
            terms.append(term)
        return lambda data: all(_holds(term, data.get(term["field"])) for term in terms)

    def _indexed(self, store: str) -> set[str]:
        held = self._crud.store.get(f"{store}/schemas/default_schema")
        properties = json.loads(held.json_schema)["properties"] if held else {}
        return {
            name for name, told in properties.items() if told.get("indexable") or told.get("items", {}).get("indexable")
        }

    def _chunk(self, score: float, name: str, text: str) -> Any:
        document = self._crud.store[name]
        about = types.Chunk.DocumentMetadata(title="", struct_data=raw(document).struct_data)
        chunk = types.Chunk(name=f"{name}/chunks/c1", id="c1", content=text, document_metadata=about)
        chunk.relevance_score = score
        return types.SearchResponse.SearchResult(id=document.id, chunk=chunk)

    def _document(self, score: float, name: str, _: str) -> Any:
        document = self._crud.store[name]
        scores = {"relevance_score": types.DoubleList(values=[score])}
        return types.SearchResponse.SearchResult(id=document.id, document=document, model_scores=scores)

    def _found(self, name: str, context: grpc.ServicerContext) -> Any:
        if name not in self._crud.store:
            context.abort(Code.NOT_FOUND, f"{name} was not found.")
        return self._crud.store[name]


def _data(document: Any) -> dict[str, Any]:
    return dict(MessageToDict(raw(document)).get("structData", {}))


def _text(document: Any) -> str:
    if document.content.raw_bytes:
        return re.sub(r"<[^>]*>", " ", document.content.raw_bytes.decode())
    return " ".join(str(value) for value in _data(document).values())


def _chunked(text: str) -> Iterator[str]:
    words = text.split()
    for start in range(0, len(words), CHUNK_WORDS):
        yield " ".join(words[start : start + CHUNK_WORDS])


def _common(asked: set[str], text: str) -> float:
    return len(asked & set(re.findall(r"\w+", folded(text)))) / max(len(asked), 1)


def _holds(term: re.Match[str], value: Any) -> bool:
    if value is None:
        return False
    if term["any"]:
        values: Sequence[Any] = value if isinstance(value, list) else [value]
        return any(f'"{each}"' in term["any"].split(", ") for each in values)
    wanted: Any = term["value"].strip('"') if term["value"].startswith('"') else float(term["value"])
    return {"<=": value <= wanted, ">=": value >= wanted, "=": value == wanted}[term["sign"]]


def _rpc(name: str) -> Any:
    found = find_rpc(f"/google.cloud.discoveryengine.v1.{name}")
    assert found, name
    return found
