"""Contributions to sentences' raw material: per customer, the features that moved the score most."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mlops.src.modelling.encoding import FeatureSpec
from mlops.src.modelling.shapley import Floats

ALWAYS = 3
AT_MOST = 5
WORTH_TELLING = 0.05
"""Log-odds from which the fourth and fifth reason are given."""

REASON_TYPE = pa.list_(pa.struct([("feature", pa.string()), ("value", pa.string()), ("contribution", pa.float64())]))


def top_reasons(
    contributions: Floats, batch: pa.RecordBatch | pa.Table, features: tuple[FeatureSpec, ...]
) -> pa.ListArray:
    """The three to five largest contributions of each row, largest first by absolute value.

    Args:
        contributions: log-odds (rows, features), columns in the order of `features`.
        batch: the rows' own columns, for the values.
        features: the model inputs.

    Returns:
        `list<struct<feature: string, value: string, contribution: double>>`, one list per row. Three reasons always
        (fewer only if the model has fewer inputs); the fourth and fifth from `WORTH_TELLING` on. Values are text:
        `yes`/`no`, the category, the number with at most two decimals, `unknown` for NULL.
    """
    chosen = largest(contributions)
    amounts = np.take_along_axis(contributions, chosen, axis=1)
    told = np.abs(amounts) >= WORTH_TELLING
    told[:, :ALWAYS] = True
    rows = np.repeat(np.arange(len(chosen)), told.sum(axis=1))
    feature = chosen[told].astype(np.uint8 if len(features) <= 256 else np.int64)
    offsets = np.concatenate([[0], np.cumsum(told.sum(axis=1))]).astype(np.int32)
    names = pa.DictionaryArray.from_arrays(feature.astype(np.int32), pa.array([f.name for f in features]))
    entries = pa.StructArray.from_arrays(
        [names.cast(pa.string()), _values(feature, rows, batch, features), pa.array(amounts[told])],
        fields=list(REASON_TYPE.value_type),
    )
    return pa.ListArray.from_arrays(pa.array(offsets), entries)


def largest(contributions: Floats) -> npt.NDArray[np.intp]:
    """Column numbers of the largest absolute contributions, largest first; ties in column order."""
    size = np.abs(contributions)
    count = min(AT_MOST, size.shape[1])
    if count < size.shape[1]:
        chosen = np.sort(np.argpartition(size, -count, axis=1)[:, -count:], axis=1)
    else:
        chosen = np.broadcast_to(np.arange(count), size.shape)
    order = np.argsort(-np.take_along_axis(size, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)


def _values(
    feature: npt.NDArray[Any],
    rows: npt.NDArray[np.intp],
    batch: pa.RecordBatch | pa.Table,
    features: tuple[FeatureSpec, ...],
) -> pa.StringArray:
    """The text of every chosen value: each column is read once, at the rows that need it."""
    by_feature = np.argsort(feature, kind="stable")
    bounds = np.searchsorted(feature[by_feature], np.arange(len(features) + 1))
    texts = []
    for position, spec in enumerate(features):
        wanted = rows[by_feature[bounds[position] : bounds[position + 1]]]
        if len(wanted):
            texts.append(as_text(batch.column(spec.name).take(pa.array(wanted))))
    if not texts:
        return pa.array([], pa.string())
    back = np.empty(len(feature), dtype=np.int64)
    back[by_feature] = np.arange(len(feature))
    return pa.concat_arrays(texts).take(pa.array(back))


def as_text(column: Any) -> pa.StringArray:
    """A column as people read it: `yes`/`no`, whole or two-decimal numbers, `unknown` for NULL."""
    values = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_boolean(values.type):
        values = pc.if_else(values, "yes", "no")
    elif pa.types.is_floating(values.type):
        values = _number_text(values)
    return pc.fill_null(values.cast(pa.string()), "unknown")


def _number_text(values: Any) -> Any:
    """Two decimals at most; adding zero turns -0.0 into 0; NaN counts as NULL."""
    known = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    coded = pc.add(pc.round(known, 2), pa.scalar(0.0, values.type)).dictionary_encode()
    return pa.DictionaryArray.from_arrays(coded.indices, coded.dictionary.cast(pa.string())).cast(pa.string())
