"""A proposed action and its states. Pure: who stores it and who carries it out is `actions`.

proposed ──► approved ──► executed
    │  │         └──────► rejected    (policy refused it when it was to be carried out)
    │  └────────────────► rejected    (a person, or the policy, said no)
    └───────────────────► expired
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

from llmops.agent.policy import Authority
from llmops.agent.turn import ProposedAction, Role
from llmops.tools.drafts import ActionType
from telecom.errors import TelecomError

Status = Literal["proposed", "approved", "executed", "rejected", "expired"]
Risk = Literal["low", "medium", "high"]
MOMENTS = ("proposed_at", "expires_at", "decided_at", "executed_at", "leased_until")


class ActionRefused(TelecomError):
    """A decision that was not taken, in Portuguese.

    Args:
        code: `not_found`, `not_allowed`, `expired`, `rejected`, `decided`, `in_progress`, `key_reused`, `policy`.
        message: what is the matter.
        remedy: what to do.
    """

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.code = code


@dataclass(frozen=True)
class Proposal:
    """An action on a customer that somebody may approve until `expires_at`.

    `parameters` are JSON; `reason` says why it was proposed and, once refused, why not (`decision`). `leased_until`:
    somebody is carrying it out until then at the latest. `recorded`: its execution is in the event tables.
    """

    id: str
    type: ActionType
    title: str
    reason: str
    parameters: dict[str, Any]
    customer_id: str
    authority: Authority
    risk: Risk
    retention: bool
    status: Status
    proposed_at: datetime
    expires_at: datetime
    proposed_by: str
    proposer_role: Role
    trace_id: str
    decision: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None
    leased_until: datetime | None = None
    executed_at: datetime | None = None
    result: dict[str, Any] | None = None
    recorded: bool = False

    @property
    def requires_approval(self) -> bool:
        """Always: nothing is carried out without a person's yes."""
        return True

    def at(self, now: datetime) -> "Proposal":
        """The same as it stands at a moment: nobody answered in time, and it is expired."""
        if self.status == "proposed" and now >= self.expires_at:
            return replace(self, status="expired", decided_at=self.expires_at, decision="Prazo da proposta encerrado.")
        return self

    def shown(self) -> ProposedAction:
        """As the reader of a reply sees it."""
        return ProposedAction(
            self.id,
            self.type,
            self.title,
            self.parameters,
            self.requires_approval,
            self.status,
            self.decision or self.reason,
        )

    def to_json(self) -> dict[str, Any]:
        """For a record."""
        plain = asdict(self)
        for name in MOMENTS:
            plain[name] = plain[name].isoformat() if plain[name] else None
        return plain

    @classmethod
    def of_json(cls, plain: dict[str, Any]) -> "Proposal":
        """From a record."""
        moments = {name: datetime.fromisoformat(plain[name]) if plain[name] else None for name in MOMENTS}
        return cls(**{**plain, **moments})


def approve(proposal: Proposal, who: str, now: datetime, until: datetime) -> Proposal:
    """Takes it on: approved by `who` (if it was not yet), to be carried out by the caller until `until`.

    What is executed stays as it is.

    Raises:
        ActionRefused: `expired`, `rejected` or `in_progress`.
    """
    proposal = proposal.at(now)
    if proposal.status == "executed":
        return proposal
    if proposal.status == "proposed":
        return replace(proposal, status="approved", decided_by=who, decided_at=now, leased_until=until)
    if proposal.status == "approved":
        if proposal.leased_until and now < proposal.leased_until:
            raise ActionRefused("in_progress", "A ação já está sendo executada.", "Consulte de novo em instantes.")
        return replace(proposal, leased_until=until)
    raise _closed(proposal)


def reject(proposal: Proposal, who: str, now: datetime, why: str) -> Proposal:
    """Says no to what is proposed.

    Raises:
        ActionRefused: `expired` or `decided`.
    """
    proposal = proposal.at(now)
    if proposal.status == "proposed":
        return replace(proposal, status="rejected", decided_by=who, decided_at=now, decision=why)
    raise _closed(proposal)


def withdraw(proposal: Proposal, now: datetime, why: str) -> Proposal:
    """The policy says no to what was approved and not carried out."""
    if proposal.status != "approved":
        raise _closed(proposal)
    return replace(proposal, status="rejected", decided_at=now, decision=why, leased_until=None)


def release(proposal: Proposal) -> Proposal:
    """Carrying it out failed; whoever comes next may try again."""
    return replace(proposal, leased_until=None) if proposal.status == "approved" else proposal


def execute(proposal: Proposal, now: datetime, result: dict[str, Any]) -> Proposal:
    """It was carried out. Of two who say so the first is believed."""
    if proposal.status == "executed":
        return proposal
    if proposal.status != "approved":
        raise _closed(proposal)
    return replace(proposal, status="executed", executed_at=now, result=result, leased_until=None)


def _closed(proposal: Proposal) -> ActionRefused:
    match proposal.status:
        case "expired":
            return ActionRefused("expired", "A proposta expirou.", "Proponha de novo.")
        case "rejected":
            return ActionRefused("rejected", f"A proposta foi recusada. {proposal.decision}".strip())
        case _:
            return ActionRefused("decided", "A proposta já foi decidida.")
