"""Why customers leave: the generated world's churn mechanism, known to the last coefficient."""

from dataclasses import dataclass

import numpy as np

from telecom.synthetic.identity import Floats
from telecom.synthetic.population import (
    ELECTRONIC_CHECK,
    FIBER,
    MAILED_CHECK,
    MONTHLY,
    MOVIES,
    NO_INTERNET,
    ONE_YEAR,
    SECURITY,
    SUPPORT,
    TV,
    TWO_YEARS,
    Population,
    sigmoid,
)


@dataclass(frozen=True)
class ChurnMechanism:
    """Log-odds of leaving; each field is added where its name holds, or multiplies the quantity named."""

    base: float = 1.34
    one_year: float = -0.7
    two_years: float = -1.85
    log_tenure: float = -0.615  # × ln(1 + months)
    fiber: float = 0.38
    no_internet: float = -0.2
    price: float = 0.021  # × (monthly charges − 65)
    electronic_check: float = 0.3
    mailed_check: float = -0.1
    paperless: float = 0.34
    senior: float = 0.02
    dependents: float = -0.12
    phone: float = -1.0
    second_line: float = 0.24
    security: float = -0.47
    support: float = -0.34
    streaming: float = 0.02  # × services of television and films
    first_month: float = 0.45
    fiber_without_support: float = 0.12
    senior_month_to_month: float = 0.28
    price_new_month_to_month: float = 0.008  # × (monthly charges − 65), month to month, first year

    def logits(self, p: Population) -> Floats:
        """Log-odds of churn of each customer, float64."""
        price = p.monthly / 100.0 - 65.0
        fiber, month_to_month = p.internet == FIBER, p.contract == MONTHLY
        supported = p.services[:, SUPPORT]
        logits: Floats = (
            self.base
            + self.one_year * (p.contract == ONE_YEAR)
            + self.two_years * (p.contract == TWO_YEARS)
            + self.log_tenure * np.log1p(p.tenure)
            + self.first_month * (p.tenure <= 1)
            + self.fiber * fiber
            + self.no_internet * (p.internet == NO_INTERNET)
            + self.price * price
            + self.electronic_check * (p.payment == ELECTRONIC_CHECK)
            + self.mailed_check * (p.payment == MAILED_CHECK)
            + self.paperless * p.paperless
            + self.senior * p.senior
            + self.dependents * p.dependents
            + self.phone * p.phone
            + self.second_line * p.second_line
            + self.security * p.services[:, SECURITY]
            + self.support * supported
            + self.streaming * p.services[:, [TV, MOVIES]].sum(axis=1)
            + self.fiber_without_support * (fiber & ~supported)
            + self.senior_month_to_month * (p.senior & month_to_month)
            + self.price_new_month_to_month * price * (month_to_month & (p.tenure <= 12))
        )
        return logits

    def probabilities(self, p: Population) -> Floats:
        """True probability of churn of each customer, 0 to 1."""
        return sigmoid(self.logits(p))


def expected_auc(probabilities: Floats) -> float:
    """The AUC that the true probabilities themselves reach on average: no model can expect more.

    The chance that of two customers, one leaving and one staying, the leaver has the higher probability; ties
    count half. Sums over all pairs of P(i leaves) · P(j stays), j ≠ i, in O(n log n).
    """
    p = np.sort(probabilities)
    stay = 1.0 - p
    lower_stay = np.concatenate([[0.0], np.cumsum(stay)[:-1]])
    first = np.searchsorted(p, p, side="left")
    last = np.searchsorted(p, p, side="right") - 1
    strictly_lower = lower_stay[first]
    tied = lower_stay[last] + stay[last] - strictly_lower - stay
    pairs = p.sum() * stay.sum() - (p * stay).sum()
    return float((p * (strictly_lower + 0.5 * tied)).sum() / pairs)
