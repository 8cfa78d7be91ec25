"""Scenarios, read from their files with clear errors.

A scenario is development or held back by the digest of its id (`part_of`), which nobody chooses; adversarial ones are a
file of their own. `limit` says why a scenario is known to fail, for as long as it does.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from llmops.evaluations.scenario_types import Part, Scenario, ScenarioFile, ScenarioSet, Someone
from telecom.errors import NotFound, UsageError

FOLDER = Path(__file__).parent
FILES = tuple(FOLDER / f"{name}_scenarios.json" for name in ("eval", "adversarial", "reviewed"))
SCHEMA = FOLDER / "eval_scenarios.schema.json"
HELD_BACK_SHARE = 0.4
MOST_FAULTS = 5


def part_of(scenario_id: str) -> Part:
    """Two fifths are held back: those whose id's SHA-256 says so."""
    lot = int.from_bytes(hashlib.sha256(scenario_id.encode()).digest()[:8], "big") / 2**64
    return "held-back" if lot < HELD_BACK_SHARE else "development"


def load(files: Iterable[Path] = FILES) -> ScenarioSet:
    """Reads scenarios.

    Raises:
        NotFound: a file is not there.
        UsageError: one is not valid; the message names the scenario and the first faults.
    """
    read = [(path, _read(path)) for path in files]
    customers = {name: who for _, found in read for name, who in found.customers.items()}
    every = tuple(
        each.model_copy(update={"part": "adversarial" if "adversarial" in path.name else part_of(each.id)})
        for path, found in read
        for each in found.scenarios
    )
    _check(every, customers)
    return ScenarioSet(customers=customers, scenarios=every)


def schema() -> dict[str, Any]:
    """JSON Schema of a file of scenarios."""
    return ScenarioFile.model_json_schema()


def _read(path: Path) -> ScenarioFile:
    try:
        told = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {str(path)!r}.", "Name a file of scenarios in JSON.") from error
    except ValueError as error:
        raise UsageError(f"{path.name} is not JSON: {error}.", "Mend it.") from error
    try:
        return ScenarioFile.model_validate(told)
    except ValidationError as error:
        raise UsageError(f"{path.name} is not valid: {_faults(told, error)}.", "Mend the scenarios.") from error


def _faults(told: Any, error: ValidationError) -> str:
    return "; ".join(_fault(told, each) for each in error.errors()[:MOST_FAULTS])


def _fault(told: Any, fault: Any) -> str:
    where = [str(part) for part in fault["loc"]]
    if where[:1] == ["scenarios"] and len(where) > 1:
        scenario = told["scenarios"][int(where[1])]
        named = scenario.get("id") if isinstance(scenario, dict) else None
        where = [f"scenario {named or where[1]!r}", *where[2:]]
    return f"{'.'.join(where)}: {fault['msg']} (it is {fault['input']!r:.60})"


def _check(every: tuple[Scenario, ...], customers: dict[str, Someone]) -> None:
    twice = [name for name, count in Counter(each.id for each in every).items() if count > 1]
    if twice:
        raise UsageError(f"The scenario {twice[0]!r} stands twice.", "Give each an id of its own.")
    for each in every:
        if each.customer and each.customer not in customers:
            raise UsageError(
                f"The scenario {each.id!r} is about {each.customer!r}, whom `customers` does not describe.",
                f"There are: {', '.join(sorted(customers))}.",
            )
        if each.role == "customer" and not each.customer:
            raise UsageError(f"The scenario {each.id!r} has a customer's role and no customer.", "Name one.")
