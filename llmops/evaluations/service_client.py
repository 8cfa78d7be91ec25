"""The assistant's service as a client sees it: over HTTP, with the clock that it follows and the state behind it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from socket import create_server
from typing import Any

import httpx

from llmops.agent.policy import load_policy
from llmops.agent.proposals import Proposal
from llmops.agent.turn import Role
from llmops.evaluations.service_process import CLOCK
from llmops.evaluations.world import AT
from llmops.tools.context import ToolContext
from telecom.bootstrap import Platform, load_adapter
from telecom.errors import DependencyUnavailable
from telecom.ports import Record
from telecom.tokens import audience_of

HOST, AGENT = "127.0.0.1", "evaluator"
WAIT_SECONDS, ANSWER_SECONDS, TOKEN_SECONDS = 60.0, 65.0, 86_400
AGENT_CLAIMS: Mapping[str, Any] = {"kind": "agent", "customers": ["*"], "scopes": ["approve:*"]}
PLANTED = "planted"


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


def _wait(service: Service, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + WAIT_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            service.clock(AT)
            return
        except httpx.TransportError:
            time.sleep(0.02)
    raise DependencyUnavailable("The assistant's service did not start.", "Try: telecom serve assistant")
