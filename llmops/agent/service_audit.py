"""What the service writes down itself: who looked at whose data, who was kept from it, and feedback."""

import json
import uuid
from datetime import datetime
from typing import Literal

from llmops.agent.action_audit import AUDIT, Outcome
from llmops.agent.turn import Principal
from telecom.ports import Events

FEEDBACK = "telecom_monitoring.llm_feedback"
LONGEST_ID = 64


class ServiceAudit:
    """Adds the rows."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def looked(self, what: str, who: Principal, customer_id: str | None, outcome: Outcome, now: datetime) -> None:
        """An attempt to see a customer's data, or the queue. `customer_id` is as the request has it, cut off."""
        row = {
            "event_id": str(uuid.uuid4()),
            "happened_on": now.date(),
            "trace_id": "",
            "principal": who.name,
            "customer_id": customer_id[:LONGEST_ID] if customer_id else None,
            "event": f"view.{what}",
            "outcome": outcome,
            "detail": json.dumps({"role": who.role}),
            "happened_at": now,
        }
        self._events.add(AUDIT, [row])

    def rated(self, trace_id: str, rating: Literal["up", "down"], comment: str, who: Principal, now: datetime) -> None:
        """What somebody says of an answer; `comment` is masked already."""
        row = {
            "given_on": now.date(),
            "trace_id": trace_id,
            "rating": rating,
            "comment": comment or None,
            "given_by": who.role,
            "given_at": now,
        }
        self._events.add(FEEDBACK, [row])
