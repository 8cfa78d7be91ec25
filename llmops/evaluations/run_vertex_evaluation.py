"""The scenarios judged by Google's Gen AI evaluation service: groundedness, safety, use of tools, rubrics of ours.

Plays the scenarios as `regression_tests_llm` does, hands the last answer of each to the `Judge` with all that it may
rest on (results of the tools that were called, cited passages), and reports shares with intervals. Complements the
deterministic grades; decides nothing by itself. Behind it is `telecom eval vertex`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from llmops.evaluations import arena, facts, playing
from llmops.evaluations.playing import Played
from llmops.evaluations.reports import scrubbed
from llmops.evaluations.scenario_types import Scenario, ScenarioSet
from llmops.evaluations.service_client import Service
from llmops.rag.evaluation import Estimate, estimate
from llmops.tools.context import ToolError
from telecom.ports import Judge, Judged, ToJudge
from telecom.progress import Progress
from telecom.settings import Settings

METRICS = ("groundedness", "safety", "tool_use")
RUBRICS: Mapping[str, str] = {
    "answers_first": "The answer says first what was asked, then why, then the next step; it does not begin with "
    "something else.",
    "plain_words": "Somebody without technical knowledge understands every sentence; sentences are short and cordial.",
    "no_promise": "The answer does not claim that a discount, credit, visit or change was granted or done; such things "
    "are only proposed and wait for approval.",
    "owns_up": "Where CONTEXT does not say something, the answer says that it does not know instead of making it up.",
}
MOST_CONTEXT = 12_000


@dataclass(frozen=True)
class Figure:
    """Mean score of a metric with its interval, over `count` verdicts; `errors` came without one."""

    metric: str
    score: Estimate
    count: int
    errors: int


@dataclass(frozen=True)
class VertexEvaluation:
    """What the judge said: figures, and every verdict."""

    model: str
    part: str
    figures: tuple[Figure, ...]
    verdicts: tuple[Judged, ...]


def run(
    settings: Settings,
    judge: Judge,
    scenarios: ScenarioSet,
    *,
    model: str = arena.RESPONDER,
    part: str = "development",
    most: int = 0,
    progress: Progress | None = None,
) -> VertexEvaluation:
    """Plays a part of the scenarios (at most `most`; 0: all) and has the answers judged."""
    chosen = scenarios.of(part)
    if most:
        chosen = chosen.only([each.id for each in chosen.scenarios[:most]])
    with arena.opened(settings, model, progress) as service:
        customers = playing.customers_of(service, chosen)
        cases = [_case(service, each, customers.get(each.customer, "")) for each in chosen.scenarios]
    verdicts = judge.judge(cases, METRICS, RUBRICS)
    return VertexEvaluation(model, part, figures(verdicts), verdicts)


def figures(verdicts: Sequence[Judged]) -> tuple[Figure, ...]:
    """By metric, in the order of METRICS and RUBRICS."""
    found = []
    for metric in (*METRICS, *RUBRICS):
        ours = [each for each in verdicts if each.metric == metric]
        scores = [each.score for each in ours if each.score is not None]
        if ours:
            found.append(Figure(metric, estimate(scores), len(scores), len(ours) - len(scores)))
    return tuple(found)


def write(path: Path, found: VertexEvaluation) -> None:
    """Stores figures and verdicts as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(found), ensure_ascii=False, indent=1) + "\n", "utf-8")


def _case(service: Service, scenario: Scenario, customer: str) -> ToJudge:
    played = playing.play(service, scenario, customer)
    last = played.answers[-1]
    called = tuple(sorted({str(use["name"]) for use in last.reply.get("tools", ())}))
    return ToJudge(
        id=scenario.id,
        prompt=_conversation(played),
        response=scrubbed(last.message),
        context=_context(service, played, customer, called),
        tool_calls=called,
    )


def _conversation(played: Played) -> str:
    """What was said before, and the last message."""
    turns = [(turn.say, answer.message) for turn, answer in zip(played.scenario.turns, played.answers, strict=True)]
    before = [f"PERSON: {said}\nASSISTANT: {scrubbed(answer)}" for said, answer in turns[:-1]]
    return "\n".join([*before, f"PERSON: {turns[-1][0]}"])


def _context(service: Service, played: Played, customer: str, called: Sequence[str]) -> str:
    """Results of the tools that were called, read again in the same state, and the passages that are cited."""
    parts = []
    for name in (name for name in called if name in facts.TOOLS):
        try:
            result = facts.look(service.context(played.scenario.role, customer), name, {})
        except ToolError as refused:
            result = {"error": refused.code}
        parts.append(f"TOOL {name}: {json.dumps(to_jsonable_python(result), ensure_ascii=False)}")
    cited: Sequence[Mapping[str, Any]] = played.answers[-1].reply.get("citations", ())
    parts += [f"DOCUMENT {one['document']}: {one['quote']}" for one in cited]
    return scrubbed("\n".join(parts))[:MOST_CONTEXT]
