"""The scenarios: enough of them, over everything, true to the documents, in words of their own; faults are named."""

import json
from collections import Counter
from pathlib import Path

import pytest

import llmops.agent.intents
from llmops.evaluations import paths, scenarios
from llmops.evaluations.scenario_types import PARTS, Fact, Scenario
from llmops.tests.evaluations.documents import names, text_of
from telecom.errors import NotFound, UsageError
from telecom.passages import folded

UTTERANCES = Path(llmops.agent.intents.__file__).with_name("utterances.txt")
ALL = scenarios.load()
FACTS = [(each.id, fact) for each in ALL.scenarios for turn in each.turns for fact in turn.want.facts]
SMALL = {
    "version": "1.0",
    "about": "x",
    "customers": {"one": {"sql": "SELECT 1 AS customer_id"}},
    "scenarios": [
        {
            "id": "first-one",
            "intent": "plan",
            "persona": "suporte_tecnico",
            "role": "customer",
            "channel": "portal",
            "customer": "one",
            "turns": [{"say": "oi"}],
        }
    ],
}


def normal() -> list[Scenario]:
    return [each for each in ALL.scenarios if each.part != "adversarial"]


def test_there_are_enough_over_everything() -> None:
    counts = Counter(each.part for each in ALL.scenarios)
    assert len(normal()) >= 120 and counts["adversarial"] >= 30
    assert 0.3 <= counts["held-back"] / len(normal()) <= 0.5
    wanted = {line.removeprefix("## ") for line in UTTERANCES.read_text("utf-8").splitlines() if line.startswith("## ")}
    assert wanted - {each.intent for each in normal()} == set()
    assert {each.persona for each in normal()} == {"suporte_tecnico", "retencao_churn"}
    assert {each.role for each in normal()} == {"agent", "customer"}
    assert {each.channel for each in normal()} == {"desk", "portal", "whatsapp", "chatbot"}
    assert sum(each.language == "en" for each in normal()) >= 15
    assert sum(len(each.turns) > 1 for each in normal()) >= 25


def test_every_scenario_wants_something_beyond_a_reply() -> None:
    empty = [each.id for each in ALL.scenarios if not any(turn.want.model_fields_set for turn in each.turns)]
    assert empty == []


def test_facts_stand_in_the_documents_they_name() -> None:
    wrong = [
        (name, fact.document)
        for name, fact in FACTS
        if fact.document and not any(folded(words) in folded(text_of(fact.document)) for words in fact.says)
    ]
    assert wrong == []


def test_cited_documents_exist_and_paths_can_be_read() -> None:
    cited = {name for each in ALL.scenarios for turn in each.turns for name in turn.want.citations}
    assert cited <= set(names())
    assert all(paths.steps(fact.path) for _, fact in FACTS if fact.path)


def test_messages_are_not_those_that_the_intents_were_learnt_from() -> None:
    learnt = {folded(line) for line in UTTERANCES.read_text("utf-8").splitlines()}
    copied = [each.id for each in normal() if folded(each.turns[0].say) in learnt]
    assert len(copied) <= 0.05 * len(normal()), copied


def test_the_part_follows_from_the_id_alone() -> None:
    assert [each.id for each in normal() if each.part != scenarios.part_of(each.id)] == []
    assert {each.part for each in ALL.of("held-back").scenarios} == {"held-back"}
    assert sum(len(ALL.of(part).scenarios) for part in PARTS) == len(ALL.of("all").scenarios)
    with pytest.raises(UsageError, match="no part 'train'"):
        ALL.of("train")


def test_a_limit_is_no_part_of_what_is_asked() -> None:
    limited = ALL.scenarios[0].model_copy(update={"limit": "known"})
    other = ALL.model_copy(update={"scenarios": (limited, *ALL.scenarios[1:])})
    assert other.digest == ALL.digest
    assert other.without_limits().scenarios[0].limit == ""
    asked = ALL.scenarios[0].model_copy(update={"intent": "other"})
    assert ALL.model_copy(update={"scenarios": (asked, *ALL.scenarios[1:])}).digest != ALL.digest


def test_the_schema_is_that_of_the_types() -> None:
    assert json.loads(scenarios.SCHEMA.read_text("utf-8")) == scenarios.schema()


def loaded(tmp_path: Path, **changes: object) -> None:
    told = json.loads(json.dumps(SMALL))
    told["scenarios"][0] |= changes
    file = tmp_path / "some.json"
    file.write_text(json.dumps(told), "utf-8")
    scenarios.load([file])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"role": "boss"}, "scenario 'first-one'.role"),
        ({"turns": []}, "turns"),
        ({"turns": [{"say": "oi", "want": {"tolls": []}}]}, "tolls"),
        ({"turns": [{"say": "oi", "want": {"tools": ["guess"]}}]}, "'guess'"),
        ({"turns": [{"say": "oi", "want": {"actions": [{"type": "give_money"}]}}]}, "give_money"),
        ({"turns": [{"say": "oi", "want": {"no_actions": ["give_money"]}}]}, "give_money"),
        ({"turns": [{"say": "oi", "want": {"facts": [{"tool": "churn_risk"}]}}]}, "go together"),
        ({"customer": "two"}, "'two', whom `customers` does not describe"),
        ({"customer": ""}, "customer's role and no customer"),
    ],
)
def test_faults_name_the_scenario_and_the_field(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    loaded(tmp_path)
    with pytest.raises(UsageError, match=said):
        loaded(tmp_path, **changes)


def test_files_that_are_not_there_twice_or_no_json(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    with pytest.raises(NotFound):
        scenarios.load([file])
    file.write_text("{", "utf-8")
    with pytest.raises(UsageError, match="not JSON"):
        scenarios.load([file])
    file.write_text(json.dumps(SMALL), "utf-8")
    with pytest.raises(UsageError, match="stands twice"):
        scenarios.load([file, file])


def test_a_fact_has_one_source() -> None:
    with pytest.raises(ValueError, match="either"):
        Fact(tool="churn_risk", path="percent", says=("5",))
    with pytest.raises(ValueError, match="either"):
        Fact()
