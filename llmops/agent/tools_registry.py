"""The tools that a model may call, once for the process: what customers have and what agents have.

A tool knows the customer from its run's workbench, never from the model. Each call has a time limit and a bounded
result; a refusal tells the model what to do next. What a tool returned is kept as evidence for the answer.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal

from pydantic_ai import FunctionToolset, RunContext, Tool, ToolReturn
from pydantic_ai.toolsets import ToolsetTool
from pydantic_core import to_jsonable_python

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
Run = RunContext[Workbench]
Month = str | None


@cache
def toolset(role: Role) -> FunctionToolset[Workbench]:
    """All tools of a role."""
    reading = [*_FOR_ALL, *(_FOR_AGENTS if role == "agent" else ())]
    proposing = [_proposing(kind) for kind in SPECS if role == "agent" or kind not in AGENTS_PROPOSE]
    return _Prepared([*(Tool(tool, takes_ctx=True) for tool in reading), *proposing], max_retries=1)


class _Prepared(FunctionToolset[Workbench]):
    """Tools whose definitions depend on no run: they are prepared once, not for every request of a model."""

    _ready: dict[str, ToolsetTool[Workbench]] | None = None

    async def get_tools(self, ctx: Run) -> dict[str, ToolsetTool[Workbench]]:
        """All of them."""
        if self._ready is None:
            self._ready = await super().get_tools(ctx)
        return dict(self._ready)


async def customer_profile(run: Run) -> ToolReturn[Any]:
    """Who the customer is: plan, products, contract, monthly charge, consents, open tickets."""
    return await _use(run, "customer_profile", crm_tool.customer_profile)


async def list_invoices(run: Run, most: int = 6) -> ToolReturn[Any]:
    """The newest invoices with due dates and payments, what is open and what is overdue.

    Args:
        run: the run.
        most: how many, 1 to 12.
    """
    return await _use(run, "list_invoices", lambda context: billing_tool.list_invoices(context, most=most))


async def read_invoice(run: Run, month: Month = None) -> ToolReturn[Any]:
    """One invoice line by line.

    Args:
        run: the run.
        month: YYYY-MM in which it is due; leave it out for the newest.
    """
    return await _use(run, "read_invoice", lambda context: billing_tool.read_invoice(context, month=month))


async def compare_invoices(run: Run, month: Month = None) -> ToolReturn[Any]:
    """What changed from the invoice before, item by item, and why.

    Args:
        run: the run.
        month: YYYY-MM in which it is due; leave it out for the newest.
    """
    return await _use(run, "compare_invoices", lambda context: billing_tool.compare_invoices(context, month=month))


async def diagnose_line(run: Run, service: Literal["internet", "mobile"] = "internet") -> ToolReturn[Any]:
    """State of the customer's lines now, measures, outages in the area, and what to do next.

    Args:
        run: the run.
        service: which lines.
    """
    return await _use(run, "diagnose_line", lambda context: network_diagnostics_tool.diagnose(context, service=service))


async def open_tickets(run: Run) -> ToolReturn[Any]:
    """The customer's open tickets and their state."""
    return await _use(run, "open_tickets", ticket_tool.open_tickets)


async def find_offers(run: Run) -> ToolReturn[Any]:
    """Plans, upgrades and offers that fit this customer by the policy now."""
    return await _use(run, "find_offers", offers_tool.find_offers)


async def churn_risk(run: Run, reasons: int = 3) -> ToolReturn[Any]:
    """The customer's chance of leaving within a month and its largest reasons. Not for the customer's ears.

    Args:
        run: the run.
        reasons: how many reasons, 1 to 5.
    """
    return await _use(run, "churn_risk", lambda context: churn_tool.churn_risk(context, reasons=reasons))


_FOR_ALL = (customer_profile, list_invoices, read_invoice, compare_invoices, diagnose_line, open_tickets, find_offers)
_FOR_AGENTS = (churn_risk,)


def _proposing(kind: ActionType) -> "Tool[Workbench]":
    """A tool that lays down a proposal of one type; its arguments are those of the type, and a reason."""
    spec = SPECS[kind]
    name = f"{PROPOSE}{kind}"
    schema = spec.parameters.model_json_schema()
    schema["properties"] |= {"reason": {"type": "string", "description": "Why, in one Portuguese sentence."}}

    async def propose(run: Run, **given: Any) -> ToolReturn[Any]:
        reason = short(str(given.pop("reason", "")), 200)
        draft = ActionDraft(kind, reason, given)

        def lay_down(context: ToolContext) -> Any:
            return run.deps.parts.actions.propose(context, draft).shown()

        found = await _use(run, name, lay_down)
        if (action := found.metadata) and not isinstance(action, ToolError):
            run.deps.propose(action)
        return found

    said = f"{spec.parameters.__doc__} Only proposes; a person approves or rejects."
    return Tool.from_schema(propose, name, said, schema, takes_ctx=True, sequential=True)


async def _use(run: Run, name: str, work: Callable[[ToolContext], Any]) -> ToolReturn[Any]:
    """Calls a tool in another thread. `metadata` is its result or the ToolError, the value what the model reads."""
    bench = run.deps
    began = bench.parts.clock()
    with execute_tool(name, run.tool_call_id) as span:
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
    return ToolReturn(value, metadata=found)


async def _in_time(bench: Workbench, name: str, work: Callable[[ToolContext], Any]) -> Any:
    """The cleaned result. A warehouse that is down is told to the ladder and becomes a refusal."""
    parts, context = bench.parts, bench.context
    if context is None or not parts.ladder.usable("warehouse", bench.ask):
        bench.missing.add("warehouse")
        raise _unavailable()
    left = bench.ask.deadline - RESERVE_SECONDS - parts.clock()
    limit = min(SECONDS.get(name, USUAL_SECONDS), left)
    try:
        found, codes = await asyncio.wait_for(
            asyncio.get_running_loop().run_in_executor(parts.pool, lambda: cleaned(work(context), parts.guard)),
            max(limit, 0.0),
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


def _told(refusal: ToolError) -> dict[str, str]:
    return {"error": refusal.code, "message": refusal.message, "next": refusal.hint}


def _unavailable() -> ToolError:
    return ToolError(
        "unavailable",
        "Os sistemas da conta não responderam agora.",
        "Não chame de novo. Diga que os dados da conta estão indisponíveis no momento e responda só com o contexto.",
    )


def as_text(value: Any) -> str:
    """A result as a model reads it."""
    return json.dumps(to_jsonable_python(value), ensure_ascii=False, separators=(",", ":"))
