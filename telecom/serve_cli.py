"""`telecom serve`: the HTTP services. A thin front; imports the plane inside a command."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

serve = typer.Typer(help="HTTP services.", no_args_is_help=True)

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")]


@serve.command()
def dispatcher(
    port: Annotated[int, typer.Option(min=0, max=65_535, envvar="PORT", help="0 takes a free one.")] = 8082,
    host: Host = "127.0.0.1",
) -> None:
    """Start pipelines on messages of Pub/Sub.

    Ends on SIGTERM, after waiting for a running pipeline up to TELECOM_DISPATCHER_DRAIN_SECONDS.
    """
    from telecom.bootstrap import missing_extra
    from telecom.session import open_session

    with open_session(as_json=False) as s, TemporaryDirectory(prefix="telecom-dispatcher-") as folder:
        try:
            from mlops.src.serving import dispatcher_config, dispatcher_wiring
        except ModuleNotFoundError as error:
            raise missing_extra(error, "serve") from error
        from mlops.src.config import load_config

        told = dispatcher_config.load_config()
        wiring = dispatcher_wiring.wire(s.platform, load_config(), told, Path(folder))
        dispatcher_wiring.serve(wiring, host, port, s.platform.settings.project)
