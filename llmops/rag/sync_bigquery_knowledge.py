"""Questions and answers that are kept in a table become part of the knowledge base.

Reads `telecom_gold.knowledge_faq`. On Google Cloud the rows go from BigQuery straight into a data store of their own;
on one machine they become passages of the index, one document per row. Rows that are gone are no longer found.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from telecom.passages import FAQ_TABLE, faq_passage
from telecom.ports import Retriever, Warehouse

TABLE = "telecom_gold.knowledge_faq"
STORE = "faq"
KEY = "faq_id"


class TableImporter(Protocol):
    """Agent Search, which reads BigQuery itself."""

    def import_table(self, name: str, table: str, id_field: str) -> int:
        """Makes a data store's documents the rows of a table; returns how many."""
        ...


@dataclass(frozen=True)
class Synced:
    """Rows that are found now; of them `changed` were written by this run (None where the service tells nothing).

    `removed` rows are no longer found.
    """

    rows: int
    changed: int | None
    removed: int | None


def run(warehouse: Warehouse, retriever: Retriever, importer: TableImporter | None) -> Synced:
    """Makes what is found of the table what is in it; the same again changes nothing.

    Args:
        warehouse: has the table.
        retriever: takes the passages where there is no importer.
        importer: Agent Search; None on one machine.
    """
    if importer is not None:
        return Synced(importer.import_table(STORE, TABLE, KEY), None, None)
    rows = {f"{FAQ_TABLE}/{row[KEY]}": row for row in warehouse.query(_SELECT).to_pylist()}
    known = {name: digest for name, digest in retriever.digests().items() if name.startswith(f"{FAQ_TABLE}/")}
    digests = {name: _digest(row) for name, row in rows.items()}
    changed = [name for name in rows if known.get(name) != digests[name]]
    gone = sorted(set(known) - set(rows))
    if changed or gone:
        passages = {name: (faq_passage(rows[name]),) for name in changed}
        retriever.replace(passages, gone, {name: digests[name] for name in changed})
    return Synced(len(rows), len(changed), len(gone))


_SELECT = f"""
SELECT faq_id, question, answer, category, audience, source, valid_from, valid_until
FROM {TABLE}
ORDER BY faq_id
"""


def _digest(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(row, default=date.isoformat, sort_keys=True).encode()).hexdigest()
