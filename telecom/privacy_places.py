"""Where a person's rows are: derived from the table contracts, so that a new table is covered by being described.

A row is about a customer if a column with the customer's number holds theirs, if a text that is marked as personal
mentions it, or if it belongs to a conversation turn (`trace_id`) that another table ties to them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from telecom import erasures
from telecom.customer_files import CUSTOMER_COLUMNS, mention_in_sql
from telecom.ports import Reader, Scalar
from telecom.tables import Column, Contract, contracts

TURN = "trace_id"
NAMING = ("identifier", "contact", "government_id")
"""Classes of personal data that name a person wherever they stand, other than the customer's number."""
SHORTEST_WORD = 5


@dataclass(frozen=True)
class Rows:
    """The rows of a table that are about a person: a condition in BigQuery SQL, and its parameters."""

    table: str
    where: str
    parameters: Mapping[str, Scalar]

    def count(self, warehouse: Reader) -> int:
        """How many there are."""
        found = warehouse.query(f"SELECT COUNT(*) AS found FROM {self.table} WHERE {self.where}", self.parameters)
        return int(found["found"][0].as_py())

    def read(self, warehouse: Reader) -> list[dict[str, Any]]:
        """All of them."""
        found: list[dict[str, Any]] = warehouse.query(
            f"SELECT * FROM {self.table} WHERE {self.where}", self.parameters
        ).to_pylist()
        return found


def rows_of(customer_id: str, known: Mapping[str, Contract] | None = None) -> tuple[Rows, ...]:
    """Every table that may have rows about a customer, in the order in which they can be erased.

    What leads to other rows comes last (turns by their `trace_id`, words by contact data): a run that was broken off
    can be begun again from the start.
    """
    described = contracts() if known is None else known
    about = {name: each for name, each in described.items() if _is_about_people(each)}
    linking = [each for each in about.values() if _keys(each) and _has_turns(each)]
    ordered = sorted(about.values(), key=lambda each: (_rank(each), each.table))
    return tuple(Rows(each.table, *_condition(each, customer_id, linking)) for each in ordered)


def words_of(warehouse: Reader, customer_id: str) -> tuple[str, ...]:
    """The customer's number, and what else names them: name, document, addresses, as the tables have it."""
    words = {customer_id}
    for described in contracts().values():
        columns = [c.name for c in described.columns if c.pii in NAMING and c.type == "STRING" and not _is_key(c)]
        if columns and (keys := _keys(described)):
            where = " OR ".join(f"{key} = @customer_id" for key in keys)
            sql = f"SELECT DISTINCT {', '.join(columns)} FROM {described.table} WHERE {where}"
            rows = warehouse.query(sql, {"customer_id": customer_id}).to_pylist()
            words |= {value for row in rows for value in row.values() if value and len(value) >= SHORTEST_WORD}
    return tuple(sorted(words))


def _condition(described: Contract, customer_id: str, linking: Iterable[Contract]) -> tuple[str, Mapping[str, Scalar]]:
    terms = [f"{key} = @customer_id" for key in _keys(described)]
    terms += [f"REGEXP_CONTAINS({text}, @mention)" for text in _texts(described)]
    if _has_turns(described) and not _keys(described):
        terms += [f"{TURN} IN (SELECT {TURN} FROM {each.table} WHERE {_owned(each)})" for each in linking]
    values = {"customer_id": customer_id, "mention": mention_in_sql(customer_id)}
    return " OR ".join(terms), {name: value for name, value in values.items() if f"@{name}" in " ".join(terms)}


def _owned(linking: Contract) -> str:
    either = " OR ".join(f"{key} = @customer_id" for key in _keys(linking))
    return f"({either}) AND {TURN} <> ''"


def _is_about_people(described: Contract) -> bool:
    if described.table == erasures.TABLE:  # the proof itself, without anything of them
        return False
    return bool(_keys(described) or [*_texts(described)] or _has_turns(described))


def _rank(described: Contract) -> int:
    keys, names = bool(_keys(described)), any(c.pii in NAMING and not _is_key(c) for c in described.columns)
    return (3 if _has_turns(described) else 2 if names else 1) if keys else 0


def _keys(described: Contract) -> tuple[str, ...]:
    return tuple(column.name for column in described.columns if _is_key(column))


def _texts(described: Contract) -> Iterator[str]:
    yield from (c.name for c in described.columns if c.type == "STRING" and c.pii != "none" and not _is_key(c))


def _has_turns(described: Contract) -> bool:
    return TURN in described.schema.names


def _is_key(column: Column) -> bool:
    return column.name in CUSTOMER_COLUMNS
