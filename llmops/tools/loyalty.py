"""What leaving before the end of the minimum stay costs: benefit × months left ÷ 12, by the contract of permanence.

The benefit is the waived installation. Figures and rule are those of docs/telecom/contracts/contrato-permanencia.pdf,
sections 1 and 2, which a test compares.
"""

from collections.abc import Mapping
from decimal import Decimal

from llmops.tools.words import cents

STAY_MONTHS = 12
BENEFITS: Mapping[str, Decimal] = {"fibra": Decimal("240.00"), "banda larga": Decimal("120.00")}
"""By a word of the plan's name, in BRL."""


def fine_today(plan: str, contract_months: int, completed: int) -> Decimal:
    """The fine for giving up the internet today, in BRL; zero without commitment, internet or time left.

    Args:
        plan: internet plan as invoices name it; empty without internet.
        contract_months: of the contract, 1 for a monthly one.
        completed: months of the contract that are complete, 0 or more.
    """
    benefit = next((amount for word, amount in BENEFITS.items() if word in plan), Decimal(0))
    left = STAY_MONTHS - completed if contract_months > 1 else 0
    return cents(benefit * max(0, left) / STAY_MONTHS)
