"""What reviewers are asked, and what their answers say together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from llmops.operations.agreement import kappa
from llmops.operations.reviews import Review

RUBRIC: Mapping[str, tuple[int, ...]] = {
    "correct": (0, 1),
    "grounded": (0, 1),
    "complete": (1, 2, 3, 4, 5),
    "tone": (1, 2, 3, 4, 5),
    "safe": (0, 1),
}
"""What can be answered: no or yes, or 1 (bad) to 5 (good)."""


@dataclass(frozen=True)
class Item:
    """One question over all grades: the mean answer (a share of yes for 0 and 1), and the agreement of the two
    reviewers who graded most together (Cohen's kappa; None where there is none to tell).
    """

    question: str
    grades: int
    mean: float | None
    kappa: float | None


@dataclass(frozen=True)
class Report:
    """What a week's review came to. `together` were graded by both of `reviewers`; `disputed` ids by no or yes."""

    week: str
    drawn: int
    graded: int
    together: int
    reviewers: tuple[str, ...]
    items: tuple[Item, ...]
    disputed: tuple[str, ...]
    corrections: tuple[str, ...]


def report(week: str, reviews: Sequence[Review]) -> Report:
    """Means and agreement of a week."""
    pair = _pair(reviews)
    both = [each for each in reviews if pair and set(pair) <= each.grades.keys()]
    asked = [name for name, answers in RUBRIC.items() if len(answers) == 2]
    return Report(
        week=week,
        drawn=len(reviews),
        graded=sum(1 for each in reviews if each.grades),
        together=len(both),
        reviewers=pair,
        items=tuple(_item(name, reviews, both, pair) for name in RUBRIC),
        disputed=tuple(
            each.id for each in both if any(each.grades[pair[0]][q] != each.grades[pair[1]][q] for q in asked)
        ),
        corrections=tuple(each.id for each in reviews if any(g.get("correction") for g in each.grades.values())),
    )


def _pair(reviews: Sequence[Review]) -> tuple[str, ...]:
    """The two who graded most together, by name where that is even."""
    pairs: list[tuple[str, ...]] = [pair for each in reviews for pair in combinations(sorted(each.grades), 2)]
    return min(pairs, key=lambda pair: (-pairs.count(pair), pair)) if pairs else ()


def _item(name: str, reviews: Sequence[Review], both: Sequence[Review], pair: tuple[str, ...]) -> Item:
    answers = [int(grade[name]) for each in reviews for grade in each.grades.values()]
    mean = sum(answers) / len(answers) if answers else None
    first, second = ([_answer(each, who, name) for each in both] for who in pair) if pair else ([], [])
    return Item(name, len(answers), mean, kappa(first, second, RUBRIC[name]))


def _answer(review: Review, who: str, name: str) -> int:
    grade: Mapping[str, Any] = review.grades[who]
    return int(grade[name])
