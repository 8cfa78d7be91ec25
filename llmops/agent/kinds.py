"""Which loops there are, and what bounds each of them, whoever is asked in it."""

from llmops.agent.turn import Role
from llmops.agent.workbench import Workbench

MOST_REQUESTS, MOST_CALLS = 8, 16
"""Of the model and of tools, in one turn."""
KINDS: tuple[tuple[Role, bool], ...] = (("customer", True), ("customer", False), ("agent", True), ("agent", False))


def kind_of(bench: Workbench) -> tuple[Role, bool]:
    """Whose loop a turn takes, and whether it has tools."""
    return bench.ask.principal.role, bench.context is not None and "warehouse" not in bench.missing
