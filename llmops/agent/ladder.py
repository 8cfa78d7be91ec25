"""What works now, and what may still be spent: the service's answer to `parts.Ladder`.

LLM down, slow, over budget or blocked → the responder answers; search down → tools only; warehouse down → knowledge
only; all down → nothing is left. Who leaves out what is the conversation's part; this one remembers who failed.
"""

from collections.abc import Callable, Mapping

from llmops.agent.breakers import Breaker
from llmops.agent.budgets import Budgets
from llmops.agent.parts import Rung
from llmops.agent.turn import Ask, Usage

Price = Callable[[str, int, int], float]
"""Model, tokens in, tokens out → USD."""


class ServiceLadder:
    """Implements `parts.Ladder`.

    Args:
        breakers: one per rung.
        budgets: of the paid model.
        price: of its tokens.
        over_budget: told which budget kept a message from the paid model.
    """

    def __init__(
        self, breakers: Mapping[Rung, Breaker], budgets: Budgets, price: Price, over_budget: Callable[[str], None]
    ) -> None:
        self._breakers, self._budgets, self._price, self._over_budget = breakers, budgets, price, over_budget

    def usable(self, rung: Rung, ask: Ask) -> bool:
        """Whether to try."""
        if rung == "llm" and (spent := self._budgets.open(ask)):
            self._over_budget(spent)
            return False
        return self._breakers[rung].allows(ask.trace_id)

    def succeeded(self, rung: Rung) -> None:
        """It answered."""
        self._breakers[rung].succeeded()

    def failed(self, rung: Rung) -> None:
        """It did not."""
        self._breakers[rung].failed()

    def tokens(self, ask: Ask) -> int:
        """How many tokens this message may still use."""
        return self._budgets.left(ask)

    def charge(self, ask: Ask, model: str, input_tokens: int, output_tokens: int) -> Usage:
        """Counts what was used, and tells its price."""
        usage = Usage(input_tokens, output_tokens, self._price(model, input_tokens, output_tokens))
        self._budgets.spend(ask, usage)
        return usage

    def open(self) -> tuple[Rung, ...]:
        """The rungs that rest."""
        return tuple(rung for rung, breaker in self._breakers.items() if breaker.open)
