"""Named ways in which the generated world, or only the file that reports it, changes.

What customers do (`behave`) precedes the churn draw and can move it; what the file says (`record`) cannot.
"""

from dataclasses import replace

import numpy as np

from telecom.errors import UsageError
from telecom.synthetic.identity import Ints, Streams
from telecom.synthetic.population import FIBER, NO_INTERNET, ONE_YEAR, SUPPORT, TV, Population, nickels

KINDS = ("none", "price_rise", "new_plan", "unit_change", "null_burst")

PRICE_RISE = 1.15
NEW_PLAN_SHARE = 0.40
NEW_PLAN_PRICE = 6500
NEW_PLAN_FROM = 5000  # only customers who pay at least this look at the offer
CENTS_PER_UNIT = 100
NULL_SHARE = 0.30


def check(kind: str) -> str:
    """The kind itself.

    Raises:
        UsageError: not one of `KINDS`.
    """
    if kind not in KINDS:
        raise UsageError(f"Unknown drift {kind!r}.", f"Choose one of: {', '.join(KINDS)}.")
    return kind


def behave(kind: str, people: Population, streams: Streams) -> Population:
    """Customers after `price_rise` or `new_plan`; unchanged for the other kinds."""
    if kind == "price_rise":
        return _reprice(people, nickels(PRICE_RISE * people.monthly.astype(np.float64)))
    if kind == "new_plan":
        return _new_plan(people, streams)
    return people


def record(kind: str, people: Population, streams: Streams) -> Population:
    """Customers as the file reports them under `unit_change` or `null_burst`; else unchanged."""
    if kind == "unit_change":
        return replace(people, monthly=people.monthly * CENTS_PER_UNIT)
    if kind == "null_burst":
        return replace(people, total_blank=people.total_blank | (streams.uniform("drift/null") < NULL_SHARE))
    return people


def _new_plan(people: Population, streams: Streams) -> Population:
    asked = (people.internet != NO_INTERNET) & (people.monthly >= NEW_PLAN_FROM)
    taken = asked & (streams.uniform("drift/plan") < NEW_PLAN_SHARE)
    services = people.services.copy()
    services[taken] = False
    services[np.ix_(taken, [SUPPORT, TV])] = True
    price = nickels(NEW_PLAN_PRICE + 100.0 * np.clip(streams.normal("drift/plan_price"), -3.0, 3.0))
    moved = replace(
        people,
        internet=np.where(taken, FIBER, people.internet),
        phone=people.phone | taken,
        services=services,
        contract=np.where(taken, ONE_YEAR, people.contract),
    )
    return _reprice(moved, np.where(taken, price, people.monthly))


def _reprice(people: Population, monthly: Ints) -> Population:
    """New prices from the newest invoice on: the total of all invoices moves by that one difference."""
    total = people.total + (monthly - people.monthly) * (people.tenure > 0)
    return replace(people, monthly=monthly, total=np.maximum(total, monthly * (people.tenure > 0)))
