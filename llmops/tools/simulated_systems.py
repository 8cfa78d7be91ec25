"""What the simulated systems remember, as records of the customer. Executed actions write them; tools only read.

Kinds: `network_event` (restarts, visits), `billing_adjustment` (discounts, credits, free services, contestations),
`ticket`, `delivery` (second copies, callbacks), `plan_change`. Each record's key is the action that made it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from llmops.tools.context import ToolContext

Kind = Literal["network_event", "billing_adjustment", "ticket", "delivery", "plan_change"]
MOST = 50


def remembered(context: ToolContext, kind: Kind, most: int = MOST) -> list[Mapping[str, Any]]:
    """The values of the customer's newest records of a kind, the newest first; each has `id` and `at`."""
    return [record.value for record in context.records.of(kind, context.customer_id, most)]


def moment(text: str) -> datetime:
    """An instant as records hold it: ISO 8601 with its offset."""
    return datetime.fromisoformat(text)
