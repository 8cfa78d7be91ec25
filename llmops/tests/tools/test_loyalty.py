"""What leaving early costs, against the contract's own table; and a contract whose term is over."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmops.tests.agent.stage import Stage
from llmops.tests.small_world import by_hand, dsl_row, profile_row
from llmops.tools.loyalty import BENEFITS, fine_today
from llmops.tools.words import money

CONTRACT = Path(__file__).parents[3] / "tools/knowledge_base/sources/contracts/contrato-permanencia.pdf.md"
FIBRE, COPPER = "Internet fibra 300 Mega", "Internet banda larga 10 Mega"


def test_every_month_is_as_the_contract_prints_it() -> None:
    text = CONTRACT.read_text("utf-8")
    rows = re.findall(r"(?m)^\| (\d+)[^|]*\| (R\$ [\d,]+) \| (R\$ [\d,]+) \|$", text)
    assert [int(month) for month, _, _ in rows] == list(range(1, 13))
    for month, fibre, copper in rows:
        assert (money(fine_today(FIBRE, 12, int(month))), money(fine_today(COPPER, 24, int(month)))) == (fibre, copper)
    assert all(f"| {money(amount)} |" in text for amount in BENEFITS.values())


def test_nobody_pays_without_commitment_internet_or_time_left() -> None:
    assert fine_today(FIBRE, 1, 3) == fine_today("", 12, 3) == fine_today(FIBRE, 24, 40) == Decimal("0.00")


@pytest.mark.parametrize(
    ("months", "tenure", "rows", "said"),
    [
        (12, 4, {}, "R$ 160,00"),
        (24, 7, {"customer_lines": [dsl_row()]}, "R$ 50,00"),
        (24, 0, {}, "R$ 240,00"),
    ],
)
def test_the_own_fine_is_told_whatever_was_found(months: int, tenure: int, rows: Any, said: str) -> None:
    kind = "One year" if months == 12 else "Two year"
    own = profile_row(contract=kind, contract_months=months, tenure_months=tenure, months_to_renewal=months - tenure)
    reply = Stage(warehouse=by_hand(customer_profile=[own], **rows)).say("quanto pago de multa se eu cancelar hoje?")
    assert said in reply.message and "Contrato de permanência" in reply.message
    assert "unsupported_answer" not in reply.guardrails


@pytest.mark.parametrize(("months", "tenure"), [(24, 72), (24, 24), (12, 30)])
def test_a_contract_whose_term_is_over_goes_on_month_by_month(months: int, tenure: int) -> None:
    kind = "One year" if months == 12 else "Two year"
    own = profile_row(contract=kind, contract_months=months, tenure_months=tenure, months_to_renewal=24)
    said = Stage(warehouse=by_hand(customer_profile=[own])).say("quando acaba o meu contrato?").message
    assert "segue mês a mês" in said and "Faltam" not in said


def test_a_contract_that_runs_says_how_long() -> None:
    own = profile_row(contract="Two year", contract_months=24, tenure_months=14, months_to_renewal=10)
    assert (
        "Faltam 10 meses"
        in Stage(warehouse=by_hand(customer_profile=[own])).say("quando acaba o meu contrato?").message
    )
