"""How well passages are found: questions in customers' words with the documents, and phrases, that answer them.

Reads `llmops/evaluations/retrieval_questions.json`. A result answers a question if it is of an expected document and
has the expected phrase in it. Reported are recall@k (share of questions with such a result among the first k) and MRR
(mean of 1 / its rank, 0 beyond k), each with a bootstrap interval over the questions; and, with the questions that
nothing answers, how well the score tells when to say nothing.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from telecom.errors import NotFound, UsageError
from telecom.passages import folded
from telecom.ports import Found, Reading, Retriever

QUESTIONS = Path(__file__).resolve().parents[1] / "evaluations" / "retrieval_questions.json"
DEPTH = 5
DRAWS = 2_000
SEED = 7


@dataclass(frozen=True)
class Question:
    """A question, who asks it, and `(document, phrase)` pairs of which one answers it; none where nothing does."""

    id: str
    text: str
    audience: str
    split: str
    topic: str
    expected: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class QuestionSet:
    """Questions, and the day on which they are asked."""

    on: date
    questions: tuple[Question, ...]

    def of(self, split: str) -> "QuestionSet":
        """Those of one split; all for an empty name.

        Raises:
            UsageError: there are none.
        """
        chosen = tuple(question for question in self.questions if split in ("", question.split))
        if not chosen:
            known = sorted({question.split for question in self.questions})
            raise UsageError(f"No question is of the split {split!r}.", f"There are: {', '.join(known)}.")
        return QuestionSet(self.on, chosen)


@dataclass(frozen=True)
class Asked:
    """A question and what became of it: rank of the first answering passage and of the first of an expected document.

    Ranks count from 1, 0 for none among the first DEPTH; `score` is that of the best result, 0 for none.
    """

    question: Question
    rank: int
    document_rank: int
    score: float

    @property
    def answerable(self) -> bool:
        """Whether anything answers it."""
        return bool(self.question.expected)


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Evaluation:
    """Figures over the answerable questions (`recall`, `mrr`, and the same by document), and over abstaining.

    Below `threshold` one says nothing: `silent` is the share of unanswerable questions that are then left unanswered,
    `lost` the share of questions found among the first DEPTH that are, too; `separation` is the probability that a
    found question's best score lies above an unanswerable one's (area under the curve).
    """

    questions: int
    unanswerable: int
    recall: Estimate
    mrr: Estimate
    document_recall: Estimate
    document_mrr: Estimate
    threshold: float
    silent: Estimate
    lost: Estimate
    separation: float


def load(path: Path = QUESTIONS) -> QuestionSet:
    """The questions of a file.

    Raises:
        NotFound: there is no such file.
        UsageError: it is not of the expected form.
    """
    if not path.is_file():
        raise NotFound(f"There is no file {str(path)!r}.", "Name a file of questions in JSON.")
    try:
        told = json.loads(path.read_text("utf-8"))
        questions = tuple(_question(item) for item in told["questions"])
        return QuestionSet(date.fromisoformat(told["on"]), questions)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is no file of questions: {error!r}.", "See llmops/evaluations.") from error


def ask(retriever: Retriever, questions: QuestionSet, k: int = DEPTH) -> tuple[Asked, ...]:
    """Every question put to a retriever, in order."""
    return tuple(_asked(retriever, question, questions.on, k) for question in questions.questions)


def evaluate(asked: Sequence[Asked], threshold: float) -> Evaluation:
    """The figures of questions that were asked."""
    answerable = [one for one in asked if one.answerable]
    silent = [one for one in asked if not one.answerable]
    found = [one for one in answerable if one.rank]
    return Evaluation(
        len(answerable),
        len(silent),
        estimate([float(one.rank > 0) for one in answerable]),
        estimate([reciprocal(one.rank) for one in answerable]),
        estimate([float(one.document_rank > 0) for one in answerable]),
        estimate([reciprocal(one.document_rank) for one in answerable]),
        threshold,
        estimate([float(one.score < threshold) for one in silent]),
        estimate([float(one.score < threshold) for one in found]),
        separation([one.score for one in found], [one.score for one in silent]),
    )


def run(retriever: Retriever, questions: QuestionSet, threshold: float) -> Evaluation:
    """Asks every question and reports."""
    return evaluate(ask(retriever, questions), threshold)


def reciprocal(rank: int) -> float:
    """1 / rank, 0 for none."""
    return 1 / rank if rank else 0.0


def estimate(values: Sequence[float], draws: int = DRAWS, seed: int = SEED) -> Estimate:
    """The mean and its percentile bootstrap interval (B. Efron, "Bootstrap Methods", 1979); zeros for no values."""
    if not values:
        return Estimate(0.0, 0.0, 0.0)
    chance = random.Random(seed)  # noqa: S311 - draws of a statistic
    means = sorted(sum(chance.choices(values, k=len(values))) / len(values) for _ in range(draws))
    return Estimate(sum(values) / len(values), means[round(0.025 * draws)], means[round(0.975 * draws) - 1])


def compare(one: Sequence[Asked], other: Sequence[Asked], measure: Callable[[Asked], float]) -> Estimate:
    """How much more `one` has of a measure than `other`, question by question (paired), over answerable questions."""
    pairs = zip(one, other, strict=True)
    return estimate([measure(a) - measure(b) for a, b in pairs if a.answerable])


def separation(higher: Sequence[float], lower: Sequence[float]) -> float:
    """Probability that a value of the first kind is above one of the second; ties count half; 0.5 for no values."""
    if not higher or not lower:
        return 0.5
    wins = sum((a > b) + 0.5 * (a == b) for a in higher for b in lower)
    return wins / (len(higher) * len(lower))


def answers(found: Found, question: Question) -> bool:
    """Whether a result is of an expected document and has the expected phrase."""
    text = plain(f"{found.passage.section} {found.passage.text}")
    return any(found.passage.document == document and plain(phrase) in text for document, phrase in question.expected)


def plain(text: str) -> str:
    """Text as phrases are compared: folded, blanks as one, without table marks."""
    return " ".join(folded(text).replace("|", " ").split())


def _asked(retriever: Retriever, question: Question, on: date, k: int) -> Asked:
    found = retriever.search(question.text, Reading(question.audience, on), k)
    documents = {document for document, _ in question.expected}
    rank = _first([answers(one, question) for one in found])
    document_rank = _first([one.passage.document in documents for one in found])
    return Asked(question, rank, document_rank, found[0].score if found else 0.0)


def _first(hits: Sequence[bool]) -> int:
    return hits.index(True) + 1 if True in hits else 0


def _question(item: Mapping[str, Any]) -> Question:
    expected = tuple((pair["document"], pair.get("phrase", "")) for pair in item["expected"])
    return Question(item["id"], item["question"], item["audience"], item["split"], item.get("topic", ""), expected)
