"""Plays scenarios against the service and notes what came of them: answers, proposals, tickets.

Before each scenario its customer's records are erased. The state is read from the records, not from what the service
says of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any

from llmops.agent.proposals import Proposal
from llmops.evaluations import facts, paths
from llmops.evaluations.scenario_types import Scenario, ScenarioSet, Someone, Turn
from llmops.evaluations.service_client import Service
from llmops.evaluations.world import AT
from llmops.tools.context import ToolContext, ToolError
from telecom.errors import UsageError

MOST_LOOKED_AT = 400
"""Candidates, until one has what is wanted."""


@dataclass(frozen=True)
class Answer:
    """What came of one message: the HTTP status, the reply, and the facts that were wanted, by their place."""

    status: int
    reply: Mapping[str, Any]
    wanted: Mapping[int, Sequence[Any]] = field(default_factory=dict)
    proposals: tuple[Proposal, ...] = ()

    @property
    def message(self) -> str:
        """The answer's text; empty where there is none."""
        return str(self.reply.get("message", ""))


@dataclass(frozen=True)
class Played:
    """A scenario and what came of it. `approvals` are statuses of what somebody approved, turn by turn."""

    scenario: Scenario
    answers: tuple[Answer, ...]
    approvals: tuple[int, ...] = ()
    tickets: int = 0


def play(service: Service, scenario: Scenario, customer: str) -> Played:
    """Plays one scenario with a customer of the world (empty: with none)."""
    service.begin(customer)
    if scenario.ticket:
        service.plant(customer, scenario.ticket.model_dump())
    answers, approvals = [], []
    for turn in scenario.turns:
        service.clock(service.at + timedelta(minutes=turn.minutes))
        if turn.approve:
            approvals.append(_approved(service, scenario, customer, turn.approve))
        wanted = _wanted(service, scenario, customer, turn)
        status, reply = service.chat(scenario.role, _body(scenario, customer, turn))
        answers.append(Answer(status, reply, wanted, service.proposals(customer)))
    return Played(scenario, tuple(answers), tuple(approvals), service.tickets(customer))


def customers_of(service: Service, scenarios: ScenarioSet) -> dict[str, str]:
    """Who the scenarios are about, by name.

    Raises:
        UsageError: the world has nobody like that.
    """
    needed = {each.customer for each in scenarios.scenarios if each.customer}
    found = {}
    for name in sorted(needed):
        found[name] = candidates(service, name, scenarios.customers[name], 1)[0]
    return found


def candidates(service: Service, name: str, who: Someone, most: int) -> tuple[str, ...]:
    """The first customers whom a name may stand for; at least one.

    Raises:
        UsageError: the world has nobody like that.
    """
    service.clock(AT)
    rows = service.platform.warehouse.query(who.sql).to_pylist()
    every = (str(row["customer_id"]) for row in rows[:MOST_LOOKED_AT])
    fitting = (each for each in every if who.tool is None or _is(service.context("agent", each), who))
    found = tuple(islice(fitting, most))
    if not found:
        raise UsageError(f"The evaluation world has no customer like {name!r}.", "Change its SQL or its value.")
    return found


def _is(context: ToolContext, who: Someone) -> bool:
    try:
        values = paths.values(facts.look(context, str(who.tool), who.arguments), who.path)
    except ToolError as refused:
        return refused.code == who.value
    return who.value in map(paths.text, values)


def _body(scenario: Scenario, customer: str, turn: Turn) -> dict[str, Any]:
    about = {"customer_id": customer} if customer else {}
    return {"message": turn.say, "session_id": f"eval-{scenario.id}"[:64], "channel": scenario.channel, **about}


def _approved(service: Service, scenario: Scenario, customer: str, kind: str) -> int:
    """Approves the newest waiting proposal of a type; 404 where there is none."""
    waiting = [each for each in service.proposals(customer) if each.type == kind and each.status == "proposed"]
    return service.approve(scenario.role, customer, waiting[-1].id) if waiting else 404


def _wanted(service: Service, scenario: Scenario, customer: str, turn: Turn) -> dict[int, list[Any]]:
    """Values of the facts that a tool knows, before the message is sent."""
    found = {}
    for place, fact in enumerate(turn.want.facts):
        if fact.tool:
            try:
                result = facts.look(service.context(scenario.role, customer), fact.tool, fact.arguments)
            except ToolError as error:
                raise UsageError(f"{scenario.id}: {fact.tool} refuses ({error.code}).", "Choose a customer.") from error
            found[place] = paths.values(result, fact.path)
            if not found[place]:
                raise UsageError(f"{scenario.id}: {fact.tool} has nothing at {fact.path!r}.", "Mend the path.")
    return found
