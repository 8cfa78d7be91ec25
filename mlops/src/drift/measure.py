"""Profiles of warehouse rows: reads what the caller names, in one aggregate query, and writes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from math import inf, nextafter
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops.src.drift.profile import Bins, ColumnProfile, Profile, score_bins
from mlops.src.drift.sql import edges_sql, profile_sql
from telecom.errors import NotFound, UsageError
from telecom.ports import Parameters, Warehouse
from telecom.tables import Column, contract

FEATURES = "telecom_gold.telco_churn_features"

_NUMBERS = ("INT64", "FLOAT64", "NUMERIC")


def reference_profile(
    warehouse: Warehouse,
    scores: npt.NDArray[np.floating[Any]],
    *,
    source: str = FEATURES,
    where: str = "split = 'train'",
    parameters: Parameters | None = None,
) -> Profile:
    """What the model was trained on, to be kept in its bundle.

    Args:
        warehouse: holds the training rows.
        scores: calibrated probabilities in 0..1, one-dimensional, of customers whom the model did not learn
            from (docs/mlops/drift.md says why); may be empty.
        source: a table, or a SELECT in parentheses, with the feature columns of the gold table.
        where: which of its rows are training rows.
        parameters: values of what `source` and `where` name with @.

    Raises:
        NotFound: no such rows.
        UsageError: scores are not probabilities.
    """
    columns = contract(FEATURES).features
    numbers = [column.name for column in columns if column.type in _NUMBERS]
    found = warehouse.query(edges_sql(numbers, source, where), parameters).to_pylist()
    edges = {name: edges_of(row["value"] for row in rows) for name, rows in groupby(found, itemgetter("feature"))}
    bins = [_bins(column, edges.get(column.name, ())) for column in columns]
    profiles = profile_rows(warehouse, bins, source, where, parameters)
    if not profiles[0].rows:
        raise NotFound(f"There are no training rows where {where}.", "Run `telecom prepare`.")
    return Profile(profiles[0].rows, profiles, profile_scores(scores))


def profile_rows(
    warehouse: Warehouse, bins: Sequence[Bins], source: str, where: str, parameters: Parameters | None
) -> tuple[ColumnProfile, ...]:
    """The profile of each column of `bins` over the rows of `source` where `where` holds; one query."""
    (row,) = warehouse.query(profile_sql(bins, source, where), parameters).to_pylist()
    return tuple(_column_profile(column, row) for column in bins)


def profile_scores(scores: npt.NDArray[np.floating[Any]]) -> ColumnProfile | None:
    """The profile of calibrated probabilities in memory; None without any.

    Raises:
        UsageError: one is not in 0..1.
    """
    if not scores.size:
        return None
    if not (np.isfinite(scores).all() and scores.min() >= 0 and scores.max() <= 1):
        raise UsageError("The reference scores are not all probabilities in 0..1.", "Pass calibrated scores.")
    bins = score_bins()
    counts = np.bincount(np.searchsorted(bins.edges, scores, side="right"), minlength=bins.size)
    variance = float(scores.var(ddof=1)) if scores.size > 1 else None
    return ColumnProfile(bins, scores.size, 0, tuple(map(int, counts)), float(scores.mean()), variance)


def edges_of(values: Iterable[float]) -> tuple[float, ...]:
    """Bin edges from the ascending values of `edges_sql`.

    The outer two bins lie beyond the reference's range and are empty there, so that values never seen in
    training have a bin of their own.
    """
    cuts = tuple(values)
    return (*cuts, nextafter(cuts[-1], inf)) if cuts else ()


def _bins(column: Column, edges: tuple[float, ...]) -> Bins:
    if column.type in _NUMBERS:
        return Bins(column.name, "number", edges=edges)
    if column.type == "BOOL":
        return Bins(column.name, "bool", categories=("false", "true"))
    if not column.values:
        raise UsageError(f"{FEATURES}.{column.name} declares no values.", "List them in its contract.")
    return Bins(column.name, "category", categories=column.values)


def _column_profile(bins: Bins, row: Mapping[str, Any]) -> ColumnProfile:
    rows, nulls = row["row_count"], row[f"{bins.name}__nulls"]
    present = rows - nulls
    tests = 1 if bins.kind == "bool" else len(bins.edges or bins.categories)
    found = [row[f"{bins.name}__{i}"] for i in range(tests)]
    if bins.ordered:
        counts = tuple(high - low for low, high in pairwise((0, *found, present)))
        mean, variance = _moment(row[f"{bins.name}__mean"]), _moment(row[f"{bins.name}__variance"])
        return ColumnProfile(bins, rows, nulls, counts, mean, variance)
    if bins.kind == "bool":
        return ColumnProfile(bins, rows, nulls, (present - found[0], found[0]))
    return ColumnProfile(bins, rows, nulls, (*found, present - sum(found)))


def _moment(value: Any) -> float | None:
    return None if value is None else float(value)
