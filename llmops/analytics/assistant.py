"""How the assistant does: answers, latency, cost, verdicts, and what its guardrails stopped. Reads monitoring."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from llmops.analytics.asking import DaysWanted, load_query
from telecom.ports import Reader

DIMENSIONS = ("day", "intent", "model", "prompt", "channel")


@dataclass(frozen=True)
class Answers:
    """Answers that share a day, intent, model, prompt or channel; times are nearest-rank percentiles.

    `ups` and `downs` are verdicts of people; `cost_per_answer` is in USD.
    """

    part: str
    answers: int
    degraded_share: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    tokens: int
    cost_usd: float
    cost_per_answer: float
    ups: int
    downs: int


@dataclass(frozen=True)
class AssistantFigures:
    """Figures of the days from `since` on; `whole` is None where nothing was answered."""

    since: date
    until: date
    whole: Answers | None
    by: Mapping[str, tuple[Answers, ...]]
    guardrails: Mapping[str, int]
    attempts: tuple[Mapping[str, Any], ...]


def figures(reader: Reader, wanted: DaysWanted, today: date) -> AssistantFigures:
    """The figures of the last days, today included."""
    since = today - timedelta(days=wanted.days - 1)
    window = {"since": since, "today": today}
    rows = reader.query(load_query("usage"), window).to_pylist()
    hits = reader.query(load_query("guardrails"), window).to_pylist()
    return AssistantFigures(
        since=since,
        until=today,
        whole=next((_answers(row) for row in rows if row["dimension"] == "all"), None),
        by={name: tuple(_answers(row) for row in rows if row["dimension"] == name) for name in DIMENSIONS},
        guardrails=counted(hits),
        attempts=tuple(reader.query(load_query("decisions"), window).to_pylist()),
    )


def counted(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Rows of `guardrails.sql` by code without what follows its colon, the most frequent first."""
    hits: Counter[str] = Counter()
    for row in rows:
        for code in (row["hits"] or "").split(","):
            if code.strip():
                hits[code.strip().strip('"').partition(":")[0]] += row["answers"]
    return dict(sorted(hits.items(), key=lambda hit: (-hit[1], hit[0])))


def _answers(row: Mapping[str, Any]) -> Answers:
    same = ("part", "answers", "p50_ms", "p95_ms", "p99_ms", "tokens", "cost_usd", "ups", "downs")
    return Answers(
        **{name: row[name] for name in same},
        degraded_share=row["degraded"] / row["answers"],
        cost_per_answer=row["cost_usd"] / row["answers"],
    )
