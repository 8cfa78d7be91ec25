"""A desk of actions over rows by hand, with executors that count, fail, or die."""

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from llmops.agent.action_types import Parameters
from llmops.agent.actions import Actions
from llmops.agent.executor import SimulatedSystems
from llmops.agent.proposals import ActionRefused, Proposal
from llmops.agent.turn import Principal
from llmops.tests.small_world import CUSTOMER, NOW, RULES, MemoryEvents, MemoryRecords, RowsReader, by_hand, context
from llmops.tools.context import ToolContext
from llmops.tools.drafts import ActionDraft, ActionType
from telecom.adapters.local.records import LocalRecords
from telecom.errors import DependencyUnavailable
from telecom.ports import Records
from telecom.settings import Settings

AUDIT, RETENTION = "telecom_monitoring.assistant_audit", "telecom_gold.retention_actions"
RETENTION_SCOPES = ("approve:retention", "approve:retention:supervisor", "approve:retention:manager")


def agent(name: str = "ana", *scopes: str, customers: frozenset[str] | None = None) -> Principal:
    """Somebody of ours who may see everybody (or these)."""
    return Principal(name, "agent", customers, frozenset(scopes))


def customer(customer_id: str = CUSTOMER) -> Principal:
    """The customer themselves."""
    return Principal(customer_id, "customer", frozenset({customer_id}))


MANAGER = agent("gil", *RETENTION_SCOPES[2:])


class Killed(BaseException):
    """The process ends here."""


class Hands(SimulatedSystems):
    """Counts, and does what `plan` says: `fail` and `die` before the effect, `die_after` behind it."""

    def __init__(self, records: Records, *plan: str) -> None:
        super().__init__(records)
        self.plan, self.calls = list(plan), 0

    def execute(self, proposal: Proposal, parameters: Parameters, now: datetime) -> dict[str, Any]:
        self.calls += 1
        step = self.plan.pop(0) if self.plan else ""
        if step == "fail":
            raise DependencyUnavailable("The network's controller does not answer.")
        if step == "die":
            raise Killed
        result = super().execute(proposal, parameters, now)
        if step == "die_after":
            raise Killed
        return result


@dataclass
class Desk:
    """Actions and everything around them."""

    reader: RowsReader = field(default_factory=by_hand)
    records: Records = field(default_factory=MemoryRecords)
    events: MemoryEvents = field(default_factory=MemoryEvents)
    plan: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.hands = Hands(self.records, *self.plan)
        self.actions = Actions(self.records, self.events, self.reader, RULES, self.hands)

    def turn(self, **changes: Any) -> ToolContext:
        """A turn with this desk's state."""
        return context(self.reader, records=self.records, **changes)

    def propose(self, type_: ActionType, parameters: Mapping[str, Any], **changes: Any) -> Proposal:
        """By an agent with CUSTOMER, unless told otherwise."""
        return self.actions.propose(self.turn(**changes), ActionDraft(type_, "Porque sim.", dict(parameters)))

    def discount(self, percent: int = 10, months: int = 3, **changes: Any) -> Proposal:
        """A discount that the policy allows."""
        given = {"percent": percent, "months": months, "asked_by_customer": True}
        return self.propose("retention_discount", given, **changes)

    def audit(self) -> list[tuple[str, str, str]]:
        """Event, outcome and code of each row."""
        rows = self.events.of(AUDIT)
        return [(row["event"], row["outcome"], json.loads(row["detail"]).get("code", "")) for row in rows]

    def effects(self) -> int:
        """Records that executed actions made."""
        kinds = ("network_event", "billing_adjustment", "ticket", "delivery", "plan_change")
        return sum(len(self.records.of(kind, CUSTOMER)) for kind in kinds)


class SlowHands(SimulatedSystems):
    """Takes its time, and notes each effect in a file that many processes add to."""

    def __init__(self, records: Records, notes: Path) -> None:
        super().__init__(records)
        self._notes = notes

    def execute(self, proposal: Proposal, parameters: Parameters, now: datetime) -> dict[str, Any]:
        with self._notes.open("a") as notes:
            notes.write(f"{os.getpid()}\n")
        time.sleep(0.3)
        return super().execute(proposal, parameters, now)


def real_desk(home: Path) -> Actions:
    """Over the records of a home folder."""
    records = LocalRecords(Settings(home=home))
    return Actions(records, MemoryEvents(), by_hand(), RULES, SlowHands(records, home / "effects"))


def approve_together(home: Path, action_id: str, now: datetime, many: int) -> str:
    """Approves as soon as so many are about to; says what came of it."""
    actions = real_desk(home)
    with (home / "ready").open("a") as ready:
        ready.write("x")
    while len((home / "ready").read_text()) < many:
        time.sleep(0.01)
    try:
        return actions.approve(action_id, MANAGER, now).status
    except ActionRefused as refused:
        return refused.code


if __name__ == "__main__":
    where, which = sys.argv[1:3]
    sys.stdout.write(approve_together(Path(where), which, NOW + timedelta(minutes=1), 2))
