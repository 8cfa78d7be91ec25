"""Feature columns to numbers: an Arrow table becomes the float32 matrix that the model reads."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from telecom.errors import InputRefused

Matrix = npt.NDArray[np.float32]
Kind = Literal["bool", "number", "category"]
Unknown = Literal["refuse", "missing"]


@dataclass(frozen=True)
class FeatureSpec:
    """One model input.

    Args:
        name: column of the feature table.
        kind: how it becomes a number: `bool` 0/1, `number` as it is, `category` its place in `categories`.
        categories: the allowed values of a category, in an order that means something (price, commitment, risk).
        monotone: +1 or -1 where the margin may only rise or fall with the feature; 0 leaves it free.
    """

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()
    monotone: int = 0

    def as_json(self) -> dict[str, Any]:
        """The feature as plain values, for a manifest."""
        return {
            "name": self.name,
            "kind": self.kind,
            "categories": list(self.categories),
            "monotone": self.monotone,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "FeatureSpec":
        """The inverse of `as_json`."""
        return cls(data["name"], data["kind"], tuple(data["categories"]), int(data["monotone"]))


def encode(
    batch: pa.RecordBatch | pa.Table, features: tuple[FeatureSpec, ...], *, unknown: Unknown = "refuse"
) -> Matrix:
    """Encode the features of a batch as a C-ordered float32 matrix (rows, features); NULL becomes NaN.

    Args:
        batch: holds at least the columns of `features`; other columns are ignored.
        features: the model inputs, in the order of the matrix columns.
        unknown: what an unlisted category does: `refuse` raises, `missing` becomes NaN.

    Raises:
        InputRefused: `missing_column`, `wrong_type`, `not_finite` or `unknown_category`, naming the column.
    """
    matrix = np.empty((batch.num_rows, len(features)), dtype=np.float32)
    for position, feature in enumerate(features):
        matrix[:, position] = _ENCODERS[feature.kind](_column(batch, feature.name), feature, unknown)
    return matrix


def _column(batch: pa.RecordBatch | pa.Table, name: str) -> Any:
    if name not in batch.schema.names:
        raise InputRefused(
            "missing_column",
            f"The batch has no column {name!r}, which the model reads.",
            "Score the feature table that the preparation step writes.",
            read=batch.num_rows,
        )
    column = batch.column(name)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _refuse_type(column: Any, feature: FeatureSpec, wanted: str) -> InputRefused:
    return InputRefused(
        "wrong_type",
        f"Column {feature.name!r} is {column.type}, the model reads {wanted}.",
        "Cast the column in the preparation step.",
        read=len(column),
    )


def _encode_bool(column: Any, feature: FeatureSpec, unknown: Unknown) -> Matrix:
    if not (pa.types.is_boolean(column.type) or pa.types.is_null(column.type)):
        raise _refuse_type(column, feature, "BOOL")
    return _floats(column.cast(pa.uint8()))


def _encode_number(column: Any, feature: FeatureSpec, unknown: Unknown) -> Matrix:
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
        raise _refuse_type(column, feature, "INT64 or FLOAT64")
    values = _floats(column)
    if np.isinf(values).any():
        raise InputRefused(
            "not_finite",
            f"Column {feature.name!r} holds an infinite number (or one beyond float32).",
            "Correct it in the preparation step, or set it to NULL.",
            read=len(column),
            refused=int(np.isinf(values).sum()),
        )
    return values


def _encode_category(column: Any, feature: FeatureSpec, unknown: Unknown) -> Matrix:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_null(column.type)):
        raise _refuse_type(column, feature, "STRING")
    column = column.cast(pa.string())
    codes = pc.index_in(column, value_set=pa.array(feature.categories, pa.string()), skip_nulls=True)
    if unknown == "refuse" and codes.null_count > column.null_count:
        _refuse_unknown(column, codes, feature)
    return _floats(codes)


def _refuse_unknown(column: Any, codes: Any, feature: FeatureSpec) -> None:
    strangers = column.filter(pc.and_(pc.is_null(codes), pc.is_valid(column)))
    raise InputRefused(
        "unknown_category",
        f"Column {feature.name!r} holds {strangers[0].as_py()!r}; allowed: {', '.join(feature.categories)}.",
        "Map the value in the preparation step, or retrain with the new category.",
        read=len(column),
        refused=len(strangers),
    )


def _floats(column: Any) -> Matrix:
    """A numeric Arrow array as float32, with NaN where it is NULL."""
    if column.null_count == len(column):
        return np.full(len(column), np.nan, dtype=np.float32)
    if pa.types.is_integer(column.type) and column.null_count == 0:
        return np.asarray(column.to_numpy(zero_copy_only=False)).astype(np.float32)
    with np.errstate(over="ignore"):
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False)).astype(np.float32)


_ENCODERS = {"bool": _encode_bool, "number": _encode_number, "category": _encode_category}
