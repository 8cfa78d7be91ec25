"""What is written down about actions: every attempt, and each state of a retention action. Ids follow from what
happened, so that a row written twice after a crash is seen to be one.
"""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from llmops.agent.proposals import Proposal
from llmops.agent.rows import audited
from telecom.ports import Events

AUDIT = "telecom_monitoring.assistant_audit"
RETENTION = "telecom_gold.retention_actions"
Outcome = Literal["allowed", "refused", "failed"]
Verb = Literal["propose", "approve", "reject", "execute"]
_OURS = uuid.UUID("5a3cdd7c-1c5f-4b53-9a55-0e2f7f3a6a51")


class Audit:
    """Adds the rows to the event tables."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def attempt(
        self,
        verb: Verb,
        outcome: Outcome,
        *,
        principal: str,
        now: datetime,
        trace_id: str,
        customer_id: str | None,
        detail: dict[str, Any],
    ) -> None:
        """One attempt to do something. `detail` holds ids and codes, never a person's words."""
        told = json.dumps(detail, ensure_ascii=False, sort_keys=True)
        name = "|".join((verb, outcome, principal, now.isoformat(), trace_id, str(customer_id), told))
        row = audited(
            str(uuid.uuid5(_OURS, name)),
            f"action.{verb}",
            outcome,
            told,
            principal=principal,
            now=now,
            trace_id=trace_id,
            customer_id=customer_id,
        )
        self._events.add(AUDIT, [row])

    def decided(self, proposal: Proposal, statuses: Sequence[str], now: datetime) -> None:
        """The states that a retention action came to; nothing for other actions."""
        if proposal.retention:
            self._events.add(RETENTION, [_row(proposal, status, now) for status in statuses])


def _row(proposal: Proposal, status: str, now: datetime) -> dict[str, Any]:
    at = {"approved": proposal.decided_at, "executed": proposal.executed_at}.get(status) or proposal.decided_at or now
    return {
        "action_id": proposal.id,
        "decided_on": at.date(),
        "customer_id": proposal.customer_id,
        "type": proposal.type,
        "title": proposal.title,
        "parameters": json.dumps(proposal.parameters, ensure_ascii=False, sort_keys=True),
        "status": status,
        "reason": proposal.decision or proposal.reason,
        "proposed_at": proposal.proposed_at,
        "decided_at": at,
        "decided_by": proposal.decided_by or None,
        "trace_id": proposal.trace_id,
    }
