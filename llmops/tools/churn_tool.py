"""Churn risk of the bound customer, for agents. Reads telecom_gold.telco_churn_scored, writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from llmops.tools import churn_words
from llmops.tools.context import ToolContext, ToolError, agents_only
from llmops.tools.rows import customer_rows
from llmops.tools.words import counted, day, short

MAXIMUM_AGE_DAYS = 35
"""Older scores are refused: the model speaks of the month after the snapshot."""
MOST_REASONS = 5
SEGMENTS: Mapping[str, str] = {"low": "baixo", "medium": "médio", "high": "alto"}


@dataclass(frozen=True)
class ChurnReason:
    """One reason of the model: `value` as stored, `words` in Portuguese, `effect` is what it does to the risk."""

    feature: str
    value: str
    words: str
    effect: Literal["aumenta", "reduz"]


@dataclass(frozen=True)
class ChurnRisk:
    """The newest score. `percent` is the calibrated chance (0 to 100) of leaving within the month after the snapshot;
    `reasons` come with the largest first; `age_days` count from the snapshot to the day of the turn.
    """

    percent: float
    segment: str
    segment_words: str
    reasons: tuple[ChurnReason, ...]
    snapshot_date: date
    age_days: int
    scored_at: datetime
    model_version: str


def churn_risk(context: ToolContext, *, reasons: int = 3) -> ChurnRisk:
    """The customer's risk of leaving and its largest reasons, for an agent.

    Args:
        context: the turn.
        reasons: how many, 1 to 5.

    Raises:
        ToolError: `agents_only`, `no_churn_score` or `stale_churn_score`.
    """
    agents_only(context, "O risco de cancelamento")
    return read_score(context, reasons=reasons)


def read_score(context: ToolContext, *, reasons: int = 3, maximum_age_days: int = MAXIMUM_AGE_DAYS) -> ChurnRisk:
    """As `churn_risk`, for our own rules, which decide by the score without showing it. Never given to a model."""
    rows = customer_rows(context, "customer_score", window_days=maximum_age_days)
    if not rows:
        raise _missing(context, maximum_age_days)
    row = rows[0]
    return ChurnRisk(
        percent=round(100 * row["churn_probability"], 1),
        segment=row["risk_segment"],
        segment_words=SEGMENTS[row["risk_segment"]],
        reasons=_reasons(row["top_reasons"] or (), max(1, min(reasons, MOST_REASONS))),
        snapshot_date=row["snapshot_date"],
        age_days=(context.today - row["snapshot_date"]).days,
        scored_at=row["scored_at"],
        model_version=row["model_version"],
    )


def _reasons(found: Sequence[Mapping[str, Any]], most: int) -> tuple[ChurnReason, ...]:
    return tuple(
        ChurnReason(
            feature=reason["feature"],
            value=short(reason["value"] or "", 80),
            words=churn_words.said(reason["feature"], reason["value"] or ""),
            effect="aumenta" if reason["contribution"] > 0 else "reduz",
        )
        for reason in found[:most]
    )


def _missing(context: ToolContext, maximum_age_days: int) -> ToolError:
    """No score, or an old one: which of both is asked only then."""
    older = customer_rows(context, "customer_score")
    if not older:
        return ToolError(
            "no_churn_score",
            "Ainda não há avaliação de risco de cancelamento para este cliente.",
            "Diga que o risco não foi avaliado; não estime um valor. Atenda pelo histórico de faturas e chamados.",
        )
    at = older[0]["snapshot_date"]
    age = counted((context.today - at).days, "dia", "dias")
    return ToolError(
        "stale_churn_score",
        f"A última avaliação de risco é de {day(at)} ({age}) e não vale mais; o limite é de {maximum_age_days} dias.",
        "Não use nem cite o valor antigo. Diga que o risco precisa ser recalculado e siga sem ele.",
    )
