"""What may be offered to the bound customer, by the retention policy. Reads facts, writes nothing.

In the order of the policy's conversation: what costs nothing, a fitting plan, then services and discounts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from llmops.tools import retention_checks as checks
from llmops.tools.context import ToolContext, ToolError
from llmops.tools.drafts import ActionDraft
from llmops.tools.line_checks import REQUESTED, requested_changes, visit_refusals
from llmops.tools.offer_facts import OfferFacts, read_facts
from llmops.tools.plan_catalogue import PLANS, SERVICES, InternetPlan
from llmops.tools.retention_conditions import Refusal, Verdict, budget_left
from llmops.tools.retention_rules import Level, RetentionRules
from llmops.tools.speed_checks import equipment_for, present_plan, speed_change
from llmops.tools.visit_windows import next_visit
from llmops.tools.words import counted, listed, money

Kind = Literal["speed_upgrade", "fibre_migration", "remove_service", "free_service", "discount", "technical_visit"]
LEVELS: Mapping[Level, str] = {"agent": "atendente", "supervisor": "supervisor", "manager": "gerente"}
CHANGE, REMOVE = "internet_plan", "remove_service"
Changes = frozenset[tuple[str, str]]
NO_LINE = Refusal("needs_internet", "A visita exige internet contratada.")
HIGH_ATTENUATION_DB = 50.0
"""Beyond it copper carries no more, and the upgrade policy suggests fibre."""


@dataclass(frozen=True)
class Offer:
    """Something that fits. Money in BRL: `monthly_change` while it lasts (negative: less to pay), `saves` in all (a
    removed service: a month). `approval` is who may approve it; `reason` why it fits, for the reader of the sheet;
    `draft` proposes it, for a reason that the customer may read, too.
    """

    kind: Kind
    title: str
    monthly_change: Decimal
    months: int | None
    saves: Decimal
    approval: str
    reason: str
    draft: ActionDraft


@dataclass(frozen=True)
class NotOffered:
    """Something that does not fit now, and why; for agents."""

    kind: Kind
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class OfferSheet:
    """What fits and what does not. Caps and budget are for agents: a customer's sheet has None and nothing there.
    `fastest` is the plan of the catalogue with the most speed.
    """

    plan: str
    monthly_charge: Decimal
    offers: tuple[Offer, ...]
    not_offered: tuple[NotOffered, ...]
    maximum_percent: int | None
    maximum_months: int | None
    budget_left: Decimal | None
    policy: str
    fastest: str = ""


def find_offers(context: ToolContext, *, asked_by_customer: bool = False) -> OfferSheet:
    """Plans, upgrades and, for agents, retention offers that the policy allows this customer now.

    Args:
        context: the turn; its `rules` are the policy.
        asked_by_customer: whether the customer asked; otherwise offers need their consent. A customer who is in the
            session always asked.

    Raises:
        ToolError: `policy_unavailable`, `customer_unknown` or `no_contract`.
    """
    rules = context.rules
    if rules is None:
        raise ToolError(
            "policy_unavailable",
            "A política de ofertas não está disponível agora.",
            "Não ofereça desconto nem condição comercial; atenda o restante.",
        )
    facts = read_facts(context, rules.eligibility.maximum_score_age_days)
    agent = context.role == "agent"
    asked = asked_by_customer or not agent
    requested = requested_changes(context)
    found = [
        *_plans(rules, facts, asked, requested),
        *_removals(facts, requested),
        *(_retention(rules, facts, asked) if agent else ()),
    ]
    most, longest = checks.discount_cap(rules, facts)
    now = present_plan(facts)
    return OfferSheet(
        plan=now.name if now else "",
        monthly_charge=facts.monthly_charge,
        offers=tuple(each for each in found if isinstance(each, Offer)),
        not_offered=tuple(each for each in found if isinstance(each, NotOffered)) if agent else (),
        maximum_percent=most if agent else None,
        maximum_months=longest if agent else None,
        budget_left=budget_left(rules, facts) if agent else None,
        policy=f"{rules.id} {rules.version}" if agent else "",
        fastest=max(PLANS.values(), key=_mbps).name,
    )


def _plans(rules: RetentionRules, facts: OfferFacts, asked: bool, requested: Changes) -> Iterable[Offer | NotOffered]:
    now = present_plan(facts)
    if now is None:
        return
    faster = min(
        (p for p in PLANS.values() if p.technology == now.technology and p.mbps > now.mbps), key=_mbps, default=None
    )
    if faster:
        verdict = _not_again(speed_change(rules, facts, faster.name, asked=asked, feasible=False), faster, requested)
        yield _upgrade(rules, facts, faster, asked) if verdict.allowed else _no("speed_upgrade", verdict)
    if now.technology == "xDSL":
        fibre = min((p for p in PLANS.values() if p.technology == "FTTH"), key=_mbps)
        verdict = _not_again(speed_change(rules, facts, fibre.name, asked=asked, feasible=True), fibre, requested)
        yield _migration(rules, facts, fibre, asked) if verdict.allowed else _no("fibre_migration", verdict)


def _not_again(verdict: Verdict, plan: InternetPlan, requested: Changes) -> Verdict:
    if (CHANGE, plan.name) not in requested:
        return verdict
    return replace(verdict, refusals=(*verdict.refusals, REQUESTED))


def _mbps(plan: InternetPlan) -> int:
    return plan.mbps


def _upgrade(rules: RetentionRules, facts: OfferFacts, plan: InternetPlan, asked: bool) -> Offer:
    swap = equipment_for(rules, facts, plan)
    device = f" Inclui a troca do equipamento por {listed(swap)}, sem custo." if swap else ""
    reason = f"Mais velocidade sem mudar a mensalidade; a linha comporta.{device}"
    return Offer(
        kind="speed_upgrade",
        title=f"Mudar para {plan.name}",
        monthly_change=rules.speed_upgrade.monthly_difference.same_technology,
        months=None,
        saves=Decimal("0.00"),
        approval=LEVELS[rules.speed_upgrade.approval],
        reason=reason,
        draft=_plan_change(reason, plan, asked),
    )


def _migration(rules: RetentionRules, facts: OfferFacts, plan: InternetPlan, asked: bool) -> Offer:
    more = rules.speed_upgrade.monthly_difference.xdsl_to_ftth
    attenuation = facts.internet.line.attenuation_db if facts.internet else None
    far = attenuation is not None and attenuation > HIGH_ATTENUATION_DB
    why = "O par de cobre tem atenuação alta e não comporta mais velocidade. " if far or facts.unmended else ""
    reason = f"{why}Custa {money(more)} a mais por mês e depende da viabilidade no endereço."
    return Offer(
        kind="fibre_migration",
        title=f"Migrar para {plan.name}",
        monthly_change=more,
        months=None,
        saves=Decimal("0.00"),
        approval=LEVELS[rules.speed_upgrade.approval],
        reason=reason,
        draft=_plan_change(reason, plan, asked),
    )


def _plan_change(reason: str, plan: InternetPlan, asked: bool) -> ActionDraft:
    given: dict[str, str | int | bool] = {"operation": CHANGE, "target": plan.name}
    return ActionDraft("plan_change", reason, given | {"asked_by_customer": asked})


def _removals(facts: OfferFacts, requested: Changes) -> Iterable[Offer]:
    """Extra services that could be given up: a smaller plan retains, too."""
    for service in SERVICES.values():
        if service.name in facts.services and (REMOVE, service.name) not in requested:
            reason = f"Reduz {money(service.price)} por mês, se o serviço não é usado."
            yield Offer(
                kind="remove_service",
                title=f"Retirar {service.name}",
                monthly_change=-service.price,
                months=None,
                saves=service.price,
                approval=LEVELS["agent"],
                reason=reason,
                draft=ActionDraft("plan_change", reason, {"operation": REMOVE, "target": service.name}),
            )


def _retention(rules: RetentionRules, facts: OfferFacts, asked: bool) -> Iterable[Offer | NotOffered]:
    yield _best_free_service(rules, facts, asked)
    yield _discount(rules, facts, asked)
    yield _visit(rules, facts, asked)


def _best_free_service(rules: RetentionRules, facts: OfferFacts, asked: bool) -> Offer | NotOffered:
    """The dearest allowed service for as many months as fit."""
    policy = rules.free_service
    names = sorted(policy.services, key=lambda name: (-SERVICES[name].price, name))
    tried = [(name, n) for name in names for n in range(policy.maximum_months, 0, -1)]
    verdicts = [(name, n, checks.free_service(rules, facts, name, n, asked=asked)) for name, n in tried]
    for name, months, verdict in verdicts:
        if verdict.allowed:
            time = counted(months, "mês", "meses")
            given: dict[str, str | int | bool] = {"service": name, "months": months, "asked_by_customer": asked}
            return Offer(
                kind="free_service",
                title=f"{name} grátis por {time}",
                monthly_change=Decimal("0.00"),
                months=months,
                saves=verdict.cost,
                approval=LEVELS[verdict.level],
                reason=f"Vale {money(verdict.cost)} e cabe no orçamento do cliente.",
                draft=ActionDraft("free_service", f"Vale {money(verdict.cost)} no total.", given),
            )
    return _no("free_service", verdicts[-1][2])


def _discount(rules: RetentionRules, facts: OfferFacts, asked: bool) -> Offer | NotOffered:
    percent, months = checks.best_discount(rules, facts)
    verdict = checks.discount(rules, facts, max(percent, 1), max(months, 1), asked=asked)
    if not percent or not verdict.allowed:
        return _no("discount", verdict)
    monthly = checks.discount_cost(facts, percent, 1)
    time = counted(months, "mês", "meses")
    worth = f"Reduz {money(monthly)} por mês, {money(verdict.cost)} no total."
    given: dict[str, str | int | bool] = {"percent": percent, "months": months, "asked_by_customer": asked}
    return Offer(
        kind="discount",
        title=f"Até {percent} % de desconto por {time}",
        monthly_change=-monthly,
        months=months,
        saves=verdict.cost,
        approval=LEVELS[verdict.level],
        reason=f"É o teto: {money(monthly)} por mês, {money(verdict.cost)} no total. Comece abaixo dele.",
        draft=ActionDraft("retention_discount", worth, given),
    )


def _visit(rules: RetentionRules, facts: OfferFacts, asked: bool) -> Offer | NotOffered:
    verdict, visit = checks.technical_visit(rules, facts, asked=asked), next_visit(facts.now, no_service=False)
    against = visit_refusals(facts.internet, visit, facts.now) if facts.internet else (NO_LINE,)
    verdict = replace(verdict, refusals=(*against, *verdict.refusals))
    if facts.internet is None or not verdict.allowed:
        return _no("technical_visit", verdict)
    given: dict[str, str | int | bool] = {
        "line_id": facts.internet.line.line_id,
        "day": visit.day.isoformat(),
        "window": visit.window,
        "courtesy": True,
        "asked_by_customer": asked,
    }
    reason = "Para defeito dentro de casa, que teria custo; falha nossa já é gratuita."
    return Offer(
        kind="technical_visit",
        title="Visita técnica de cortesia",
        monthly_change=Decimal("0.00"),
        months=None,
        saves=verdict.cost,
        approval=LEVELS[verdict.level],
        reason=reason,
        draft=ActionDraft("technician_visit", reason, given),
    )


def _no(kind: Kind, verdict: Verdict) -> NotOffered:
    return NotOffered(kind, tuple(refusal.words for refusal in verdict.refusals))
