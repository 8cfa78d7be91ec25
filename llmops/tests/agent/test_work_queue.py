"""The work queue over a generated world: order, filters, pages, and whom each agent sees."""

from typing import Any
from urllib.parse import urlencode

import pytest

from llmops.agent.turn import Principal
from llmops.agent.work_queue import Page, page, wanted_of
from llmops.tests.small_world import CUSTOMERS, DAY, generated, ids
from llmops.tools.scored import MONTHS
from telecom.adapters.local.warehouse import LocalWarehouse
from telecom.passages import folded

__all__ = ["generated"]
ALL = Principal("ana", "agent", None)


def queue(warehouse: LocalWarehouse, who: Principal = ALL, **filters: Any) -> Page:
    return page(warehouse, who, wanted_of(urlencode(filters).encode()), DAY)


def test_those_come_first_whose_leaving_costs_most(generated: LocalWarehouse) -> None:
    found = queue(generated, limit=100)
    losses = [each.expected_loss for each in found.customers]
    assert losses == sorted(losses, reverse=True) and (found.total, found.snapshot_date) == (CUSTOMERS, DAY)
    for each in found.customers:
        assert each.expected_loss == pytest.approx(each.churn_probability * each.monthly_charges * MONTHS, abs=0.01)
        assert each.name and each.city and each.contract and each.top_reasons[0].words


def test_pages_are_parts_of_one_list(generated: LocalWarehouse) -> None:
    whole = queue(generated, limit=100).customers
    parts = [each for offset in range(0, CUSTOMERS, 7) for each in queue(generated, limit=7, offset=offset).customers]
    assert tuple(parts) == whole
    assert queue(generated, limit=7, offset=CUSTOMERS).customers == ()


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"segment": "high"}, lambda each: each.risk_segment == "high"),
        ({"contract": "Two year"}, lambda each: each.contract == "Two year"),
        ({"city": "SÃO PAULO"}, lambda each: each.city == "São Paulo"),
        ({"city": "  sao  paulo "}, lambda each: each.city == "São Paulo"),
        ({"reason": "contract"}, lambda each: any(r.feature == "contract" for r in each.top_reasons)),
        ({"reason": "tenure_months"}, lambda each: any(r.feature == "tenure_months" for r in each.top_reasons)),
        ({"search": "silva"}, lambda each: "silva" in each.name.lower()),
        ({"segment": "low", "contract": "Month-to-month"},
         lambda each: (each.risk_segment, each.contract) == ("low", "Month-to-month")),
    ],
)  # fmt: skip
def test_filters_leave_exactly_those_that_they_name(
    generated: LocalWarehouse, filters: dict[str, str], holds: Any
) -> None:
    whole, found = queue(generated, limit=100), queue(generated, limit=100, **filters)
    assert found.customers == tuple(each for each in whole.customers if holds(each))
    assert found.total == len(found.customers)


def test_a_part_of_a_number_finds_its_customer(generated: LocalWarehouse) -> None:
    (first, *_) = ids(generated)
    assert first in [each.customer_id for each in queue(generated, search=first[2:].lower()).customers]


def test_names_are_found_without_accents_in_any_order_and_by_any_of_their_words(generated: LocalWarehouse) -> None:
    whole = queue(generated, limit=100).customers
    accented = next(each for each in whole if each.name and not each.name.isascii())
    first, *_, last = folded(accented.name or "").split()
    for search in (f"{last} {first}", f" {first.upper()}  {last} ", accented.name, f"{first} {accented.customer_id}"):
        assert accented.customer_id in [
            each.customer_id for each in queue(generated, search=search, limit=100).customers
        ]
    assert queue(generated, search=f"{first} {last} zzz").total == 0
    assert queue(generated, search=f"{first} {last} a a a zzz").total == 0


@pytest.mark.parametrize("search", ["%", "_", "'", "' OR '1'='1", "\\", "--", "é\x00"])
def test_what_is_looked_for_is_only_text(generated: LocalWarehouse, search: str) -> None:
    assert queue(generated, search=search).total == 0


def test_an_agent_sees_the_customers_of_their_token(generated: LocalWarehouse) -> None:
    some = frozenset(list(ids(generated))[:5])
    found = queue(generated, Principal("rui", "agent", some), limit=100)
    assert {each.customer_id for each in found.customers} == some and found.total == 5
    assert queue(generated, Principal("nil", "agent", frozenset())).total == 0
    cut = frozenset(next(ids(generated))[:4] for _ in range(1))
    assert queue(generated, Principal("cut", "agent", cut)).total == 0, "a part of a number is nobody's"


def test_old_scores_are_no_queue(generated: LocalWarehouse) -> None:
    from datetime import timedelta

    assert page(generated, ALL, wanted_of(b""), DAY + timedelta(days=60)) == Page(None, 0, 20, 0, ())
