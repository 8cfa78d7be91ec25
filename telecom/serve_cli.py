"""`telecom serve`: the HTTP services. A thin front; imports the plane inside a command."""

import gc
import os
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

serve = typer.Typer(help="HTTP services.", no_args_is_help=True)

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")]


def _listenable(host: str, port: int) -> None:
    """Looks whether a service could listen, before it takes seconds to start and ends with the server's own words.

    Raises:
        UsageError: the port is taken, or the address is not this machine's.
    """
    import socket

    from telecom.errors import UsageError

    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        told = f"Nothing can listen on {host}, port {port}: {error.strerror}."
        raise UsageError(told, "Choose another with --port and --host, or end what listens there.") from error


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

    with open_session(as_json=False) as s, ExitStack() as undo:
        _listenable(host, port)
        try:
            from mlops.src.serving import dispatcher_config, dispatcher_wiring
        except ModuleNotFoundError as error:
            raise missing_extra(error, "serve") from error
        from mlops.src.config import load_config

        # Made with the first order: by then the server takes the signals, so that none of them leaves it behind.
        folder = cache(lambda: Path(undo.enter_context(TemporaryDirectory(prefix="telecom-dispatcher-"))))
        told = dispatcher_config.load_config()
        wiring = dispatcher_wiring.wire(s.platform, load_config(), told, folder)
        dispatcher_wiring.serve(wiring, host, port, s.platform.settings.project)


@serve.command()
def churn(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, envvar=["AIP_HTTP_PORT", "PORT"], help="0 takes a free one.")
    ] = 8081,
    host: Host = "127.0.0.1",
) -> None:
    """Answer churn risk over HTTP: POST /predict and GET /v1/customers/ID/risk.

    Follows the champion of the registry, and answers 503 until there is one; keeps Vertex AI's contract for containers
    (AIP_…).
    """
    # Nothing that is imported is garbage; the service collects again once it serves.
    gc.disable()
    from telecom.bootstrap import missing_extra
    from telecom.session import open_session

    with open_session(as_json=False) as s:
        _listenable(host, port)
        try:
            from mlops.src.serving import churn_wiring, config
            from telecom.serving import process
        except ModuleNotFoundError as error:
            raise missing_extra(error, "serve") from error
        told = config.load_config()
        # Before the model goes into service, which the log says.
        process.prepare(s.platform.settings.project)
        churn_wiring.serve(churn_wiring.wire(s.platform, *told), host, port)


@serve.command()
def assistant(
    port: Annotated[int, typer.Option(min=0, max=65_535, envvar="PORT", help="0 takes a free one.")] = 8080,
    host: Host = "127.0.0.1",
) -> None:
    """Answer messages of customers and agents: POST /chat, and the desk's routes.

    Without a language model (TELECOM_LLM) the deterministic responder answers.
    """
    # Nothing that is imported is garbage; the service collects again once it serves.
    gc.disable()
    # Arrow reads this once, when it is imported; its own allocator keeps what many threads gave back.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from telecom.bootstrap import missing_extra
    from telecom.session import open_session

    with open_session(as_json=False) as s:
        _listenable(host, port)
        try:
            from llmops.agent import assistant_wiring, config
        except ModuleNotFoundError as error:
            raise missing_extra(error, "local,serve,assistant") from error
        wiring = assistant_wiring.wire(s.platform, config.load_config())
        assistant_wiring.serve(wiring, host, port, s.platform.settings.project)
