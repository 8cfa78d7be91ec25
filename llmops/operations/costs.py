"""What a message costs, and whether that rose: the last 24 hours against the same hours of the day before.

The same rule is the policy `assistant_cost` of infra/terraform/modules/monitoring; a test compares both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from telecom.ports import Reader
from telecom.queries import read_query

QUERIES = Path(__file__).parent / "queries"
DAY = timedelta(days=1)
ROUNDING = 1e-9
"""A share below which two prices are the same: sums of binary fractions are not exact."""


@dataclass(frozen=True)
class Rule:
    """When it is too much: cost per message rises by more than `increase`, with `messages` or more in both windows."""

    increase: float = 0.2
    messages: int = 100


RULE = Rule()


@dataclass(frozen=True)
class Window:
    """Answers of some hours, and what their tokens cost in USD."""

    messages: int
    cost_usd: float

    @property
    def per_message(self) -> float:
        """USD; 0 without messages."""
        return self.cost_usd / self.messages if self.messages else 0.0


@dataclass(frozen=True)
class Verdict:
    """Both windows, and what the rule says of them.

    `rise` is a share of the cost per message before: 0.25 is a quarter more; None where there was none before.
    """

    recent: Window
    before: Window
    rise: float | None
    fires: bool
    sentence: str


@dataclass(frozen=True)
class Costs:
    """The verdict, and each model's part of both windows."""

    until: datetime
    verdict: Verdict
    recent_by_model: Mapping[str, Window]
    before_by_model: Mapping[str, Window]


def judge(recent: Window, before: Window, rule: Rule = RULE) -> Verdict:
    """Whether the cost per message rose too much; too few messages in either window never do.

    From nothing to something is more than any share.
    """
    rise = recent.per_message / before.per_message - 1 if before.per_message else None
    if min(recent.messages, before.messages) < rule.messages:
        few = f"{recent.messages:,} and {before.messages:,} messages: fewer than {rule.messages:,} say nothing."
        return Verdict(recent, before, rise, False, few)
    fires = recent.per_message > (1 + rule.increase) * before.per_message * (1 + ROUNDING)
    told = f"A message costs {recent.per_message:.6f} USD; a day earlier it was {before.per_message:.6f} USD"
    how = "nothing before" if rise is None else f"{rise:+.1%}"
    return Verdict(recent, before, rise, fires, f"{told} ({how}).")


def run(warehouse: Reader, now: datetime, rule: Rule = RULE) -> Costs:
    """Judges the 24 hours up to `now` (UTC)."""
    edges = {
        "until": now,
        "since": now - DAY,
        "until_before": now - DAY,
        "since_before": now - 2 * DAY,
        "first_day": (now - 2 * DAY).date(),
        "last_day": now.date(),
    }
    rows = warehouse.query(read_query(QUERIES, "cost_windows"), edges).to_pylist()
    recent = _by_model(row for row in rows if row["recent"])
    before = _by_model(row for row in rows if not row["recent"])
    return Costs(now, judge(_whole(recent.values()), _whole(before.values()), rule), recent, before)


def _by_model(rows: Iterable[Mapping[str, Any]]) -> dict[str, Window]:
    return {row["model"]: Window(row["messages"], row["cost_usd"]) for row in rows}


def _whole(parts: Iterable[Window]) -> Window:
    kept = list(parts)
    return Window(sum(part.messages for part in kept), sum(part.cost_usd for part in kept))
