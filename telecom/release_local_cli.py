"""`telecom release add` and `front`: revisions on this machine, and a process that deals requests to them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from telecom.cli_options import session

if TYPE_CHECKING:
    from telecom.session import Session

REVISIONS = ("revision", "%", "ready", "model version")

Service = Annotated[str, typer.Option(help="Whose revisions.")]


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the revision.")],
    url: Annotated[str, typer.Option(help="Where it listens, such as http://127.0.0.1:8091.")],
    service: Service = "churn",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
) -> None:
    """Make a process on this machine known as a revision.

    The first gets all requests, others none yet. On Google Cloud, deploying does this.
    """
    with session(json) as s:
        from mlops.src.release import status as job
        from telecom import console

        local_traffic(s).add(service, name, url)
        p = s.platform
        found = job.run(p.traffic, p.registry, p.documents, service=service)
        if json:
            console.print_json(found)
        else:
            console.print_table(f"Revisions of {service}", REVISIONS, found.revision_rows())


def front(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8081,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    service: Service = "churn",
) -> None:
    """Deal requests to the revisions on this machine.

    What a load balancer does on Google Cloud; ends on SIGTERM.
    """
    with session(False) as s:
        from telecom.bootstrap import missing_extra

        try:
            local_traffic(s).serve(service, host, port)
        except ModuleNotFoundError as error:
            raise missing_extra(error, "serve") from error


def local_traffic(s: "Session") -> Any:
    """The adapter itself, for what only makes sense on one machine.

    Raises:
        UsageError: the backend is another one.
    """
    from telecom.bootstrap import load_adapter
    from telecom.errors import UsageError

    if s.platform.settings.backend != "local":
        raise UsageError(
            "On Google Cloud revisions are deployed, and dealt to, by Cloud Run.", "Use: gcloud run deploy"
        )
    return load_adapter("local", "traffic")(s.platform.settings)
