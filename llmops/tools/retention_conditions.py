"""Conditions that offers share: each gives the reasons why not, in Portuguese. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from llmops.tools.offer_facts import OfferFacts
from llmops.tools.retention_rules import Level, RetentionRules
from llmops.tools.words import counted, day, money

ZERO = Decimal(0)
EXCLUSIVE = ("discount", "free_service", "technical_visit")
"""Offers of which a customer has one at a time. Credits add to them, and a change of speed is no favour."""


@dataclass(frozen=True)
class Refusal:
    """One reason why not: a stable code and a sentence in Portuguese."""

    code: str
    words: str


@dataclass(frozen=True)
class Verdict:
    """Allowed where `refusals` is empty: what it costs against the budget, and the lowest level that may approve."""

    refusals: tuple[Refusal, ...]
    cost: Decimal = ZERO
    level: Level = "agent"

    @property
    def allowed(self) -> bool:
        """Nothing speaks against it."""
        return not self.refusals


def common(rules: RetentionRules, facts: OfferFacts, asked: bool) -> list[Refusal]:
    """What every offer but a credit is asked, the score included."""
    found = [*in_force(rules, facts), *paid_up(rules, facts), *consented(rules, facts, asked)]
    if facts.risk is None:
        limit = rules.eligibility.maximum_score_age_days
        found.append(Refusal("no_valid_score", f"Falta uma avaliação de risco com no máximo {limit} dias."))
    return found


def in_force(rules: RetentionRules, facts: OfferFacts) -> list[Refusal]:
    """The policy holds today."""
    if rules.valid_from <= facts.today <= rules.valid_until:
        return []
    return [Refusal("policy_not_in_force", f"A política de retenção vale até {day(rules.valid_until)}.")]


def paid_up(rules: RetentionRules, facts: OfferFacts) -> list[Refusal]:
    """No invoice is overdue."""
    if facts.overdue_invoices <= rules.eligibility.maximum_overdue_invoices:
        return []
    has = counted(facts.overdue_invoices, "fatura vencida", "faturas vencidas")
    return [Refusal("overdue_invoices", f"Há {has} em aberto; ofertas só depois do pagamento.")]


def consented(rules: RetentionRules, facts: OfferFacts, asked: bool) -> list[Refusal]:
    """The customer asked for it, or consented to offers."""
    if asked or facts.consent_offers or not rules.eligibility.unasked_offer_needs_consent:
        return []
    return [Refusal("no_consent", "O cliente não autorizou contatos com ofertas e não pediu esta.")]


def one_at_a_time(rules: RetentionRules, facts: OfferFacts) -> list[Refusal]:
    """No other offer is active or ended a short while ago."""
    ends = [grant.ends_on for grant in facts.grants if grant.kind in EXCLUSIVE]
    active = sum(end >= facts.today for end in ends)
    if active >= rules.eligibility.maximum_active_offers:
        return [Refusal("active_offer", f"Já há uma oferta em vigor até {day(max(ends))}.")]
    pause = timedelta(days=rules.eligibility.days_since_last_offer_ended)
    over = [end for end in ends if end < facts.today]
    if over and facts.today - max(over) < pause:
        return [Refusal("offer_too_recent", f"Uma nova oferta só a partir de {day(max(over) + pause)}.")]
    return []


def mended(rules: RetentionRules, facts: OfferFacts, kind: str) -> list[Refusal]:
    """Lines that do not work are mended before such an offer."""
    if not facts.unmended or kind not in rules.eligibility.unmended_line_blocks:
        return []
    return [Refusal("line_first", "Uma linha está com falha: primeiro se conserta.")]


def tenure(facts: OfferFacts, least: int) -> list[Refusal]:
    """A customer for so many months."""
    return [] if facts.tenure_months >= least else [Refusal("too_new", f"Exige {months_words(least)} de casa.")]


def within_budget(rules: RetentionRules, facts: OfferFacts, cost: Decimal) -> list[Refusal]:
    """The cost fits what is left of the customer's budget."""
    left = budget_left(rules, facts)
    if cost <= left:
        return []
    return [Refusal("over_budget", f"Custa {money(cost)} e restam {money(left)} do orçamento do cliente.")]


def budget_left(rules: RetentionRules, facts: OfferFacts) -> Decimal:
    """What may still be granted, in BRL."""
    return max(rules.budget.per_customer[facts.segment] - spent(rules, facts, rules.budget.counts), ZERO)


def spent(rules: RetentionRules, facts: OfferFacts, kinds: Iterable[str]) -> Decimal:
    """What grants of these kinds cost within the budget's window, in BRL."""
    since = facts.today - timedelta(days=rules.budget.window_days)
    these = frozenset(kinds)
    return sum((g.cost for g in facts.grants if g.kind in these and g.granted_on > since), ZERO)


def months_words(count: int) -> str:
    """`1 mês`, `3 meses`."""
    return counted(count, "mês", "meses")
