"""Between numpy and Arrow: labelled codes, exact money, dates, and tolerant reading of customer columns."""

from collections.abc import Sequence
from datetime import date
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from telecom.synthetic.identity import Bools, Floats, Ints

NUMERIC = pa.decimal128(38, 9)
TIMESTAMP = pa.timestamp("us", tz="UTC")
_BILLIONTHS_IN_A_CENT = 10_000_000

Customers: TypeAlias = pa.RecordBatch | pa.Table
Words: TypeAlias = npt.NDArray[np.object_]


def labels(values: Sequence[str], codes: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> pa.Array:
    """The string column whose i-th value is `values[codes[i]]`; booleans count as 0 and 1."""
    return pa.array(values, pa.string()).take(pa.array(codes.astype(np.int64)))


def numeric(cents: Ints) -> pa.Array:
    """Whole cents as NUMERIC, exact; at most about 9 billion in the currency unit."""
    words = np.empty((len(cents), 2), dtype=np.int64)
    words[:, 0] = cents * _BILLIONTHS_IN_A_CENT
    words[:, 1] = words[:, 0] >> 63
    return pa.Array.from_buffers(NUMERIC, len(cents), [None, pa.py_buffer(words)])


def days(values: npt.NDArray[np.datetime64], missing: Bools | None = None) -> pa.Array:
    """Days as DATE; NULL where `missing`."""
    return pa.array(values.astype("datetime64[D]"), pa.date32(), mask=missing)


def instants(values: npt.NDArray[np.datetime64], missing: Bools | None = None) -> pa.Array:
    """Instants, understood as UTC, as TIMESTAMP of microseconds; NULL where `missing`."""
    return pa.array(values.astype("datetime64[us]"), TIMESTAMP, mask=missing)


def rounded(values: Floats, digits: int, missing: Bools) -> pa.Array:
    """Measures as FLOAT64 with a few decimals; NULL where `missing`."""
    return pa.array(np.round(values, digits), pa.float64(), mask=missing)


def joined(parts: Sequence[pa.Array | str]) -> pa.Array:
    """String columns and constants put end to end, row by row."""
    return pc.binary_join_element_wise(*parts, "")


def padded(numbers: Ints, width: int) -> pa.Array:
    """Whole numbers in `width` digits, with leading zeros."""
    return pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width=width, padding="0")


def constant(day: date, count: int) -> pa.Array:
    """The same DATE, `count` times."""
    return pa.repeat(pa.scalar(day, pa.date32()), count)


def column(customers: Customers, name: str) -> pa.Array:
    """One column in one piece."""
    values = customers.column(name)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def text(customers: Customers, name: str) -> Words:
    """A string column as objects; NULL becomes the empty string."""
    values: Words = pc.fill_null(column(customers, name), "").to_numpy(zero_copy_only=False)
    return values


def flags(customers: Customers, name: str) -> Bools:
    """A BOOL, 0/1 or Yes/No column as booleans; NULL and the other words ('No phone service') are False."""
    values = column(customers, name)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        values = pc.equal(values, "Yes")
    known = pc.fill_null(pc.cast(values, pa.bool_()), False)
    result: Bools = known.to_numpy(zero_copy_only=False)
    return result


def integers(customers: Customers, name: str) -> Ints:
    """A whole-number column without NULLs."""
    return np.asarray(pc.cast(column(customers, name), pa.int64()))


def cents(customers: Customers, name: str) -> tuple[Ints, Bools]:
    """An amount of money in whole cents, and where it is missing (0 there)."""
    values = pc.cast(column(customers, name), pa.float64())
    missing: Bools = pc.is_null(values).to_numpy(zero_copy_only=False)
    amounts = np.asarray(pc.fill_null(values, 0.0))
    return np.rint(amounts * 100.0).astype(np.int64), missing
