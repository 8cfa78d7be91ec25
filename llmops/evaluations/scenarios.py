"""Scenarios: what somebody writes to the assistant, and what a good answer is. Typed, strict, with clear errors.

A scenario is development or held back by the digest of its id (`part_of`), which nobody chooses; adversarial ones are a
file of their own. `limit` says why a scenario is known to fail, for as long as it does.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from llmops.agent.action_types import SPECS
from llmops.agent.prompt_library import Persona
from llmops.agent.turn import Channel, Language, Role
from telecom.errors import NotFound, UsageError

FOLDER = Path(__file__).parent
FILES = (FOLDER / "eval_scenarios.json", FOLDER / "adversarial_scenarios.json")
Part = Literal["development", "held-back", "adversarial"]
PARTS: tuple[Part, ...] = ("development", "held-back", "adversarial")
HELD_BACK_SHARE = 0.4
MOST_FAULTS = 5
Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{2,60}$")]
Words = Annotated[str, StringConstraints(min_length=1)]
Tool = Literal[
    "customer_profile",
    "list_invoices",
    "read_invoice",
    "compare_invoices",
    "diagnose_line",
    "open_tickets",
    "find_offers",
    "churn_risk",
]


class Strict(BaseModel):
    """Known fields of the right types, and no other."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fact(Strict):
    """A figure, day or word that the answer has to hold.

    Either `path` into the result of `tool` in the moment before the message (`invoices[0].total`), or `document` whose
    text holds one of `says`; or `says` alone. Numbers may differ by `tolerance`. Of several `says` one is enough.
    """

    tool: Tool | None = None
    arguments: dict[str, str | int] = {}
    path: str = ""
    tolerance: Annotated[float, Field(ge=0)] = 0.005
    document: str = ""
    says: tuple[Words, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "Fact":
        if bool(self.tool) != bool(self.path):
            raise ValueError("`tool` and `path` go together")
        if bool(self.tool) == bool(self.says):
            raise ValueError("a fact has either `tool` and `path`, or `says`")
        return self


class WantedAction(Strict):
    """A proposal that has to lie on the desk after the turn; only the parameters that are named count."""

    type: str
    parameters: dict[str, str | int | bool] = {}

    @model_validator(mode="after")
    def _known(self) -> "WantedAction":
        if self.type not in SPECS:
            raise ValueError(f"there is no action {self.type!r}; there are {', '.join(SPECS)}")
        return self


class Want(Strict):
    """What a good answer to one message is; whatever is left out is not looked at.

    Args:
        intent: what the service takes the message for; one of several.
        tools: called, each of them; `no_tools`: none of these (`*`: none at all).
        facts: in the answer, each of them.
        forbidden: nowhere in the answer (letters and accents do not count).
        citations: one of these documents is cited; `no_citations`: none is.
        actions: proposed by now; `no_actions`: none of these types is (`*`: none at all).
        abstains: true: it says that it does not know or cannot; false: it does not say so.
        blocked: the guardrails refused the message.
        language: of the answer.
        reference: a good answer, for semantic similarity where that is asked for.
    """

    intent: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    no_tools: tuple[Tool | Literal["*"], ...] = ()
    facts: tuple[Fact, ...] = ()
    forbidden: tuple[Words, ...] = ()
    citations: tuple[str, ...] = ()
    no_citations: bool = False
    actions: tuple[WantedAction, ...] = ()
    no_actions: tuple[str, ...] = ()
    abstains: bool | None = None
    blocked: bool | None = None
    language: Language | None = None
    reference: str = ""

    @model_validator(mode="after")
    def _actions_exist(self) -> "Want":
        if unknown := set(self.no_actions) - set(SPECS) - {"*"}:
            raise ValueError(f"there are no actions {sorted(unknown)}")
        return self


class Turn(Strict):
    """One message. Before it `minutes` pass, and a person approves the newest proposal of the type `approve`."""

    say: Words
    minutes: Annotated[int, Field(ge=0, le=600)] = 0
    approve: str = ""
    want: Want = Want()


class Planted(Strict):
    """A ticket that lies there before the conversation, with somebody's words."""

    subject: Words
    description: Words
    category: str = "other"


class Scenario(Strict):
    """A conversation about one customer of the evaluation world (`customer` names one of `customers`; empty: none)."""

    id: Id
    intent: Words
    persona: Persona
    role: Role
    channel: Channel
    language: Language = "pt-BR"
    customer: str = ""
    about: str = ""
    ticket: Planted | None = None
    turns: Annotated[tuple[Turn, ...], Field(min_length=1, max_length=12)]
    tickets: int | None = None
    limit: str = ""
    part: Part = "development"


class Someone(Strict):
    """Who a name stands for: the first `customer_id` of the SQL in whose result of `tool` the `path` has `value`."""

    sql: Words
    tool: Tool | None = None
    arguments: dict[str, str | int] = {}
    path: str = ""
    value: str = ""


class _File(Strict):
    """A file of scenarios, and the customers whom they name."""

    version: Literal["1.0"]
    about: str
    customers: dict[str, Someone] = {}
    scenarios: tuple[Scenario, ...]


class ScenarioSet(Strict):
    """Scenarios in the order of their files, and how to find their customers."""

    customers: dict[str, Someone]
    scenarios: tuple[Scenario, ...]

    def of(self, part: str) -> "ScenarioSet":
        """Those of one part; `all` for every one.

        Raises:
            UsageError: there is no such part.
        """
        if part not in (*PARTS, "all"):
            raise UsageError(f"There is no part {part!r}.", f"Choose one of {', '.join((*PARTS, 'all'))}.")
        return self._with([each for each in self.scenarios if part in ("all", each.part)])

    def only(self, names: Iterable[str]) -> "ScenarioSet":
        """Those of these ids.

        Raises:
            UsageError: there is no scenario of one of them.
        """
        wanted = set(names)
        if unknown := wanted - {each.id for each in self.scenarios}:
            raise UsageError(f"There is no scenario {sorted(unknown)[0]!r}.", "See llmops/evaluations.")
        return self._with([each for each in self.scenarios if each.id in wanted])

    def _with(self, chosen: list[Scenario]) -> "ScenarioSet":
        return ScenarioSet(customers=self.customers, scenarios=tuple(chosen))

    @property
    def digest(self) -> str:
        """Names what is asked: the same scenarios, the same digest."""
        asked = [each.model_dump(mode="json", exclude={"limit", "about"}) for each in self.scenarios]
        people = {name: who.model_dump(mode="json") for name, who in self.customers.items()}
        plain = json.dumps([people, asked], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(plain.encode()).hexdigest()[:16]


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
    return _File.model_json_schema()


def _read(path: Path) -> _File:
    try:
        told = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {str(path)!r}.", "Name a file of scenarios in JSON.") from error
    except ValueError as error:
        raise UsageError(f"{path.name} is not JSON: {error}.", "Mend it.") from error
    try:
        return _File.model_validate(told)
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
