"""The evaluation questions: every expected document exists, may be read by who asks, and holds the phrase."""

import json
from collections import Counter
from datetime import date
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest

from llmops.agent.intents import training
from llmops.tests.evaluations.documents import ROOT, meta_of, names, text_of

FILE = ROOT / "llmops" / "evaluations" / "retrieval_questions.json"
CONTENT: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
QUESTIONS: list[dict[str, Any]] = CONTENT["questions"]
ANSWERABLE = [question for question in QUESTIONS if question["expected"]]
LONGEST_COPY = 32


def held_by(name: str, on: date) -> bool:
    """Whether a document holds on a day."""
    meta = meta_of(name)
    until = meta.get("valid_until")
    return date.fromisoformat(str(meta["valid_from"])) <= on and (not until or on <= date.fromisoformat(str(until)))


def test_there_are_enough_and_each_has_all_it_needs() -> None:
    assert len(ANSWERABLE) >= 170
    assert len(QUESTIONS) - len(ANSWERABLE) >= 20
    wanted = {"id", "topic", "audience", "split", "question", "expected"}
    assert [question for question in QUESTIONS if set(question) != wanted] == []
    assert {question["audience"] for question in QUESTIONS} == {"customer", "agent"}


def test_ids_and_questions_are_unique() -> None:
    for key in ("id", "question"):
        repeated = [value for value, times in Counter(q[key].casefold() for q in QUESTIONS).items() if times > 1]
        assert repeated == []


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question["id"])
def test_every_expected_document_holds_its_phrase(question: dict[str, Any]) -> None:
    absent = [one for one in question["expected"] if one["document"] not in names()]
    assert absent == []
    assert [one for one in question["expected"] if one["phrase"] not in text_of(one["document"])] == []


@pytest.mark.parametrize("question", ANSWERABLE, ids=lambda question: question["id"])
def test_who_asks_may_read_an_answer_that_holds(question: dict[str, Any]) -> None:
    on = date.fromisoformat(CONTENT["on"])
    for one in question["expected"]:
        assert question["audience"] in meta_of(one["document"])["audience"]
        assert held_by(one["document"], on)


def test_about_two_fifths_are_held_back_in_every_topic() -> None:
    for topic in {question["topic"] for question in QUESTIONS}:
        splits = [question["split"] for question in QUESTIONS if question["topic"] == topic]
        assert set(splits) == {"development", "held_back"}
        assert 0.25 <= splits.count("held_back") / len(splits) <= 0.5


def test_every_document_that_holds_is_asked_for() -> None:
    english = json.loads(FILE.with_name("retrieval_questions_en.json").read_text("utf-8"))["questions"]
    asked = {one["document"] for question in (*ANSWERABLE, *english) for one in question["expected"]}
    assert {name for name in names() if held_by(name, date.fromisoformat(CONTENT["on"]))} == asked


def test_questions_are_not_copied_from_the_documents() -> None:
    """The longest run of characters that a question shares with an expected document is short."""
    copied = [
        (question["id"], run)
        for question in ANSWERABLE
        for one in question["expected"]
        if len(run := longest_run(question["question"], text_of(one["document"]))) > LONGEST_COPY
    ]
    assert copied == []


def test_rules_asked_in_english_have_their_passages_and_were_not_learnt() -> None:
    rules = json.loads(FILE.with_name("rule_questions_en.json").read_text("utf-8"))["questions"]
    assert [sum(one["split"] == split for one in rules) for split in ("development", "held_back")] == [20, 20]
    for question in rules:
        assert question["expected"] and not [
            one for one in question["expected"] if one["phrase"] not in text_of(one["document"])
        ]
        assert all(question["audience"] in meta_of(one["document"])["audience"] for one in question["expected"])
    learnt = {each.text.casefold().rstrip("?") for each in training.read_questions()}
    learnt |= {each.text.casefold().rstrip("?") for each in training.read_utterances()}
    assert not [q["id"] for q in rules if q["split"] == "held_back" and q["question"].casefold().rstrip("?") in learnt]


def longest_run(question: str, text: str) -> str:
    asked, said = question.casefold(), text.casefold()
    match = SequenceMatcher(None, asked, said, autojunk=False).find_longest_match()
    return asked[match.a : match.a + match.size]


def test_the_file_is_one_question_a_line() -> None:
    lines = Path(FILE).read_text("utf-8").splitlines()
    assert sum(line.startswith('  {"id"') for line in lines) == len(QUESTIONS)
