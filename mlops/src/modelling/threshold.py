"""What a retention offer is worth, and the one probability from which it is made."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
GRID = np.round(np.arange(0.01, 0.9951, 0.005), 3)
"""Candidate thresholds: finer steps would only follow the noise of the validation rows."""


@dataclass(frozen=True)
class EconomicsConfig:
    """The business case of one retention offer.

    Args:
        horizon_months: how long a saved customer is assumed to stay.
        offer_cost: of making the offer to one customer, whether it saves them or not (currency of the charges).
        save_rate: share of would-be leavers whom the offer keeps, 0 to 1.
        gross_margin: share of the monthly charge that is margin, 0 to 1.
    """

    horizon_months: int = 12
    offer_cost: float = 60.0
    save_rate: float = 0.30
    gross_margin: float = 0.60

    def __post_init__(self) -> None:
        if self.horizon_months <= 0 or self.offer_cost < 0:
            raise ValueError(f"horizon_months {self.horizon_months} or offer_cost {self.offer_cost} makes no sense")
        if not (0 < self.save_rate <= 1 and 0 < self.gross_margin <= 1):
            raise ValueError(f"save_rate {self.save_rate} and gross_margin {self.gross_margin} must lie in (0, 1]")

    def as_json(self) -> dict[str, float]:
        """The parameters as plain values."""
        return asdict(self)

    def value_at_stake(self, monthly_charges: npt.NDArray[Any]) -> Floats:
        """Margin expected back from treating each customer who would leave (currency)."""
        charges = np.asarray(monthly_charges, dtype=np.float64)
        return charges * (self.horizon_months * self.gross_margin * self.save_rate)

    def expected_value(self, probability: Floats, monthly_charges: npt.NDArray[Any]) -> Floats:
        """Expected value of treating each customer: p * stake - cost; positive where the offer pays."""
        return np.asarray(probability * self.value_at_stake(monthly_charges) - self.offer_cost)

    def realised_value(
        self, y: npt.NDArray[Any], treated: npt.NDArray[np.bool_], monthly_charges: npt.NDArray[Any]
    ) -> Floats:
        """Value per customer once it is known who left: stake - cost, -cost, or 0 for the untreated."""
        return np.where(treated, np.asarray(y) * self.value_at_stake(monthly_charges) - self.offer_cost, 0.0)

    def break_even(self, monthly_charge: float) -> float:
        """The probability from which the offer pays for a customer of this monthly charge."""
        return float(self.offer_cost / self.value_at_stake(np.array([monthly_charge]))[0])


@dataclass(frozen=True)
class ThresholdChoice:
    """The chosen threshold and what it is worth on the validation rows.

    Args:
        threshold: treat from this calibrated probability on.
        value_per_customer: mean realised value over all customers, treated or not.
        treated_share: of all customers.
        value_of_treating_all: for comparison; treating nobody is worth 0.
        curve: (threshold, value per customer) of every candidate.
    """

    threshold: float
    value_per_customer: float
    treated_share: float
    value_of_treating_all: float
    curve: tuple[tuple[float, float], ...]


def choose_threshold(
    y: npt.NDArray[Any], probability: Floats, monthly_charges: npt.NDArray[Any], economics: EconomicsConfig
) -> ThresholdChoice:
    """The threshold of greatest mean realised value on validation rows; among equals the highest (fewest offers).

    Args:
        y: 0/1 labels.
        probability: calibrated.
        monthly_charges: per customer, exact.
        economics: the business case.
    """
    everyone = economics.realised_value(y, np.ones(len(y), dtype=bool), monthly_charges)
    order = np.argsort(probability, kind="stable")
    from_rank = np.append(np.cumsum(everyone[order][::-1])[::-1], 0.0)
    ranks = np.searchsorted(probability[order], GRID, side="left")
    values = from_rank[ranks] / len(y)
    best = len(GRID) - 1 - int(np.argmax(values[::-1]))
    return ThresholdChoice(
        threshold=float(GRID[best]),
        value_per_customer=float(values[best]),
        treated_share=float(1 - ranks[best] / len(y)),
        value_of_treating_all=float(everyone.mean()),
        curve=tuple(zip(GRID.tolist(), values.tolist(), strict=True)),
    )
