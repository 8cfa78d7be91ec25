"""The tools that a model may call, once for the process: what customers have and what agents have.

A tool knows the customer from its run's workbench, never from the model. Each call has a time limit and a bounded
result; a refusal tells the model what to do next. What a tool returned is kept as evidence for the answer.
`model_tools` shows them to models of others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from inspect import signature
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, create_model

from llmops.agent.action_types import SPECS
from llmops.agent.proposing import AGENTS_PROPOSE
from llmops.agent.tool_results import bounded, cleaned, shown_to
from llmops.agent.turn import Event, Role, ToolUse
from llmops.agent.workbench import Workbench
from llmops.operations.spans import execute_tool, failed
from llmops.tools import billing_tool, churn_tool, crm_tool, network_diagnostics_tool, offers_tool, ticket_tool
from llmops.tools.context import ToolContext, ToolError
from llmops.tools.drafts import ActionDraft, ActionType
from llmops.tools.words import short
from telecom.errors import TelecomError

SECONDS: Mapping[str, float] = {"find_offers": 4.0}
USUAL_SECONDS = 3.0
RESERVE_SECONDS = 0.5
"""Kept back from the turn's deadline, to say that a tool did not answer."""
PROPOSE = "propose_"
Month = str | None


class Run(NamedTuple):
    """One call of a tool: of which turn, and what the model calls it."""

    bench: Workbench
    call_id: str | None = None


@dataclass(frozen=True)
class ToolAnswer:
    """`value` is what a model reads, `found` the tool's result or its ToolError."""

    value: Any
    found: Any


@dataclass(frozen=True)
class Tool:
    """A tool of the registry.

    Args:
        name: as models call it.
        work: takes the run, and what the model gives by name.
        told: what models are told of it; without, its docstring.
        schema: JSON schema of what it takes; without, `work`'s parameters say so.
        proposes: it must be called alone, since it lays down a proposal.
    """

    name: str
    work: Callable[..., Awaitable[ToolAnswer]]
    told: str = ""
    schema: Mapping[str, Any] | None = None
    proposes: bool = False

    def taken(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments as the tool takes them; with a schema of its own, it looks at them itself.

        Raises:
            ValueError: there is one that it does not take, or of another type.
        """
        return given if self.schema else dict(self._taken.model_validate(dict(given)))

    @cached_property
    def _taken(self) -> type[BaseModel]:
        _, *taken = signature(self.work).parameters.values()
        fields: dict[str, Any] = {
            each.name: (each.annotation, ... if each.default is each.empty else each.default) for each in taken
        }
        return create_model(self.name, __config__=ConfigDict(extra="forbid"), **fields)


@cache
def tools_of(role: Role) -> Mapping[str, Tool]:
    """All tools of a role, by name."""
    reading = [Tool(work.__name__, work) for work in (*_FOR_ALL, *(_FOR_AGENTS if role == "agent" else ()))]
    proposing = [_proposing(kind) for kind in SPECS if role == "agent" or kind not in AGENTS_PROPOSE]
    return {tool.name: tool for tool in (*reading, *proposing)}


async def customer_profile(run: Run) -> ToolAnswer:
    """Who the customer is: plan, products, contract, monthly charge, consents, open tickets."""
    return await _use(run, "customer_profile", crm_tool.customer_profile)


async def list_invoices(run: Run, most: int = 6, months: int | None = None) -> ToolAnswer:
    """The newest invoices with due dates and payments, what is open, what is overdue and what was paid.

    Args:
        run: the run.
        most: how many, 1 to 12.
        months: list only those due or paid in so many last months, 1 to 12.
    """
    use = partial(billing_tool.list_invoices, most=most, months=months)
    return await _use(run, "list_invoices", use)


async def read_invoice(run: Run, month: Month = None) -> ToolAnswer:
    """One invoice line by line.

    Args:
        run: the run.
        month: YYYY-MM in which it is due; leave it out for the newest.
    """
    return await _use(run, "read_invoice", lambda context: billing_tool.read_invoice(context, month=month))


async def compare_invoices(run: Run, month: Month = None, before: Month = None) -> ToolAnswer:
    """What changed from the invoice before, or from that of another month, item by item, and why.

    Args:
        run: the run.
        month: YYYY-MM in which it is due; leave it out for the newest.
        before: YYYY-MM of the invoice to compare with; leave it out for the one before.
    """
    use = partial(billing_tool.compare_invoices, month=month, before=before)
    return await _use(run, "compare_invoices", use)


async def diagnose_line(run: Run, service: Literal["internet", "mobile", "all"] = "internet") -> ToolAnswer:
    """State of the customer's lines now, measures, outages in the area, and what to do next.

    Args:
        run: the run.
        service: which lines.
    """
    if service == "all":
        return await _use(run, "diagnose_line", network_diagnostics_tool.diagnose_all)
    return await _use(run, "diagnose_line", lambda context: network_diagnostics_tool.diagnose(context, service=service))


async def open_tickets(run: Run) -> ToolAnswer:
    """The customer's open tickets and their state."""
    return await _use(run, "open_tickets", ticket_tool.open_tickets)


async def find_offers(run: Run, asked_by_customer: bool = False) -> ToolAnswer:
    """Plans, upgrades and offers that fit this customer by the policy now.

    Args:
        run: the run.
        asked_by_customer: only where the message says that the customer asked for an offer.
    """

    def find(context: ToolContext) -> Any:
        return offers_tool.find_offers(context, asked_by_customer=asked_by_customer)

    return await _use(run, "find_offers", find)


async def churn_risk(run: Run, reasons: int = 3) -> ToolAnswer:
    """The customer's chance of leaving within a month and its largest reasons. Not for the customer's ears.

    Args:
        run: the run.
        reasons: how many reasons, 1 to 5.
    """
    return await _use(run, "churn_risk", lambda context: churn_tool.churn_risk(context, reasons=reasons))


_FOR_ALL = (customer_profile, list_invoices, read_invoice, compare_invoices, diagnose_line, open_tickets, find_offers)
_FOR_AGENTS = (churn_risk,)


def _proposing(kind: ActionType) -> Tool:
    """A tool that lays down a proposal of one type; its arguments are those of the type, and a reason."""
    spec = SPECS[kind]
    name = f"{PROPOSE}{kind}"
    schema = spec.parameters.model_json_schema()
    schema["properties"] |= {"reason": {"type": "string", "description": "Why, in one Portuguese sentence."}}

    async def propose(run: Run, **given: Any) -> ToolAnswer:
        reason = short(str(given.pop("reason", "")), 200)
        draft = ActionDraft(kind, reason, given)

        def lay_down(context: ToolContext) -> Any:
            return run.bench.parts.actions.propose(context, draft).shown()

        found = await _use(run, name, lay_down)
        if (action := found.found) and not isinstance(action, ToolError):
            run.bench.propose(action)
        return found

    said = f"{spec.parameters.__doc__} Only proposes; a person approves or rejects."
    return Tool(name, propose, said, schema, proposes=True)


async def _use(run: Run, name: str, work: Callable[[ToolContext], Any]) -> ToolAnswer:
    """Calls a tool in another thread."""
    bench = run.bench
    began = bench.parts.clock()
    with execute_tool(name, run.call_id) as span:
        try:
            found: Any = await _in_time(bench, name, work)
            ok = True
        except ToolError as refusal:
            found, ok = refusal, False
            failed(span, refusal.code)
    bench.uses.append(ToolUse(name, ok, round(1000 * (bench.parts.clock() - began), 1)))
    value = _told(found) if isinstance(found, ToolError) else bounded(shown_to(bench.ask.principal.role, found))
    bench.evidence.append(value)
    bench.emit(Event("tool", bench.uses[-1]))
    return ToolAnswer(value, found)


async def _in_time(bench: Workbench, name: str, work: Callable[[ToolContext], Any]) -> Any:
    """The cleaned result. A warehouse that is down is told to the ladder and becomes a refusal."""
    parts, context = bench.parts, bench.context
    if context is None or not parts.ladder.usable("warehouse", bench.ask):
        bench.missing.add("warehouse")
        raise _unavailable()
    left = bench.ask.deadline - RESERVE_SECONDS - parts.clock()
    limit = min(SECONDS.get(name, USUAL_SECONDS), left)

    def in_thread() -> tuple[Any, frozenset[str]]:
        return cleaned(_worked(work, context), parts.guard)

    try:
        found, codes = await asyncio.wait_for(
            asyncio.get_running_loop().run_in_executor(parts.pool, in_thread), max(limit, 0.0)
        )
    except ToolError:
        parts.ladder.succeeded("warehouse")
        raise
    except (TelecomError, TimeoutError, OSError) as error:
        parts.ladder.failed("warehouse")
        bench.missing.add("warehouse")
        raise _unavailable() from error
    parts.ladder.succeeded("warehouse")
    bench.codes |= codes
    return found


def _worked(work: Callable[[ToolContext], Any], context: ToolContext) -> Any:
    """The tool's result. One of ours may have mistyped a number; of nobody there is nothing to be told or proposed."""
    if context.role == "agent":
        crm_tool.known_customer(context)
    return work(context)


def _told(refusal: ToolError) -> dict[str, str]:
    return {"error": refusal.code, "message": refusal.message, "next": refusal.hint}


def _unavailable() -> ToolError:
    return ToolError(
        "unavailable",
        "Os sistemas da conta não responderam agora.",
        "Não chame de novo. Diga que os dados da conta estão indisponíveis no momento e responda só com o contexto.",
    )
