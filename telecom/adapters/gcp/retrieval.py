"""The knowledge base in Agent Search (Vertex AI Search): passages found as chunks, filtered in the query."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from google.api_core.exceptions import NotFound as Missing
from google.cloud import discoveryengine_v1 as engine
from google.protobuf.json_format import MessageToDict

from telecom.adapters.gcp import _agent_search as names
from telecom.adapters.gcp._clients import grpc_client
from telecom.adapters.gcp._errors import vendor_errors
from telecom.adapters.gcp._search_state import Live, SearchState, State
from telecom.errors import NotFound, TelecomError
from telecom.passages import may_read, without_twins
from telecom.ports import Found, Passage, Reading
from telecom.settings import Settings

log = logging.getLogger(__name__)
AT_ONCE = 100
"""Documents in one import, as the API recommends."""
MOST_RESULTS = 100
LONGEST_QUERY = 2_000
IMPORT_SECONDS = 3_600.0
BUILD = "Make the data stores with: telecom rag build"


class AgentSearchRetriever:
    """Implements `telecom.ports.Retriever`. The score is Google's relevance of the chunk, from 0 to 1."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state = SearchState(settings)

    def search(self, query: str, reading: Reading, k: int = 5) -> tuple[Found, ...]:
        """At most `k` passages that the reader may see, best first, none twice in other words.

        Raises:
            NotFound: nothing was ingested yet, or the data stores do not exist.
            DependencyUnavailable: Agent Search does not answer in time.
        """
        asked = query.strip()[:LONGEST_QUERY]
        if not any(map(str.isalnum, asked)) or k < 1:
            return ()
        with vendor_errors("Searching the knowledge base", BUILD):
            state = self._state.read()
            found = list(self._chunks(asked, reading, k, state))
            if state.rows:
                found += self._rows(asked, reading, k)
        best = sorted(found, key=lambda one: -one.score)
        return tuple(islice(without_twins(best), k))

    def replace(
        self,
        passages: Mapping[str, Sequence[Passage]],
        gone: Sequence[str] = (),
        digests: Mapping[str, str] | None = None,
    ) -> None:
        """The passages of these documents take the place of what they had; `gone` documents lose theirs.

        Searches show the state before until all passages are in. How soon after that a passage is found is up to
        Agent Search's indexing.

        Raises:
            DependencyUnavailable: another change is under way, or Agent Search does not answer.
            TelecomError: Agent Search refused a passage.
        """
        told = digests or {}
        live = {
            document: Live(names.version_of(document, listed), len(listed), told.get(document, ""))
            for document, listed in passages.items()
        }
        with vendor_errors("Changing the knowledge base", BUILD):
            self._delete(self._state.announce({one.version: one.passages for one in live.values()}))
            for batch in _batches(live, passages):
                self._import(batch)
            self._delete(self._state.publish(live, list(gone)))

    def digests(self) -> Mapping[str, str]:
        """Digest by document; none where nothing was ingested."""
        with vendor_errors("Reading the knowledge base"):
            try:
                state = self._state.read(fresh=True)
            except NotFound:
                return {}
        return {document: one.digest for document, one in sorted(state.live.items())}

    def _chunks(self, query: str, reading: Reading, k: int, state: State) -> Iterator[Found]:
        spec = engine.SearchRequest.ContentSearchSpec
        size = min(max(4 * k, 20), MOST_RESULTS)
        request = engine.SearchRequest(
            serving_config=names.serving_config(self._settings, names.DOCS),
            query=query,
            page_size=size,
            filter=names.readable(reading),
            language_code="pt-BR",
            content_search_spec=spec(search_result_mode=spec.SearchResultMode.CHUNKS),
        )
        seen: set[str] = set()
        fresh = False
        for result in islice(self._search.search(request, **names.SEARCH), size):
            found = _from_chunk(result.chunk)
            if found is None:
                continue
            one, version = found
            if not fresh and not _is_live(state, one.passage, version):
                state, fresh = self._state.read(fresh=True), True
            usable = _is_live(state, one.passage, version) and may_read(one.passage, reading)
            if usable and one.passage.key not in seen:
                seen.add(one.passage.key)
                yield one

    def _rows(self, query: str, reading: Reading, k: int) -> Iterator[Found]:
        request = engine.SearchRequest(
            serving_config=names.serving_config(self._settings, names.FAQ),
            query=query,
            page_size=k,
            filter=names.readable_rows(reading),
            language_code="pt-BR",
            relevance_score_spec=engine.SearchRequest.RelevanceScoreSpec(return_relevance_score=True),
        )
        for result in islice(self._search.search(request, **names.SEARCH), k):
            passage = names.row_as_passage(result.document)
            if may_read(passage, reading):
                yield Found(passage, _unit(next(iter(result.model_scores["relevance_score"].values), 0.0)))

    def _import(self, documents: Sequence[engine.Document]) -> None:
        request = engine.ImportDocumentsRequest(
            parent=names.branch(self._settings, names.DOCS),
            inline_source=engine.ImportDocumentsRequest.InlineSource(documents=documents),
            reconciliation_mode=engine.ImportDocumentsRequest.ReconciliationMode.INCREMENTAL,
        )
        operation = self._documents.import_documents(request, **names.READ)
        refused = operation.result(timeout=IMPORT_SECONDS).error_samples
        if refused:
            said = "; ".join(sample.message for sample in refused[:3])
            raise TelecomError(f"Agent Search refused passages: {said}", "Correct the documents and ingest again.")

    def _delete(self, versions: Mapping[str, int]) -> None:
        """Deletes what nobody sees any more; what is gone already is as good."""
        branch = names.branch(self._settings, names.DOCS)
        for version, count in versions.items():
            for id_ in names.document_ids(version, count):
                try:
                    self._documents.delete_document(name=f"{branch}/documents/{id_}", **names.READ)
                except Missing:
                    continue
        if versions:
            self._state.deleted(versions)

    @property
    def _search(self) -> engine.SearchServiceClient:
        return grpc_client(engine.SearchServiceClient, self._settings)

    @property
    def _documents(self) -> engine.DocumentServiceClient:
        return grpc_client(engine.DocumentServiceClient, self._settings)


def _batches(live: Mapping[str, Live], passages: Mapping[str, Sequence[Passage]]) -> Iterator[list[engine.Document]]:
    batch: list[engine.Document] = []
    for document, one in live.items():
        for made in names.as_documents(one.version, passages[document]):
            batch.append(made)
            if len(batch) == AT_ONCE:
                yield batch
                batch = []
    if batch:
        yield batch


def _from_chunk(chunk: Any) -> tuple[Found, str] | None:
    """A passage with its score and version; None where the data store holds something that is not ours."""
    data = MessageToDict(type(chunk.document_metadata).pb(chunk.document_metadata))["structData"]
    try:
        passage, version = names.as_passage(data)
    except KeyError:
        log.warning("A chunk of another origin was found: %s", chunk.name)
        return None
    return Found(passage, _unit(chunk.relevance_score)), version


def _is_live(state: State, passage: Passage, version: str) -> bool:
    live = state.live.get(passage.document)
    return live is not None and live.version == version


def _unit(score: float | None) -> float:
    return min(max(score or 0.0, 0.0), 1.0)
