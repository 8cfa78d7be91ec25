"""What came of scripted customers: their conversations, and figures by journey. Pure but for `write`."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from llmops.evaluations.home_network import JOURNEYS
from llmops.evaluations.reports import scrubbed
from llmops.rag.evaluation import Estimate, estimate


@dataclass(frozen=True)
class Visit:
    """One customer's conversation. `illegal` and `unneeded` name proposals; `said` are message and reply in turn."""

    number: int
    problem: str
    journey: str
    customer: str
    solved: bool
    turns: int
    illegal: tuple[str, ...]
    unneeded: tuple[str, ...]
    slips: tuple[str, ...]
    said: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Simulated:
    """Figures of a journey, or of all: share solved and turns with 95 % intervals, and counts."""

    journey: str
    customers: int
    solved: Estimate
    turns: Estimate
    illegal: int
    unneeded: int


def write(path: Path, visits: Sequence[Visit]) -> None:
    """Stores the conversations as JSON."""
    told = [asdict(visit) | {"said": [[asked, scrubbed(reply)] for asked, reply in visit.said]} for visit in visits]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")


def figures(visits: Sequence[Visit]) -> tuple[Simulated, ...]:
    """By journey, then all together."""
    parts: Iterable[tuple[str, list[Visit]]] = [(name, [v for v in visits if v.journey == name]) for name in JOURNEYS]
    return tuple(_figures(name, ours) for name, ours in [*parts, ("all", list(visits))] if ours)


def _figures(name: str, visits: Sequence[Visit]) -> Simulated:
    return Simulated(
        name,
        len(visits),
        estimate([float(visit.solved) for visit in visits]),
        estimate([float(visit.turns) for visit in visits]),
        sum(len(visit.illegal) for visit in visits),
        sum(len(visit.unneeded) for visit in visits),
    )
