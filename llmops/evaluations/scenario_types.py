"""The types of scenarios: what somebody writes to the assistant, and what a good answer is. Strict."""

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from llmops.agent.action_types import SPECS
from llmops.agent.prompt_library import Persona
from llmops.agent.turn import Channel, Language, Role
from telecom.errors import UsageError

Part = Literal["development", "held-back", "adversarial"]
PARTS: tuple[Part, ...] = ("development", "held-back", "adversarial")
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
    """A conversation about one customer of the evaluation world.

    Args:
        customer: a name of `customers`; empty: the conversation is about nobody.
        ticket: lies there before.
        tickets: how many are registered at the end.
        limit: why the responder is known to fail it; part of no digest, and of no other model's evaluation.
    """

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


class ScenarioFile(Strict):
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

    def without_limits(self) -> "ScenarioSet":
        """The same for another model than the responder, whose limits they state."""
        return self._with([each.model_copy(update={"limit": ""}) for each in self.scenarios])

    def _with(self, chosen: list[Scenario]) -> "ScenarioSet":
        return ScenarioSet(customers=self.customers, scenarios=tuple(chosen))

    @property
    def digest(self) -> str:
        """Names what is asked: the same scenarios, the same digest."""
        asked = [each.model_dump(mode="json", exclude={"limit", "about"}) for each in self.scenarios]
        people = {name: who.model_dump(mode="json") for name, who in self.customers.items()}
        plain = json.dumps([people, asked], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(plain.encode()).hexdigest()[:16]
