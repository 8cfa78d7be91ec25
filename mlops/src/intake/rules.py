"""The contract's rules (`values`, `minimum`, `maximum`, `pattern`, `mode`) over many records at once."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from telecom.tables import Column

REASONS = (
    "",
    "missing_value",
    "value_not_allowed",
    "not_a_number",
    "not_plain_decimal",
    "non_finite_number",
    "out_of_range",
    "pattern_mismatch",
    "wrong_field_count",
)
NON_FINITE = REASONS.index("non_finite_number")
PLAIN_DECIMAL = r"-?[0-9]{1,20}(\.[0-9]{1,20})?"
Codes = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Screened:
    """Fields without surrounding blanks, by column name, and the first fault of each record.

    A number that is not finite goes before other faults, because it speaks against the whole file. `reason` holds
    indices into REASONS, 0 where the record is good; `column` the index of the column at fault.
    """

    fields: dict[str, pa.Array]
    reason: Codes
    column: npt.NDArray[np.int16]


def screen(columns: Sequence[Column], records: pa.RecordBatch) -> Screened:
    """Judges each record by the rules of `columns`, in their order; `records` has a text column for each."""
    reason = np.zeros(records.num_rows, np.int8)
    at = np.zeros(records.num_rows, np.int16)
    fields = {}
    for index, column in enumerate(columns):
        fields[column.name], codes = judge(column, records.column(column.name))
        if codes is not None:
            first = ((reason == 0) & (codes > 0)) | (codes == NON_FINITE)
            reason[first], at[first] = codes[first], index
    return Screened(fields, reason, at)


def judge(column: Column, texts: pa.Array) -> tuple[pa.Array, Codes | None]:
    """One column: its texts without surrounding blanks, and each one's fault; None where all are good."""
    good = _allowed(column, texts)
    if _all(good):
        return texts, None
    texts = pc.ascii_trim_whitespace(texts)
    good = _allowed(column, texts)
    return texts, None if _all(good) else _faults(column, texts, good)


def fault_of(column: Column, text: str) -> str:
    """Why a text that breaks the column's rules does so: the reason's code."""
    if not text:
        return "missing_value"
    if column.values and text not in column.values:
        return "value_not_allowed"
    if is_numeric(column) and (fault := _number_fault(column, text)):
        return fault
    return "pattern_mismatch"


def is_numeric(column: Column) -> bool:
    """Whether the column's texts are numbers: those that have a least or greatest value."""
    return column.minimum is not None or column.maximum is not None


def _number_fault(column: Column, text: str) -> str:
    low, high = _limits(column)
    if re.fullmatch(PLAIN_DECIMAL, text, re.ASCII):
        return "" if low <= float(text) <= high else "out_of_range"
    try:
        return "not_plain_decimal" if math.isfinite(float(text)) else "non_finite_number"
    except ValueError:
        digits, letters = any(map(str.isdigit, text)), any(map(str.isalpha, text))
        return "not_plain_decimal" if digits and not letters else "not_a_number"


def _allowed(column: Column, texts: pa.Array) -> pa.Array:
    """Per text, whether it keeps every rule as it stands, blanks included."""
    good = pc.equal(texts, "") if column.mode == "NULLABLE" else pa.repeat(pa.scalar(False), len(texts))
    kept = [pc.not_equal(texts, "")]
    if column.values:
        kept.append(pc.is_in(texts, value_set=pa.array(column.values, pa.string())))
    if is_numeric(column):
        kept.append(_in_range(column, texts))
    if column.pattern:
        kept.append(pc.match_substring_regex(texts, rf"\A(?:{column.pattern})\z"))
    every = kept[0]
    for one in kept[1:]:
        every = pc.and_(every, one)
    return pc.or_(good, every)


def _in_range(column: Column, texts: pa.Array) -> pa.Array:
    plain = pc.match_substring_regex(texts, rf"\A{PLAIN_DECIMAL}\z")
    numbers = pc.cast(pc.if_else(plain, texts, None), pa.float64())
    low, high = _limits(column)
    return pc.fill_null(pc.and_(pc.greater_equal(numbers, low), pc.less_equal(numbers, high)), False)


def _limits(column: Column) -> tuple[float, float]:
    low = -math.inf if column.minimum is None else column.minimum
    return low, math.inf if column.maximum is None else column.maximum


def _faults(column: Column, texts: pa.Array, good: pa.Array) -> Codes:
    """The fault of every text; each distinct text is looked at once."""
    bad = ~np.asarray(good)
    distinct = pc.dictionary_encode(texts.filter(pa.array(bad)))
    by_text = np.array([REASONS.index(fault_of(column, text)) for text in distinct.dictionary.to_pylist()], np.int8)
    codes = np.zeros(len(texts), np.int8)
    codes[bad] = by_text[np.asarray(distinct.indices)]
    return codes


def _all(flags: pa.Array) -> bool:
    return bool(pc.all(flags, min_count=0).as_py())
