"""Who may approve what."""

import pytest

from llmops.agent.policy import LEVELS, SCOPES, Authority, may_approve
from llmops.tests.agent.desk import agent, customer
from llmops.tests.small_world import CUSTOMER


@pytest.mark.parametrize("authority", ["customer", "desk", "agent", "supervisor", "manager"])
def test_nobody_approves_for_a_customer_whom_they_may_not_see(authority: Authority) -> None:
    stranger = agent("eva", *SCOPES.values(), customers=frozenset({"0002-BBBBB"}))
    assert not may_approve(stranger, CUSTOMER, authority)
    assert not may_approve(customer("0002-BBBBB"), CUSTOMER, authority)


@pytest.mark.parametrize("authority", ["desk", "agent", "supervisor", "manager"])
def test_customers_approve_what_is_theirs_only(authority: Authority) -> None:
    assert may_approve(customer(), CUSTOMER, "customer") and not may_approve(customer(), CUSTOMER, authority)


def test_levels_reach_downwards() -> None:
    for place, level in enumerate(LEVELS):
        person = agent("ana", SCOPES[level], customers=frozenset({CUSTOMER}))
        assert [may_approve(person, CUSTOMER, other) for other in LEVELS] == [n <= place for n in range(len(LEVELS))]
    plain = agent("ana", "something:else")
    assert may_approve(plain, CUSTOMER, "desk") and may_approve(plain, CUSTOMER, "customer")
    assert not may_approve(plain, CUSTOMER, "agent")
