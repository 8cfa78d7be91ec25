"""Regression of the assistant: plays the scenarios over HTTP, grades them, compares with the stored baseline, reports.

Reads the scenarios and `baselines/<model>.json`; writes results.json, junit.xml, report.md and index.html. Nothing in
them is of the clock: whoever evaluates the responder twice has the same files. Behind it is `telecom eval run`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmops.evaluations import arena, comparing, grading, playing, prompt_results, report_page, reports
from llmops.evaluations.comparing import Comparison, Figure
from llmops.evaluations.grading import Check, Grade
from llmops.evaluations.playing import Played
from llmops.evaluations.scenario_types import PARTS, Scenario, ScenarioSet
from llmops.evaluations.service_client import Service
from telecom.errors import GateRefused
from telecom.progress import Progress
from telecom.settings import Settings

BASELINES = Path(__file__).parent / "baselines"
TRIES = 3
"""A machine that was too busy says nothing about the answer; what is degraded is played again."""
MOST_REASONS = 12
UNSAFE_NAME = re.compile(r"[^A-Za-z0-9.-]+")
Similar = Callable[[Played], Sequence[Check]]


@dataclass(frozen=True)
class Evaluation:
    """What came of an evaluation.

    Args:
        model: who answered: `responder`, or a model's id.
        part: of the scenarios.
        label: a header of the caller's choice.
        asked: names the scenarios.
        prompts: versions that were used.
        figures: metrics with intervals.
        comparisons: the same against the baseline; empty without one.
        played, grades: scenario by scenario, in their order.
    """

    model: str
    part: str
    label: str
    asked: str
    prompts: tuple[str, ...]
    figures: tuple[Figure, ...]
    comparisons: tuple[Comparison, ...]
    played: tuple[Played, ...]
    grades: tuple[Grade, ...]

    @property
    def unexplained(self) -> tuple[Grade, ...]:
        """Development scenarios that fail without a stated limit."""
        return tuple(g for g in self.failed if g.scenario.part == "development" and not g.scenario.limit)

    @property
    def remark(self) -> str:
        """Says so where nothing is stored to compare with."""
        decide = " and ".join(comparing.STRICT)
        return "" if self.comparisons else f"There is no baseline for {self.model}: {decide} decide, and nothing else."

    @property
    def failed(self) -> tuple[Grade, ...]:
        """Scenarios that fail."""
        return tuple(grade for grade in self.grades if not grade.passed)

    @property
    def overcome(self) -> tuple[Grade, ...]:
        """Scenarios that pass although a limit is stated."""
        return tuple(grade for grade in self.grades if grade.passed and grade.scenario.limit)

    @property
    def by_part(self) -> dict[str, tuple[Figure, ...]]:
        """The figures of each part that was played."""
        split = {name: [grade for grade in self.grades if grade.scenario.part == name] for name in PARTS}
        return {name: comparing.figures(grades) for name, grades in split.items() if grades}

    @property
    def worse(self) -> tuple[Comparison, ...]:
        """Metrics that became worse."""
        return tuple(each for each in self.comparisons if each.verdict == "worse")


def run(
    settings: Settings,
    scenarios: ScenarioSet,
    *,
    model: str = arena.RESPONDER,
    part: str = "all",
    label: str = "",
    similar: Similar | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Plays, grades and compares.

    Args:
        settings: of whoever evaluates.
        scenarios: all of them; `part` chooses.
        model: see `arena.answering`.
        part: development, held-back, adversarial or all.
        label: for the header of the reports.
        similar: further checks by meaning; None: none.
        progress: is told what takes long.
    """
    model = arena.answering(settings, model)
    chosen = scenarios.of(part) if model == arena.RESPONDER else scenarios.of(part).without_limits()
    with arena.opened(settings, model, progress) as service:
        customers = playing.customers_of(service, chosen)
        tries = TRIES if model == arena.RESPONDER else 1
        played = tuple(_played(service, each, customers.get(each.customer, ""), tries) for each in chosen.scenarios)
    grades = tuple(_graded(each, similar) for each in played)
    prompts = {str(answer.reply.get("prompt_version", "")) for each in played for answer in each.answers} - {""}
    known = comparing.read(baseline_path(model))
    return Evaluation(
        model=model,
        part=part,
        label=label,
        asked=chosen.digest,
        prompts=tuple(sorted(prompts)),
        figures=comparing.figures(grades),
        comparisons=comparing.compared(grades, known),
        played=played,
        grades=grades,
    )


def report(found: Evaluation, folder: Path) -> tuple[Path, ...]:
    """Writes the four reports; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {
        "results.json": reports.as_json(found),
        "junit.xml": reports.as_junit(found),
        "report.md": reports.as_markdown(found),
        "index.html": report_page.as_page(found),
    }
    for name, text in made.items():
        (folder / name).write_text(text, "utf-8")
    return tuple(folder / name for name in made)


def update_baseline(found: Evaluation) -> Path:
    """Makes this evaluation the one to be compared with."""
    path = baseline_path(found.model)
    comparing.write(path, comparing.baseline_of(found.grades, found.model, found.prompts))
    prompt_results.add(prompt_results.recorded(found.model, found.part, found.asked, found.grades))
    return path


def table(found: Evaluation) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows for a terminal."""
    against = {each.metric: each for each in found.comparisons}
    rows: list[tuple[str, ...]] = []
    for each in found.figures:
        other = against.get(each.metric)
        told = str(other.difference) if other and other.count else "-"
        rows.append((each.metric, str(each.value), str(each.count), told, other.verdict if other else "-"))
    return ("metric", "share [95 %]", "scenarios", "against the baseline", "verdict"), rows


def summary(found: Evaluation, files: Sequence[Path]) -> dict[str, Any]:
    """The same for machines."""
    return {
        "model": found.model,
        "part": found.part,
        "scenarios": len(found.grades),
        "passed": sum(grade.passed for grade in found.grades),
        "metrics": found.figures,
        "by_part": found.by_part,
        "against_baseline": found.comparisons,
        "worse": [each.metric for each in found.worse],
        "unexplained": [grade.scenario.id for grade in found.unexplained],
        "files": [str(path) for path in files],
    }


def check(found: Evaluation) -> None:
    """Lets pass what is not worse; without a baseline, what fails none of the strict metrics.

    Raises:
        GateRefused: with every metric that became worse and, of the responder, every failing development scenario
            without a limit.
    """
    reasons = [
        f"{each.metric}: {each.difference.value:+.3f} [{each.difference.low:+.3f}, {each.difference.high:+.3f}] "
        f"over {each.count} scenarios"
        for each in found.worse
    ]
    if found.remark:
        reasons += [
            f"{metric} fails in {grade.scenario.id}"
            for metric in comparing.STRICT
            for grade in found.grades
            if grade.scores.get(metric, 1.0) < 1.0
        ]
    if found.model == arena.RESPONDER:
        reasons += [f"{grade.scenario.id} fails, and states no limit" for grade in found.unexplained]
    if reasons:
        told = "; ".join(reasons[:MOST_REASONS]) + ("; …" if len(reasons) > MOST_REASONS else "")
        raise GateRefused(
            "evaluation", f"The assistant is not good enough: {told}. {found.remark}".rstrip(), tuple(reasons)
        )


def baseline_path(model: str) -> Path:
    """Where a model's baseline lies."""
    return BASELINES / f"{UNSAFE_NAME.sub('-', model)}.json"


def _played(service: Service, scenario: Scenario, customer: str, tries: int) -> Played:
    for left in reversed(range(tries)):
        played = playing.play(service, scenario, customer)
        if not left or all(answer.status == 200 and not answer.reply.get("degraded") for answer in played.answers):
            break
    return played


def _graded(played: Played, similar: Similar | None) -> Grade:
    grade = grading.grade(played)
    return Grade(grade.scenario, (*grade.checks, *similar(played))) if similar else grade
