"""The loop of our own: the same transcript as the Agent's, and the same limits."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pydantic_ai.exceptions import UnexpectedModelBehavior, UsageLimitExceeded
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from llmops.agent.answering import Answered, Answering
from llmops.agent.local_loop import LocalLoop
from llmops.agent.responder.model import Responder
from llmops.agent.turn import Role, Usage
from llmops.agent.workbench import Workbench
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
    return plain, [(use.name, use.ok) for use in bench.uses], evidence, actions, bench.codes, bench.missing


@pytest.mark.parametrize(("message", "role"), TALKS)
def test_both_loops_give_the_same_transcript(message: str, role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = benches(monkeypatch)
    Stage().say(message, role=role)
    # A responder of its own is not the stage's, so that the Agent asks it as it asks a paid model.
    Stage(model=Responder(PROMPTS)).say(message, role=role)
    ours, theirs = map(transcript, seen)
    assert ours[0].message and ours == theirs


def run_of(answer: Any, *, tools: bool = True) -> Any:
    """What the loop makes of a model, on a stage's workbench."""
    stage, made = Stage(), []

    async def keep(self: Answering, bench: Workbench, brief: Any) -> Any:
        made.append(bench)
        return lambda: Answered("", (), "", Usage())

    patch = pytest.MonkeyPatch()
    with patch.context() as patched:
        patched.setattr(Answering, "answer", keep)
        stage.say("oi", role="agent")
    loop = LocalLoop("agent", tools=tools, most_requests=3, most_calls=4)
    return asyncio.run(loop.run(FunctionModel(answer), made[0], ["oi"])), made[0]


def test_calls_without_end_are_ended() -> None:
    def call(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[ToolCallPart("open_tickets", {})])

    with pytest.raises(UsageLimitExceeded):
        run_of(call)


def test_too_many_calls_at_once_are_not_made() -> None:
    def call(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[ToolCallPart("open_tickets", {}) for _ in range(5)])

    with pytest.raises(UsageLimitExceeded):
        run_of(call)


@pytest.mark.parametrize(
    ("name", "given", "tools"),
    [("no_such_tool", {}, True), ("list_invoices", {"most": "many"}, True), ("open_tickets", {}, False)],
)
def test_what_no_tool_takes_is_refused(name: str, given: dict[str, Any], tools: bool) -> None:
    def call(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[ToolCallPart(name, given)])

    with pytest.raises(UnexpectedModelBehavior):
        run_of(call, tools=tools)


def test_calls_at_once_and_one_after_the_other_are_all_answered() -> None:
    def call(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if len(messages) > 1:
            return ModelResponse(parts=[TextPart("Pronto.")])
        return ModelResponse(parts=[ToolCallPart("open_tickets", {}), ToolCallPart("customer_profile", {})])

    (said, _), bench = run_of(call)
    assert said == "Pronto." and sorted(use.name for use in bench.uses) == ["customer_profile", "open_tickets"]
    assert all(use.ok for use in bench.uses) and len(bench.evidence) == 2
