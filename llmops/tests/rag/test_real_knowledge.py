"""The knowledge base of the repository through the local index: read whole, found as docs/llmops/retrieval.md says."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from llmops.rag import evaluation, ingest_documents
from llmops.rag.evaluation import QUESTIONS, Evaluation
from telecom.adapters.local._ranking import Ranking
from telecom.adapters.local.retrieval import LocalRetriever
from telecom.passages import SURE_ENOUGH
from telecom.ports import Reading
from telecom.progress import Silent
from telecom.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "llmops" / "retrieval.md"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = Settings(home=tmp_path_factory.mktemp("knowledge"))
    done = ingest_documents.run(LocalRetriever(made), None, ROOT / "docs" / "telecom", Silent())
    assert {one.reason for one in done.refusals} <= {"unsupported"} and done.restricted == ()
    assert done.parsed >= 40
    return made


@pytest.fixture(scope="module")
def held_back(settings: Settings) -> Evaluation:
    return evaluation.run(LocalRetriever(settings), evaluation.load().of("held_back"), SURE_ENOUGH)


def test_customers_questions_are_answered(held_back: Evaluation) -> None:
    assert held_back.questions >= 80
    assert held_back.recall.value >= 0.8 and held_back.mrr.value >= 0.68 and held_back.document_recall.value >= 0.88


def test_what_nothing_answers_scores_low(held_back: Evaluation) -> None:
    assert held_back.silent.value >= 0.75 and held_back.lost.value <= 0.2 and held_back.separation >= 0.9


def test_the_page_tells_the_figures_that_are_measured(held_back: Evaluation) -> None:
    told = re.search(r"^\| held_back \|(.*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert told
    cells = [cell.strip().split(" ")[0] for cell in told[1].split("|")]
    measured = (held_back.recall, held_back.mrr, held_back.document_recall, held_back.silent, held_back.lost)
    assert cells == [f"{one.value:.3f}" for one in measured]


def test_english_questions_are_answered_and_synonyms_lead_to_portuguese_too(settings: Settings) -> None:
    questions = evaluation.load(QUESTIONS.with_name("retrieval_questions_en.json"))
    portuguese = [
        replace(each, expected=tuple(one for one in each.expected if "english" not in one[0]))
        for each in questions.questions
    ]
    only = replace(questions, questions=tuple(portuguese))
    found = evaluation.run(LocalRetriever(settings), questions, SURE_ENOUGH)
    with_them, without = (
        evaluation.run(LocalRetriever(settings, ranking), only, SURE_ENOUGH)
        for ranking in (Ranking(), Ranking(synonyms=0))
    )
    assert found.recall.value >= 0.9, found
    assert with_them.recall.value >= 0.7 > 0.5 > without.recall.value


@pytest.mark.parametrize(("split", "least"), [("development", 0.75), ("held_back", 0.8)])
def test_rules_asked_in_english_find_portuguese_passages(settings: Settings, split: str, least: float) -> None:
    questions = evaluation.load(QUESTIONS.with_name("rule_questions_en.json")).of(split)
    found = evaluation.run(LocalRetriever(settings), questions, SURE_ENOUGH)
    without = evaluation.run(LocalRetriever(settings, Ranking(synonyms=0)), questions, SURE_ENOUGH)
    assert found.questions == 20 and found.recall.value >= least > without.recall.value, (found, without)


@pytest.mark.parametrize(
    "question", ["desconto máximo", "limite do atendente", "nota de risco", "proposta de retenção"]
)
def test_no_internal_document_reaches_a_customer(settings: Settings, question: str) -> None:
    retriever, on = LocalRetriever(settings), evaluation.load().on
    shown = retriever.search(question, Reading("customer", on), 100)
    assert all("customer" in one.passage.audience and one.passage.sensitivity == "public" for one in shown)
    assert any(one.passage.sensitivity == "internal" for one in retriever.search(question, Reading("agent", on), 100))
