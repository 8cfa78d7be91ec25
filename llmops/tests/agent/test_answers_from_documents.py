"""The responder over the whole knowledge base, asked the questions of `llmops/evaluations`."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from llmops.agent.intents.topics import followed, query_of
from llmops.agent.intents.understanding import understand
from llmops.agent.memory import Session
from llmops.agent.responder.extracts import extract
from llmops.agent.responder.journeys import WHOLE
from llmops.agent.workbench import Brief
from llmops.rag import ingest_documents
from llmops.tests.agent.stage import Stage
from llmops.tests.agent.test_intents import wilson
from telecom.adapters.local.retrieval import LocalRetriever
from telecom.passages import folded
from telecom.ports import Found, Reading
from telecom.progress import Silent
from telecom.settings import Settings

ROOT = Path(__file__).parents[3]
ASKED: dict[str, Any] = json.loads((ROOT / "llmops/evaluations/retrieval_questions.json").read_text("utf-8"))
ON = date.fromisoformat(ASKED["on"])
NOW = datetime(ON.year, ON.month, ON.day, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> LocalRetriever:
    retriever = LocalRetriever(Settings(home=tmp_path_factory.mktemp("knowledge")))
    ingest_documents.run(retriever, None, ROOT / "docs" / "telecom", Silent())
    return retriever


def quoted(retriever: LocalRetriever, question: dict[str, Any]) -> list[Found]:
    """The passages that an answer would quote."""
    said, role = question["question"], question["audience"]
    understood = followed(understand(said, ON), said, {})
    found = retriever.search(query_of(understood, said, "pt-BR"), Reading(role, ON), 5)
    brief = Brief(said, understood, "pt-BR", role, Session(), NOW, True, found)
    return [found[each.place - 1] for each in extract(brief, WHOLE, 2)]


def holds(one: Found, question: dict[str, Any]) -> bool:
    return any(
        one.passage.document == right["document"] and folded(right["phrase"]) in folded(one.passage.text)
        for right in question["expected"]
    )


def test_what_is_quoted_answers_held_back_questions(knowledge: LocalRetriever) -> None:
    """docs/llmops/agent.md states these figures."""
    held = [question for question in ASKED["questions"] if question["split"] == "held_back"]
    answerable = [question for question in held if question["expected"]]
    nothing = [question for question in held if not question["expected"]]
    right = sum(any(holds(one, question) for one in quoted(knowledge, question)) for question in answerable)
    silent = sum(not quoted(knowledge, question) for question in nothing)
    low, high = wilson(right, len(answerable))
    print(f"{right}/{len(answerable)} [{low:.2f}, {high:.2f}]; silent {silent}/{len(nothing)}")  # noqa: T201
    assert low > 0.65 and silent >= len(nothing) // 2


def test_every_question_gets_an_answer_that_passes_its_check(knowledge: LocalRetriever) -> None:
    stage = Stage(retriever=knowledge, now=NOW)
    wrong = []
    for place, question in enumerate(ASKED["questions"]):
        reply = stage.say(question["question"], role=question["audience"], session_id=f"q-{place}")
        if "answer_refused" in reply.guardrails or reply.degraded or not reply.message:
            wrong.append((question["question"], reply.guardrails, reply.message))
    assert not wrong and stage.effects() == 0


@pytest.mark.parametrize(
    ("question", "says", "folder"),
    [
        ("posso pausar a internet enquanto viajo?", "120 dias", "contracts/"),
        ("tenho direito a devolução em dobro?", "dobro", "billing/"),
        ("how do i return the equipment?", "free collection at home", "faq/"),
        ("quanto vem de multa se eu atrasar?", "Multa de 2 %", "faq/"),
        ("quais meus direitos pela lgpd", "Corrigir", "rights/"),
        ("quero levar meu numero pra outra operadora, demora?", "até 3 dias úteis", "contracts/"),
        ("roubaram meu celular", "bloqueio da linha", "manuals/"),
        ("qual apn eu coloco", "internet.telecom", "manuals/"),
    ],
)
def test_answers_cite_their_document(knowledge: LocalRetriever, question: str, says: str, folder: str) -> None:
    reply = Stage(retriever=knowledge, now=NOW).say(question)
    assert says in reply.message and any(citation.document.startswith(folder) for citation in reply.citations)


def test_customers_never_read_internal_documents(knowledge: LocalRetriever) -> None:
    stage = Stage(retriever=knowledge, now=NOW)
    for question in ASKED["questions"]:
        if question["audience"] != "agent":
            continue
        reply = stage.say(question["question"], session_id=question["id"])
        assert not [citation for citation in reply.citations if citation.document.startswith("policies/")]
