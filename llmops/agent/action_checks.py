"""May this action be done to this customer now, and who may approve it? Asked when it is proposed and when executed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from llmops.agent import action_types as types
from llmops.agent.policy import Authority
from llmops.tools import retention_checks, speed_checks, ticket_tool
from llmops.tools.context import ToolContext, ToolError
from llmops.tools.drafts import ActionType
from llmops.tools.invoices import read_invoices
from llmops.tools.line_checks import REQUESTED, requested_changes, visit_refusals
from llmops.tools.network_advice import MOST_RESTARTS_A_DAY
from llmops.tools.network_lines import LineNow, lines_now
from llmops.tools.network_measures import no_light
from llmops.tools.offer_facts import Grant, OfferFacts, read_facts
from llmops.tools.plan_catalogue import PLANS, SERVICES
from llmops.tools.retention_conditions import Refusal, Verdict, paid_up
from llmops.tools.retention_rules import RetentionRules
from llmops.tools.simulated_systems import remembered
from llmops.tools.visit_windows import Visit, why_not
from llmops.tools.words import money


@dataclass(frozen=True)
class Checked:
    """What the policy says: `facts` are what it was told, for retention actions (the ledger is asked again)."""

    verdict: Verdict
    authority: Authority
    facts: OfferFacts | None = None


def check(context: ToolContext, type_: ActionType, parameters: types.Parameters, but: str = "") -> Checked:
    """Asks the policy with what the warehouse and the records say now.

    Args:
        context: the customer, the moment and the policy (`rules`).
        type_: of the action.
        parameters: its typed parameters.
        but: an action whose own grant does not count.

    Raises:
        ToolError: what the policy needs to know cannot be told (`customer_unknown`, `no_invoices`, …).
    """
    return _CHECKS[type_](context, parameters, but)


def with_grants(
    rules: RetentionRules, parameters: types.Parameters, facts: OfferFacts, grants: tuple[Grant, ...]
) -> Verdict:
    """The policy's verdict on what counts against the ledger, as the ledger stands now; reads nothing."""
    return _retention(rules, replace(facts, grants=grants), parameters)


def _retention(rules: RetentionRules, facts: OfferFacts, p: types.Parameters) -> Verdict:
    match p:
        case types.RetentionDiscount():
            return retention_checks.discount(rules, facts, p.percent, p.months, asked=p.asked_by_customer)
        case types.FreeService():
            return retention_checks.free_service(rules, facts, p.service, p.months, asked=p.asked_by_customer)
        case types.CourtesyCredit():
            return retention_checks.courtesy_credit(rules, facts, p.amount, p.reference)
        case types.TechnicianVisit():
            return retention_checks.technical_visit(rules, facts, asked=p.asked_by_customer)
        case types.PlanChange(operation="internet_plan"):
            feasible = bool(p.feasibility)
            return speed_checks.speed_change(rules, facts, p.target, asked=p.asked_by_customer, feasible=feasible)
        case types.PlanChange():
            return Verdict(tuple(_service_change(rules, facts, p)))
    raise AssertionError(f"{type(p).__name__} is no retention action")


def _by_policy(context: ToolContext, p: types.Parameters, but: str) -> Checked:
    rules = _rules(context)
    facts = read_facts(context, rules.eligibility.maximum_score_age_days)
    facts = replace(facts, grants=tuple(grant for grant in facts.grants if grant.action_id != but))
    verdict = _retention(rules, facts, p)
    return Checked(verdict, verdict.level, facts)


def _plan_change(context: ToolContext, p: types.PlanChange, but: str) -> Checked:
    found = _by_policy(context, p, but)
    pending = [REQUESTED] if (p.operation, p.target) in requested_changes(context) else []
    verdict = replace(found.verdict, refusals=(*found.verdict.refusals, *pending))
    return replace(found, verdict=verdict, authority=_plan_authority(found, p))


def _plan_authority(found: Checked, p: types.PlanChange) -> Authority:
    """More speed is an agent's to approve; less, and services, are the customer's own choice."""
    now = speed_checks.present_plan(found.facts) if found.facts else None
    plan = PLANS.get(p.target)
    if plan and now and (plan.technology, plan.mbps) != (now.technology, now.mbps):
        return "customer" if plan.technology == now.technology and plan.mbps < now.mbps else "desk"
    return "customer"


def _service_change(rules: RetentionRules, facts: OfferFacts, p: types.PlanChange) -> Iterable[Refusal]:
    if p.target not in SERVICES:
        yield Refusal("unknown_service", "Este serviço não existe no catálogo.")
    elif p.operation == "remove_service":
        if p.target not in facts.services:
            yield Refusal("not_there", f"O cliente não tem {p.target}.")
    else:
        if p.target in facts.services:
            yield Refusal("already_has", f"O cliente já tem {p.target}.")
        if facts.internet is None:
            yield Refusal("needs_internet", "O serviço exige internet contratada.")
        yield from paid_up(rules, facts)


def _restart(context: ToolContext, p: types.ModemRestart, _: str) -> Checked:
    line = _own_line(context, p.line_id)
    return Checked(Verdict(tuple(_restart_refusals(context, line))), "customer")


def _restart_refusals(context: ToolContext, at: LineNow | None) -> Iterable[Refusal]:
    if at is None or at.line.service != "internet":
        yield _NO_LINE
        return
    if at.reading.incident:
        yield Refusal("incident", f"Há o incidente {at.reading.incident.incident_id} na região; reiniciar não adianta.")
    if at.reading.status == "restarting":
        yield Refusal("restarting", "O equipamento já está reiniciando.")
    if no_light(at.reading.levels):
        yield Refusal("no_light", "A fibra está sem luz; reiniciar não resolve.")
    if at.restarts_today(context.now) >= MOST_RESTARTS_A_DAY:
        yield Refusal("too_many_restarts", f"No máximo {MOST_RESTARTS_A_DAY} reinícios por dia em cada linha.")


def _visit(context: ToolContext, p: types.TechnicianVisit, but: str) -> Checked:
    line = _own_line(context, p.line_id)
    found = list(_visit_refusals(context, line, p))
    if not p.courtesy:
        return Checked(Verdict(tuple(found)), "customer")
    checked = _by_policy(context, p, but)
    return replace(checked, verdict=replace(checked.verdict, refusals=(*found, *checked.verdict.refusals)))


def _visit_refusals(context: ToolContext, at: LineNow | None, p: types.TechnicianVisit) -> Iterable[Refusal]:
    if at is None:
        return (_NO_LINE,)
    return visit_refusals(at, p.visit, context.now)


def _contestation(context: ToolContext, p: types.InvoiceContestation, _: str) -> Checked:
    invoice = next((i for i in read_invoices(context) if i.invoice_id == p.invoice_id), None)
    if invoice is None:
        return Checked(Verdict((_NO_INVOICE,)), "customer")
    charged = sum((item.amount for item in invoice.items if item.description == p.item), Decimal(0))
    found = []
    if not 0 < p.amount <= charged:
        found.append(Refusal("not_charged", f"A fatura não cobra {money(p.amount)} por esse item."))
    if p.amount + invoice.disputed > invoice.total:
        found.append(Refusal("already_disputed", "O valor contestado passaria do total da fatura."))
    contested = [v for v in remembered(context, "billing_adjustment") if v["kind"] == "contestation"]
    if any((value["invoice_id"], value["item"]) == (p.invoice_id, p.item) for value in contested):
        found.append(Refusal("already_disputed", "Este item já foi contestado e está em análise."))
    return Checked(Verdict(tuple(found)), "customer")


def _second_copy(context: ToolContext, p: types.SecondCopy, _: str) -> Checked:
    known = any(invoice.invoice_id == p.invoice_id for invoice in read_invoices(context))
    return Checked(Verdict(() if known else (_NO_INVOICE,)), "customer")


def _ticket(context: ToolContext, p: types.TicketRegistration, _: str) -> Checked:
    found = [
        Refusal("already_open", f"Já existe o chamado {t.ticket_id} aberto sobre {t.category_words}.")
        for t in (ticket_tool.open_of(context, p.category),)
        if t
    ]
    return Checked(Verdict(tuple(found)), "customer")


def _callback(context: ToolContext, p: types.Callback, _: str) -> Checked:
    found = []
    if why := why_not(Visit(p.day, p.window), context.now, no_service=False):
        found.append(Refusal("no_such_window", f"Não dá para ligar nesse horário: {why}."))
    booked = remembered(context, "delivery")
    if any(value["kind"] == "callback" and value["day"] == p.day.isoformat() for value in booked):
        found.append(Refusal("already_booked", "Já há uma ligação marcada para esse dia."))
    return Checked(Verdict(tuple(found)), "customer")


def _own_line(context: ToolContext, line_id: str) -> LineNow | None:
    return next((each for each in lines_now(context) if each.line.line_id == line_id), None)


def _rules(context: ToolContext) -> RetentionRules:
    if context.rules is None:
        raise ToolError("policy_unavailable", "A política de ofertas não está disponível agora.", "Não ofereça nada.")
    return context.rules


_NO_LINE = Refusal("not_theirs", "Essa linha não é deste cliente.")
_NO_INVOICE = Refusal("not_theirs", "Essa fatura não é deste cliente.")
_CHECKS: Mapping[ActionType, Callable[[ToolContext, Any, str], Checked]] = {
    "modem_restart": _restart,
    "technician_visit": _visit,
    "retention_discount": _by_policy,
    "free_service": _by_policy,
    "courtesy_credit": _by_policy,
    "plan_change": _plan_change,
    "invoice_contestation": _contestation,
    "second_copy": _second_copy,
    "ticket_registration": _ticket,
    "callback": _callback,
}
