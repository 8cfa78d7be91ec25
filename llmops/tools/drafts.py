"""What a tool suggests to be done: data for `llmops.agent.actions.propose`. A draft changes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ActionType = Literal[
    "modem_restart",
    "technician_visit",
    "retention_discount",
    "free_service",
    "courtesy_credit",
    "plan_change",
    "invoice_contestation",
    "second_copy",
    "ticket_registration",
    "callback",
]


@dataclass(frozen=True)
class ActionDraft:
    """A type of action, its parameters as JSON has them, and why, in Portuguese."""

    type: ActionType
    reason: str
    parameters: Mapping[str, str | int | bool] = field(default_factory=dict)
