"""An answer that may go out, and what keeps one from going out."""

from dataclasses import dataclass

from llmops.agent.citations import as_evidence
from llmops.agent.parts import Parts
from llmops.agent.turn import Usage
from llmops.agent.workbench import Brief, Workbench
from telecom.ports import Found

NOTHING_SAID = "—"


@dataclass(frozen=True)
class Answered:
    """An answer that may go out: its passages, who gave it, and what it cost. `refused`: nothing could be supported."""

    message: str
    rests_on: tuple[Found, ...]
    model: str
    usage: Usage
    refused: bool = False


def complaints(parts: Parts, message: str, bench: Workbench, rests_on: tuple[Found, ...]) -> str:
    """What is wrong with an answer, for a model to mend; empty where it may go out."""
    if not message:
        return NOTHING_SAID
    verdict = parts.guard.check(message, [*bench.evidence, *as_evidence(rests_on)])
    return "" if verdict.ok else "; ".join((*verdict.unsupported, *verdict.links))[:500] or NOTHING_SAID


def refused(parts: Parts, model: str, bench: Workbench, brief: Brief) -> Answered:
    """What is said in place of an answer that has no support."""
    bench.codes.add("answer_refused")
    return Answered(parts.prompts.say("service.no_support", brief.language), (), model, Usage(), refused=True)
