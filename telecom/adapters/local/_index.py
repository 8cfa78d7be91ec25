"""The index of passages on disk: a tantivy index, and how a passage becomes an entry and comes back.

Beside each passage's words it holds who may read it and when, and a ledger: one entry per document with the digest of
its source, changed in the same commit.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import tantivy

from telecom.adapters.local._portuguese import stems
from telecom.passages import PUBLIC_READERS
from telecom.ports import Passage, Reading

HEAP_BYTES = 64 << 20
TITLE_WEIGHT, SECTION_WEIGHT = 1, 2
"""How often title and section count beside the text."""
LEDGER = "ledger"
FIELDS = tuple(field.name for field in fields(Passage))
MOST_KNOWN = 1_024
"""Entries that are kept as they were read; the same few are found again and again."""
Known = dict[tuple[int, int], tuple[Passage, frozenset[str]]]


@dataclass(frozen=True)
class Entry:
    """A passage as the index gives it back: the score of the engine, and its distinct stems."""

    passage: Passage
    score: float
    stems: frozenset[str]


def layout() -> Any:
    """The fields. `words` are stems separated by blanks; days are numbers (20261121)."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="freq")
    for name in ("document", "reader", "kind"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("since", "until"):
        builder.add_unsigned_field(name, indexed=True)
    builder.add_bytes_field("stored", stored=True)
    return builder.build()


def make(folder: Path) -> Any:
    """A new, empty index in a folder that exists."""
    return tantivy.Index(layout(), str(folder))


def write(
    index: Any, passages: Mapping[str, Sequence[Passage]], gone: Sequence[str], digests: Mapping[str, str]
) -> None:
    """One commit: these documents' entries take the place of what they had; `gone` lose theirs."""
    writer = index.writer(HEAP_BYTES, 1)
    try:
        # What a killed writer left would be in the way of files of the same name.
        writer.garbage_collect_files()
        for document in (*passages, *gone):
            writer.delete_documents_by_term("document", document)
        for document, listed in passages.items():
            for passage in listed:
                writer.add_document(_entry(passage))
            writer.add_document(_ledger(document, digests.get(document, "")))
        writer.commit()
    except BaseException:
        writer.rollback()
        raise
    writer.wait_merging_threads()


def ledger(searcher: Any, schema: Any) -> dict[str, str]:
    """Digest by document."""
    query = tantivy.Query.term_query(schema, "kind", LEDGER, "basic")
    hits = searcher.search(query, limit=max(searcher.num_docs, 1)).hits
    told = (json.loads(searcher.doc(address).get_first("stored")) for _, address in hits)
    return dict(sorted((entry["document"], entry["digest"]) for entry in told))


def entries(searcher: Any, query: Any, limit: int, known: "Known | None" = None) -> Iterator[Entry]:
    """What matches, best first. `known`: what was read before of the same searcher's entries."""
    known = {} if known is None else known
    for score, address in searcher.search(query, limit=limit, count=False).hits:
        place = address.segment_ord, address.doc
        found = known.get(place)
        if found is None:
            distinct, *values = json.loads(searcher.doc(address).get_first("stored"))
            found = _passage(values), frozenset(distinct.split())
            if len(known) < MOST_KNOWN:
                known[place] = found
        yield Entry(found[0], score, found[1])


def readable(schema: Any, reading: Reading) -> list[tuple[Any, Any]]:
    """Clauses by which the reader finds nothing that is not for him, or not valid on the day; they add no score.

    What is out of date is excluded, since that is little: asking for what is valid takes ten times as long.
    """
    query, kind, today = tantivy.Query, tantivy.FieldType.Unsigned, _number(reading.on)
    over = query.range_query(schema, "until", kind, upper_bound=today, include_upper=False, use_inverted_index=True)
    ahead = query.range_query(schema, "since", kind, lower_bound=today, include_lower=False, use_inverted_index=True)
    reader = query.const_score_query(query.term_query(schema, "reader", reading.audience, "basic"), 0.0)
    return [(tantivy.Occur.Must, reader), (tantivy.Occur.MustNot, over), (tantivy.Occur.MustNot, ahead)]


def _entry(passage: Passage) -> Any:
    title, section, text = (stems(part) for part in (passage.title, passage.section, passage.text))
    distinct = " ".join(dict.fromkeys((*title, *section, *text)))
    stored = json.dumps([distinct, *(_plain(getattr(passage, name)) for name in FIELDS)], ensure_ascii=False)
    entry = tantivy.Document()
    entry.add_text("words", " ".join(title * TITLE_WEIGHT + section * SECTION_WEIGHT + text))
    entry.add_text("document", passage.document)
    for reader in passage.audience:
        if passage.sensitivity == "public" or reader not in PUBLIC_READERS:
            entry.add_text("reader", reader)
    entry.add_unsigned("since", _number(passage.valid_from or date.min))
    entry.add_unsigned("until", _number(passage.valid_until or date.max))
    entry.add_bytes("stored", stored.encode())
    return entry


def _ledger(document: str, digest: str) -> Any:
    stored = json.dumps({"document": document, "digest": digest}, ensure_ascii=False)
    entry = tantivy.Document()
    entry.add_text("document", document)
    entry.add_text("kind", LEDGER)
    entry.add_bytes("stored", stored.encode())
    return entry


def _passage(values: Sequence[Any]) -> Passage:
    told = dict(zip(FIELDS, values, strict=True))
    days = {name: _day(told[name]) for name in ("valid_from", "valid_until")}
    return Passage(**told | days | {"audience": tuple(told["audience"])})


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day
