"""Agent Search (the Discovery Engine API): names of its resources, who may find what, passages as its documents.

Every passage is a document of its own, as HTML with the headings it stands under, so that a chunk never leaves a
passage; what is cited (section, page, text) is carried as structured data beside it.
"""

import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from google.cloud import discoveryengine_v1 as engine
from google.protobuf.json_format import MessageToDict

from telecom.adapters.gcp._errors import DEADLINE, IDEMPOTENT, ONCE
from telecom.passages import PUBLIC_READERS, faq_passage
from telecom.ports import Passage, Reading
from telecom.settings import Settings

LOCATION = "global"
DOCS, FAQ = "docs", "faq"
READ: dict[str, Any] = {"retry": IDEMPOTENT, "timeout": DEADLINE}
CHANGE: dict[str, Any] = {"retry": ONCE, "timeout": DEADLINE}
# A person waits for the answer, and whoever asks for them decides whether to ask again.
SEARCH: dict[str, Any] = {"retry": ONCE, "timeout": 3.0}
DAYS = ("valid_from", "valid_until")


def collection(settings: Settings) -> str:
    """The parent of data stores and engines."""
    return f"projects/{settings.project}/locations/{LOCATION}/collections/default_collection"


def store_id(settings: Settings, name: str) -> str:
    """Id of a data store: `docs` holds passages, `faq` rows of a table."""
    return f"telecom-{name}-{settings.env}"


def store(settings: Settings, name: str) -> str:
    """Full name of a data store."""
    return f"{collection(settings)}/dataStores/{store_id(settings, name)}"


def branch(settings: Settings, name: str) -> str:
    """The parent of a data store's documents."""
    return f"{store(settings, name)}/branches/default_branch"


def serving_config(settings: Settings, name: str) -> str:
    """Where one data store is searched: an engine over several cannot search chunks."""
    return f"{store(settings, name)}/servingConfigs/default_search"


def engine_id(settings: Settings) -> str:
    """Id of the engine that both data stores belong to."""
    return f"telecom-{settings.env}"


def version_of(document: str, passages: Sequence[Passage]) -> str:
    """A name for these passages of a document, rights included: other content, another name."""
    plain = json.dumps([document, *map(asdict, passages)], default=date.isoformat, sort_keys=True)
    return "p" + hashlib.sha256(plain.encode()).hexdigest()[:24]


def document_ids(version: str, count: int) -> list[str]:
    """Ids of the passages of one version of a document."""
    return [f"{version}-{number}" for number in range(count)]


def as_documents(version: str, passages: Sequence[Passage]) -> list[engine.Document]:
    """Passages as Agent Search takes them in."""
    ids = document_ids(version, len(passages))
    return [_document(id_, version, passage) for id_, passage in zip(ids, passages, strict=True)]


def _document(id_: str, version: str, passage: Passage) -> engine.Document:
    data = asdict(passage) | {name: _iso(getattr(passage, name)) for name in DAYS}
    data |= {"audience": list(passage.audience), "version": version, "page": passage.page or 0}
    data |= {"since": number(passage.valid_from or date.min), "until": number(passage.valid_until or date.max)}
    content = engine.Document.Content(raw_bytes=_html(passage).encode(), mime_type="text/html")
    return engine.Document(id=id_, struct_data=data, content=content)


def as_passage(told: Mapping[str, Any]) -> tuple[Passage, str]:
    """A passage from a result's structured data, and the version it belongs to.

    Raises:
        KeyError: it is none of ours.
    """
    passage = Passage(
        told["key"],
        told["document"],
        told["title"],
        told["section"],
        int(told["page"]) or None,
        told["text"],
        tuple(told["audience"]),
        told["sensitivity"],
        _day(told["valid_from"]),
        _day(told["valid_until"]),
    )
    return passage, str(told["version"])


def row_as_passage(document: engine.Document) -> Passage:
    """A row of the table of questions and answers, as a document of the data store, as a passage."""
    told = MessageToDict(type(document).pb(document)).get("structData", {})
    return faq_passage({**told, "faq_id": document.id or document.name.rpartition("/")[2]})


def readable(reading: Reading) -> str:
    """The filter expression that a reader's searches carry."""
    rules = [f"audience: ANY({_quoted(reading.audience)})"]
    if reading.audience in PUBLIC_READERS:
        rules.append('sensitivity: ANY("public")')
    today = number(reading.on)
    return " AND ".join((*rules, f"since <= {today}", f"until >= {today}"))


def readable_rows(reading: Reading) -> str:
    """The same over the rows of the table of questions and answers, whose audience is `everyone` or `agents`."""
    allowed = '"everyone"' if reading.audience in PUBLIC_READERS else '"everyone", "agents"'
    return f'audience: ANY({allowed}) AND valid_from <= "{reading.on.isoformat()}"'


def number(day: date) -> int:
    """20261121: a day that can be compared."""
    return day.year * 10_000 + day.month * 100 + day.day


def _html(passage: Passage) -> str:
    heads = "".join(
        f"<h{n}>{html.escape(text)}</h{n}>" for n, text in ((1, passage.title), (2, passage.section)) if text
    )
    parts = "".join(_part(part) for part in passage.text.split("\n\n"))
    return (
        f'<html lang="pt-BR"><head><title>{html.escape(passage.title)}</title></head><body>{heads}{parts}</body></html>'
    )


def _part(text: str) -> str:
    lines = text.split("\n")
    rule = next((n for n, line in enumerate(lines) if line.startswith("| ---")), 0)
    if not rule:
        return "<p>" + "<br>".join(map(html.escape, lines)) + "</p>"
    rows = [[html.escape(cell.strip()) for cell in line.strip("| ").split(" | ")] for line in lines[rule - 1 :]]
    head, body = rows[0], rows[2:]
    caption = f"<caption>{html.escape(lines[0])}</caption>" if rule > 1 else ""
    cells = "".join(f"<th>{cell}</th>" for cell in head)
    below = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in body)
    return f"<table>{caption}<tr>{cells}</tr>{below}</table>"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
