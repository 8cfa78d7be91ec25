"""Arrow batches as CSV that a spreadsheet opens and runs nothing of.

Arrow's functions are imported where they are called: that takes a tenth of a second, and few processes export.
"""

from collections.abc import Generator, Iterator, Sequence
from io import BytesIO

import pyarrow as pa
from pyarrow import csv

FORMULA = "^[=+\\-@\\t\\r\\n＝＋－＠]"
"""Begins of a text that a spreadsheet takes for a formula (OWASP, CSV injection)."""


def pieces(batches: Iterator[pa.RecordBatch], names: Sequence[str]) -> Generator[bytes, None, None]:
    """The file, a batch at a time: UTF-8, one line of names, then the rows. `names` are said where there are no rows.

    Texts that a spreadsheet would run get a `'` in front; lists of reasons become `feature=value; …`.
    """
    header = True
    for batch in batches:
        sink = BytesIO()
        csv.write_csv(_flat(batch), sink, csv.WriteOptions(include_header=header))
        header = False
        yield sink.getvalue()
    if header:
        yield (",".join(f'"{name}"' for name in names) + "\n").encode()


def harmless(texts: pa.Array) -> pa.Array:
    """Texts of which a spreadsheet runs none."""
    import pyarrow.compute as pc

    return pc.if_else(pc.match_substring_regex(texts, FORMULA), pc.binary_join_element_wise("'", texts, ""), texts)


def joined_reasons(reasons: pa.ListArray) -> pa.Array:
    """`feature=value; …` of each list of structs with `feature` and `value`."""
    import pyarrow.compute as pc

    flat = reasons.flatten()
    value = pc.coalesce(pc.struct_field(flat, "value"), "")
    words = pc.binary_join_element_wise(pc.struct_field(flat, "feature"), value, "=")
    lengths = pc.coalesce(pc.list_value_length(reasons), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(lengths.cast(pa.int64()))])
    return pc.binary_join(pa.LargeListArray.from_arrays(offsets, words), "; ")


def _flat(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [_column(column) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _column(column: pa.Array) -> pa.Array:
    if pa.types.is_list(column.type):
        column = joined_reasons(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return harmless(column)
    return column
