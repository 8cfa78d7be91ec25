"""`service_tickets`: what customers complained of in the last 365 days."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from telecom.synthetic import calendar, plans
from telecom.synthetic.columns import (
    Customers,
    Words,
    column,
    constant,
    instants,
    integers,
    joined,
    labels,
    text,
)
from telecom.synthetic.identity import Bools, Floats, Ints, Streams, choose, of_ids
from telecom.synthetic.ticket_texts import CATEGORIES, TEXTS
from telecom.tables import contract

TABLE = "telecom_bronze.service_tickets"

_PRIORITIES = ("low", "medium", "high", "critical")
_HOURS_TO_CLOSE = np.array([90.0, 48.0, 20.0, 7.0])  # mean, by priority
_CHANNELS = ("whatsapp", "phone", "app", "store")
_STATES = ("closed", "in_progress", "open")
# Chance of each priority, by category.
_PRIORITY_WEIGHTS = np.array(
    [
        [0.00, 0.10, 0.60, 0.30],
        [0.15, 0.60, 0.25, 0.00],
        [0.20, 0.60, 0.20, 0.00],
        [0.30, 0.55, 0.15, 0.00],
        [0.25, 0.55, 0.20, 0.00],
        [0.70, 0.30, 0.00, 0.00],
        [0.00, 0.30, 0.70, 0.00],
        [0.00, 0.70, 0.30, 0.00],
        [0.80, 0.20, 0.00, 0.00],
    ]
)
_WINDOW = np.timedelta64(365, "D")
_MONTHS, _MOST_A_MONTH = 13, 4


@dataclass(frozen=True)
class _Openings:
    """Tickets in order: whose (row), month number, number within the month from 1, and instant of opening."""

    row: Ints
    month: Ints
    number: Ints
    at: calendar.Days

    def only(self, chosen: Ints | Bools) -> "_Openings":
        return _Openings(self.row[chosen], self.month[chosen], self.number[chosen], self.at[chosen])


def rows(customers: Customers, snapshot_date: date, seed: int) -> pa.RecordBatch:
    """Tickets opened in the 365 days before the snapshot's day, oldest first within a customer.

    Args:
        customers: silver columns.
        snapshot_date: day of the extract, taken as it begins.
        seed: of the invented world.
    """
    streams = of_ids(column(customers, "customer_id"), seed)
    has = plans.products(customers)
    contracts = text(customers, "contract")
    since = calendar.customer_since(streams, integers(customers, "tenure_months"), snapshot_date)
    found = _openings(streams, _yearly_rate(streams, has, contracts), snapshot_date)
    start = np.maximum(since, np.datetime64(snapshot_date, "D") - _WINDOW)
    found = found.only((found.at >= start[found.row]) & (found.at < calendar.midnight(snapshot_date)))
    found = found.only(np.lexsort((found.at, found.row)))
    each = streams.at(found.row).child(found.month * 10 + found.number)
    electronic = text(customers, "payment_method") == "Electronic check"
    weights = _category_weights(has, contracts == "Month-to-month", electronic)
    category = choose(each.uniform("category"), weights[found.row])
    ids = column(customers, "customer_id").take(pa.array(found.row))
    number = pa.array(found.number).cast(pa.string())
    columns = {
        "snapshot_date": constant(snapshot_date, len(found.row)),
        "customer_id": ids,
        "ticket_id": joined([ids, "-T", calendar.year_month(found.month), "-", number]),
        "opened_at": instants(found.at),
        "category": labels(CATEGORIES, category),
        "channel": labels(_CHANNELS, each.pick("channel", (0.42, 0.33, 0.19, 0.06))),
        **_handling(each, category, found.at, snapshot_date),
    }
    schema = contract(TABLE).schema
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def _yearly_rate(streams: Streams, has: plans.Products, contracts: Words) -> Floats:
    by_line = np.where(has.fiber, np.where(has.supported, 0.6, 1.35), np.where(has.dsl, 0.75, 0.3))
    by_contract = np.where(contracts == "Month-to-month", 1.5, np.where(contracts == "One year", 0.9, 0.65))
    rate: Floats = by_line * by_contract * np.where(plans.poor_line(streams, has), 2.2, 1.0)
    return rate


def _openings(streams: Streams, yearly: Floats, snapshot: date) -> _Openings:
    """Poisson counts month by month, so that tomorrow's extract holds today's tickets."""
    newest = calendar.month_number(snapshot)
    months = np.tile(np.arange(newest - _MONTHS + 1, newest + 1), len(yearly))
    row = np.repeat(np.arange(len(yearly)), _MONTHS)
    cell = streams.at(row).child(months)
    count = _poisson(cell.uniform("tickets"), yearly[row] / 12.0)
    row, months, cells = (
        np.repeat(row, count),
        np.repeat(months, count),
        np.repeat(np.arange(len(count)), count),
    )
    number = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + 1
    first = months.astype("datetime64[M]").astype("datetime64[us]")
    span = (months + 1).astype("datetime64[M]").astype("datetime64[us]") - first
    when = cell.at(cells).child(number).uniform("opened") * span.astype(np.int64)
    at = (first + when.astype("timedelta64[us]")).astype("datetime64[s]").astype("datetime64[us]")
    return _Openings(row, months, number, at)


def _poisson(uniform: Floats, mean: Floats) -> Ints:
    """Quantile of the Poisson distribution, cut at `_MOST_A_MONTH`."""
    count = np.zeros(len(mean), dtype=np.int64)
    chance = np.exp(-mean)
    total = chance.copy()
    for value in range(1, _MOST_A_MONTH + 1):
        count += uniform >= total
        chance = chance * mean / value
        total += chance
    return count


def _category_weights(
    has: plans.Products,
    free: Bools,
    electronic: Bools,
) -> Floats:
    """Weight of each category for each customer, (n, categories); 0 for services that the customer lacks."""
    by_category = {
        "internet_down": has.internet * np.where(has.supported, 0.7, 1.2),
        "internet_slow": has.internet * np.where(has.fiber, 0.9, 1.3),
        "mobile_signal": has.phone * 0.6,
        "billing": np.where(electronic, 1.4, 0.9),
        "equipment": has.internet * 0.5,
        "plan_change": np.full(len(free), 0.4),
        "cancellation": np.where(free, 0.45, 0.08),
        "complaint": np.full(len(free), 0.15),
        "other": np.full(len(free), 0.15),
    }
    return np.column_stack([by_category[category] for category in CATEGORIES])


def _handling(each: Streams, category: Ints, opened: calendar.Days, snapshot: date) -> dict[str, pa.Array]:
    priority = choose(each.uniform("priority"), _PRIORITY_WEIGHTS[category])
    hours = 0.5 - _HOURS_TO_CLOSE[priority] * np.log1p(-each.uniform("hours"))
    seconds = (hours * 3600).astype(np.int64).astype("timedelta64[s]")
    closed = opened + seconds
    unclosed = closed >= calendar.midnight(snapshot)
    begun = each.uniform("begun") < 0.7
    mark = 1 + choose(each.uniform("mark"), np.where((hours > 48.0)[:, None], [3, 3, 2, 1, 1], [1, 1, 2, 4, 5]) * 1.0)
    silent = unclosed | (each.uniform("answered") >= 0.45)
    subject, description, resolution = _texts(each, category)
    return {
        "priority": labels(_PRIORITIES, priority),
        "closed_at": instants(closed, unclosed),
        "status": labels(_STATES, np.where(unclosed, np.where(begun, 1, 2), 0)),
        "subject": subject,
        "description": description,
        "resolution": pc.if_else(pa.array(unclosed), None, resolution),
        "satisfaction": pa.array(mark, mask=silent),
    }


def _texts(each: Streams, category: Ints) -> tuple[pa.Array, pa.Array, pa.Array]:
    stories = [story for texts in TEXTS.values() for story in texts]
    per_category = len(stories) // len(CATEGORIES)
    story = category * per_category + each.below("story", per_category)
    subject, description, resolution = (labels(texts, story) for texts in zip(*stories, strict=True))
    return subject, description, resolution
