"""What speaks against a visit or a change of plan beside the policy; the same for an offer and for a proposal."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from llmops.tools.context import ToolContext
from llmops.tools.network_lines import LineNow
from llmops.tools.retention_conditions import Refusal
from llmops.tools.simulated_systems import moment, remembered
from llmops.tools.visit_windows import Visit, local_day, why_not

WAITING_DAYS = 35
"""For so long a requested change of plan may not be in the features yet."""
REQUESTED = Refusal("already_requested", "Esta mudança já foi pedida e vale a partir do próximo ciclo.")


def visit_refusals(at: LineNow, visit: Visit, now: datetime) -> Iterable[Refusal]:
    """Why no technician can come to a line then.

    Args:
        at: the line as it reads now.
        visit: asked for.
        now: UTC.
    """
    if at.reading.incident:
        yield Refusal("incident", f"Há o incidente {at.reading.incident.incident_id}; visita individual não adianta.")
    if at.coming_visit(now):
        yield Refusal("visit_booked", "Já há uma visita marcada para esta linha.")
    if why := why_not(visit, now, no_service=at.reading.status == "down"):
        yield Refusal("no_such_window", f"Essa data não pode ser marcada: {why}.")


def requested_changes(context: ToolContext) -> frozenset[tuple[str, str]]:
    """Changes of plan that were carried out here and may not be seen in the features yet: operation and target."""
    changes = remembered(context, "plan_change")
    return frozenset((v["operation"], v["target"]) for v in changes if _days_ago(context, v) < WAITING_DAYS)


def _days_ago(context: ToolContext, value: Mapping[str, Any]) -> int:
    return (local_day(context.now) - local_day(moment(value["at"]))).days
