"""Dates that CRM, billing and tickets must agree on."""

from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from telecom.synthetic.columns import labels
from telecom.synthetic.identity import Ints, Streams

Days = npt.NDArray[np.datetime64]


def month_number(day: date) -> int:
    """Months since January 1970."""
    return (day.year - 1970) * 12 + day.month - 1


def day_number(day: date) -> int:
    """Days since 1 January 1970, at least 0 for the days that are used as keys."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def billing_day(streams: Streams) -> Ints:
    """Day of the month, 1 to 28, on which the customer joined and is billed."""
    return 1 + streams.below("billing_day", 28)


def newest_month(streams: Streams, snapshot: date) -> Ints:
    """Month number of the newest billing day that is not after `snapshot`."""
    return month_number(snapshot) - (billing_day(streams) > snapshot.day).astype(np.int64)


def customer_since(streams: Streams, tenure: Ints, snapshot: date) -> Days:
    """Day of joining: exactly `tenure` whole months before `snapshot`, and some days."""
    return on(newest_month(streams, snapshot) - tenure, billing_day(streams))


def on(months: Ints, day: Ints) -> Days:
    """The given day (1 to 28) of a month number."""
    first: Days = months.astype("datetime64[M]").astype("datetime64[D]")
    result: Days = first + (day - 1).astype("timedelta64[D]")
    return result


def midnight(snapshot: date) -> np.datetime64:
    """The instant at which the snapshot's day begins, UTC."""
    return np.datetime64(snapshot, "us")


def year_month(months: Ints) -> pa.Array:
    """Month numbers as text, `YYYYMM`."""
    known, codes = np.unique(months, return_inverse=True)
    return labels([f"{1970 + m // 12:04d}{m % 12 + 1:02d}" for m in known.tolist()], codes)
