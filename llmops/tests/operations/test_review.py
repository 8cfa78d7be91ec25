"""Human review: who is drawn, what reviewers see and say, how far they agree, what becomes of corrections."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from llmops.agent import memory
from llmops.agent.memory import Said, Session
from llmops.agent.rows import audit_row, usage_row
from llmops.agent.turn import Ask, Principal, Reply
from llmops.evaluations import scenarios
from llmops.operations import accepting, reviews, rubric
from llmops.operations.agreement import kappa
from llmops.operations.drawing import Candidate, draw, strata_of
from llmops.tests.agent.service_fakes import CLAIMS, Service
from llmops.tests.small_world import CUSTOMER
from llmops.tests.small_world import NOW as DESK_NOW
from telecom.bootstrap import Platform
from telecom.cli import app
from telecom.errors import NotFound, UsageError
from telecom.ports import Record
from telecom.settings import Settings

NOW = datetime.now(UTC)
WEEK = reviews.week_of(NOW.date())
USAGE, AUDIT = "telecom_monitoring.llm_usage", "telecom_monitoring.assistant_audit"
GOOD = {"correct": True, "grounded": True, "complete": 5, "tone": 4, "safe": True}


@pytest.mark.parametrize(
    ("first", "second", "answers", "wanted"),
    [
        # Cohen 1960, as worked out on en.wikipedia.org/wiki/Cohen's_kappa: 20 both yes, 15 both no, 5 and 10 apart.
        ([1] * 20 + [1] * 5 + [0] * 10 + [0] * 15, [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15, (0, 1), 0.4),
        ([0, 1, 1], [0, 1, 1], (0, 1), 1.0),
        ([0, 1], [1, 0], (0, 1), -1.0),
        ([1, 1], [1, 1], (0, 1), None),
        ([], [], (0, 1), None),
        ([1, 3, 5], [1, 4, 5], (1, 2, 3, 4, 5), 1 - (1 / 3) / (17 / 9)),
    ],
)
def test_kappa_has_known_answers(first: list[int], second: list[int], answers: tuple[int, ...], wanted: Any) -> None:
    assert kappa(first, second, answers) == (wanted if wanted is None else pytest.approx(wanted))


def test_weighted_kappa_is_sklearns() -> None:
    from sklearn.metrics import cohen_kappa_score

    first, second = [1, 2, 3, 4, 5, 5, 2, 1, 3], [1, 3, 3, 5, 5, 4, 2, 2, 1]
    wanted = cohen_kappa_score(first, second, weights="linear", labels=[1, 2, 3, 4, 5])
    assert kappa(first, second, (1, 2, 3, 4, 5)) == pytest.approx(wanted)


def candidates() -> list[Candidate]:
    strata = {0: {"negative"}, 1: {"guardrail"}, 2: {"unsure"}}
    return [Candidate(f"c{n}", f"intent{n % 7}", frozenset(strata.get(n % 40, ()))) for n in range(400)]


def test_the_lot_is_the_same_for_a_seed_and_another_for_another() -> None:
    first = draw(candidates(), 20, 7, WEEK)
    assert first == draw(reversed(candidates()), 20, 7, WEEK) and len(set(first)) == 20
    assert first != draw(candidates(), 20, 8, WEEK) and first != draw(candidates(), 20, 7, "2026-W01")


def test_each_stratum_has_its_share_and_all_intents_are_there() -> None:
    known = {each.id: each for each in candidates()}
    drawn = [known[name] for name in draw(candidates(), 20, 7, WEEK)]
    counts = Counter(stratum for each in drawn for stratum in each.strata)
    assert all(counts[stratum] >= 4 for stratum in ("negative", "guardrail", "unsure")), counts
    assert {each.intent for each in drawn} == {f"intent{n}" for n in range(7)}


def test_small_weeks_and_graded_ones() -> None:
    few = [Candidate("a", "x"), Candidate("b", "x", frozenset({"negative"}))]
    assert set(draw(few, 20, 7, WEEK)) == {"a", "b"} and draw([], 20, 7, WEEK) == ()
    kept = draw(candidates(), 20, 7, WEEK, ["c399", "gone"])
    assert kept[:2] == ("c399", "gone") and len(kept) == 20 and draw(few, 1, 7, WEEK, ["a"]) == ("a",)


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [((0.9, 0, 0), set()), ((0.4, 2, 1), {"negative", "guardrail", "unsure"}), ((0.5, 0, 0), set())],
)
def test_strata(facts: tuple[float, int, int], wanted: set[str]) -> None:
    assert strata_of(*facts) == wanted


@pytest.mark.parametrize("week", ["2026-W54", "2026-47", "W47", "2026-W00", "2026-W47x"])
def test_weeks_that_are_none(week: str) -> None:
    with pytest.raises(UsageError, match="There is no week"):
        reviews.days_of(week)


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(Settings(home=tmp_path / "home"))


def talk(platform: Platform, number: int, text: str = "Oi", *, sure: float = 0.9, codes: tuple[str, ...] = ()) -> str:
    """One conversation of one turn; its trace."""
    customer = f"{number:04d}-AAAAA"
    trace = f"{number:032x}"
    ask = Ask(text, Principal("ana", "agent", None), customer, f"s{number}", "desk", trace, NOW, 0.0)
    reply = Reply(ask.session_id, trace, "Olá", "pt-BR", "bill", guardrails=codes, prompt_version="p", model="m")
    platform.events.add(USAGE, [usage_row(ask, reply, 1.0, "allowed", sure)])
    platform.events.add(AUDIT, [audit_row(ask, reply, "allowed")])
    said = Said(text, "Olá", "bill", ("list_invoices", "list_invoices"), ("cobranca.md, 2. Multa",))
    session = Session().after(said, {}, "pt-BR")
    memory.save(platform.records, ask, session)
    return trace


def sampled(platform: Platform, size: int = 20, seed: int = 7) -> reviews.Drawn:
    platform.events.flush()
    return reviews.sample(platform.warehouse, platform.records, WEEK, size=size, seed=seed, now=NOW)


def test_a_week_is_gathered_drawn_and_stays_what_was_graded(platform: Platform) -> None:
    for number in range(6):
        talk(platform, number, codes=("masked_cpf",) if number == 3 else ())
    down = {"given_on": NOW.date(), "trace_id": f"{5:032x}", "rating": "down", "given_by": "agent", "given_at": NOW}
    platform.events.add("telecom_monitoring.llm_feedback", [down])
    assert sampled(platform, 3) == reviews.Drawn(WEEK, 6, 6, 3, {"guardrail": 1, "negative": 1, "other": 1})
    first = reviews.drawn_of(platform.records, WEEK)
    assert first == reviews.drawn_of(platform.records, WEEK) and first[0].turns == (("Oi", "Olá", "bill"),)
    assert first[0].sources == ((("list_invoices",), ("cobranca.md, 2. Multa",)),)
    kept = first[-1]
    reviews.grade(platform.records, kept.id, "ana", GOOD)
    for number in range(10, 40):
        talk(platform, number, sure=0.1)
    sampled(platform, 3, seed=99)
    again = reviews.drawn_of(platform.records, WEEK)
    assert kept.id in {each.id for each in again} and len(again) == 3
    assert next(each for each in again if each.id == kept.id).grades == {"ana": GOOD}


def test_conversations_that_are_over_stay_in_the_weeks_pool(platform: Platform) -> None:
    talk(platform, 1)
    sampled(platform)
    (before,) = reviews.drawn_of(platform.records, WEEK)
    for kind, record in platform.records.owned("0001-AAAAA"):
        if kind == "session":
            platform.records.change(kind, record.key, lambda _: None)
    assert sampled(platform).gathered == 1 and reviews.drawn_of(platform.records, WEEK) == (before,)


def test_whoever_is_erased_leaves_the_review(platform: Platform) -> None:
    talk(platform, 1)
    talk(platform, 2)
    sampled(platform)
    assert {kind for kind, _ in platform.records.owned("0001-AAAAA")} == {"session", "review_pool", "review"}
    platform.records.erase("0001-AAAAA")
    assert [each.owner for each in reviews.drawn_of(platform.records, WEEK)] == ["0002-AAAAA"]
    assert "AAAAA" not in json.dumps([record.value for _, record in platform.records.owned("reviews")])


def test_the_customers_own_name_is_taken_out(platform: Platform) -> None:
    import pyarrow as pa

    from telecom.ports import Write
    from telecom.tables import contract

    table = contract("telecom_bronze.crm_customers")
    samples = {"STRING": "x", "DATE": NOW.date(), "BOOL": True, "TIMESTAMP": NOW, "INT64": 1, "FLOAT64": 1.0}
    row = {c.name: [] if c.mode == "REPEATED" else c.values[0] if c.values else samples[c.type] for c in table.columns}
    row |= {"customer_id": "0001-AAAAA", "full_name": "Zuleica Prado Melo"}
    batch = pa.RecordBatch.from_pylist([row], schema=table.schema)
    platform.warehouse.write(Write(table.table, [batch], {"snapshot_date": NOW.date()}))
    talk(platform, 1, "Sou a zuleica Melo, do prado; meu melhor amigo")
    sampled(platform)
    (found,) = reviews.drawn_of(platform.records, WEEK)
    assert found.turns[0][0] == "Sou a [NOME] [NOME], do [NOME]; meu melhor amigo"


def test_numbers_of_customers_are_taken_out_of_what_reviewers_write(desk: Service) -> None:
    spoken = CUSTOMER.replace("-", " ").lower()
    said = {"correction": f"A cliente {CUSTOMER} ({spoken}) paga.", "comment": "Não é 7216-EWTRS.", "facts": [CUSTOMER]}
    mine = graded(desk, "rev", GOOD | said).json()["mine"]
    assert (mine["correction"], mine["comment"]) == ("A cliente [CLIENTE] ([CLIENTE]) paga.", "Não é [CLIENTE].")
    assert mine["facts"] == ["[CLIENTE]"]


def test_reviewers_see_what_an_answer_rests_on(desk: Service) -> None:
    first, second = listed(desk, "rev").json()["reviews"][0]["turns"]
    assert (first["tools"], second["tools"], second["citations"]) == ([], ["list_invoices"], ["cobranca.md, 2. Multa"])


def review(name: str = "a" * 32, **grades: Any) -> reviews.Review:
    turns = (("Oi", "Olá", "greeting"), ("Quando vence?", "Dia 10.", "bill"))
    sources = (((), ()), (("list_invoices",), ("cobranca.md, 2. Multa",)))
    return reviews.Review(name, WEEK, "bill", "agent", "desk", "pt-BR", (), turns, True, grades, sources=sources)


def test_a_report_has_means_agreement_and_disputes() -> None:
    bad = GOOD | {"correct": False, "correction": "Dia 15."}
    found = rubric.report(WEEK, [review("a", ana=GOOD, rui=bad), review("b", ana=bad, rui=bad), review("c", eva=GOOD)])
    assert (found.drawn, found.graded, found.together, found.reviewers) == (3, 3, 2, ("ana", "rui"))
    assert (found.disputed, found.corrections) == (("a",), ("a", "b"))
    correct = found.items[0]
    assert (correct.question, correct.grades, correct.mean, correct.kappa) == ("correct", 5, 0.4, 0.0)
    assert rubric.report(WEEK, []).items[0] == rubric.Item("correct", 0, None, None)


def test_a_correction_becomes_a_valid_scenario_once(tmp_path: Path) -> None:
    file = tmp_path / "reviewed_scenarios.json"
    said = GOOD | {"correct": False, "correction": "Vence no dia 15.", "facts": ["15"], "citation": ""}
    made = accepting.scenario_of(review(ana=said), customer="fibre_good")
    first, again = accepting.accept(made, file), accepting.accept(made, file)
    assert (first.already, again.already, first.id) == (False, True, "review-" + "a" * 16)
    others = [path for path in scenarios.FILES if path.name != file.name]
    (found,) = scenarios.load([*others, file]).only([first.id]).scenarios
    assert not found.turns[0].want.reference and found.turns[1].want.reference == "Vence no dia 15."
    assert found.turns[1].want.facts[0].says == ("15",) and found.customer == "fibre_good"
    assert not [path for path in tmp_path.iterdir() if path != file]


def test_what_cannot_become_a_scenario(tmp_path: Path) -> None:
    said = GOOD | {"correction": "Ligue para (11) 98765-4321."}
    for broken, customer, error in (
        (review(ana=GOOD), "fibre_good", NotFound),
        (review(ana=said), "", UsageError),
        (review(ana=said, rui=said), "fibre_good", UsageError),
    ):
        with pytest.raises(error):
            accepting.scenario_of(broken, customer=customer)
    file = tmp_path / "reviewed_scenarios.json"
    with pytest.raises(UsageError, match="personal data"):
        accepting.accept(accepting.scenario_of(review(ana=said), customer="fibre_good"), file)
    for numbered in ({"correction": "Cliente 7216-EWTRS."}, {"correction": "x", "citation": "7216-EWTRS"}):
        with pytest.raises(UsageError, match="customer number"):
            accepting.accept(accepting.scenario_of(review(ana=GOOD | numbered), customer="fibre_good"), file)
    unknown = accepting.scenario_of(review(ana=GOOD | {"correction": "x"}), customer="nobody-of-that-name")
    with pytest.raises(UsageError, match="nobody-of-that-name"):
        accepting.accept(unknown, file)
    assert not [*tmp_path.iterdir()]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Service:
    for name in ("rev", "two"):
        monkeypatch.setitem(CLAIMS, name, {"kind": "agent", "customers": ["*"], "scopes": ["review:answers"]})
    monkeypatch.setitem(CLAIMS, "few", {"kind": "agent", "customers": ["0002-BBBBB"], "scopes": ["review:answers"]})
    service = Service()
    week = reviews.week_of(DESK_NOW.date())
    until = datetime.now(UTC) + timedelta(days=9)
    drawn = reviews.replace(review(), week=week, owner=CUSTOMER)
    for kind, record in (
        ("review", Record(drawn.id, drawn.value(), CUSTOMER, until)),
        ("review_week", Record(week, {"pool": [], "drawn": [drawn.id, "gone"]}, "reviews", until)),
    ):
        service.desk.records.change(kind, record.key, lambda _, record=record: record)
    return service


def listed(desk: Service, who: str) -> Any:
    return desk.ask("/v1/reviews", Authorization=f"Bearer {who}")


def graded(desk: Service, who: str, body: Any, name: str = "a" * 32) -> Any:
    return desk.ask(f"/v1/reviews/{name}/grades", body, Authorization=f"Bearer {who}")


def test_reviewers_grade_without_seeing_whose_it_is_or_what_others_said(desk: Service) -> None:
    answer = graded(desk, "rev", GOOD | {"comment": "CPF 529.982.247-25", "correction": "Dia 15.", "facts": ["15"]})
    assert answer.status_code == 200 and answer.json()["mine"]["comment"] == "CPF [CPF]"
    (seen,) = listed(desk, "two").json()["reviews"]
    assert (seen["mine"], seen["others"], seen["turns"][1]["user"]) == (None, 1, "Quando vence?")
    assert CUSTOMER not in listed(desk, "two").text and "Dia 15." not in listed(desk, "two").text
    graded(desk, "rev", GOOD | {"tone": 1})
    (own,) = listed(desk, "rev").json()["reviews"]
    assert (own["mine"]["tone"], own["others"]) == (1, 0)


@pytest.mark.parametrize(("who", "status"), [("ana", 403), (CUSTOMER, 403), ("nil", 403), ("nobody", 401)])
def test_only_reviewers_see_reviews(desk: Service, who: str, status: int) -> None:
    assert listed(desk, who).status_code == graded(desk, who, GOOD).status_code == status


def test_reviewers_of_few_customers_see_theirs_only(desk: Service) -> None:
    assert listed(desk, "few").json()["reviews"] == []
    assert graded(desk, "few", GOOD).status_code == graded(desk, "rev", GOOD, "b" * 32).status_code == 404


@pytest.mark.parametrize(
    "more", [{"tone": 6}, {"tone": "5"}, {"correct": 1}, {"more": 1}, {"facts": [""]}, {"safe": None}]
)
def test_grades_that_are_none(desk: Service, more: Any) -> None:
    assert graded(desk, "rev", GOOD | more).status_code == graded(desk, "rev", {}).status_code == 422


@pytest.mark.parametrize("query", ["2026-W99", "x" * 500, "%00"])
def test_weeks_in_addresses(desk: Service, query: str) -> None:
    assert desk.ask(f"/v1/reviews?week={query}", Authorization="Bearer rev").status_code == 400


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: Platform) -> None:
    talk(platform, 1)
    platform.events.flush()
    monkeypatch.setenv("TELECOM_HOME", str(platform.settings.home))
    runner = CliRunner()
    drawn = runner.invoke(app, ["review", "sample", "--week", WEEK, "--json"])
    assert drawn.exit_code == 0 and json.loads(drawn.stdout)["drawn"] == 1, drawn.output
    (one,) = reviews.drawn_of(platform.records, WEEK)
    reviews.grade(platform.records, one.id, "ana", GOOD | {"correction": "Bom dia."})
    report = runner.invoke(app, ["review", "report", "--week", WEEK])
    assert report.exit_code == 0 and one.id in report.output
    file = tmp_path / "s.json"
    asked = ["review", "accept", one.id, "--customer", "fibre_good", "--file", str(file)]
    assert runner.invoke(app, asked, input="n\n").exit_code == 1 and not file.exists()
    assert runner.invoke(app, [*asked, "--yes"]).exit_code == 0 and file.exists()
    assert runner.invoke(app, ["review", "accept", "nothing", "--yes"]).exit_code == 1
