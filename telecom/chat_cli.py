"""`telecom chat`: one message to the assistant, in this process, as an agent on this machine."""

import asyncio
import secrets
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from telecom.cli_options import user

if TYPE_CHECKING:
    from llmops.agent.assistant_wiring import Assembled
    from llmops.agent.turn import Ask, Reply
    from telecom.bootstrap import Platform

SECONDS = 30.0
"""How long the answer may take; nobody else waits."""


def chat(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="What to ask.")],
    customer: Annotated[str, typer.Option(metavar="ID", help="Whom it is about.")] = "",
    session: Annotated[str, typer.Option(metavar="NAME", help="Go on with the conversation of this name.")] = "",
    language: Annotated[
        Literal["pt-BR", "en"], typer.Option(help="Of the answer, where the message does not tell.")
    ] = "pt-BR",
    json: Annotated[bool, typer.Option("--json", help="Print the reply as one JSON document.")] = False,
) -> None:
    """Ask the assistant something, as an agent who may see everybody.

    Prints the answer, what it rests on, and the actions that it proposes; nothing is carried out.
    """
    from telecom.bootstrap import missing_extra
    from telecom.errors import UsageError
    from telecom.session import open_session

    with open_session(json) as s:
        if s.platform.settings.backend != "local":
            raise UsageError("`telecom chat` is for TELECOM_BACKEND=local.", "Ask the service: POST /chat.")
        try:
            from llmops.agent import assistant_wiring, config, memory
        except ModuleNotFoundError as error:
            raise missing_extra(error, "local,assistant") from error
        made = assistant_wiring.assemble(s.platform, config.load_config())
        try:
            assistant_wiring.warm(made.parts)
            ask = _ask(message, customer, session, s.now)
            if not session:
                memory.save(s.platform.records, ask, memory.Session(language=language))
            reply = asyncio.run(_replied(s.platform, made, ask))
        finally:
            made.close()
        _show(reply, as_json=json)


def _ask(message: str, customer: str, session: str, now: datetime) -> "Ask":
    from llmops.agent.admission import CUSTOMER
    from llmops.agent.turn import Ask, Principal
    from telecom.errors import UsageError

    if customer and not CUSTOMER.fullmatch(customer):
        raise UsageError(f"--customer {customer!r} is no customer's number.")
    return Ask(
        message=message,
        principal=Principal(user(), "agent", None),
        customer_id=customer or None,
        session_id=session or secrets.token_urlsafe(16),
        channel="desk",
        trace_id=secrets.token_hex(16),
        now=now,
        deadline=time.monotonic() + SECONDS,
    )


async def _replied(platform: "Platform", made: "Assembled", ask: "Ask") -> "Reply":
    from telecom.errors import DependencyUnavailable

    try:
        found: list[Any] = [event.data async for event in made.turns.turn(ask) if event.kind == "done"]
    except TimeoutError as error:
        raise DependencyUnavailable("The answer was not ready in time.", "Ask again.") from error
    finally:
        await platform.aclose()
    reply: Reply = found[-1]
    return reply


def _show(reply: "Reply", *, as_json: bool) -> None:
    """The answer in full, then tables of what it rests on and proposes."""
    from telecom import console

    if as_json:
        console.print_json(reply)
        return
    sys.stdout.write(f"{reply.message}\n")
    if reply.citations:
        rows = [(c.title, c.section, c.page or "", c.document) for c in reply.citations]
        console.print_table("It rests on", ("document", "section", "page", "file"), rows)
    if reply.actions:
        acts = [(a.title, a.status, a.reason, a.id) for a in reply.actions]
        console.print_table("It proposes", ("action", "status", "why", "id"), acts)
    facts = [("intent", reply.intent), ("model", reply.model), ("prompt", reply.prompt_version)]
    facts += [("tools", ", ".join(use.name for use in reply.tools))] if reply.tools else []
    facts += [("missing", reply.degraded)] if reply.degraded else []
    console.print_pairs("", facts)
