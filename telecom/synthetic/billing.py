"""`billing_invoices`: one a month; a customer's invoices add up to total_charges, to the cent."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from telecom.synthetic import calendar, items
from telecom.synthetic.columns import (
    Customers,
    cents,
    column,
    constant,
    days,
    integers,
    joined,
    labels,
    numeric,
    text,
)
from telecom.synthetic.identity import Bools, Floats, Ints, Streams, of_ids
from telecom.tables import contract

TABLE = "telecom_bronze.billing_invoices"

_DUE_AFTER = 10
_LATE_SHARE = {
    "Bank transfer (automatic)": 0.04,
    "Credit card (automatic)": 0.03,
    "Electronic check": 0.17,
    "Mailed check": 0.12,
}
_MEAN_DAYS_LATE, _MOST_DAYS_LATE = 14.0, 120.0
# Brazil's usual terms for consumer bills: a fine of 2 % and 1 % interest a month, day by day.
_FINE, _DAILY_INTEREST = 0.02, 0.01 / 30.0


@dataclass(frozen=True)
class _Ledger:
    """Invoices in order: whose (row), which (1 = oldest), month number of issue, cents."""

    row: Ints
    number: Ints
    month: Ints
    amount: Ints


def rows(customers: Customers, snapshot_date: date, seed: int) -> pa.RecordBatch:
    """One row per month of tenure of each customer, in the contract's schema; none at tenure 0.

    Args:
        customers: silver columns.
        snapshot_date: day of the extract; nothing is issued or paid after it.
        seed: of the invented world.
    """
    streams = of_ids(column(customers, "customer_id"), seed)
    tenure = integers(customers, "tenure_months")
    monthly, _ = cents(customers, "monthly_charges")
    total, unknown = cents(customers, "total_charges")
    total = np.where(unknown, monthly * tenure, total)
    ledger = _ledger(streams, tenure, monthly, total, snapshot_date)
    methods = list(_LATE_SHARE)
    method = np.array([methods.index(m) for m in text(customers, "payment_method")], dtype=np.int64)
    columns = {
        **_periods(streams, ledger),
        **_payments(streams, ledger, method, snapshot_date),
        "snapshot_date": constant(snapshot_date, len(ledger.row)),
        "customer_id": column(customers, "customer_id").take(pa.array(ledger.row)),
        "payment_method": labels(methods, method[ledger.row]),
        "total_amount": numeric(ledger.amount),
        "items": items.lists(items.price_list(customers, streams, monthly), ledger.row, ledger.amount, monthly),
    }
    columns["invoice_id"] = joined([columns["customer_id"], "-", calendar.year_month(ledger.month - 1)])
    schema = contract(TABLE).schema
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)


def price_path(row: Ints, number: Ints, tenure: Ints, monthly: Ints, total: Ints) -> Ints:
    """Amount of each invoice in cents: ends at the monthly charge, sums to the total.

    The price moves once a year by a constant step; cents that do not divide go to the oldest invoice. Where
    that path would fall below zero (charges that contradict each other), every invoice is the same instead.

    Args:
        row: customer of each invoice, ascending.
        number: 1 for a customer's oldest invoice, then 2, 3, ….
        tenure: number of invoices of each customer.
        monthly: charge of the newest month of each customer, cents.
        total: sum wanted of each customer, cents.
    """
    steps = -((number - tenure[row]) // 12)
    all_steps = np.bincount(row, steps, minlength=len(tenure)).astype(np.int64)
    gap = total - monthly * tenure
    step = np.sign(gap) * (np.abs(gap) // np.maximum(all_steps, 1))
    rest = gap - step * all_steps
    amount = monthly[row] + step[row] * steps + np.where(number == 1, rest[row], 0)
    broken = np.zeros(len(tenure), dtype=np.bool_)
    broken[row[amount < 0]] = True
    even, odd = np.divmod(total, np.maximum(tenure, 1))
    flat: Ints = np.where(broken[row], even[row] + np.where(number == 1, odd[row], 0), amount)
    return flat


def _ledger(streams: Streams, tenure: Ints, monthly: Ints, total: Ints, snapshot: date) -> _Ledger:
    row = np.repeat(np.arange(len(tenure)), tenure)
    number = np.arange(len(row)) - np.repeat(np.cumsum(tenure) - tenure, tenure) + 1
    month = (calendar.newest_month(streams, snapshot) - tenure)[row] + number
    return _Ledger(row, number, month, price_path(row, number, tenure, monthly, total))


def _periods(streams: Streams, ledger: _Ledger) -> dict[str, pa.Array]:
    day = calendar.billing_day(streams)[ledger.row]
    issued = calendar.on(ledger.month, day)
    return {
        "reference_month": days(calendar.on(ledger.month - 1, np.ones_like(day))),
        "period_start": days(calendar.on(ledger.month - 1, day)),
        "period_end": days(issued),
        "issued_on": days(issued),
        "due_on": days(issued + _DUE_AFTER),
    }


def _payments(streams: Streams, ledger: _Ledger, method: Ints, snapshot: date) -> dict[str, pa.Array]:
    due = calendar.on(ledger.month, calendar.billing_day(streams)[ledger.row]) + _DUE_AFTER
    today = np.datetime64(snapshot, "D")
    paid = due + _days_after_due(streams, ledger, method)
    unpaid = paid > today
    days_late = np.maximum((np.minimum(paid, today) - due).astype(np.int64), 0)
    fee = np.where(days_late > 0, ledger.amount * (_FINE + _DAILY_INTEREST * days_late), 0.0)
    status = np.where(~unpaid, 0, np.where(due >= today, 1, 2))
    return {
        "paid_on": days(paid, unpaid),
        "status": labels(("paid", "open", "overdue"), status),
        "late_fee": numeric(np.rint(fee).astype(np.int64)),
    }


def _days_after_due(streams: Streams, ledger: _Ledger, method: Ints) -> Ints:
    """Negative when paid early. Each customer has a lasting share of late payments, around the method's."""
    shares = np.array(list(_LATE_SHARE.values()))[method] * (0.2 + 1.6 * streams.uniform("late/habit"))
    each = streams.at(ledger.row).child(ledger.month)
    late: Bools = each.uniform("late") < shares[ledger.row]
    waited: Floats = np.minimum(-_MEAN_DAYS_LATE * np.log1p(-each.uniform("late/days")), _MOST_DAYS_LATE)
    early = np.where(method[ledger.row] >= 2, each.below("early/days", 8), 0)
    return np.where(late, 1 + waited.astype(np.int64), -early)
