"""What is held of a person, as two files: JSON for machines, one HTML page in Portuguese for the person."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from telecom.console import plain
from telecom.errors import NotFound, UsageError
from telecom.tables import contract

DATA, PAGE = "data.json", "data.html"
KINDS = {
    "lake": "Arquivo recebido, como chegou.",
    "records": "Estado do atendimento: conversas (mascaradas), propostas, ofertas, revisões.",
    "features": "Cópia servida das características usadas pelo modelo de cancelamento.",
    "files": "Arquivo de trabalho que menciona o cliente.",
}
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{border:1px solid #ccc;padding:.25rem .5rem;"
    "text-align:left;vertical-align:top;overflow-wrap:anywhere}"
)
MODELS = (
    "Os modelos registrados guardam árvores, limites e contagens, nenhuma linha de cliente. As pontuações que deram "
    "a este cliente estão acima."
)


@dataclass(frozen=True)
class Exported:
    """The files, and how much is in them."""

    folder: str
    sources: int
    items: int


def write(held: Mapping[str, Sequence[object]], customer_id: str, now: datetime, out: Path) -> Exported:
    """Writes both files, readable for their owner only.

    Raises:
        UsageError: the folder has files already.
    """
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(out.iterdir()):
        raise UsageError(f"The folder {str(out)!r} is not empty.", "Name a new one.")
    sources = [{"source": name, "about": about(name), "items": len(items)} for name, items in held.items()]
    told = {"customer_id": customer_id, "exported_at": now, "sources": sources, "data": held}
    _put(out / DATA, json.dumps(plain(told), ensure_ascii=False, indent=1) + "\n")
    _put(out / PAGE, _page(held, customer_id, now))
    return Exported(str(out), len(held), sum(len(items) for items in held.values()))


def about(source: str) -> str:
    """What a source is: a table's description, or what its kind of store is for."""
    kind = source.partition("/")[0]
    if kind in KINDS:
        return KINDS[kind]
    try:
        return contract(source).description
    except NotFound:
        return ""


def _put(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)


def _page(held: Mapping[str, Sequence[object]], customer_id: str, now: datetime) -> str:
    listed = "".join(f"<tr><td>{escape(n)}<td>{len(items)}<td>{escape(about(n))}" for n, items in held.items())
    parts = "".join(f"<h2>{escape(name)}</h2>{''.join(map(_item, items))}" for name, items in held.items())
    return (
        f'<!doctype html><html lang="pt-BR"><meta charset="utf-8"><title>Dados do cliente {escape(customer_id)}</title>'
        f"<style>{STYLE}</style><h1>Dados do cliente {escape(customer_id)}</h1>"
        f"<p>Tudo o que é mantido sobre esta pessoa em {now:%d/%m/%Y %H:%M} UTC (LGPD, art. 18, II).</p>"
        f"<h2>Fontes</h2><table><tr><th>fonte<th>registros<th>o que é{listed}</table><p>{MODELS}</p>{parts}</html>\n"
    )


def _item(item: object) -> str:
    told = plain(item)
    pairs: Mapping[str, Any] = told if isinstance(told, Mapping) else {"": told}
    rows = "".join(f"<tr><th>{escape(str(name))}<td>{escape(_text(value))}" for name, value in pairs.items())
    return f"<table>{rows}</table>"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
