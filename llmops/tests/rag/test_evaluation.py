"""Figures of retrieval: what counts as found, intervals that hold the mean, and when to say nothing."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from llmops.rag import evaluation
from llmops.rag.evaluation import Asked, Question, QuestionSet, answers, compare, estimate, evaluate, separation
from llmops.tests.rag.shelf import Shelf
from telecom.errors import NotFound, UsageError
from telecom.ports import Found, Passage

FINE = Passage("1", "a.md", "A", "Multa", None, "A multa é de  2 %\n| Prazo | 7 dias |")
OTHER = Passage("2", "b.md", "B", "Juros", None, "Os juros são de 1 % ao mês.")
QUESTION = Question("q1", "qual a multa", "customer", "development", "", (("a.md", "multa é de 2 %"),))


@pytest.fixture
def shelf() -> Shelf:
    made = Shelf()
    made.replace({"a.md": [FINE], "b.md": [OTHER]})
    return made


@pytest.mark.parametrize(
    ("document", "phrase", "hit"),
    [
        ("a.md", "multa é de 2 %", True), ("a.md", "MULTA E DE 2 %", True), ("a.md", "prazo 7 dias", True),
        ("a.md", "Multa", True), ("a.md", "multa de 3 %", False), ("b.md", "multa é de 2 %", False),
    ],
)  # fmt: skip
def test_a_result_answers_by_document_and_phrase(document: str, phrase: str, hit: bool) -> None:
    assert answers(Found(FINE, 1.0), replace(QUESTION, expected=((document, phrase),))) == hit


def test_ranks_and_scores(shelf: Shelf) -> None:
    asked = evaluation.ask(
        shelf,
        QuestionSet(
            date(2026, 1, 1),
            (
                QUESTION,
                replace(QUESTION, text="juros multa ao mês", expected=(("a.md", "multa é de 2 %"),)),
                replace(QUESTION, text="multa", expected=(("a.md", "nada disso"),)),
                replace(QUESTION, text="nada", expected=()),
            ),
        ),
    )
    assert [(one.rank, one.document_rank, one.answerable) for one in asked] == [
        (1, 1, True), (2, 2, True), (0, 1, True), (0, 0, False),
    ]  # fmt: skip
    assert asked[-1].score == 0
    found = evaluate(asked, 0.5)
    assert (found.questions, found.unanswerable) == (3, 1)
    assert found.recall.value == pytest.approx(2 / 3) and found.mrr.value == pytest.approx(0.5)
    assert found.document_recall.value == 1
    assert (found.silent.value, found.lost.value, found.separation) == (1, 0, 1.0)


def test_an_interval_holds_its_mean_and_is_the_same_each_time() -> None:
    values = [1.0] * 80 + [0.0] * 20
    one = estimate(values)
    assert one == estimate(values)
    assert 0.7 < one.low < one.value == 0.8 < one.high < 0.9
    assert str(one) == f"0.800 [{one.low:.3f}, {one.high:.3f}]"
    assert estimate([]) == evaluation.Estimate(0, 0, 0)


def test_paired_comparison_is_narrower_than_either() -> None:
    base = [Asked(replace(QUESTION, id=str(n)), n % 3, 0, 0) for n in range(90)]
    better = [replace(one, rank=1) if n % 4 == 0 else one for n, one in enumerate(base)]
    more = compare(better, base, lambda one: float(one.rank > 0))
    assert more.low > 0 and more.high - more.low < 0.15


@pytest.mark.parametrize(
    ("higher", "lower", "area"), [([2, 3], [0, 1], 1.0), ([1], [1], 0.5), ([], [1], 0.5), ([0, 2], [1], 0.5)]
)
def test_separation(higher: list[float], lower: list[float], area: float) -> None:
    assert separation(higher, lower) == area


def test_splits(tmp_path: Path) -> None:
    item = {"id": "q", "question": "x", "audience": "agent", "split": "held_back", "expected": []}
    (tmp_path / "q.json").write_text(json.dumps({"on": "2026-11-21", "questions": [item]}), "utf-8")
    questions = evaluation.load(tmp_path / "q.json")
    assert questions.of("held_back").questions == questions.of("").questions
    with pytest.raises(UsageError, match="There are: held_back"):
        questions.of("test")


@pytest.mark.parametrize("text", ["[]", "{", '{"on": "x", "questions": []}', '{"on": "2026-01-01", "questions": [{}]}'])
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "q.json").write_text(text, "utf-8")
    with pytest.raises(UsageError, match="no file of questions"):
        evaluation.load(tmp_path / "q.json")
    with pytest.raises(NotFound):
        evaluation.load(tmp_path / "nope.json")
