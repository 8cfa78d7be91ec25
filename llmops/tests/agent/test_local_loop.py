"""The responder's loop: the same transcript as in that of paid models, and the same limits."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from llmops.agent.answer_check import Answered
from llmops.agent.answering import Answering
from llmops.agent.local_loop import Endless, LocalLoop, NoSuchCall
from llmops.agent.responder.core import Responder, Said, Wanted
from llmops.agent.responder.model import ResponderModel
from llmops.agent.responder.view import Call
from llmops.agent.turn import Role, Usage
from llmops.agent.workbench import Brief, Workbench
from llmops.tests.agent.stage import PROMPTS, Stage

TALKS: tuple[tuple[str, Role], ...] = (
    ("minha internet está lenta", "customer"),
    ("por que minha fatura aumentou?", "customer"),
    ("quero a segunda via do boleto", "agent"),
    ("qual o risco de cancelamento deste cliente?", "agent"),
    ("que planos mais rápidos eu posso ter?", "customer"),
    ("quero cancelar", "agent"),
    ("multa e juros por atraso", "customer"),
    ("oi, bom dia", "agent"),
)


def benches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Workbench, Any]]:
    """Every workbench that an answer was settled with, and what was settled."""
    seen: list[tuple[Workbench, Any]] = []
    settle = Answering.answer

    async def answer(self: Answering, bench: Workbench, brief: Any) -> Any:
        settled = await settle(self, bench, brief)

        def noted() -> Answered:
            found = settled()
            seen.append((bench, found))
            return found

        return noted

    monkeypatch.setattr(Answering, "answer", answer)
    return seen


def transcript(seen: tuple[Workbench, Answered]) -> Any:
    bench, found = seen
    evidence = [
        {name: value for name, value in one.items() if name != "id"} if isinstance(one, dict) else one
        for one in bench.evidence
    ]
    plain = replace(found, usage=Usage())
    actions = [(action.type, action.parameters, action.status) for action in bench.actions.values()]
    # Tools that are called at once have no order.
    uses, evidence = sorted((use.name, use.ok) for use in bench.uses), sorted(evidence, key=repr)
    return plain, uses, evidence, actions, bench.codes, bench.missing


@pytest.mark.parametrize(("message", "role"), TALKS)
def test_both_loops_give_the_same_transcript(message: str, role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = benches(monkeypatch)
    Stage().say(message, role=role)
    # As a paid model it is asked in their loop.
    Stage(model=ResponderModel(Responder(PROMPTS))).say(message, role=role)
    ours, theirs = map(transcript, seen)
    assert ours[0].message and ours == theirs


Step = Callable[[Mapping[Call, Any]], Wanted | Said]


class Scripted:
    """Does as a test wants."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def step(self, brief: Brief, results: Mapping[Call, Any], tools: frozenset[str]) -> Wanted | Said:
        return self._step(results)


def calls(*named: tuple[str, dict[str, Any]]) -> Wanted:
    return Wanted(tuple(Call(name, json.dumps(given)) for name, given in named))


def run_of(step: Step, *, tools: bool = True) -> tuple[Said, Workbench]:
    """What the loop makes of steps, on a stage's workbench."""
    stage, made = Stage(), []

    async def keep(self: Answering, bench: Workbench, brief: Brief) -> Any:
        made.append((bench, brief))
        return lambda: Answered("", (), "", Usage())

    patch = pytest.MonkeyPatch()
    with patch.context() as patched:
        patched.setattr(Answering, "answer", keep)
        stage.say("oi", role="agent")
    loop = LocalLoop("agent", tools=tools, most_requests=3, most_calls=4)
    return asyncio.run(loop.run(Scripted(step), *made[0])), made[0][0]


def test_calls_without_end_are_ended() -> None:
    with pytest.raises(Endless):
        run_of(lambda _: calls(("open_tickets", {})))


def test_too_many_calls_at_once_are_not_made() -> None:
    with pytest.raises(Endless):
        run_of(lambda _: calls(*[("open_tickets", {})] * 5))


@pytest.mark.parametrize(
    ("name", "given", "tools"),
    [
        ("no_such_tool", {}, True),
        ("list_invoices", {"most": "many"}, True),
        ("list_invoices", {"customer_id": "0001"}, True),
        ("diagnose_line", {"service": "television"}, True),
        ("open_tickets", {}, False),
    ],
)
def test_what_no_tool_takes_is_refused(name: str, given: dict[str, Any], tools: bool) -> None:
    with pytest.raises(NoSuchCall):
        run_of(lambda _: calls((name, given)), tools=tools)


@pytest.mark.parametrize("others", [["customer_profile"], ["propose_callback"]])
def test_calls_at_once_and_one_after_the_other_are_all_answered(others: list[str]) -> None:
    asked: list[tuple[str, dict[str, Any]]] = [("open_tickets", {}), *((name, {}) for name in others)]

    def step(results: Mapping[Call, Any]) -> Wanted | Said:
        return Said("Pronto.", {"seen": sorted(call.tool for call in results)}) if results else calls(*asked)

    said, bench = run_of(step)
    assert said.text == "Pronto." and said.state["seen"] == sorted(name for name, _ in asked)
    assert sorted(use.name for use in bench.uses) == said.state["seen"] and len(bench.evidence) == 2
