"""Whether two engines gave the same rows: exactly, but for the last digits of floats."""

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

RELATIVE, ABSOLUTE = 1e-9, 1e-12
Row = Sequence[Any]


def arrow_type(kind: pa.DataType) -> str:
    """The BigQuery name of an Arrow type, as an answer's schema has it."""
    for test, name in (
        (pa.types.is_boolean, "BOOLEAN"),
        (pa.types.is_integer, "INTEGER"),
        (pa.types.is_floating, "FLOAT"),
        (pa.types.is_decimal, "NUMERIC"),
        (pa.types.is_date, "DATE"),
        (pa.types.is_timestamp, "TIMESTAMP"),
        (pa.types.is_struct, "RECORD"),
    ):
        if test(kind):
            return name
    return arrow_type(kind.value_type) if pa.types.is_list(kind) else "STRING"


def difference(ours: Iterable[Row], theirs: Iterable[Row], ordered: bool) -> str:
    """The first row that differs, in words; empty when there is none. Unordered rows are sorted first."""
    left, right = list(ours), list(theirs)
    if len(left) != len(right):
        return f"{len(left)} rows here, {len(right)} there"
    if not ordered:
        left, right = sorted(left, key=_key), sorted(right, key=_key)
    for index, (one, other) in enumerate(zip(left, right, strict=True)):
        if not alike(list(one), list(other)):
            return f"row {index}: {list(one)} here, {list(other)} there"
    return ""


def alike(one: Any, other: Any) -> bool:
    """The same value of the same type; floats up to rounding."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return _kind(one) is _kind(other) and one == other


def _kind(value: Any) -> type:
    return next((kind for kind in (bool, int, Decimal, datetime, date, str) if isinstance(value, kind)), type(value))


def _key(row: Any) -> str:
    """Sorts rows alike on both sides: floats count with the digits that do not depend on the engine."""
    if isinstance(row, float):
        return f"{row:.6e}"
    if isinstance(row, dict):
        return _key(list(row.values()))
    return "|".join(map(_key, row)) if isinstance(row, list | tuple) else repr(row)
