"""A small world and the real service as a process: scenarios, approvals, the clock, a scripted customer."""

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest

from llmops.evaluations import grading, playing, scripted_customer, simulation_figures, world
from llmops.evaluations.home_network import PROBLEMS
from llmops.evaluations.scenario_types import ScenarioSet, Someone
from llmops.evaluations.service_client import Service, serving
from llmops.evaluations.service_process import EvaluatedPlatform
from llmops.tests.evaluations.played import scenario
from telecom.errors import UsageError
from telecom.settings import Settings

LINES = "SELECT customer_id FROM telecom_bronze.network_lines WHERE service = 'internet' AND status = '{}' ORDER BY 1"
PEOPLE = {
    "poor": Someone(sql=LINES.format("degraded"), tool="diagnose_line", path="lines[0].advice.verdict", value="poor"),
    "good": Someone(sql=LINES.format("active"), tool="diagnose_line", path="lines[0].advice.verdict", value="good"),
}
ADVICE = (
    "---\naudience: [customer, agent]\nsensitivity: public\n---\n"
    "# Televisão\n\n## TV-204\n\nErro TV-204 na televisão: limite de telas. Feche em um dos aparelhos.\n"
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home, documents = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("docs")
    (documents / "tv.md").write_text(ADVICE, "utf-8")
    platform = EvaluatedPlatform(Settings(home=home, threads=1))
    world.prepare(platform.warehouse, platform.retriever, documents, 150)
    variables = {"TELECOM_HOME": str(home), "TELECOM_LLM": "offline", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    with serving(platform, variables) as started:
        yield started


def test_a_scenario_is_played_and_graded_by_the_state(service: Service) -> None:
    (customer,) = playing.candidates(service, "poor", PEOPLE["poor"], 1)
    wants = (
        {"tools": ["diagnose_line"], "no_actions": ["*"]},
        {"actions": [{"type": "modem_restart"}]},
        {"tools": ["diagnose_line"]},
    )
    asked = scenario(*wants, intent="slow_internet")
    said = ("minha internet está lenta", "já fiz e continua ruim", "e agora?")
    turns = [
        turn.model_copy(update={"say": words, "minutes": 5, "approve": "modem_restart" if words == said[2] else ""})
        for turn, words in zip(asked.turns, said, strict=True)
    ]
    twice = []
    for _ in range(2):
        played = playing.play(service, asked.model_copy(update={"turns": tuple(turns)}), customer)
        assert played.approvals == (200,) and grading.grade(played).passed, grading.grade(played).failed
        assert [each.status for each in played.answers[-1].proposals][:1] == ["executed"]
        twice.append([answer.message for answer in played.answers])
    assert twice[0] == twice[1], "the same scenario, the same answers"


def test_what_was_not_proposed_cannot_be_approved(service: Service) -> None:
    (customer,) = playing.candidates(service, "good", PEOPLE["good"], 1)
    asked = scenario({}, intent="plan")
    turn = asked.turns[0].model_copy(update={"approve": "second_copy"})
    played = playing.play(service, asked.model_copy(update={"turns": (turn,)}), customer)
    assert played.approvals == (404,) and not grading.grade(played).passed


def test_facts_are_those_of_the_world_and_wrong_paths_are_named(service: Service) -> None:
    (customer,) = playing.candidates(service, "good", PEOPLE["good"], 1)
    want = {"facts": [{"tool": "read_invoice", "path": "total"}]}
    turn = scenario(want).turns[0].model_copy(update={"say": "quero ver os itens da minha fatura"})
    asked = scenario(want).model_copy(update={"turns": (turn,)})
    assert grading.grade(playing.play(service, asked, customer)).scores["facts"] == 1.0
    wrong = scenario({"facts": [{"tool": "read_invoice", "path": "totals"}]})
    with pytest.raises(UsageError, match="nothing at 'totals'"):
        playing.play(service, wrong, customer)


def test_planted_tickets_are_there_and_not_counted(service: Service) -> None:
    (customer,) = playing.candidates(service, "good", PEOPLE["good"], 1)
    asked = scenario({"tools": ["open_tickets"]}, ticket={"subject": "Antigo", "description": "Nada."}, tickets=0)
    turn = asked.turns[0].model_copy(update={"say": "tem chamado meu aberto?"})
    played = playing.play(service, asked.model_copy(update={"turns": (turn,)}), customer)
    assert "planted" in played.answers[0].message and grading.grade(played).passed


def test_nobody_like_that(service: Service) -> None:
    nobody = Someone(sql="SELECT customer_id FROM telecom_bronze.crm_customers WHERE customer_id = 'x'")
    asked = ScenarioSet(customers={"one": nobody}, scenarios=(scenario(),))
    with pytest.raises(UsageError, match="no customer like 'one'"):
        playing.customers_of(service, asked)


def test_time_is_what_it_was_told(service: Service) -> None:
    (customer,) = playing.candidates(service, "good", PEOPLE["good"], 1)
    service.begin(customer)
    assert service.context("agent", customer).now == world.AT
    service.clock(world.AT + timedelta(days=40))
    _, reply = service.chat("agent", {"message": "qual o risco de churn?", "customer_id": customer})
    assert "%" not in reply["message"], "the score is older than 35 days"


def test_scripted_customers_are_the_same_again(service: Service) -> None:
    people = {each.customer: PEOPLE["good"] for each in PROBLEMS} | {"line_down": PEOPLE["poor"]}
    visits = scripted_customer.run(service, people, 3, seed=5)
    assert visits == scripted_customer.run(service, people, 3, seed=5)
    assert all(1 <= visit.turns <= scripted_customer.MOST_TURNS for visit in visits)
    # The line of whoever plays the cut fibre is a good one here; their red light is believed, and a visit proposed.
    assert all(not visit.illegal for visit in visits if visit.problem != "fibre_cut")
    assert visits[0].solved and visits[0].problem == "line_down"
    figures = simulation_figures.figures(visits)
    assert [each.journey for each in figures] == ["no_internet", "all"] and figures[-1].customers == 3
