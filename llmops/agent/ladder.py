"""What works now, and what may still be spent: the service's answer to `parts.Ladder`.

LLM down, slow, over budget or blocked → the responder answers; search down → tools only; warehouse down → knowledge
only; all down → nothing is left. Who leaves out what is the conversation's part; this one remembers who failed.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from llmops.agent.breakers import Breaker
from llmops.agent.budgets import Budgets
from llmops.agent.parts import Rung
from llmops.agent.turn import Ask, Usage
from telecom.llm_prices import Cost

Price = Callable[[str, int, int], Cost]
"""Model, tokens in, tokens out → USD, and whether that is known."""


class Counts(Protocol):
    """Is told what went otherwise than it should (`telemetry.Telemetry`)."""

    def over_budget(self, which: str) -> None:
        """A message that the paid model was too dear for."""
        ...

    def unanswered(self, reason: str) -> None:
        """A message that the paid model gave no answer to."""
        ...

    def unpriced(self, model: str, tokens: int) -> None:
        """Tokens of a model whose price nobody knows."""
        ...


class ServiceLadder:
    """Implements `parts.Ladder`.

    Args:
        breakers: one per rung.
        budgets: of the paid model.
        price: of its tokens.
        counts: what went otherwise than it should.
    """

    def __init__(self, breakers: Mapping[Rung, Breaker], budgets: Budgets, price: Price, counts: Counts) -> None:
        self._breakers, self._budgets, self._price, self._counts = breakers, budgets, price, counts

    def usable(self, rung: Rung, ask: Ask) -> bool:
        """Whether to try."""
        if rung == "llm" and (spent := self._budgets.open(ask)):
            self._counts.over_budget(spent)
            return False
        return self._breakers[rung].allows(ask.trace_id)

    def succeeded(self, rung: Rung) -> None:
        """It answered."""
        self._breakers[rung].succeeded()

    def failed(self, rung: Rung) -> None:
        """It did not."""
        self._breakers[rung].failed()

    def unanswered(self, reason: str) -> None:
        """Counts a message that the model gave no answer to."""
        self._counts.unanswered(reason)

    def tokens(self, ask: Ask) -> int:
        """How many tokens this message may still use."""
        return self._budgets.left(ask)

    def charge(self, ask: Ask, model: str, input_tokens: int, output_tokens: int) -> Usage:
        """Counts what was used, and tells its price: 0 where it is not known, which is counted and logged."""
        cost = self._price(model, input_tokens, output_tokens)
        if not cost.known:
            self._counts.unpriced(model, input_tokens + output_tokens)
        usage = Usage(input_tokens, output_tokens, cost.usd)
        self._budgets.spend(ask, usage)
        return usage

    def open(self) -> tuple[Rung, ...]:
        """The rungs that rest."""
        return tuple(rung for rung, breaker in self._breakers.items() if breaker.open)
