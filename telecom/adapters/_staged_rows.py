"""Rows on their way into a table, beside it in Parquet: written batch by batch and checked against the contract."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from telecom.errors import TelecomError
from telecom.ports import Scalar, Write
from telecom.tables import Contract

ROW_GROUP = 122_880


def scope_of(write: Write, contract: Contract) -> tuple[tuple[str, str], ...]:
    """The set of rows that a write replaces, as sorted (column, value as text) pairs.

    Raises:
        TelecomError: other columns than the contract's `replace_by` are named, or a value has signs that are not safe
            in a file's name.
    """
    if set(write.replace) != set(contract.replace_by):
        raise TelecomError(f"{write.table} is replaced by {contract.replace_by}, not by {tuple(write.replace)}.")
    return tuple(sorted((name, scope_text(value)) for name, value in write.replace.items()))


def scope_text(value: Scalar) -> str:
    """A value that names a set of rows, as part of a file name.

    Raises:
        TelecomError: it is empty or has other signs than letters, digits, '-', '_', '.' and ':'.
    """
    text = value.isoformat() if isinstance(value, date | datetime) else str(value)
    if not text or not all(c.isalnum() or c in "-_.:" for c in text):
        raise TelecomError(f"{text!r} cannot name a set of rows.", "Use letters, digits, '-', '_', '.' or ':'.")
    return text


def write_parquet(batches: Iterable[pa.RecordBatch], contract: Contract, target: Path) -> None:
    """Writes the contract's columns of all batches, in its types and order, one batch in memory at a time.

    Raises:
        TelecomError: a batch lacks columns.
    """
    schema = contract.schema
    with pq.ParquetWriter(target, schema, compression="zstd", compression_level=1) as writer:
        for batch in batches:
            if missing := set(schema.names) - set(batch.schema.names):
                raise TelecomError(f"Rows for {contract.table} lack the columns {sorted(missing)}.")
            rows = pa.Table.from_batches([batch]).select(schema.names).cast(schema)
            if rows.num_rows:
                writer.write_table(rows, row_group_size=ROW_GROUP)


def verified_rows(path: Path, contract: Contract, replace: Mapping[str, Scalar]) -> int:
    """Rows in a file of `write_parquet`, from its statistics.

    Raises:
        TelecomError: a REQUIRED column holds NULL, or a `replace` column holds another value than was named.
    """
    metadata = pq.read_metadata(path)
    for group in (metadata.row_group(index) for index in range(metadata.num_row_groups)):
        for column in (group.column(index) for index in range(group.num_columns)):
            name, found = column.path_in_schema, column.statistics
            if name in contract.required and (found is None or found.null_count):
                raise holds_null(contract, name)
            if name in replace and {scope_text(found.min), scope_text(found.max)} != {scope_text(replace[name])}:
                raise outside(contract, name, replace[name])
    return int(metadata.num_rows)


def holds_null(contract: Contract, column: str) -> TelecomError:
    """The complaint about NULL in a REQUIRED column."""
    return TelecomError(f"{contract.table}.{column} is REQUIRED but rows to be written hold NULL there.")


def outside(contract: Contract, column: str, value: Scalar) -> TelecomError:
    """The complaint about rows that are not of the set that is replaced."""
    return TelecomError(f"{contract.table}.{column} must be {value} in every row to be written.")
