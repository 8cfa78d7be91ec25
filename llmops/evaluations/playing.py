"""Plays scenarios against the service over HTTP and notes what came of them: answers, proposals, tickets.

The service is a process of its own (`service_process`), started once, in the evaluation world. Before each scenario
its customer's records are erased. The state is read from the records, not from what the service says of it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from socket import create_server
from typing import Any

import httpx

from llmops.agent.policy import load_policy
from llmops.agent.proposals import Proposal
from llmops.agent.turn import Role
from llmops.evaluations import facts, paths
from llmops.evaluations.scenarios import Scenario, ScenarioSet, Someone, Turn
from llmops.evaluations.service_process import CLOCK
from llmops.evaluations.world import AT
from llmops.tools.context import ToolContext, ToolError
from telecom.bootstrap import Platform, load_adapter
from telecom.errors import DependencyUnavailable, UsageError
from telecom.ports import Record
from telecom.tokens import audience_of

HOST, AGENT = "127.0.0.1", "evaluator"
WAIT_SECONDS, ANSWER_SECONDS, TOKEN_SECONDS = 60.0, 65.0, 86_400
AGENT_CLAIMS: Mapping[str, Any] = {"kind": "agent", "customers": ["*"], "scopes": ["approve:*"]}
PLANTED = "planted"
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


class Service:
    """The service as a client sees it, the clock that it follows, and the state behind it.

    Args:
        platform: of the evaluation world.
        port: where the service listens.
    """

    def __init__(self, platform: Platform, port: int) -> None:
        self.platform = platform
        self._http = httpx.Client(base_url=f"http://{HOST}:{port}", timeout=ANSWER_SECONDS)
        self._issuer = load_adapter("local", "identity")(platform.settings)
        self._tokens: dict[tuple[Role, str], str] = {}
        self._rules = load_policy()
        self.at = AT

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    def begin(self, customer: str) -> None:
        """Sets the clock to the beginning, and leaves the customer without records."""
        self.clock(AT)
        self.platform.records.erase(customer or PLANTED)

    def clock(self, at: datetime) -> None:
        """Says what time it is."""
        self._http.put(CLOCK, json={"at": at.isoformat()}).raise_for_status()
        self.at = at

    def chat(self, role: Role, body: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """One message; the status and the reply."""
        told = self._http.post("/chat", json=dict(body), headers=self._door(role, str(body.get("customer_id", ""))))
        return told.status_code, told.json()

    def approve(self, role: Role, customer: str, action_id: str) -> int:
        """Approves a proposal; the status. What the simulated network remembers of it gets a name that is no lot."""
        told = self._http.post(f"/actions/{action_id}/approve", headers=self._door(role, customer))
        self._rename(customer)
        return told.status_code

    def proposals(self, customer: str) -> tuple[Proposal, ...]:
        """A customer's proposals, the oldest first."""
        kept = self.platform.records.of("action", customer, 50) if customer else ()
        found = [Proposal.of_json(record.value).at(self.at) for record in kept]
        return tuple(sorted(found, key=lambda each: (each.proposed_at, each.type)))

    def tickets(self, customer: str) -> int:
        """How many tickets were registered for a customer."""
        kept = self.platform.records.of("ticket", customer) if customer else ()
        return sum(record.key != PLANTED for record in kept)

    def plant(self, customer: str, ticket: Mapping[str, str]) -> None:
        """Puts a ticket there that somebody wrote."""
        value = {"id": PLANTED, "ticket_id": PLANTED, "at": AT.isoformat(), "status": "open", "priority": "medium"}
        record = Record(PLANTED, {**value, **ticket}, customer)
        self.platform.records.change("ticket", PLANTED, lambda _: record)

    def context(self, role: Role, customer: str) -> ToolContext:
        """What the tools are told of a turn."""
        platform = self.platform
        return ToolContext(customer, role, AGENT, self.at, platform.warehouse, platform.records, rules=self._rules)

    def _rename(self, customer: str) -> None:
        """The lot of a simulated restart follows from its event's id, and the ids of proposals are random."""
        records = self.platform.records
        kept = sorted(records.of("network_event", customer), key=lambda record: str(record.value["at"]))
        for number, record in enumerate(kept):
            value = {**record.value, "id": f"{customer}-{number}"}
            renamed = Record(record.key, value, customer)
            records.change("network_event", record.key, lambda _, renamed=renamed: renamed)  # type: ignore[misc]

    def _door(self, role: Role, customer: str) -> dict[str, str]:
        if (role, customer) not in self._tokens:
            whom = audience_of(self.platform.settings, "assistant")
            name, claims = (AGENT, AGENT_CLAIMS)
            if role == "customer":
                name, claims = customer, {"kind": "customer", "customer": customer}
            self._tokens[role, customer] = self._issuer.issue(name, whom, claims, TOKEN_SECONDS)
        return {"Authorization": f"Bearer {self._tokens[role, customer]}"}


@contextmanager
def serving(platform: Platform, environment: Mapping[str, str]) -> Iterator[Service]:
    """The service over the platform's world, ready; ended when this ends.

    Args:
        platform: of the evaluation world, on the local backend.
        environment: the process's variables `TELECOM_…`.

    Raises:
        DependencyUnavailable: it does not come up.
    """
    with create_server((HOST, 0)) as listening:
        port: int = listening.getsockname()[1]
    command = [sys.executable, "-m", "llmops.evaluations.service_process", "--port", str(port)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TELECOM_")}
    with subprocess.Popen(command, env={**inherited, **environment}, stderr=subprocess.DEVNULL) as process:
        service = Service(platform, port)
        try:
            _wait(service, process)
            yield service
        finally:
            service.close()
            process.terminate()


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
        found[name] = _found(service, name, scenarios.customers[name])
    return found


def _found(service: Service, name: str, who: Someone) -> str:
    rows = service.platform.warehouse.query(who.sql).to_pylist()
    for customer in (str(row["customer_id"]) for row in rows[:MOST_LOOKED_AT]):
        if who.tool is None or _is(service.context("agent", customer), who):
            return customer
    raise UsageError(f"The evaluation world has no customer like {name!r}.", "Change its SQL or its value.")


def _is(context: ToolContext, who: Someone) -> bool:
    try:
        values = paths.values(facts.look(context, str(who.tool), who.arguments), who.path)
    except ToolError as refused:
        return refused.code == who.value
    return who.value in map(paths.text, values)


def _wait(service: Service, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + WAIT_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            service.clock(AT)
            return
        except httpx.TransportError:
            time.sleep(0.02)
    raise DependencyUnavailable("The assistant's service did not start.", "Try: telecom serve assistant")


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
