"""From an approval to its effect, in steps that may be repeated: whoever comes after a crash finishes what was begun.

on the list → approved, leased → policy asked, cost in the ledger → executor → executed → event tables → off the list
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from llmops.agent import action_types as types
from llmops.agent import ledger, proposals
from llmops.agent.action_audit import Audit
from llmops.agent.action_checks import check, with_grants
from llmops.agent.action_store import ActionStore
from llmops.agent.executor import Executor
from llmops.agent.proposals import ActionRefused, Proposal
from llmops.tools.context import ToolContext, ToolError
from llmops.tools.retention_conditions import Verdict
from llmops.tools.retention_rules import RetentionRules
from telecom.errors import TelecomError
from telecom.ports import Reader, Records

LEASE = timedelta(seconds=30)
"""Longer than carrying one out takes; after that another may take over."""


@dataclass(frozen=True)
class CarryingOut:
    """Carries out what was approved.

    Args:
        records: state.
        warehouse: asked afresh.
        rules: the retention policy.
        executor: does it.
        audit: told of it.
    """

    records: Records
    warehouse: Reader
    rules: RetentionRules
    executor: Executor
    audit: Audit

    def take(self, proposal: Proposal, who: str, now: datetime) -> Proposal:
        """Approves it (if it was not yet) and leases it.

        Raises:
            ActionRefused: `expired`, `rejected` or `in_progress`.
        """
        store = ActionStore(self.records)
        store.begin(proposal.id)
        try:
            return store.change(proposal.id, lambda p: proposals.approve(p, who, now, now + LEASE))
        except ActionRefused as refused:
            if refused.code != "in_progress":
                store.end(proposal.id)
            raise

    def run(self, proposal: Proposal, now: datetime) -> Proposal:
        """Does what was taken; what was done before is not done again.

        Raises:
            ActionRefused: `policy`; the proposal is rejected.
            TelecomError: something did not answer; it stays approved, free for the next who tries.
        """
        store = ActionStore(self.records)
        try:
            result = self.executor.done(proposal) or self._done_now(proposal, now)
        except ActionRefused as refused:
            ledger.give_back(self.records, proposal.customer_id, proposal.id)
            said = refused.message
            withdrawn = store.change(proposal.id, lambda p: proposals.withdraw(p, now, said))
            self._told(withdrawn, "refused", refused.code, now)
            self.audit.decided(withdrawn, ["rejected"], now)
            store.end(proposal.id)
            raise
        except TelecomError as error:
            store.change(proposal.id, proposals.release)
            self._told(proposal, "failed", type(error).__name__, now)
            raise
        done = store.change(proposal.id, lambda p: proposals.execute(p, now, result))
        return self.record(done, now)

    def record(self, proposal: Proposal, now: datetime) -> Proposal:
        """Tells the event tables of what was executed, unless they were told."""
        store = ActionStore(self.records)
        if not proposal.recorded:
            self._told(proposal, "allowed", "", proposal.executed_at or now)
            self.audit.decided(proposal, ["approved", "executed"], now)
            proposal = store.change(proposal.id, lambda p: replace(p, recorded=True))
        store.end(proposal.id)
        return proposal

    def _done_now(self, proposal: Proposal, now: datetime) -> dict[str, Any]:
        parameters = types.parse(proposal.type, proposal.parameters)
        context = ToolContext(
            customer_id=proposal.customer_id,
            role="agent",
            principal=proposal.decided_by,
            now=now,
            warehouse=self.warehouse,
            records=self.records,
            trace_id=proposal.trace_id,
            rules=self.rules,
        )
        try:
            self._allowed(context, proposal, parameters)
        except (ToolError, ledger.Withheld) as error:
            said = why(error.verdict) if isinstance(error, ledger.Withheld) else error.message
            raise ActionRefused("policy", said, "Proponha outra condição.") from error
        return self.executor.execute(proposal, parameters, now)

    def _allowed(self, context: ToolContext, proposal: Proposal, parameters: types.Parameters) -> None:
        """Asks the policy and takes the cost from the budget; an own grant from before a crash does not count.

        Raises:
            ToolError: what the policy asks about is not known.
            Withheld: it says no.
        """
        checked = check(context, proposal.type, parameters, but=proposal.id)
        if not checked.verdict.allowed:
            raise ledger.Withheld(checked.verdict)
        grant = ledger.grant_of(proposal.id, parameters, checked.verdict, context.today)
        facts = checked.facts
        if grant and facts:
            ledger.reserve(
                self.records,
                proposal.customer_id,
                grant,
                lambda others: with_grants(self.rules, parameters, facts, others),
            )

    def _told(self, proposal: Proposal, outcome: Any, code: str, now: datetime) -> None:
        self.audit.attempt(
            "execute",
            outcome,
            principal=proposal.decided_by,
            now=now,
            trace_id=proposal.trace_id,
            customer_id=proposal.customer_id,
            detail={"action": proposal.id, "type": proposal.type} | ({"code": code} if code else {}),
        )


def why(verdict: Verdict) -> str:
    """The reasons of a refusal, in one text."""
    return " ".join(refusal.words for refusal in verdict.refusals)
