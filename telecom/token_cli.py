"""`telecom token`: signed development tokens for the services on this machine."""

import sys
from dataclasses import dataclass
from typing import Annotated

import typer


@dataclass(frozen=True)
class Issued:
    """A token, whose it is and for how long."""

    token: str
    name: str
    audience: str
    seconds: int


def token(
    service: Annotated[str, typer.Option(metavar="NAME", help="Name of the service that calls.")],
    audience: Annotated[str, typer.Option(help="Whom it calls; default: the dispatcher.")] = "",
    seconds: Annotated[int, typer.Option(min=1, max=86_400, help="How long the token is valid.")] = 3_600,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the token.")] = False,
) -> None:
    """Print a signed token for a service on this machine.

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
        whom = audience or audience_of(settings, "dispatcher")
        signed = load_adapter("local", "identity")(settings).issue(service, whom, {"kind": "service"}, seconds)
        if json:
            console.print_json(Issued(signed, service, whom, seconds))
        else:
            sys.stdout.write(signed + "\n")
