"""What the service tells of itself: Prometheus metrics, spans, and log lines without a word of anybody's.

Labels hold names of ours only; what a caller or a model could invent is counted as `other`.
"""

import logging
import re
from typing import Literal

from opentelemetry import trace
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from llmops.agent.turn import ProposedAction, Reply
from telecom.serving.answers import Answer

log = logging.getLogger(__name__)

SECONDS = (0.005, 0.01, 0.02, 0.03, 0.045, 0.06, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0)
ANALYSTS = ("customers", "export", "segments", "drift", "models", "assistant", "tables", "sql")
ROUTES = (
    *("chat", "approve", "reject", "card", "queue", "feedback", "session", "passage", "reviews", "review_grade"),
    *(f"analytics_{page}" for page in ANALYSTS),
)
NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_.:/@+-]{0,79}")
MOST_NAMES = 100
"""Different values that a label may take; a further one is `other`."""


class Telemetry:
    """Counts, times and logs.

    Args:
        logged: which requests that went well get a line, too: all, none, or those whose trace is sampled.
    """

    def __init__(self, logged: Literal["all", "sampled", "failures"] = "all") -> None:
        self._logged = logged
        self._registry = registry = CollectorRegistry()
        self._requests = Counter("assistant_requests", "Requests.", ["route", "code"], registry=registry)
        seconds = Histogram(
            "assistant_request_seconds", "From request to last byte.", ["route"], buckets=SECONDS, registry=registry
        )
        self._seconds = {route: seconds.labels(route) for route in ROUTES}
        self._turns = Counter("assistant_turns", "Answers.", ["intent", "model", "degraded"], registry=registry)
        self._cost = Counter("assistant_cost_usd", "Price of the tokens, in USD.", ["model"], registry=registry)
        self._tokens = Counter("assistant_tokens", "Tokens, input and output.", ["model", "kind"], registry=registry)
        self._hits = Counter("assistant_guardrail_hits", "Findings of the guardrails.", ["kind"], registry=registry)
        self._fallbacks = Counter("assistant_fallbacks", "What an answer lacked.", ["reason"], registry=registry)
        self._unanswered = Counter(
            "assistant_llm_failures", "Why a model gave no answer.", ["reason"], registry=registry
        )
        self._unpriced = Counter(
            "assistant_unpriced_tokens", "Tokens whose price is not known.", ["model"], registry=registry
        )
        self._tools = Counter("assistant_tool_calls", "Calls of tools.", ["tool", "ok"], registry=registry)
        self._actions = Counter("assistant_actions", "States of actions.", ["type", "status"], registry=registry)
        self._running = Gauge("assistant_requests_running", "Requests being answered.", registry=registry)
        self._names: dict[str, set[str]] = {}
        self._strange: set[str] = set()

    def answered(self, route: str, answer: Answer, seconds: float, *, sampled: bool) -> None:
        """Counts, times and logs a request."""
        status = answer.status
        self._requests.labels(route, status).inc()
        self._seconds[route].observe(seconds)
        if status >= 400 or self._logged == "all" or (self._logged == "sampled" and sampled):
            told = {"route": route, "status": status, "ms": round(seconds * 1000, 2)}
            log.log(logging.ERROR if status >= 500 else logging.INFO, "Answered.", extra={"fields": told})

    def turned(self, reply: Reply) -> None:
        """Counts a whole answer: its model and tokens, the tools it took, what it lacked and what it proposes."""
        model, intent = self._known("model", reply.model), self._known("intent", reply.intent)
        self._turns.labels(intent, model, _flag(bool(reply.degraded))).inc()
        for reason in filter(None, reply.degraded.split(",")):
            self._fallbacks.labels(self._known("reason", reason)).inc()
        for use in reply.tools:
            self._tools.labels(self._known("tool", use.name), _flag(use.ok)).inc()
        for action in reply.actions:
            self.acted(action)
        if reply.usage.input_tokens or reply.usage.output_tokens:
            self._tokens.labels(model, "input").inc(reply.usage.input_tokens)
            self._tokens.labels(model, "output").inc(reply.usage.output_tokens)
            self._cost.labels(model).inc(reply.usage.cost_usd)
        _describe(reply)

    def acted(self, action: ProposedAction) -> None:
        """Counts a state that an action came to."""
        self._actions.labels(self._known("type", action.type), self._known("status", action.status)).inc()

    def hit(self, kind: str) -> None:
        """Counts a finding of the guardrails."""
        self._hits.labels(self._known("kind", kind)).inc()

    def over_budget(self, which: str) -> None:
        """Counts a message that the paid model was too dear for."""
        self._fallbacks.labels(f"budget_{which}").inc()

    def unanswered(self, reason: str) -> None:
        """Counts a message that the paid model gave no answer to."""
        self._unanswered.labels(self._known("failure", reason)).inc()

    def unpriced(self, model: str, tokens: int) -> None:
        """Counts tokens of a model that has no price in the table; the first time, says so."""
        name = self._known("model", model)
        self._unpriced.labels(name).inc(tokens)
        if name not in self._strange:
            self._strange.add(name)
            log.warning(
                "The price of %s is not known: its cost counts as 0, and only the budgets of tokens hold. "
                "Add it to telecom/llm_prices.yaml.",
                name,
            )

    def page(self, running: int) -> bytes:
        """All metrics in Prometheus' text format."""
        self._running.set(running)
        return generate_latest(self._registry)

    def _known(self, label: str, value: str) -> str:
        names = self._names.setdefault(label, set())
        if value in names:
            return value
        if len(names) >= MOST_NAMES or not NAME.fullmatch(value):
            return "other" if value else "none"
        names.add(value)
        return value


def _describe(reply: Reply) -> None:
    """What of an answer its span may tell: names and numbers."""
    here = trace.get_current_span()
    if here.is_recording():
        here.set_attributes(
            {
                "assistant.intent": reply.intent,
                "assistant.degraded": reply.degraded,
                "assistant.prompt_version": reply.prompt_version,
                "assistant.guardrails": list(reply.guardrails),
                "assistant.tools": [use.name for use in reply.tools],
                "gen_ai.request.model": reply.model,
                "gen_ai.usage.input_tokens": reply.usage.input_tokens,
                "gen_ai.usage.output_tokens": reply.usage.output_tokens,
            }
        )


def _flag(value: bool) -> str:
    return "true" if value else "false"
