"""The shelves of the knowledge base in Agent Search (Vertex AI Search): data stores, their fields, the engine.

Writes what is missing and changes fields that differ; what is as it should be is left alone, so that running it again
costs nothing. Terraform makes the same (`infra/terraform/modules/discovery_engine`); this is the way without it, and
the one definition of the fields that searches filter by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

CHUNK_TOKENS = 500
"""The largest that Agent Search knows: a passage of 250 words stays in one chunk."""
TITLE = "Telecom"


class Stores(Protocol):
    """What Agent Search is asked for; `telecom.adapters.gcp.search_stores` answers."""

    def ensure_store(self, name: str, title: str, chunk_tokens: int) -> bool:
        """Whether the data store was made; 0 tokens: rows without content."""
        ...

    def ensure_schema(self, name: str, schema: Mapping[str, Any]) -> bool:
        """Whether the fields changed."""
        ...

    def ensure_engine(self, stores: Sequence[str], title: str) -> bool:
        """Whether the engine over the data stores was made."""
        ...


def text_field(**more: Any) -> dict[str, Any]:
    """A text that results carry."""
    return {"type": "string", "retrievable": True, **more}


def schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a data store as Agent Search wants them."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": dict(properties),
    }


FILTERED = {"indexable": True}
DAY_NUMBER = {"type": "integer", "retrievable": True, **FILTERED}
PASSAGES = schema(
    {
        "key": text_field(),
        "document": text_field(**FILTERED),
        "title": text_field(keyPropertyMapping="title"),
        "section": text_field(searchable=True),
        "page": {"type": "integer", "retrievable": True},
        "text": text_field(),
        "version": text_field(**FILTERED),
        "audience": {"type": "array", "items": text_field(**FILTERED)},
        "sensitivity": text_field(**FILTERED),
        "valid_from": text_field(),
        "valid_until": text_field(),
        "since": DAY_NUMBER,
        "until": DAY_NUMBER,
    }
)
ROWS = schema(
    {
        "question": text_field(keyPropertyMapping="title"),
        "answer": text_field(keyPropertyMapping="description"),
        "category": text_field(keyPropertyMapping="category"),
        "audience": text_field(**FILTERED),
        "source": text_field(**FILTERED),
        "valid_from": {"type": "datetime", "retrievable": True, **FILTERED},
        "valid_until": {"type": "datetime", "retrievable": True, **FILTERED},
    }
)


@dataclass(frozen=True)
class Shelf:
    """A data store: its short name, the largest chunk in tokens (0: rows without content) and its fields."""

    name: str
    title: str
    chunk_tokens: int
    fields: Mapping[str, Any] = field(repr=False)


SHELVES = (
    Shelf("docs", f"{TITLE}: documents", CHUNK_TOKENS, PASSAGES),
    Shelf("faq", f"{TITLE}: questions and answers", 0, ROWS),
)


@dataclass(frozen=True)
class Built:
    """What was made and what was changed, by short name; both empty where all was as it should be."""

    made: tuple[str, ...]
    changed: tuple[str, ...]


def run(stores: Stores, shelves: Sequence[Shelf] = SHELVES) -> Built:
    """Makes data stores, fields and engine what they should be.

    Raises:
        UsageError: something exists in another form that cannot be changed; the remedy says what to delete.
    """
    made, changed = [], []
    for shelf in shelves:
        if stores.ensure_store(shelf.name, shelf.title, shelf.chunk_tokens):
            made.append(shelf.name)
        if stores.ensure_schema(shelf.name, shelf.fields):
            changed.append(shelf.name)
    if stores.ensure_engine([shelf.name for shelf in shelves], TITLE):
        made.append("engine")
    return Built(tuple(made), tuple(changed))
