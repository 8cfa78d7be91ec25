"""What the service writes down itself: who looked at whose data, who was kept from it, and feedback."""

import json
import logging
import uuid
from datetime import datetime
from typing import Any, Literal

from llmops.agent.action_audit import AUDIT, Outcome
from llmops.agent.rows import audited, of_turn
from llmops.agent.turn import Ask, Principal
from telecom.errors import TelecomError
from telecom.ports import Events

FEEDBACK = "telecom_monitoring.llm_feedback"
LONGEST_ID = 64
log = logging.getLogger(__name__)


class ServiceAudit:
    """Adds the rows."""

    def __init__(self, events: Events) -> None:
        self._events = events

    def looked(
        self, what: str, who: Principal, customer_id: str | None, outcome: Outcome, now: datetime, **more: Any
    ) -> None:
        """An attempt to see a customer's data, the queue or a page. `customer_id` is as the request has it, cut off.

        `more` goes into the detail: names of ours, never a person's words.
        """
        row = audited(
            str(uuid.uuid4()),
            f"view.{what}",
            outcome,
            json.dumps({"role": who.role, **more}),
            principal=who.name,
            now=now,
            trace_id="",
            customer_id=customer_id[:LONGEST_ID] if customer_id else None,
        )
        self._events.add(AUDIT, [row])

    def unanswered(self, ask: Ask, code: str) -> None:
        """A message to which there was no answer; `code` is what its caller was told. A failure here is logged only."""
        detail = json.dumps({"role": ask.principal.role, "channel": ask.channel, "code": code})
        row = of_turn(ask, f"{ask.trace_id}-failed", "failed", detail)
        try:
            self._events.add(AUDIT, [row])
        except (TelecomError, OSError) as error:
            log.error("A failure was not kept: %s", type(error).__name__)

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
