"""The SQL by which rows go through staging tables: made ready there, checked, then moved in one transaction.

What is relied upon (cloud.google.com/bigquery/docs/transactions): all changes of a multi-statement transaction appear
at once or not at all, also over several tables; a script that ends before its COMMIT is rolled back by the service; of
two transactions that delete rows of one table, one is cancelled.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from telecom.adapters._bigquery_sql import Select
from telecom.adapters._staged_rows import holds_null, outside
from telecom.adapters.gcp._bigquery_errors import Statement
from telecom.ports import Scalar, Write
from telecom.tables import Contract

STAGING = "telecom_staging"
EXPIRES = "OPTIONS(expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 1 DAY))"


@dataclass(frozen=True)
class Staged:
    """One write whose rows lie in a staging table (`table`; empty where there are none)."""

    contract: Contract
    write: Write
    table: str
    rows: int
    number: int

    @property
    def condition(self) -> str:
        """True for the rows of the table whose place the staged ones take."""
        terms = [f"{name} = @{self._parameter(name)}" for name in sorted(self.write.replace)]
        return " AND ".join(terms) or "TRUE"

    @property
    def parameters(self) -> dict[str, Scalar]:
        """The values in `condition`."""
        return {self._parameter(name): value for name, value in self.write.replace.items()}

    @property
    def columns(self) -> str:
        """The contract's columns, comma-separated."""
        return ", ".join(column.name for column in self.contract.columns)

    def _parameter(self, column: str) -> str:
        return f"write_{self.number}_{column}"


def create_from(select: Select, written: str, contract: Contract, table: str) -> Statement:
    """Makes a staging table of a SELECT, cast to the contract's types.

    BigQuery casts no arrays: REPEATED columns and records must have their type already, which the INSERT checks.
    """
    typed = ", ".join(
        c.name if c.mode == "REPEATED" or c.fields else f"CAST({c.name} AS {c.sql}) AS {c.name}"
        for c in contract.columns
    )
    text = f"CREATE OR REPLACE TABLE {table} {EXPIRES} AS SELECT {typed} FROM (\n{select.text}\n)"
    return Statement(text, written, above=1)


def check(table: str, contract: Contract, write: Write) -> tuple[str, dict[str, Scalar]]:
    """A query of one row, with its parameters: `rows_staged`, and how many of them break which rule."""
    counts = ["COUNT(*) AS rows_staged"]
    counts += [f"COUNTIF({name} IS NULL) AS null_{name}" for name in contract.required]
    counts += [f"COUNTIF({name} IS NULL OR {name} <> @{name}) AS other_{name}" for name in sorted(write.replace)]
    return f"SELECT {', '.join(counts)} FROM {table}", dict(write.replace)


def checked(found: dict[str, int], contract: Contract, write: Write) -> int:
    """Rows staged, from the answer to `check`.

    Raises:
        TelecomError: a REQUIRED column holds NULL, or a `replace` column holds another value than was named.
    """
    for name in contract.required:
        if found[f"null_{name}"]:
            raise holds_null(contract, name)
    for name, value in write.replace.items():
        if found[f"other_{name}"]:
            raise outside(contract, name, value)
    return found["rows_staged"]


def replace_all(staged: Sequence[Staged]) -> tuple[str, dict[str, Scalar]]:
    """The script, with its parameters, that puts all staged rows in the place of those that they replace.

    It has no exception handler: an error ends the script, which rolls the transaction back and keeps the error's words.
    """
    lines = ["BEGIN TRANSACTION;"]
    for table in sorted({each.write.table for each in staged}):
        conditions = " OR ".join(f"({each.condition})" for each in staged if each.write.table == table)
        lines.append(f"DELETE FROM {table} WHERE {conditions};")
    for each in staged:
        if each.table:
            lines.append(f"INSERT INTO {each.write.table} ({each.columns}) SELECT {each.columns} FROM {each.table};")
    parameters = {name: value for each in staged for name, value in each.parameters.items()}
    return "\n".join([*lines, "COMMIT TRANSACTION;"]), parameters


def preview(select: Select, staged: Sequence[Staged]) -> tuple[str, dict[str, Scalar]]:
    """The SELECT with each written table as it will be: what stays of it, and what is staged for it."""
    text = select.text
    parameters: dict[str, Scalar] = {}
    for name in reversed(select.names):
        if writes := [each for each in staged if each.write.table == name.table]:
            alias = "" if name.aliased else f" AS {name.table.split('.')[1]}"
            text = f"{text[: name.start]}({_as_it_will_be(writes)}){alias}{text[name.end :]}"
            parameters |= {key: value for each in writes for key, value in each.parameters.items()}
    return text, parameters


def _as_it_will_be(writes: Sequence[Staged]) -> str:
    table, columns = writes[0].write.table, writes[0].columns
    replaced = " OR ".join(f"({each.condition})" for each in writes)
    parts = [f"SELECT {columns} FROM {table} WHERE ({replaced}) IS NOT TRUE"]
    parts += [f"SELECT {columns} FROM {each.table}" for each in writes if each.table]
    return " UNION ALL ".join(parts)
