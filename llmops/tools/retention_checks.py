"""What the retention policy says to one offer for one customer. Pure: facts in, verdict out, the same for a quote and
for the execution of an approved action.
"""

from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal

from llmops.tools.offer_facts import OfferFacts
from llmops.tools.plan_catalogue import SERVICES
from llmops.tools.retention_conditions import (
    Refusal,
    Verdict,
    budget_left,
    common,
    in_force,
    mended,
    months_words,
    one_at_a_time,
    paid_up,
    spent,
    tenure,
    within_budget,
)
from llmops.tools.retention_rules import LEVELS, Level, RetentionRules
from llmops.tools.words import cents, counted, money


def discount(rules: RetentionRules, facts: OfferFacts, percent: int, months: int, *, asked: bool) -> Verdict:
    """A discount of `percent` on the monthly charge for so many months."""
    found = [*common(rules, facts, asked), *one_at_a_time(rules, facts), *mended(rules, facts, "discount")]
    found += tenure(facts, rules.discount.minimum_tenure_months)
    most, longest = discount_cap(rules, facts)
    if percent < 1 or months < 1:
        found.append(Refusal("not_an_offer", "Desconto precisa de porcentagem e meses maiores que zero."))
    if not most and facts.risk:
        found.append(Refusal("no_discount", "A política não prevê desconto para este perfil."))
    elif most and (percent > most or months > longest):
        found.append(Refusal("above_cap", f"O teto para este perfil é {most} % por {months_words(longest)}."))
    if facts.monthly_charge * (100 - percent) / 100 < rules.discount.minimum_monthly_after:
        least = money(rules.discount.minimum_monthly_after)
        found.append(Refusal("below_minimum_charge", f"Com o desconto a mensalidade ficaria abaixo de {least}."))
    cost = discount_cost(facts, percent, months)
    return Verdict((*found, *within_budget(rules, facts, cost)), cost, level_for(rules, percent))


def discount_cap(rules: RetentionRules, facts: OfferFacts) -> tuple[int, int]:
    """Most percent (tenure bonus in it) and most months for this segment and risk; (0, 0): none."""
    if facts.risk is None:
        return 0, 0
    cap = rules.cap(facts.segment, facts.risk)
    if not cap.maximum_percent:
        return 0, 0
    bonus = max(
        (b.percent_points for b in rules.discount.tenure_bonus if facts.tenure_months >= b.from_months), default=0
    )
    return min(cap.maximum_percent + bonus, rules.discount.ceiling_percent), cap.maximum_months


def discount_cost(facts: OfferFacts, percent: int, months: int) -> Decimal:
    """Monthly charge × percent ÷ 100 × months, to the cent."""
    return cents(facts.monthly_charge * percent * months / 100)


def best_discount(rules: RetentionRules, facts: OfferFacts) -> tuple[int, int]:
    """The largest percentage that fits cap and minimum, for as many months as the budget allows; (0, 0): none."""
    most, longest = discount_cap(rules, facts)
    if not most or not facts.monthly_charge:
        return 0, 0
    room = 100 * (1 - rules.discount.minimum_monthly_after / facts.monthly_charge)
    percent = min(most, int(room.to_integral_value(ROUND_FLOOR)))
    left = budget_left(rules, facts)
    while percent > 0:
        months = next((n for n in range(longest, 0, -1) if discount_cost(facts, percent, n) <= left), 0)
        if months:
            return percent, months
        percent -= 1
    return 0, 0


def free_service(rules: RetentionRules, facts: OfferFacts, name: str, months: int, *, asked: bool) -> Verdict:
    """An extra service without charge for so many months."""
    policy = rules.free_service
    found = [*common(rules, facts, asked), *one_at_a_time(rules, facts), *mended(rules, facts, "free_service")]
    found += tenure(facts, policy.minimum_tenure_months)
    if facts.risk not in policy.risks:
        found.append(Refusal("risk_not_covered", "A política não prevê serviço grátis para este perfil."))
    if name not in policy.services:
        return Verdict((*found, Refusal("unknown_service", "Este serviço não pode ser dado como oferta.")))
    if name in facts.services:
        found.append(Refusal("already_has", f"O cliente já tem {name}."))
    if policy.needs_internet and facts.internet is None:
        found.append(Refusal("needs_internet", "A oferta exige internet contratada."))
    if not 1 <= months <= policy.maximum_months:
        found.append(Refusal("above_cap", f"O limite é de {months_words(policy.maximum_months)}."))
    since = _months_before(facts.today, policy.months_between_same_service)
    if any(g.kind == "free_service" and g.detail == name and g.granted_on > since for g in facts.grants):
        words = f"{name} já foi dado nos últimos {months_words(policy.months_between_same_service)}."
        found.append(Refusal("given_recently", words))
    cost = cents(SERVICES[name].price * months)
    return Verdict((*found, *within_budget(rules, facts, cost)), cost, policy.approval)


def courtesy_credit(rules: RetentionRules, facts: OfferFacts, amount: Decimal, reference: str) -> Verdict:
    """A credit for a failure, by the number of its ticket or incident. It adds to other offers, at any risk."""
    policy = rules.courtesy_credit
    found = [*in_force(rules, facts), *paid_up(rules, facts)]
    since = facts.today - timedelta(days=policy.maximum_days_since_failure)
    if not any(failure.reference == reference and failure.on >= since for failure in facts.failures):
        limit = f"nos últimos {policy.maximum_days_since_failure} dias"
        found.append(Refusal("no_failure", f"Não há chamado nem incidente {limit} com esse número."))
    if any(g.kind == "courtesy_credit" and g.detail == reference for g in facts.grants):
        found.append(Refusal("already_credited", "Esta ocorrência já teve crédito de cortesia."))
    level = next((name for name in LEVELS if amount <= policy.maximum_per_event[name]), None)
    if amount <= 0 or level is None:
        most = money(policy.maximum_per_event["manager"])
        found.append(Refusal("above_cap", f"O crédito por ocorrência vai até {most}."))
    if spent(rules, facts, ("courtesy_credit",)) + amount > policy.maximum_per_year:
        found.append(Refusal("above_year", f"No ano, o limite é de {money(policy.maximum_per_year)} em créditos."))
    return Verdict((*found, *within_budget(rules, facts, amount)), amount, level or "manager")


def technical_visit(rules: RetentionRules, facts: OfferFacts, *, asked: bool) -> Verdict:
    """A visit without charge as an offer, for what is not our fault."""
    policy = rules.technical_visit
    found = [*common(rules, facts, asked), *one_at_a_time(rules, facts)]
    if facts.risk not in policy.risks:
        found.append(Refusal("risk_not_covered", "A política não prevê visita de cortesia para este perfil."))
    since = facts.today - timedelta(days=365)
    if sum(g.kind == "technical_visit" and g.granted_on > since for g in facts.grants) >= policy.maximum_per_year:
        words = f"O limite é de {counted(policy.maximum_per_year, 'visita', 'visitas')} de cortesia por ano."
        found.append(Refusal("above_year", words))
    return Verdict((*found, *within_budget(rules, facts, policy.cost)), policy.cost, policy.approval)


def level_for(rules: RetentionRules, percent: int) -> Level:
    """The lowest level that may approve a discount; beyond all bounds, the highest (and the cap refuses)."""
    return next((step.level for step in rules.approval if percent <= step.up_to_percent), LEVELS[-1])


def _months_before(today: date, months: int) -> date:
    """The same day of an earlier month, at most its 28th."""
    number = today.year * 12 + today.month - 1 - months
    return date(number // 12, number % 12 + 1, min(today.day, 28))
