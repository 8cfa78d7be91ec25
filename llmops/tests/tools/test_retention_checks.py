"""The retention policy: the examples that the internal document prints, and what holds for everybody."""

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmops.agent.policy import POLICY, load_policy
from llmops.tests.small_world import DAY, NOW, RULES, by_hand, context, dsl_row, line_row
from llmops.tools import retention_checks as checks
from llmops.tools import words
from llmops.tools.network_lines import LineNow, line_of
from llmops.tools.network_simulation import read
from llmops.tools.offer_facts import Failure, Grant, OfferFacts
from llmops.tools.plan_catalogue import PLANS, SERVICES
from llmops.tools.retention_conditions import Verdict, budget_left
from llmops.tools.retention_rules import RISKS, SEGMENTS, RetentionRules
from llmops.tools.speed_checks import equipment_for, speed_change
from telecom.errors import NotFound, TelecomError
from telecom.synthetic import plans, population

LINE = line_of(line_row())
INTERNET = LineNow(LINE, read(LINE, NOW), (), DAY)
FACTS = OfferFacts(
    now=NOW,
    segment="standard",
    tenure_months=30,
    monthly_charge=Decimal("70.00"),
    consent_offers=True,
    overdue_invoices=0,
    risk="high",
    services=frozenset({"Suporte técnico premium"}),
    internet=INTERNET,
    unmended=False,
    failures=(),
    grants=(),
)


def codes(verdict: Verdict) -> set[str]:
    return {refusal.code for refusal in verdict.refusals}


def grant(kind: str, cost: str, days_ago: int, lasts: int = 0, detail: str = "") -> Grant:
    day = DAY - timedelta(days=days_ago)
    return Grant(f"a{days_ago}", kind, Decimal(cost), day, day + timedelta(days=lasts), detail)


def facts(**changes: Any) -> OfferFacts:
    return replace(FACTS, **changes)


def test_the_documents_examples() -> None:
    assert checks.discount_cap(RULES, FACTS) == (22, 6) and checks.best_discount(RULES, FACTS) == (22, 6)
    assert checks.discount_cost(FACTS, 22, 6) == Decimal("92.40") and checks.discount_cost(FACTS, 22, 1) == Decimal(
        "15.40"
    )
    small = facts(segment="essential", risk="low", tenure_months=60, monthly_charge=Decimal("30.00"))
    assert checks.best_discount(RULES, small) == (0, 0)
    large = facts(segment="premium", tenure_months=10, monthly_charge=Decimal("110.00"))
    assert checks.best_discount(RULES, large) == (25, 10)
    assert codes(checks.discount(RULES, large, 25, 12, asked=True)) == {"over_budget"}


def test_costs_are_rounded_once() -> None:
    assert checks.discount_cost(facts(monthly_charge=Decimal("20.35")), 10, 3) == Decimal("6.11")


def test_levels_follow_the_percentage() -> None:
    levels = [checks.discount(RULES, FACTS, percent, 1, asked=True).level for percent in (1, 10, 11, 20, 21, 22)]
    assert levels == ["agent", "agent", "supervisor", "supervisor", "manager", "manager"]


@pytest.mark.parametrize(
    ("changes", "asked", "code"),
    [
        ({"overdue_invoices": 1}, True, "overdue_invoices"),
        ({"risk": None}, True, "no_valid_score"),
        ({"tenure_months": 5}, True, "too_new"),
        ({"consent_offers": False}, False, "no_consent"),
        ({"unmended": True}, True, "line_first"),
        ({"grants": (grant("discount", "10.00", 10, 60),)}, True, "active_offer"),
        ({"grants": (grant("free_service", "10.00", 100, 60),)}, True, "offer_too_recent"),
        ({"monthly_charge": Decimal("15.50")}, True, "below_minimum_charge"),
        ({"now": NOW.replace(year=2027, month=8)}, True, "policy_not_in_force"),
        ({"grants": (grant("courtesy_credit", "145.00", 300),)}, True, "over_budget"),
    ],
)
def test_each_condition_alone_refuses_a_discount(changes: dict[str, Any], asked: bool, code: str) -> None:
    assert checks.discount(RULES, FACTS, 10, 1, asked=asked).allowed
    assert codes(checks.discount(RULES, facts(**changes), 10, 1, asked=asked)) == {code}


def test_consent_is_not_asked_of_who_asked() -> None:
    assert checks.discount(RULES, facts(consent_offers=False), 10, 1, asked=True).allowed


anybody = st.builds(
    facts,
    segment=st.sampled_from(SEGMENTS),
    risk=st.sampled_from((*RISKS, None)),
    tenure_months=st.integers(0, 80),
    monthly_charge=st.integers(1_000, 13_000).map(lambda cents: Decimal(cents) / 100),
    grants=st.lists(
        st.builds(
            grant,
            st.sampled_from(("discount", "free_service", "courtesy_credit", "technical_visit", "speed_change")),
            st.integers(0, 15_000).map(lambda cents: str(Decimal(cents) / 100)),
            st.integers(0, 900),
            st.integers(0, 200),
        ),
        max_size=3,
    ).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(anybody, st.integers(-5, 110), st.integers(-3, 30))
def test_no_discount_is_allowed_beyond_cap_minimum_and_budget(who: OfferFacts, percent: int, months: int) -> None:
    verdict = checks.discount(RULES, who, percent, months, asked=True)
    if verdict.allowed:
        assert who.risk is not None and 0 < months <= 12 and 0 < percent <= 30
        cap = RULES.cap(who.segment, who.risk)
        assert percent <= cap.maximum_percent + 5 and months <= cap.maximum_months
        assert who.monthly_charge * (100 - percent) / 100 >= Decimal("15.00")
        assert verdict.cost <= budget_left(RULES, who) <= RULES.budget.per_customer[who.segment]
    best, longest = checks.best_discount(RULES, who)
    refused = codes(checks.discount(RULES, who, best, longest, asked=True)) if best else set()
    assert not refused & {"above_cap", "below_minimum_charge", "over_budget"}
    if verdict.allowed:
        assert percent <= best


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9_000), st.integers(0, 80)), max_size=12))
def test_credits_never_exceed_the_year_whatever_the_order(asked: list[tuple[int, int]]) -> None:
    given_so_far: tuple[Grant, ...] = ()
    who = facts(failures=tuple(Failure(f"T{n}", DAY) for n in range(12)))
    for number, (cents, _) in enumerate(asked):
        amount = Decimal(cents) / 100
        if checks.courtesy_credit(RULES, replace(who, grants=given_so_far), amount, f"T{number}").allowed:
            given_so_far = (*given_so_far, Grant(f"a{number}", "courtesy_credit", amount, DAY, DAY, f"T{number}"))
    assert sum((each.cost for each in given_so_far), Decimal(0)) <= RULES.courtesy_credit.maximum_per_year


def test_a_credit_needs_a_failure_of_the_last_thirty_days_once() -> None:
    known = facts(
        failures=(Failure("T1", DAY - timedelta(days=30)), Failure("T0", DAY - timedelta(days=31))), risk=None
    )
    found = checks.courtesy_credit(RULES, known, Decimal("15.00"), "T1")
    assert found.allowed and found.level == "agent" and found.cost == Decimal("15.00")
    assert checks.courtesy_credit(RULES, known, Decimal("40.01"), "T1").level == "manager"
    assert codes(checks.courtesy_credit(RULES, known, Decimal("15.00"), "T0")) == {"no_failure"}
    assert codes(checks.courtesy_credit(RULES, known, Decimal("80.01"), "T1")) == {"above_cap", "above_year"}
    again = replace(known, grants=(Grant("a", "courtesy_credit", Decimal("5.00"), DAY, DAY, "T1"),))
    assert codes(checks.courtesy_credit(RULES, again, Decimal("5.00"), "T1")) == {"already_credited"}


def test_a_free_service_is_one_of_the_list_that_the_customer_lacks() -> None:
    assert checks.free_service(RULES, FACTS, "Streaming TV", 3, asked=True).cost == Decimal("30.00")
    wrong = {
        "unknown_service": ("Suporte técnico premium", 1),
        "above_cap": ("Streaming TV", 4),
    }
    for code, (name, months) in wrong.items():
        assert code in codes(checks.free_service(RULES, FACTS, name, months, asked=True))
    has = facts(services=frozenset({"Streaming TV"}))
    assert codes(checks.free_service(RULES, has, "Streaming TV", 1, asked=True)) == {"already_has"}
    low = checks.free_service(RULES, facts(risk="low", internet=None), "Streaming TV", 1, asked=True)
    assert codes(low) == {"risk_not_covered", "needs_internet"}
    before = facts(grants=(grant("free_service", "30.00", 300, 90, "Streaming TV"),))
    assert codes(checks.free_service(RULES, before, "Streaming TV", 1, asked=True)) == {"given_recently"}
    assert checks.free_service(RULES, before, "Streaming filmes", 1, asked=True).allowed


def test_courtesy_visits_are_counted_by_the_year() -> None:
    assert checks.technical_visit(RULES, facts(unmended=True), asked=True).allowed
    twice = facts(grants=(grant("technical_visit", "60.00", 360), grant("technical_visit", "60.00", 200)))
    assert codes(checks.technical_visit(RULES, twice, asked=True)) == {"above_year", "over_budget"}


def test_speed_changes() -> None:
    def asked(target: str, who: OfferFacts = FACTS, feasible: bool = False) -> set[str]:
        return codes(speed_change(RULES, who, target, asked=True, feasible=feasible))

    assert asked("Internet fibra 500 Mega") == set()
    assert asked("Internet fibra 700 Mega") == {"one_step"}
    assert asked("Internet fibra 300 Mega") == {"same_plan"}
    assert asked("Internet fibra 900 Mega") == asked("Internet banda larga 25 Mega") == {"unknown_plan"}
    changed = facts(grants=(grant("speed_change", "0.00", 100),))
    assert asked("Internet fibra 500 Mega", changed) == {"changed_recently"}
    weak = line_of(line_row(optical_power_dbm=-26.0))
    dim = facts(internet=LineNow(weak, read(weak, NOW), (), DAY))
    assert asked("Internet fibra 500 Mega", dim) == {"line_too_weak"}
    copper = line_of(dsl_row())
    old = facts(internet=LineNow(copper, read(copper, NOW), (), DAY), unmended=True)
    assert asked("Internet banda larga 15 Mega", old) == {"line_first"}
    assert asked("Internet fibra 300 Mega", old) == {"no_feasibility"}
    assert asked("Internet fibra 300 Mega", old, feasible=True) == set()
    poor = facts(overdue_invoices=2, tenure_months=0)
    assert asked("Internet fibra 500 Mega", poor) == {"overdue_invoices", "too_new"}


def test_going_down_is_always_possible_and_new_speeds_may_need_new_equipment() -> None:
    row = line_of(line_row(contracted_mbps=700.0, equipment_model="ONT G1"))
    who = facts(internet=LineNow(row, read(row, NOW), (), DAY), overdue_invoices=3, unmended=True)
    assert speed_change(RULES, who, "Internet fibra 300 Mega", asked=True, feasible=False).allowed
    assert equipment_for(RULES, who, PLANS["Internet fibra 700 Mega"]) == ("ONT AX6",)
    assert equipment_for(RULES, who, PLANS["Internet fibra 300 Mega"]) == ()


def test_the_catalogue_has_the_prices_of_the_generated_world() -> None:
    cents = {plan.technology: int(plan.price * 100) for plan in PLANS.values()}
    assert cents == {"FTTH": population.INTERNET_PRICE[1], "xDSL": population.INTERNET_PRICE[0]}
    assert [int(service.price * 100) for service in SERVICES.values()] == population.SERVICE_PRICES.tolist()
    speeds = [plan.mbps for plan in PLANS.values()]
    assert tuple(speeds) == (*plans.FIBER_SPEEDS, *plans.DSL_SPEEDS)
    assert tuple(service.column for service in SERVICES.values()) == plans.SERVICE_COLUMNS


def test_the_catalogue_is_the_published_one() -> None:
    page = (POLICY.parents[1] / "plans" / "catalogo-planos.html").read_text("utf-8")
    price, printed = "", {}
    for row in re.findall(r"<tr>(.*?)</tr>", page):
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row)
        price = next((cell for cell in cells if cell.startswith("R$")), price)
        printed |= dict.fromkeys(cells[:1], price)
    ours = {each.name: words.money(each.price) for each in (*PLANS.values(), *SERVICES.values())}
    assert {name: printed.get(name) for name in ours} == ours


def test_the_policy_is_the_documents() -> None:
    assert RULES.id == "retencao" and RULES.valid_from <= date(2026, 11, 20) <= RULES.valid_until
    assert load_policy() is load_policy()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ceiling_percent: 30", "ceiling_percent: 20", "above ceiling_percent"),
        ("risk: low, maximum_percent: 0", "risk: high, maximum_percent: 0", "exactly once"),
        ("maximum_percent: 0, maximum_months: 0", "maximum_percent: 0, maximum_months: 3", "zero together"),
        ('minimum_monthly_after: "15.00"', "minimum_monthly_after: 15.00", "no amount"),
        ("maximum_active_offers: 1", "maximum_active_offers: 0", "maximum_active_offers"),
        ("unasked_offer_needs_consent: true", "unasked_offer_needs_consent: 1", "unasked_offer_needs_consent"),
        ("FTTH: [300, 500, 700]", "FTTH: [300, 700]", "speeds of the catalogue"),
        ("Streaming filmes]", "Filmes]", "services of the catalogue"),
        ("{level: manager, up_to_percent: 30}", "{level: manager, up_to_percent: 15}", "does not rise"),
        ('manager: "80.00"', 'manager: "30.00"', "does not rise with the level"),
        ('premium: "300.00"', 'gold: "300.00"', "premium"),
        ("valid_until: 2027-06-30", "valid_until: 2026-06-30", "after valid_until"),
        ("  proposal_valid_days: 7", "  proposal_valid_days: 7\n  surprise: 1", "surprise"),
        (
            "  maximum_overdue_invoices: 0",
            "  maximum_overdue_invoices: 0\n  maximum_overdue_invoices: 9",
            "stands twice",
        ),
        ("id: retencao", "id: [", "not valid"),
    ],
)
def test_a_policy_that_does_not_hang_together_is_not_loaded(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = POLICY.read_text("utf-8")
    assert old in text
    path = tmp_path / "policy.yaml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(TelecomError, match=r"policy\.yaml") as refused:
        load_policy(path)
    assert said in str(refused.value)


def test_a_policy_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no retention policy"):
        load_policy(tmp_path / "none.yaml")


def test_rules_are_not_changed_by_accident() -> None:
    assert isinstance(RULES, RetentionRules)
    with pytest.raises(ValueError, match="frozen"):
        RULES.version = "4"  # type: ignore[misc]
    assert context(by_hand()).rules is RULES
