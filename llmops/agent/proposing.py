"""From a draft to a proposal that lies on the desk. The policy is asked, so that nothing impossible is proposed."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from llmops.agent import action_types as types
from llmops.agent.action_checks import Checked, check
from llmops.agent.action_store import ActionStore
from llmops.agent.carrying_out import why
from llmops.agent.proposals import ActionRefused, Proposal, reject
from llmops.tools.context import ToolContext, ToolError
from llmops.tools.drafts import ActionDraft, ActionType
from llmops.tools.retention_rules import RetentionRules
from llmops.tools.words import short

MOST_OPEN, REASON_CHARS = 10, 300
AGENTS_PROPOSE: frozenset[ActionType] = frozenset(("retention_discount", "free_service", "courtesy_credit"))
"""What a customer's own session never proposes; nor does it a visit as a courtesy."""
ONE_AT_A_TIME: dict[ActionType, tuple[str, ...]] = {"callback": (), "technician_visit": ("line_id",)}
"""Of these the proposer's newest proposal takes the place of the one before, where these parameters are the same."""
REPLACED = "Substituída por uma proposta mais nova."
Mask = Callable[[str], str]


def lay_down(
    store: ActionStore, rules: RetentionRules, mask: Mask, context: ToolContext, draft: ActionDraft
) -> Proposal:
    """Keeps a proposal; an equal one that still waits is returned instead, and one that it replaces is taken back.

    Raises:
        ToolError: see `Actions.propose`.
    """
    parameters = types.masked(types.parse(draft.type, draft.parameters), mask)
    if context.role == "customer":
        parameters = types.asked_themselves(parameters)
    _check_proposer(context, draft.type, parameters)
    plain = types.as_json(parameters)
    waiting = [p for p in store.of(context.customer_id, context.now) if p.status == "proposed"]
    for proposal in waiting:
        if (proposal.type, proposal.parameters) == (draft.type, plain):
            return proposal
    replaced = [p for p in waiting if _replaces(context, draft.type, plain, p)]
    if len(waiting) - len(replaced) >= MOST_OPEN:
        hint = "Não proponha mais; peça que decidam as que esperam."
        raise ToolError("too_many_open", "Há propostas demais esperando decisão.", hint)
    checked = check(replace(context, rules=rules), draft.type, parameters)
    if not checked.verdict.allowed:
        hint = "Explique o motivo com estas palavras; não proponha de novo o mesmo."
        raise ToolError("not_possible", why(checked.verdict), hint)
    spec = types.SPECS[draft.type]
    wait = spec.waits or timedelta(days=rules.eligibility.proposal_valid_days)
    proposal = _proposal(context, draft.type, short(mask(draft.reason), REASON_CHARS), parameters, checked, wait)
    store.add(proposal)
    for old in replaced:
        # Somebody may have decided it in the meantime, which stands.
        with suppress(ActionRefused):
            store.change(old.id, lambda p: reject(p, context.principal, context.now, REPLACED))
    return proposal


def _replaces(context: ToolContext, type_: ActionType, plain: Mapping[str, Any], old: Proposal) -> bool:
    """Whether a new proposal takes the place of one that waits: of the same person, about the same, no offer."""
    if type_ not in ONE_AT_A_TIME or old.type != type_ or old.retention:
        return False
    if (old.proposed_by, old.proposer_role) != (context.principal, context.role):
        return False
    return not plain.get("courtesy") and all(old.parameters[name] == plain[name] for name in ONE_AT_A_TIME[type_])


def _proposal(
    context: ToolContext,
    type_: ActionType,
    reason: str,
    parameters: types.Parameters,
    checked: Checked,
    wait: timedelta,
) -> Proposal:
    spec = types.SPECS[type_]
    return Proposal(
        id=f"act_{secrets.token_urlsafe(24)}",
        type=type_,
        title=spec.title(parameters),
        reason=reason,
        parameters=types.as_json(parameters),
        customer_id=context.customer_id,
        authority=checked.authority,
        risk=spec.risk,
        retention=spec.retention or types.is_courtesy(parameters),
        status="proposed",
        proposed_at=context.now,
        expires_at=context.now + wait,
        proposed_by=context.principal,
        proposer_role=context.role,
        trace_id=context.trace_id,
    )


def _check_proposer(context: ToolContext, type_: ActionType, parameters: types.Parameters) -> None:
    if context.role == "customer" and (type_ in AGENTS_PROPOSE or types.is_courtesy(parameters)):
        raise ToolError(
            "agents_only",
            "Essa condição precisa ser avaliada por um atendente.",
            "Ofereça encaminhar a conversa; não prometa nem cite valores.",
        )
