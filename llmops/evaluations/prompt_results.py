"""What evaluations said of versions of the prompts: one stored line per model, part and set of versions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmops.agent import prompt_versions
from llmops.agent.prompt_library import PERSONAS, Persona, PromptLibrary
from telecom.errors import UsageError

if TYPE_CHECKING:
    from llmops.evaluations.grading import Grade

HISTORY = Path(__file__).parent / "baselines" / "history.json"


@dataclass(frozen=True)
class Recorded:
    """An evaluation: the versions in use by id, and the share of successes and the count by persona and in all."""

    model: str
    part: str
    asked: str
    versions: Mapping[str, str]
    success: Mapping[str, float]
    count: Mapping[str, int]


@dataclass(frozen=True)
class Delta:
    """A version's share of successes among the scenarios of its personas; `change` against the version before."""

    success: float
    count: int
    change: float | None


def recorded(model: str, part: str, asked: str, grades: Sequence["Grade"]) -> Recorded:
    """What is stored of an evaluation."""
    versions = {source.id: source.version for source in prompt_versions.in_use(files("llmops.prompts"))}
    groups: dict[str, list[bool]] = {"all": [grade.passed for grade in grades]}
    groups |= {name: [g.passed for g in grades if g.scenario.persona == name] for name in PERSONAS}
    success = {name: round(sum(passed) / len(passed), 4) for name, passed in groups.items() if passed}
    return Recorded(model, part, asked, versions, success, {name: len(groups[name]) for name in success})


def read(path: Path = HISTORY) -> tuple[Recorded, ...]:
    """All that is stored, the oldest first.

    Raises:
        UsageError: the file is not a history.
    """
    try:
        told = json.loads(path.read_text("utf-8")) if path.is_file() else []
        return tuple(Recorded(**each) for each in told)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} is no history of evaluations: {error!r}.", "Restore it.") from error


def add(one: Recorded, path: Path = HISTORY) -> None:
    """Stores an evaluation; one of the same model, part, scenarios and versions takes the place of the earlier."""
    kept = [each for each in read(path) if _key(each) != _key(one)]
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f" {json.dumps(asdict(each), ensure_ascii=False)}" for each in [*kept, one])
    path.write_text(f"[\n{lines}\n]\n", "utf-8")


def delta(history: Sequence[Recorded], name: str, version: str, personas: Sequence[Persona]) -> Delta | None:
    """What the newest evaluation with a version says, and against the newest with the version before it.

    Compared are evaluations of one model, part and set of scenarios; None where the version was not evaluated.
    """
    ours = [each for each in history if each.versions.get(name) == version]
    if not ours:
        return None
    found = ours[-1]
    group = personas[0] if len(personas) == 1 else "all"
    if group not in found.success:
        return None
    others = [each for each in history if _same(each, found) and each.versions.get(name, version) != version]
    earlier = [each for each in others if _order(each.versions[name]) < _order(version)]
    change = found.success[group] - earlier[-1].success[group] if earlier else None
    return Delta(found.success[group], found.count[group], change)


def personas_of(library: PromptLibrary) -> dict[str, tuple[Persona, ...]]:
    """By id of a text, the personas that use it."""
    return {text.front.id: text.front.persona for text in library.texts}


def _same(one: Recorded, other: Recorded) -> bool:
    return (one.model, one.part, one.asked) == (other.model, other.part, other.asked)


def _key(one: Recorded) -> tuple[Any, ...]:
    return one.model, one.part, one.asked, tuple(sorted(one.versions.items()))


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
