"""Whether an internet plan may be changed, and to which: the upgrade policy. Pure."""

from collections.abc import Iterable
from datetime import timedelta

from llmops.tools.network_lines import LineNow
from llmops.tools.offer_facts import OfferFacts
from llmops.tools.plan_catalogue import PLANS, InternetPlan, plan_of
from llmops.tools.retention_conditions import Refusal, Verdict, consented, in_force, mended, paid_up, tenure
from llmops.tools.retention_rules import RetentionRules
from llmops.tools.words import day


def present_plan(facts: OfferFacts) -> InternetPlan | None:
    """The catalogue's plan of the customer's internet line; None without one."""
    line = facts.internet.line if facts.internet else None
    return plan_of(line.technology, line.contracted_mbps) if line else None


def speed_change(rules: RetentionRules, facts: OfferFacts, target: str, *, asked: bool, feasible: bool) -> Verdict:
    """A change of the internet plan to one of the catalogue: a step up, any step down, or copper to fibre.

    Args:
        rules: the policy.
        facts: of the customer.
        target: the plan as invoices name it.
        asked: the customer asked for it.
        feasible: that fibre reaches the address was confirmed.
    """
    plan, now = PLANS.get(target), present_plan(facts)
    if plan is None or now is None or facts.internet is None or (now.technology, plan.technology) == ("FTTH", "xDSL"):
        return Verdict((Refusal("unknown_plan", "Não há mudança possível para esse plano."),))
    if plan == now:
        return Verdict((Refusal("same_plan", "O cliente já tem esse plano."),))
    if plan.technology == now.technology and plan.mbps < now.mbps:
        return Verdict(())
    found = [*_conditions(rules, facts), *consented(rules, facts, asked)]
    if plan.technology != now.technology:
        if not feasible:
            found.append(Refusal("no_feasibility", "A migração para a fibra exige a viabilidade no endereço."))
    else:
        found += [*mended(rules, facts, "speed_upgrade"), *_carries(rules, facts.internet, plan, now)]
    return Verdict(tuple(found), level=rules.speed_upgrade.approval)


def equipment_for(rules: RetentionRules, facts: OfferFacts, plan: InternetPlan) -> tuple[str, ...]:
    """Models of which one has to take the place of the present equipment; empty where that serves."""
    models = rules.speed_upgrade.equipment_from_mbps.get(plan.mbps, ())
    present = facts.internet.line.equipment_model if facts.internet else None
    return () if present in models else models


def _conditions(rules: RetentionRules, facts: OfferFacts) -> Iterable[Refusal]:
    policy = rules.speed_upgrade
    yield from (*in_force(rules, facts), *paid_up(rules, facts), *tenure(facts, policy.minimum_tenure_months))
    changed = max((g.granted_on for g in facts.grants if g.kind == "speed_change"), default=None)
    pause = timedelta(days=policy.days_since_last_speed_change)
    if changed and facts.today - changed < pause:
        yield Refusal("changed_recently", f"A próxima mudança de velocidade pode ser feita em {day(changed + pause)}.")


def _carries(rules: RetentionRules, internet: LineNow, plan: InternetPlan, now: InternetPlan) -> Iterable[Refusal]:
    """One step at a time, over a line that is good enough."""
    policy, levels = rules.speed_upgrade, internet.reading.levels
    steps = policy.steps["FTTH" if plan.technology == "FTTH" else "xDSL"]
    if steps.index(plan.mbps) - steps.index(now.mbps) > 1:
        yield Refusal("one_step", "Sobe-se um degrau de velocidade por vez.")
    value, least, name = levels.snr_margin_db, policy.minimum_snr_margin_db, "margem de ruído"
    if plan.technology == "FTTH":
        value, least, name = levels.optical_power_dbm, policy.minimum_optical_power_dbm, "potência óptica"
    if value is None or value < least:
        yield Refusal("line_too_weak", f"A linha não tem {name} suficiente para a nova velocidade.")
