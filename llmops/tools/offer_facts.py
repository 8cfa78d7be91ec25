"""What the retention policy asks about the bound customer, read afresh. Writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from llmops.tools import billing_tool, churn_tool
from llmops.tools.context import ToolContext, ToolError
from llmops.tools.network_lines import LineNow, internet_line, lines_now
from llmops.tools.plan_catalogue import SERVICES
from llmops.tools.retention_rules import Risk, Segment
from llmops.tools.rows import customer_rows
from llmops.tools.ticket_tool import recent_tickets
from llmops.tools.words import cents

LEDGER = "retention_ledger"
"""Kind of the record, one per customer, that remembers what was granted."""


@dataclass(frozen=True)
class Grant:
    """Something granted: `cost` in BRL counts against the budget; the last day is `ends_on`; `detail` names it."""

    action_id: str
    kind: str
    cost: Decimal
    granted_on: date
    ends_on: date
    detail: str = ""


@dataclass(frozen=True)
class Failure:
    """A ticket or incident by its number, and the day it began: what a credit may be given for."""

    reference: str
    on: date


@dataclass(frozen=True)
class OfferFacts:
    """The customer as the policy sees them. `risk` and `score_age_days` are None without a score that counts.

    `unmended` says that a line is degraded, down or restarting; `internet` is the internet line, if any.
    """

    now: datetime
    segment: Segment
    tenure_months: int
    monthly_charge: Decimal
    consent_offers: bool
    overdue_invoices: int
    risk: Risk | None
    services: frozenset[str]
    internet: LineNow | None
    unmended: bool
    failures: tuple[Failure, ...]
    grants: tuple[Grant, ...]

    @property
    def today(self) -> date:
        """The day that the policy counts from."""
        return self.now.date()


def read_facts(context: ToolContext, maximum_score_age_days: int) -> OfferFacts:
    """Reads them.

    Raises:
        ToolError: `customer_unknown` or `no_contract`.
    """
    rows = customer_rows(context, "customer_profile")
    if not rows:
        raise ToolError("customer_unknown", "Não encontrei o cadastro deste cliente.", "Não faça ofertas.")
    row = rows[0]
    if row["contract"] is None:
        raise ToolError("no_contract", "Não encontrei o contrato vigente deste cliente.", "Não faça ofertas.")
    lines = lines_now(context)
    return OfferFacts(
        now=context.now,
        segment=row["segment"],
        tenure_months=row["tenure_months"],
        monthly_charge=cents(row["monthly_charges"]),
        consent_offers=row["consent_marketing"],
        overdue_invoices=_overdue(context),
        risk=_risk(context, maximum_score_age_days),
        services=frozenset(service.name for service in SERVICES.values() if row[service.column]),
        internet=internet_line(lines),
        unmended=any(each.reading.status != "active" for each in lines),
        failures=_failures(context, lines),
        grants=read_grants(context),
    )


def read_grants(context: ToolContext) -> tuple[Grant, ...]:
    """What the customer was granted here, the oldest first."""
    record = context.records.read(LEDGER, context.customer_id)
    return grants_of(record.value if record else None)


def grants_of(ledger: Mapping[str, Any] | None) -> tuple[Grant, ...]:
    """The grants in a ledger's value."""
    return tuple(
        Grant(
            action_id=entry["action_id"],
            kind=entry["kind"],
            cost=Decimal(entry["cost"]),
            granted_on=date.fromisoformat(entry["granted_on"]),
            ends_on=date.fromisoformat(entry["ends_on"]),
            detail=entry["detail"],
        )
        for entry in (ledger or {}).get("grants", ())
    )


def _overdue(context: ToolContext) -> int:
    try:
        return billing_tool.list_invoices(context, most=1).overdue_count
    except ToolError as error:
        if error.code != "no_invoices":
            raise
        return 0


def _risk(context: ToolContext, maximum_age_days: int) -> Risk | None:
    try:
        segment = churn_tool.read_score(context, maximum_age_days=maximum_age_days).segment
    except ToolError:
        return None
    return segment if segment in ("low", "medium", "high") else None  # type: ignore[return-value]


def _failures(context: ToolContext, lines: tuple[LineNow, ...]) -> tuple[Failure, ...]:
    incidents = [each.line.incident for each in lines if each.line.incident]
    return (
        *(Failure(ticket.ticket_id, ticket.opened_at.date()) for ticket in recent_tickets(context)),
        *(Failure(incident.incident_id, incident.started_at.date()) for incident in incidents),
    )
