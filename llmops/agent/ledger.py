"""What each customer was granted, in one record per customer: two grants at once cannot both take the last of a budget.

Writes records of the kind `retention_ledger`, which `offer_facts` reads.
"""

from collections.abc import Callable
from datetime import date, timedelta

from llmops.agent import action_types as types
from llmops.tools.offer_facts import LEDGER, Grant, grants_of
from llmops.tools.retention_conditions import Verdict
from telecom.ports import Record, Records

KEPT = timedelta(days=1_100)
"""Longer than any rule looks back."""


class Withheld(Exception):
    """The policy's no, seen while the ledger was held."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.refusals)
        self.verdict = verdict


def reserve(
    records: Records, customer_id: str, grant: Grant, verdict_on: Callable[[tuple[Grant, ...]], Verdict]
) -> None:
    """Puts a grant in if the policy allows it with what else the ledger holds at that instant; an action has one.

    Args:
        records: where the ledger is.
        customer_id: whose.
        grant: to be added; its cost is the verdict's.
        verdict_on: the policy, given the other grants.

    Raises:
        Withheld: it does not.
    """

    def change(record: Record | None) -> Record | None:
        known = grants_of(record.value if record else None)
        others = tuple(each for each in known if each.action_id != grant.action_id)
        verdict = verdict_on(others)
        if not verdict.allowed:
            raise Withheld(verdict)
        return _record(customer_id, (*others, grant), grant.granted_on)

    records.change(LEDGER, customer_id, change)


def give_back(records: Records, customer_id: str, action_id: str) -> None:
    """Takes a grant out again whose action was not carried out."""

    def change(record: Record | None) -> Record | None:
        known = grants_of(record.value if record else None)
        left = tuple(each for each in known if each.action_id != action_id)
        return record if len(left) == len(known) else _record(customer_id, left, date.max)

    records.change(LEDGER, customer_id, change)


def grant_of(action_id: str, parameters: types.Parameters, verdict: Verdict, today: date) -> Grant | None:
    """The grant that an action makes; None for actions that the policy does not count."""
    match parameters:
        case types.RetentionDiscount():
            ends = months_after(today, parameters.months)
            return Grant(action_id, "discount", verdict.cost, today, ends, f"{parameters.percent} %")
        case types.FreeService():
            ends = months_after(today, parameters.months)
            return Grant(action_id, "free_service", verdict.cost, today, ends, parameters.service)
        case types.CourtesyCredit():
            return Grant(action_id, "courtesy_credit", verdict.cost, today, today, parameters.reference)
        case types.TechnicianVisit(courtesy=True):
            return Grant(action_id, "technical_visit", verdict.cost, today, parameters.day, parameters.line_id)
        case types.PlanChange(operation="internet_plan"):
            return Grant(action_id, "speed_change", verdict.cost, today, today, parameters.target)
    return None


def months_after(day: date, months: int) -> date:
    """The same day of a later month, at most its 28th."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, min(day.day, 28))


def _record(customer_id: str, grants: tuple[Grant, ...], today: date) -> Record:
    kept = [grant for grant in grants if today == date.max or grant.ends_on >= today - KEPT]
    plain = [
        {
            "action_id": grant.action_id,
            "kind": grant.kind,
            "cost": str(grant.cost),
            "granted_on": grant.granted_on.isoformat(),
            "ends_on": grant.ends_on.isoformat(),
            "detail": grant.detail,
        }
        for grant in kept
    ]
    return Record(customer_id, {"grants": plain}, customer_id)
