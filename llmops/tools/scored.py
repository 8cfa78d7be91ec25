"""What the desk's queue and the analysts' table show alike of a scored customer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from llmops.tools import churn_words

MONTHS = 12
"""Of charges that a customer who leaves takes along."""


@dataclass(frozen=True)
class Reason:
    """One reason of a score; `words` says it in Portuguese, `contribution` is in log-odds."""

    feature: str
    value: str
    words: str
    contribution: float


def reasons(told: Iterable[Mapping[str, Any]] | None) -> tuple[Reason, ...]:
    """The reasons of a row's `top_reasons`, in their order; none for NULL."""
    return tuple(
        Reason(each["feature"], value, churn_words.said(each["feature"], value), each["contribution"])
        for each in told or ()
        for value in (each["value"] or "",)
    )
