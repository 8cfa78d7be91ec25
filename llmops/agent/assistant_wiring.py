"""The assistant over the real ports, and its process. An entry point: the one file of it that opens them."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from llmops.agent import admission, customer_card, policy
from llmops.agent.actions import Actions
from llmops.agent.admission import Door
from llmops.agent.analyst_routes import Analysts
from llmops.agent.assistant_service import Wiring, create_app
from llmops.agent.breakers import Breaker
from llmops.agent.budgets import Budgets, Caps, Spent
from llmops.agent.config import AssistantConfig
from llmops.agent.conversation import Conversation
from llmops.agent.executor import SimulatedSystems
from llmops.agent.guardrails import Armor, Guardrails
from llmops.agent.intents.understanding import understand
from llmops.agent.ladder import ServiceLadder
from llmops.agent.limits import RateLimits
from llmops.agent.parts import Parts, Rung
from llmops.agent.prompt_library import PromptLibrary
from llmops.agent.responder.core import Responder
from llmops.agent.service_audit import ServiceAudit
from llmops.agent.steadier import SteadyReader, SteadyRetriever
from llmops.agent.telemetry import Telemetry
from llmops.tools.cached_reader import CachedReader
from llmops.tools.context import ToolContext
from telecom.adapters._sql_bounds import tables_of
from telecom.bootstrap import Platform, load_adapter
from telecom.errors import TelecomError
from telecom.llm_prices import Cost, cost_of
from telecom.ports import Identity, Reading, Warehouse
from telecom.serving import process
from telecom.serving.admission import Admission
from telecom.serving.limits import Turnstile
from telecom.serving.traces import collected, traces
from telecom.tables import contracts
from telecom.tokens import audience_of

if TYPE_CHECKING:
    from pydantic_ai.models import Model

log = logging.getLogger(__name__)
TURN_THREADS = {"local": 2, "gcp": 16}
"""Of conversations: here they compute, in the cloud they wait."""
DESK_THREADS, KEPT_ANSWERS = 4, 256
RUNGS: tuple[Rung, ...] = ("llm", "search", "warehouse")
ASSERTION = "x-goog-iap-jwt-assertion"
NOBODY = "nobody"


@dataclass(frozen=True)
class Assembled:
    """A conversation and what it shares with the service."""

    parts: Parts
    turns: Conversation
    actions: Actions
    ladder: ServiceLadder
    telemetry: Telemetry
    reader: CachedReader
    close: Callable[[], None]


def assemble(platform: Platform, config: AssistantConfig) -> Assembled:
    """The conversation over the platform's ports; the command line uses it without the service.

    Raises:
        MissingExtra: a package that it needs is not installed.
        TelecomError: the policy or a prompt is not valid.
    """
    telemetry, prompts, rules = Telemetry(config.log_requests), PromptLibrary.load(), policy.load_policy()
    threads, writer = (
        ThreadPoolExecutor(TURN_THREADS[platform.settings.backend], "turn"),
        ThreadPoolExecutor(1, "budget"),
    )
    records, events, warehouse = platform.records, platform.events, SteadyReader(platform.warehouse)
    reader = CachedReader(warehouse, most_entries=KEPT_ANSWERS)
    breakers: Mapping[Rung, Breaker] = {
        rung: Breaker(config.breaker_failures, config.breaker_seconds) for rung in RUNGS
    }
    budgets = Budgets(caps_of(config), records, writer)
    ladder = ServiceLadder(breakers, budgets, _price, telemetry)
    guard = Guardrails(prompts.leaked, _armor(platform, config), telemetry.hit)
    actions = Actions(records, events, warehouse, rules, SimulatedSystems(records), guard.written)
    parts = Parts(
        responder=Responder(prompts),
        prompts=prompts,
        guard=guard,
        ladder=ladder,
        records=records,
        warehouse=reader,
        actions=actions,
        events=events,
        pool=threads,
        retriever=SteadyRetriever(platform.retriever),
        model=_model(platform, config),
        rules=rules,
    )

    def close() -> None:
        threads.shutdown(wait=False, cancel_futures=True)
        writer.shutdown(wait=True)

    return Assembled(parts, Conversation(parts), actions, ladder, telemetry, reader, close)


def wire(platform: Platform, config: AssistantConfig) -> Wiring:
    """The service's parts on the platform's backend.

    Raises:
        UsageError: on Google Cloud, nothing says whose tokens are accepted, or who is who.
        MissingExtra: a package that it needs is not installed.
    """
    made = assemble(platform, config)
    desk = ThreadPoolExecutor(DESK_THREADS, "desk")
    local = platform.settings.backend == "local"

    def close() -> None:
        desk.shutdown(wait=True, cancel_futures=True)
        made.close()

    threading.Thread(target=_begin, args=(made, local), name="begin", daemon=True).start()
    return Wiring(
        door=_door(platform, config),
        rates=RateLimits({role: config.rate(role, local=local) for role in ("agent", "customer")}),
        turns=made.turns,
        actions=made.actions,
        audit=ServiceAudit(platform.events),
        warehouse=made.reader,
        records=platform.records,
        rules=policy.load_policy(),
        resting=made.ladder.open,
        telemetry=made.telemetry,
        desk=desk,
        retriever=made.parts.retriever,
        analysts=_analysts(platform),
        config=config,
        traces=traces(),
        close=close,
        aclose=platform.aclose,
    )


def serve(wiring: Wiring, host: str, port: int, project: str) -> None:
    """Serves until the process is told to end; then whoever still asks is answered, up to the bound.

    Port 0 takes a free one; the log says which.
    """
    config, turnstile = wiring.config, Turnstile(wiring.config.concurrency)
    process.prepare(project)
    # The client of language models would tell of every request.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    app = create_app(wiring, turnstile)
    process.run(app, host, port, turnstile, drain=config.drain_seconds, finish=config.deadline_seconds)


def caps_of(config: AssistantConfig) -> Caps:
    """The budgets of the settings."""
    return Caps(
        Spent(config.message_tokens, config.message_usd),
        Spent(config.session_tokens, config.session_usd),
        Spent(config.day_tokens, config.day_usd),
    )


def _model(platform: Platform, config: AssistantConfig) -> "Model | None":
    """The paid model, with spans where they are collected. Without one, nothing of its libraries is loaded."""
    model = platform.llm
    if model is None or not collected():
        return model
    return cast("Model", import_module("llmops.operations.traced_model").TracedModel(model, config.trace_content))


def _price(model: str, input_tokens: int, output_tokens: int) -> Cost:
    return cost_of(model, input_tokens, output_tokens, datetime.now(UTC).date())


def _analysts(platform: Platform) -> Analysts:
    """With a warehouse of their own: on one machine that is an engine of its own, whose memory they alone use up."""
    settings, known = platform.settings, frozenset(contracts())
    warehouse: Warehouse = load_adapter(settings.backend, "warehouse")(settings)
    return Analysts(warehouse, lambda sql: tables_of(sql, known))


def _armor(platform: Platform, config: AssistantConfig) -> Armor | None:
    if not config.armor_template:
        return None
    adapter = import_module("telecom.adapters.gcp.armor").ModelArmor
    return cast(Armor, adapter(platform.settings, config.armor_template))


def _door(platform: Platform, config: AssistantConfig) -> Door:
    """Who is let in: development tokens on one machine; on Google Cloud whoever the settings say."""
    settings = platform.settings
    if settings.backend == "local":
        return Door(Admission(lambda: platform.identity, audience_of(settings, "assistant"), None))
    people = admission.load_people(config.people) if config.people else {}
    if config.iap_audience:
        return Door(Admission(lambda: _issuer(settings, config), config.iap_audience, None), people, ASSERTION)
    if config.issuer:
        return Door(Admission(lambda: _issuer(settings, config), audience_of(settings, "assistant"), None))
    return Door(Admission(lambda: platform.identity, audience_of(settings, "assistant"), None), people)


def _issuer(settings: Any, config: AssistantConfig) -> Identity:
    issuers = import_module("telecom.adapters.gcp.issuers")
    if config.iap_audience:
        return cast(Identity, issuers.IapIdentity(settings))
    return cast(Identity, issuers.OidcIdentity(settings, config.issuer, config.issuer_keys))


def _begin(made: Assembled, local: bool) -> None:
    """Finishes what an earlier process had begun; on one machine, where it costs nothing, warms up first."""
    if local:
        warm(made.parts)
    try:
        made.actions.resume(datetime.now(UTC))
    except TelecomError as error:
        log.warning("What was under way is not finished: %s", error)


def warm(parts: Parts) -> None:
    """Asks everything once for nobody, so that no person waits for what is read, parsed and opened only once."""
    now = datetime.now(UTC)
    context = ToolContext(NOBODY, "agent", NOBODY, now, parts.warehouse, parts.records, rules=parts.rules)
    asks: tuple[Callable[[], object], ...] = (
        lambda: parts.guard.screen("Olá, bom dia.", source="message"),
        lambda: parts.guard.mask("(11) 98888-7777"),
        lambda: understand("Minha internet está lenta.", now.date()),
        lambda: parts.retriever and parts.retriever.search("fatura", Reading("agent", now.date()), 1),
        *(partial(look, context) for look in customer_card.PARTS.values()),
    )
    for ask in asks:
        try:
            ask()
        except TelecomError as refused:
            log.debug("Warming up: %s", refused)
