"""What an answer holds: figures, days, moments and words, as Portuguese and English write them.

Read without the assistant's own check (`agent.grounding`), so that neither hides the other's faults.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from llmops.tools import billing_tool, churn_tool, crm_tool, network_diagnostics_tool, offers_tool, ticket_tool
from llmops.tools.context import ToolContext
from llmops.tools.visit_windows import BRASILIA
from telecom.errors import UsageError
from telecom.passages import folded

Look = Callable[..., Any]
TOOLS: Mapping[str, Look] = {
    "customer_profile": crm_tool.customer_profile,
    "list_invoices": billing_tool.list_invoices,
    "read_invoice": billing_tool.read_invoice,
    "compare_invoices": billing_tool.compare_invoices,
    "diagnose_line": network_diagnostics_tool.diagnose,
    "open_tickets": ticket_tool.open_tickets,
    "find_offers": offers_tool.find_offers,
    "churn_risk": churn_tool.churn_risk,
}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MONTHS = "jan|fev feb|mar|abr apr|mai may|jun|jul|ago aug|set sep|out oct|nov|dez dec".split("|")


def look(context: ToolContext, tool: str, arguments: Mapping[str, Any]) -> Any:
    """A tool's result as plain values: mappings, lists, numbers, days and texts.

    Raises:
        ToolError: the tool refuses.
    """
    found = TOOLS[tool](context, **arguments)
    return plain(asdict(found) if is_dataclass(found) and not isinstance(found, type) else found)


def plain(value: Any) -> Any:
    """Tuples as lists, all the way down."""
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def holds(answer: str, value: Any, tolerance: float) -> bool:
    """Whether an answer states a value; of numbers the sign does not count.

    Raises:
        UsageError: the value is of a kind that no answer states, such as a truth or a list.
    """
    match value:
        case bool():
            raise UsageError(f"An answer cannot be looked through for {value!r}.", "Let the path end in a figure.")
        case int() | float() | Decimal():
            return any(abs(each - abs(float(value))) <= tolerance + 1e-9 for each in numbers(answer))
        case datetime():
            local = value.astimezone(BRASILIA)
            return _clock(answer, local) and _day(answer, local.date())
        case date():
            return _day(answer, value)
        case str():
            return says(answer, value)
        case _:
            raise UsageError(f"An answer cannot be looked through for {value!r:.60}.", "Let the path end in a figure.")


def says(answer: str, words: str) -> bool:
    """Whether words stand in an answer; letters' size, accents and white space do not count."""
    return _squeezed(words) in _squeezed(answer)


def numbers(text: str) -> set[float]:
    """Every number, as both languages may mean it: 1.234 is read as 1234 and as 1.234."""
    return {value for match in _NUMBER.finditer(text) for value in _readings(match[0])}


def _readings(said: str) -> set[float]:
    found = set()
    for thousands, decimal in ((".", ","), (",", ".")):
        whole, _, rest = said.replace(thousands, "").partition(decimal)
        if whole.isdigit() and (not rest or rest.isdigit()):
            found.add(float(f"{whole}.{rest or 0}"))
    return found


def _day(answer: str, on: date) -> bool:
    """With its year, or without one; a figure date is day first."""
    figure = rf"(?<!\d)0?{on.day}/0?{on.month}(?:/{on.year})?(?![\d/])|{on.isoformat()}"
    names = "|".join(_MONTHS[on.month - 1].split())
    spelt = rf"(?<!\d){on.day}º? (?:de |of )?(?:{names})|(?:{names})[a-z]* {on.day}(?!\d)"
    return re.search(f"{figure}|{spelt}", _squeezed(answer)) is not None


def _clock(answer: str, at: datetime) -> bool:
    return re.search(rf"(?<!\d)0?{at.hour}(?:[:h]{at.minute:02d})(?!\d)", answer) is not None


def _squeezed(text: str) -> str:
    return " ".join(folded(text).split())
