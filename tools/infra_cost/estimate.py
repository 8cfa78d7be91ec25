"""The estimate: every amount of a plan and of the assumptions, priced."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from telecom.errors import UsageError
from tools.infra_cost.quantities import Amount, amounts, lacks_assumption
from tools.infra_cost.tables import Kind, Price, Usage
from tools.infra_policies.plan import Plan

SMALLEST = 0.005


@dataclass(frozen=True)
class Line:
    """One line of the bill: dollars a month, without the free quantities of Google's free tier."""

    item: str
    quantity: float
    unit: str
    price: float
    usd: float
    kind: Kind


@dataclass(frozen=True)
class Estimate:
    """A month of one environment.

    `unpriced` are types of resources whose price nobody has thought about, `unassumed` are resources of whose use
    nothing is assumed.
    """

    environment: str
    usd: float
    usd_with_free_tier: float
    usd_unsure: float
    lines: tuple[Line, ...]
    unpriced: tuple[str, ...]
    unassumed: tuple[str, ...]


def estimate(plan: Plan, usage: Usage, prices: Mapping[str, Price]) -> Estimate:
    """Prices a plan.

    The same item of several resources is one line; lines are ordered by dollars. The free tier, which is one for all
    projects of a billing account, is taken off in `usd_with_free_tier` alone.

    Raises:
        UsageError: an amount names a price that the table does not have, or usage is of another environment.
    """
    if usage.environment != plan.environment:
        raise UsageError(
            f"The usage is of {usage.environment}, the plan of {plan.environment}.", "Name the right file."
        )
    merged: dict[tuple[str, str], float] = {}
    for amount in _all(plan, usage):
        if amount.price not in prices:
            raise UsageError(f"{amount.item}: there is no price {amount.price!r}.", "Add it to infra/prices.yaml.")
        key = amount.item, amount.price
        merged[key] = merged.get(key, 0.0) + amount.quantity
    lines = sorted((_line(item, quantity, prices[price]) for (item, price), quantity in merged.items()), key=_order)
    used: dict[str, float] = {}
    for (_, price), quantity in merged.items():
        used[price] = used.get(price, 0.0) + quantity
    paid = sum(max(quantity - prices[price].free, 0.0) * prices[price].usd for price, quantity in used.items())
    unpriced = {each.type for each in plan.resources if amounts(each, usage) is None}
    unsure = sum(line.usd for line in lines if line.kind == "unsure")
    total = sum(line.usd for line in lines)
    unassumed = tuple(each.address for each in plan.resources if lacks_assumption(each, usage))
    return Estimate(plan.environment, total, paid, unsure, tuple(lines), tuple(sorted(unpriced)), unassumed)


def shown(lines: tuple[Line, ...]) -> tuple[tuple[Line, ...], int]:
    """The lines worth showing, and how many are below half a cent."""
    large = tuple(line for line in lines if line.usd >= SMALLEST)
    return large, len(lines) - len(large)


def _all(plan: Plan, usage: Usage) -> Iterator[Amount]:
    for resource in plan.resources:
        yield from amounts(resource, usage) or ()
    types = {resource.type for resource in plan.resources}
    for line in usage.lines:
        if not line.needs or line.needs in types:
            yield Amount(line.item, line.price, line.quantity)


def _line(item: str, quantity: float, price: Price) -> Line:
    return Line(item, quantity, price.unit, price.usd, quantity * price.usd, price.kind)


def _order(line: Line) -> tuple[float, str]:
    return -line.usd, line.item
