"""The retention policy as its YAML has it, validated strictly. What it means is in `retention_checks`."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictStr, model_validator

from llmops.tools.plan_catalogue import PLANS, SERVICES

Segment = Literal["essential", "standard", "premium"]
Risk = Literal["low", "medium", "high"]
Level = Literal["agent", "supervisor", "manager"]
Blockable = Literal["discount", "free_service", "speed_upgrade"]
Counted = Literal["discount", "free_service", "courtesy_credit", "technical_visit"]
SEGMENTS: tuple[Segment, ...] = ("essential", "standard", "premium")
RISKS: tuple[Risk, ...] = ("low", "medium", "high")
LEVELS: tuple[Level, ...] = ("agent", "supervisor", "manager")
_AMOUNT = re.compile(r"\d{1,6}\.\d{2}")


def _amount(value: Any) -> Decimal:
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise ValueError(f'{value!r} is no amount; write it in quotes with two decimals, like "15.00"')
    return Decimal(value)


Money = Annotated[Decimal, BeforeValidator(_amount)]
Count = Annotated[int, Field(strict=True, ge=0, le=10_000)]
Percent = Annotated[int, Field(strict=True, ge=0, le=100)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Eligibility(_Frozen):
    """Asked of every offer."""

    maximum_overdue_invoices: Count
    maximum_score_age_days: Count
    maximum_active_offers: Annotated[int, Field(strict=True, ge=1, le=10)]
    days_since_last_offer_ended: Count
    unasked_offer_needs_consent: StrictBool
    unmended_line_blocks: tuple[Blockable, ...]
    proposal_valid_days: Annotated[int, Field(strict=True, ge=1, le=90)]


class Cap(_Frozen):
    """The most that a customer of a segment and risk may get."""

    segment: Segment
    risk: Risk
    maximum_percent: Percent
    maximum_months: Annotated[int, Field(strict=True, ge=0, le=24)]

    @model_validator(mode="after")
    def _nothing_or_something(self) -> "Cap":
        if bool(self.maximum_percent) != bool(self.maximum_months):
            raise ValueError(f"cap of {self.segment}/{self.risk}: percent and months are zero together")
        return self


class TenureBonus(_Frozen):
    """Points on top of the cap from so many months."""

    from_months: Count
    percent_points: Percent


class Discount(_Frozen):
    """Discounts on the monthly charge."""

    minimum_tenure_months: Count
    caps: tuple[Cap, ...]
    tenure_bonus: tuple[TenureBonus, ...]
    ceiling_percent: Percent
    minimum_monthly_after: Money

    @model_validator(mode="after")
    def _one_cap_each(self) -> "Discount":
        named = sorted((cap.segment, cap.risk) for cap in self.caps)
        if named != sorted((segment, risk) for segment in SEGMENTS for risk in RISKS):
            raise ValueError("caps name every segment and risk exactly once")
        if high := [cap for cap in self.caps if cap.maximum_percent > self.ceiling_percent]:
            raise ValueError(f"the cap of {high[0].segment}/{high[0].risk} is above ceiling_percent")
        return self


class FreeService(_Frozen):
    """An extra service without charge for some months."""

    minimum_tenure_months: Count
    risks: tuple[Risk, ...]
    services: tuple[StrictStr, ...]
    needs_internet: StrictBool
    maximum_months: Annotated[int, Field(strict=True, ge=1, le=24)]
    months_between_same_service: Count
    approval: Level

    @model_validator(mode="after")
    def _known_services(self) -> "FreeService":
        if unknown := set(self.services) - set(SERVICES):
            raise ValueError(f"{sorted(unknown)} are not services of the catalogue")
        return self


class CourtesyCredit(_Frozen):
    """A credit for a failure."""

    maximum_days_since_failure: Count
    maximum_per_event: Mapping[Level, Money]
    maximum_per_year: Money

    @model_validator(mode="after")
    def _rising(self) -> "CourtesyCredit":
        if tuple(self.maximum_per_event) != LEVELS:
            raise ValueError(f"maximum_per_event names {', '.join(LEVELS)}, in this order")
        if list(self.maximum_per_event.values()) != sorted(self.maximum_per_event.values()):
            raise ValueError("maximum_per_event does not rise with the level")
        return self


class MonthlyDifference(_Frozen):
    """What a change of speed costs more a month."""

    same_technology: Money
    xdsl_to_ftth: Money


class SpeedUpgrade(_Frozen):
    """Changes of speed and technology."""

    minimum_tenure_months: Count
    days_since_last_speed_change: Count
    steps: Mapping[Literal["FTTH", "xDSL"], tuple[Count, ...]]
    monthly_difference: MonthlyDifference
    minimum_optical_power_dbm: Annotated[float, Field(strict=True, ge=-40, le=-3)]
    minimum_snr_margin_db: Annotated[float, Field(strict=True, ge=0, le=40)]
    equipment_from_mbps: Mapping[Count, tuple[StrictStr, ...]]
    approval: Level

    @model_validator(mode="after")
    def _steps_of_the_catalogue(self) -> "SpeedUpgrade":
        known = {kind: tuple(p.mbps for p in PLANS.values() if p.technology == kind) for kind in ("FTTH", "xDSL")}
        if dict(self.steps) != known:
            raise ValueError(f"steps are not the speeds of the catalogue, {known}")
        return self


class TechnicalVisit(_Frozen):
    """A visit without charge as an offer."""

    risks: tuple[Risk, ...]
    maximum_per_year: Count
    cost: Money
    approval: Level


class Approval(_Frozen):
    """Up to which percentage a level approves."""

    level: Level
    up_to_percent: Percent


class Budget(_Frozen):
    """The cost of what one customer may be granted within so many days."""

    window_days: Annotated[int, Field(strict=True, ge=1, le=1_000)]
    per_customer: Mapping[Segment, Money]
    counts: tuple[Counted, ...]

    @model_validator(mode="after")
    def _every_segment(self) -> "Budget":
        if set(self.per_customer) != set(SEGMENTS):
            raise ValueError(f"per_customer names {', '.join(SEGMENTS)}")
        return self


class RetentionRules(_Frozen):
    """The whole policy. It holds from `valid_from` to `valid_until`, both included."""

    id: StrictStr
    version: StrictStr
    valid_from: date
    valid_until: date
    documents: tuple[StrictStr, ...]
    eligibility: Eligibility
    discount: Discount
    free_service: FreeService
    courtesy_credit: CourtesyCredit
    speed_upgrade: SpeedUpgrade
    technical_visit: TechnicalVisit
    approval: tuple[Approval, ...]
    budget: Budget

    @model_validator(mode="after")
    def _hangs_together(self) -> "RetentionRules":
        if self.valid_from > self.valid_until:
            raise ValueError("valid_from is after valid_until")
        if tuple(step.level for step in self.approval) != LEVELS:
            raise ValueError(f"approval names {', '.join(LEVELS)}, in this order")
        bounds = [step.up_to_percent for step in self.approval]
        if bounds != sorted(bounds) or bounds[-1] < self.discount.ceiling_percent:
            raise ValueError("approval does not rise to ceiling_percent")
        return self

    def cap(self, segment: Segment, risk: Risk) -> Cap:
        """The cap of a segment and risk."""
        return next(cap for cap in self.discount.caps if (cap.segment, cap.risk) == (segment, risk))
