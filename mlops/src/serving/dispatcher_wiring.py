"""The dispatcher over the real ports, and its process. An entry point: the one file of the service that opens them."""

import json
import signal
import sys
from pathlib import Path
from typing import Any

import uvicorn

from mlops.src.config import ChurnConfig
from mlops.src.pipelines.requests import Clock, make_request
from mlops.src.serving.dispatcher import Wiring, create_app
from mlops.src.serving.dispatcher_config import DispatcherConfig
from mlops.src.serving.dispatcher_messages import Order
from mlops.src.serving.dispatcher_runs import Standing, standing_of
from telecom import logs
from telecom.bootstrap import Platform
from telecom.errors import UsageError
from telecom.pipeline_runs import FailedStep
from telecom.ports import PipelineRequest, PipelineRun, StepRun
from telecom.settings import Settings
from telecom.tokens import audience_of

MOST_CONNECTIONS = 200
CONSOLE = "https://console.cloud.google.com/vertex-ai/locations/{region}/pipelines/runs/{job_id}?project={project}"


def wire(platform: Platform, config: ChurnConfig, told: DispatcherConfig, folder: Path) -> Wiring:
    """The service's parts on the platform's backend. `folder` receives the pipelines' YAML.

    Raises:
        UsageError: on Google Cloud no audience is set.
        MissingExtra: a package that verifying needs is not installed.
    """
    settings = platform.settings
    local = settings.backend == "local"

    def request(order: Order) -> PipelineRequest:
        if not local and not order.parameters.get("csv", "gs://").startswith("gs://"):
            raise UsageError("parameters.csv is not in Cloud Storage.", "Write gs://BUCKET/NAME.")
        clock = Clock(order.published_at, order.job_id)
        return make_request(order.pipeline, settings, config, clock, order.parameters, folder / order.job_id)

    return Wiring(
        identity=platform.identity,
        audience=audience_of(settings, "dispatcher"),
        pushers=told.allowed,
        pipelines=lambda: platform.pipelines,
        request=request,
        # Vertex AI itself refuses an id twice; asking it first would only cost a call.
        known=(lambda job_id: recorded(settings.home, job_id)) if local else lambda _: None,
        link=(lambda _: "") if local else lambda job_id: console_link(settings, job_id),
        background=local,
        drain_seconds=told.drain_seconds,
        lacking="" if local or settings.image else "The steps have no image: TELECOM_IMAGE is empty.",
    )


def recorded(home: Path, job_id: str) -> Standing | None:
    """What `<home>/pipelines/<job id>/state.json` says of a run; None where there is none."""
    path = home / "pipelines" / job_id / "state.json"
    try:
        kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    steps = tuple(FailedStep(**step) if "exit_code" in step else StepRun(**step) for step in kept["steps"])
    log = str(path.parent / "run.log")
    if kept["state"] == "running":
        return Standing(job_id, "running", log, steps=steps, note="As last written; another process ran it.")
    return standing_of(PipelineRun(job_id, kept["state"], log, steps=steps))


def console_link(settings: Settings, job_id: str) -> str:
    """The page of a pipeline run in Google Cloud's console."""
    return CONSOLE.format(region=settings.region, project=settings.project, job_id=job_id)


def serve(wiring: Wiring, host: str, port: int, project: str) -> None:
    """Serves until the process is told to end; then what runs is waited for, up to the bound.

    Port 0 takes a free one; the log says which.
    """
    logs.configure(project)
    # uvicorn shuts down in order, then repeats the signal; whoever called us must get to clean up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        create_app(wiring),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=max(1, round(wiring.drain_seconds)),
    )
