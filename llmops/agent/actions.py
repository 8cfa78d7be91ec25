"""Proposals and what becomes of them. Tools and models reach `propose` only; people approve or reject by the id.

An approval is carried out at once (see `carrying_out`): the policy is asked again with fresh data, and nothing is done
twice, whoever approves how often, and whatever crashes in between.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from llmops.agent import proposals
from llmops.agent.action_audit import Audit, Outcome, Verb
from llmops.agent.action_store import ActionStore, not_found
from llmops.agent.carrying_out import CarryingOut
from llmops.agent.executor import Executor
from llmops.agent.policy import Authority, may_approve
from llmops.agent.proposals import ActionRefused, Proposal
from llmops.agent.proposing import REASON_CHARS, lay_down
from llmops.agent.turn import Principal
from llmops.tools.context import ToolContext, ToolError
from llmops.tools.drafts import ActionDraft
from llmops.tools.retention_rules import RetentionRules
from llmops.tools.words import short
from telecom.errors import TelecomError
from telecom.ports import Events, Reader, Records

WHO: Mapping[Authority, str] = {
    "customer": "o cliente ou um atendente",
    "desk": "um atendente",
    "agent": "um atendente com alçada de retenção",
    "supervisor": "um supervisor",
    "manager": "um gerente",
}


class Actions:
    """The desk on which proposals lie.

    Args:
        records: state.
        events: rows of the audit.
        warehouse: asked at execution; never a cached reader.
        rules: the retention policy.
        executor: does what was approved.
        mask: takes personal data out of free text before it is stored.
    """

    def __init__(
        self,
        records: Records,
        events: Events,
        warehouse: Reader,
        rules: RetentionRules,
        executor: Executor,
        mask: Callable[[str], str] = str,
    ) -> None:
        self._store, self._audit = ActionStore(records), Audit(events)
        self._hands = CarryingOut(records, warehouse, rules, executor, self._audit)
        self._rules, self._mask = rules, mask

    def propose(self, context: ToolContext, draft: ActionDraft) -> Proposal:
        """Lays down a proposal; an equal one that still waits is returned instead.

        Args:
            context: the turn; names the customer and who asks.
            draft: what is suggested, by a tool or a model.

        Raises:
            ToolError: `unknown_action`, `wrong_parameters`, `agents_only`, `too_many_open`, `not_possible`, or what the
                tools say of the customer's data.
        """
        about = (context.principal, context.trace_id, context.customer_id, context.now)
        detail = {"type": short(str(draft.type), 40)}
        try:
            found = lay_down(self._store, self._rules, self._mask, context, draft)
        except ToolError as error:
            self._attempt("propose", "refused", *about, detail | {"code": error.code})
            raise
        self._attempt("propose", "allowed", *about, detail | {"action": found.id})
        return found

    def read(self, action_id: str, principal: Principal, now: datetime) -> Proposal:
        """A proposal, for somebody who may see its customer.

        Raises:
            ActionRefused: `not_found`; also where it is another customer's.
        """
        found = self._store.find(action_id)
        if found is None or not principal.may_see(found.customer_id):
            raise not_found()
        return found.at(now)

    def of(self, customer_id: str, now: datetime, most: int = 20) -> tuple[Proposal, ...]:
        """A customer's proposals, the newest first."""
        return self._store.of(customer_id, now, most)

    def approve(self, action_id: str, principal: Principal, now: datetime, key: str = "") -> Proposal:
        """Approves and carries out; whoever approves again finds it done.

        Args:
            action_id: from the proposal.
            principal: who says yes, from a verified token.
            now: the moment, UTC.
            key: the request's Idempotency-Key: it stands for this decision and no other.

        Raises:
            ActionRefused: `not_found`, `not_allowed`, `key_reused`, `expired`, `rejected`, `in_progress` or `policy`.
            TelecomError: something did not answer; the approval stands, and approving again tries again.
        """

        def decided(found: Proposal) -> Proposal:
            return found if found.status == "executed" else self._hands.take(found, principal.name, now)

        taken = self._decide("approve", action_id, principal, now, key, decided)
        return self._hands.record(taken, now) if taken.status == "executed" else self._hands.run(taken, now)

    def reject(self, action_id: str, principal: Principal, now: datetime, key: str = "", reason: str = "") -> Proposal:
        """Says no; a second no changes nothing.

        Args:
            action_id: from the proposal.
            principal: who says no, from a verified token.
            now: the moment, UTC.
            key: as for `approve`.
            reason: in the person's words; masked.

        Raises:
            ActionRefused: `not_found`, `not_allowed`, `key_reused`, `expired` or `decided`.
        """
        said = short(self._mask(reason), REASON_CHARS) or "Recusada."

        def decided(found: Proposal) -> Proposal:
            if found.status == "rejected":
                return found
            rejected = self._store.change(found.id, lambda p: proposals.reject(p, principal.name, now, said))
            self._audit.decided(rejected, ["rejected"], now)
            return rejected

        return self._decide("reject", action_id, principal, now, key, decided)

    def resume(self, now: datetime) -> tuple[Proposal, ...]:
        """Finishes what somebody began and did not end, and returns that. To be called when a process starts.

        What another is at, or what cannot be done just now, is left for the next time.
        """
        found = []
        for action_id in self._store.under_way():
            proposal = self._store.find(action_id)
            if proposal is None or proposal.recorded or proposal.at(now).status in ("rejected", "expired"):
                self._store.end(action_id)
            elif proposal.status != "proposed":
                try:
                    found.append(self._resumed(proposal, now))
                except TelecomError:
                    continue
        return tuple(found)

    def _resumed(self, proposal: Proposal, now: datetime) -> Proposal:
        if proposal.status != "executed":
            proposal = self._hands.take(proposal, proposal.decided_by, now)
        return self._hands.record(proposal, now) if proposal.status == "executed" else self._hands.run(proposal, now)

    def _decide(
        self,
        verb: Verb,
        action_id: str,
        principal: Principal,
        now: datetime,
        key: str,
        decided: Callable[[Proposal], Proposal],
    ) -> Proposal:
        """One decision of a person: whether it is theirs to take, what comes of it, and a row in the audit."""
        detail: dict[str, Any] = {"action": short(action_id, 100)}
        trace, customer = "", None
        try:
            found = self._store.find(action_id)
            if found:
                trace, customer, detail = found.trace_id, found.customer_id, detail | {"type": found.type}
            result = decided(self._in_time(self._allowed(found, principal, now, verb, key), now))
        except ActionRefused as refused:
            self._attempt(verb, "refused", principal.name, trace, customer, now, detail | {"code": refused.code})
            raise
        self._attempt(verb, "allowed", principal.name, trace, customer, now, detail)
        return result

    def _allowed(self, found: Proposal | None, principal: Principal, now: datetime, verb: Verb, key: str) -> Proposal:
        if found is None or not principal.may_see(found.customer_id):
            raise not_found()
        if not may_approve(principal, found.customer_id, found.authority):
            raise ActionRefused(
                "not_allowed", f"Esta decisão cabe a {WHO[found.authority]}.", "Peça a quem pode decidir."
            )
        if key:
            self._store.use_key(key, principal.name, found.customer_id, f"{verb} {found.id}", now)
        return found

    def _in_time(self, found: Proposal, now: datetime) -> Proposal:
        """The proposal; if its time is over, that is written down once it is noticed."""
        if found.status != "proposed" or found.at(now).status != "expired":
            return found
        expired = self._store.change(found.id, lambda p: p.at(now))
        if expired.status == "expired":
            self._audit.decided(expired, ["expired"], now)
        return expired

    def _attempt(
        self,
        verb: Verb,
        outcome: Outcome,
        who: str,
        trace: str,
        customer: str | None,
        now: datetime,
        detail: dict[str, Any],
    ) -> None:
        self._audit.attempt(verb, outcome, principal=who, now=now, trace_id=trace, customer_id=customer, detail=detail)
