"""`telecom token`: signed development tokens for the services on this machine."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

EVERYBODY = "*"


@dataclass(frozen=True)
class Issued:
    """A token, whose it is and for how long."""

    token: str
    name: str
    audience: str
    seconds: int


def token(
    service: Annotated[str, typer.Option(metavar="NAME", help="Name of the service that calls.")] = "",
    agent: Annotated[str, typer.Option(metavar="NAME", help="Name of the agent who asks the assistant.")] = "",
    customer: Annotated[str, typer.Option(metavar="ID", help="The customer who asks the assistant.")] = "",
    customers: Annotated[
        str, typer.Option(metavar="ID,…", help="With --agent: whom they may see; default: everybody.")
    ] = EVERYBODY,
    scopes: Annotated[
        str, typer.Option(metavar="SCOPE,…", help="With --agent: what they may approve, such as approve:*.")
    ] = "approve:retention",
    audience: Annotated[
        str, typer.Option(help="Whom it is for; default: the dispatcher for services, else the assistant.")
    ] = "",
    seconds: Annotated[int, typer.Option(min=1, max=86_400, help="How long the token is valid.")] = 3_600,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the token.")] = False,
) -> None:
    """Print a signed token of a service, an agent or a customer on this machine.

    Only for the local backend; on Google Cloud tokens come from Google.
    """
    from telecom import console
    from telecom.bootstrap import load_adapter
    from telecom.errors import UsageError
    from telecom.session import open_session
    from telecom.tokens import audience_of

    with open_session(json) as s:
        settings = s.platform.settings
        if settings.backend != "local":
            raise UsageError(
                "Development tokens are for TELECOM_BACKEND=local.", "Use: gcloud auth print-identity-token --audiences"
            )
        name, called, claims = _meant(service, agent, customer, _listed(customers), _listed(scopes))
        whom = audience or audience_of(settings, called)
        signed = load_adapter("local", "identity")(settings).issue(name, whom, claims, seconds)
        if json:
            console.print_json(Issued(signed, name, whom, seconds))
        else:
            sys.stdout.write(signed + "\n")


def _meant(
    service: str, agent: str, customer: str, customers: list[str], scopes: list[str]
) -> tuple[str, str, Mapping[str, Any]]:
    """Whose token, for which of our services, and with which claims.

    Raises:
        UsageError: none of the three is named, or several are.
    """
    from telecom.errors import UsageError

    asked: list[tuple[str, str, Mapping[str, Any]]] = [
        (service, "dispatcher", {"kind": "service"}),
        (agent, "assistant", {"kind": "agent", "customers": customers, "scopes": scopes}),
        (customer, "assistant", {"kind": "customer", "customer": customer}),
    ]
    named = [each for each in asked if each[0]]
    if len(named) != 1:
        raise UsageError("Whose token is it?", "Give one of --service NAME, --agent NAME and --customer ID.")
    return named[0]


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
