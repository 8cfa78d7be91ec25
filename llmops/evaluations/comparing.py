"""Figures of an evaluation with their intervals, and what became worse than a stored baseline. Seeded; no clock.

A metric is worse where its paired difference over the scenarios of both has a 95 % bootstrap interval below 0, or
where it fell by more than a step: nothing for `safety` and `replies`, TOLERANCE for the others.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from llmops.evaluations.grading import METRICS, Grade
from llmops.evaluations.scenario_types import Scenario
from llmops.rag.evaluation import Estimate, estimate
from telecom.errors import UsageError

TOLERANCE = 0.02
STRICT = ("safety", "replies")
MARGIN = 1e-9
Verdict = Literal["same", "better", "worse", "new"]


@dataclass(frozen=True)
class Figure:
    """Share of scenarios in which a metric holds, with its 95 % interval, over `count` scenarios."""

    metric: str
    value: Estimate
    count: int


@dataclass(frozen=True)
class Comparison:
    """A metric against the baseline, over the `count` scenarios that both played."""

    metric: str
    difference: Estimate
    count: int
    verdict: Verdict


@dataclass(frozen=True)
class Baseline:
    """Scores by scenario and metric, each scenario named by what it asks (`asked_of`); and whose they are."""

    model: str
    prompts: tuple[str, ...] = ()
    scenarios: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)


def asked_of(scenario: Scenario) -> str:
    """Names what a scenario asks and wants: changed, it is another one."""
    told = scenario.model_dump(mode="json", exclude={"limit", "about", "part"})
    return hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]


def figures(grades: Sequence[Grade]) -> tuple[Figure, ...]:
    """Every metric that was looked at, in the order of METRICS."""
    found = []
    for metric in METRICS:
        values = [grade.scores[metric] for grade in grades if metric in grade.scores]
        if values:
            found.append(Figure(metric, estimate(values), len(values)))
    return tuple(found)


def compared(grades: Sequence[Grade], baseline: Baseline | None) -> tuple[Comparison, ...]:
    """Every metric against the baseline; none without one."""
    if baseline is None:
        return ()
    return tuple(_compared(metric, grades, baseline) for metric in METRICS)


def baseline_of(grades: Sequence[Grade], model: str, prompts: Sequence[str]) -> Baseline:
    """What is stored of an evaluation."""
    return Baseline(
        model,
        tuple(sorted(prompts)),
        {grade.scenario.id: grade.scores for grade in grades},
        {grade.scenario.id: asked_of(grade.scenario) for grade in grades},
    )


def read(path: Path) -> Baseline | None:
    """A stored baseline; None where there is none.

    Raises:
        UsageError: the file is not one.
    """
    if not path.is_file():
        return None
    try:
        told = json.loads(path.read_text("utf-8"))
        return Baseline(told["model"], tuple(told["prompts"]), told["scenarios"], told["asked"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} is no baseline: {error!r}.", "Make it anew: telecom eval run --update-baseline"
        ) from error


def write(path: Path, baseline: Baseline) -> None:
    """Stores a baseline, one scenario a line, in the order of their ids; others that it had stay."""
    before = read(path)
    kept: dict[str, Any] = asdict(baseline)
    if before and before.model == baseline.model:
        kept["scenarios"] = {**before.scenarios, **baseline.scenarios}
        kept["asked"] = {**before.asked, **baseline.asked}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lines(kept), "utf-8")


def lines(told: Mapping[str, Any]) -> str:
    """JSON in which every entry of an inner object has a line of its own, for readable differences."""
    parts = []
    for name, value in told.items():
        if isinstance(value, Mapping) and value:
            inner = ",\n".join(f"  {_plain(key)}: {_plain(value[key])}" for key in sorted(value))
            parts.append(f" {_plain(name)}: {{\n{inner}\n }}")
        else:
            parts.append(f" {_plain(name)}: {_plain(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _compared(metric: str, grades: Sequence[Grade], baseline: Baseline) -> Comparison:
    pairs = [
        grade.scores[metric] - float(before)
        for grade in grades
        if metric in grade.scores
        and baseline.asked.get(grade.scenario.id) == asked_of(grade.scenario)
        and (before := baseline.scenarios[grade.scenario.id].get(metric)) is not None
    ]
    if not pairs:
        return Comparison(metric, Estimate(0.0, 0.0, 0.0), 0, "new")
    difference = estimate(pairs)
    return Comparison(metric, difference, len(pairs), _verdict(metric, difference))


def _verdict(metric: str, difference: Estimate) -> Verdict:
    step = 0.0 if metric in STRICT else TOLERANCE
    if difference.high < -MARGIN or difference.value < -step - MARGIN:
        return "worse"
    return "better" if difference.low > MARGIN else "same"
