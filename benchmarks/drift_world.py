"""Generated snapshots in memory: gold features and their profiles by numpy, a second opinion on the SQL."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mlops.src.drift.measure import FEATURES
from mlops.src.drift.profile import Bins, ColumnProfile, Profile
from mlops.src.drift.sql import MOST_BINS
from telecom.synthetic.customers import generate
from telecom.tables import contract

Values = npt.NDArray[Any]
Columns = Mapping[str, Values]

_ADD_ONS = {
    "online_security": "OnlineSecurity",
    "online_backup": "OnlineBackup",
    "device_protection": "DeviceProtection",
    "tech_support": "TechSupport",
    "streaming_tv": "StreamingTV",
    "streaming_movies": "StreamingMovies",
}
_FLAGS = {
    "partner": "Partner",
    "dependents": "Dependents",
    "phone_service": "PhoneService",
    "multiple_lines": "MultipleLines",
    "paperless_billing": "PaperlessBilling",
    **_ADD_ONS,
}
_TEXTS = {"internet_service": "InternetService", "contract": "Contract", "payment_method": "PaymentMethod"}
_NICKEL = 0.05


def snapshot(n: int, seed: int, drift: str = "none", *, price_rise: float = 0.0) -> tuple[Columns, Values]:
    """The features of `n` generated customers as the gold table has them, and who churned."""
    return gold(pa.Table.from_batches(generate(n, seed, drift)), price_rise)


def resampled(raw: pa.Table, n: int, seed: int, *, price_rise: float = 0.0) -> tuple[Columns, Values]:
    """As `snapshot`, of `n` customers drawn from a Telco file with replacement."""
    return gold(raw.take(np.random.default_rng(seed).integers(raw.num_rows, size=n)), price_rise)


def gold(raw: pa.Table, price_rise: float = 0.0) -> tuple[Columns, Values]:
    """Features and churn of the rows of a Telco file (the public columns; TotalCharges as text).

    `price_rise` is the share (0.05 for 5 %) by which the newest invoice grows: a drift of any size.
    """
    stated = np.char.strip(_texts(raw["TotalCharges"]))
    tenure, monthly = raw["tenure"].to_numpy(), raw["MonthlyCharges"].to_numpy()
    total = np.where(stated == "", tenure * monthly, np.where(stated == "", "0", stated).astype(np.float64))
    risen = np.rint(monthly * (1 + price_rise) / _NICKEL) * _NICKEL if price_rise else monthly
    columns = {
        "senior_citizen": raw["SeniorCitizen"].to_numpy() == 1,
        **{name: _texts(raw[column]) == "Yes" for name, column in _FLAGS.items()},
        **{name: _texts(raw[column]) for name, column in _TEXTS.items()},
        "tenure_months": tenure,
        "monthly_charges": risen,
        "total_charges": total + (risen - monthly) * (tenure > 0),
    }
    columns |= _derived(columns)
    ordered = {column.name: columns[column.name] for column in contract(FEATURES).features}
    return ordered, _texts(raw["Churn"]) == "Yes"


def profile(columns: Columns, reference: Profile | None = None) -> Profile:
    """The profile of the columns, cut like `reference`, or (without one) cut afresh as a reference is."""
    bins = [c.bins for c in reference.columns] if reference else [_cut(*column) for column in columns.items()]
    counted = tuple(count(cut, columns[cut.name]) for cut in bins)
    return Profile(counted[0].rows, counted)


def count(bins: Bins, values: Values, nulls: int = 0) -> ColumnProfile:
    """The profile of a column that has `values` and so many NULLs besides."""
    rows = len(values) + nulls
    if bins.kind == "bool":
        return ColumnProfile(bins, rows, nulls, (int((~values).sum()), int(values.sum())))
    if bins.kind == "category":
        named = [int((values == category).sum()) for category in bins.categories]
        return ColumnProfile(bins, rows, nulls, (*named, len(values) - sum(named)))
    places = np.searchsorted(bins.edges, values.astype(np.float64), side="right")
    counts = tuple(map(int, np.bincount(places, minlength=bins.size)))
    mean = float(values.mean()) if len(values) else None
    variance = float(values.var(ddof=1)) if len(values) > 1 else None
    return ColumnProfile(bins, rows, nulls, counts, mean, variance)


def quantile_edges(values: Values) -> tuple[float, ...]:
    """Edges as the SQL cuts them, from the sorted values themselves."""
    ordered = np.sort(values.astype(np.float64))
    if not len(ordered):
        return ()
    distinct = np.unique(ordered)
    if len(distinct) > MOST_BINS:
        ranks = -(-np.arange(1, MOST_BINS) * len(ordered) // MOST_BINS) - 1
        distinct = np.unique([ordered[0], *ordered[ranks], ordered[-1]])
    return (*map(float, distinct), float(np.nextafter(ordered[-1], np.inf)))


def _cut(name: str, values: Values) -> Bins:
    if values.dtype == np.bool_:
        return Bins(name, "bool", categories=("false", "true"))
    if values.dtype.kind == "U":
        return Bins(name, "category", categories=contract(FEATURES).column(name).values)
    return Bins(name, "number", edges=quantile_edges(values))


def _derived(base: Columns) -> dict[str, Values]:
    tenure, monthly = base["tenure_months"], base["monthly_charges"]
    months = np.select([base["contract"] == "Two year", base["contract"] == "One year"], [24, 12], 1)
    average = np.where(tenure > 0, base["total_charges"] / np.maximum(tenure, 1), monthly)
    return {
        "months_to_renewal": months - tenure % months,
        "monthly_charge_level": 5 * np.floor(monthly / 5 + 0.5),
        "charge_change": np.round(monthly - average, 6),
    }


def _texts(column: pa.ChunkedArray) -> Values:
    return np.array(column.to_pylist(), dtype=np.str_)
