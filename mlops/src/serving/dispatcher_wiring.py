"""The dispatcher over the real ports, and its process. An entry point: the one file of the service that opens them."""

import logging
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType

import uvicorn

from mlops.src.config import ChurnConfig
from mlops.src.pipelines import broken_off
from mlops.src.pipelines.requests import Clock, make_request
from mlops.src.serving.dispatcher import Wiring, create_app
from mlops.src.serving.dispatcher_config import DispatcherConfig
from mlops.src.serving.dispatcher_messages import Order
from mlops.src.serving.dispatcher_runs import Standing, standing_of
from telecom import logs
from telecom.bootstrap import Platform
from telecom.errors import TelecomError, UsageError
from telecom.pipeline_runs import JOB_ID, Remembering, run_folder
from telecom.ports import PipelineRequest, PipelineRun, StepRun
from telecom.settings import Settings
from telecom.tokens import audience_of

log = logging.getLogger(__name__)
MOST_CONNECTIONS = 200
NOT_STARTED = 3
"""uvicorn's exit code where the server could not start."""
CONSOLE = "https://console.cloud.google.com/vertex-ai/locations/{region}/pipelines/runs/{job_id}?project={project}"


def wire(platform: Platform, config: ChurnConfig, told: DispatcherConfig, folder: Callable[[], Path]) -> Wiring:
    """The service's parts on the platform's backend. Locally, runs that an earlier process broke off are settled and
    recorded.

    `folder` makes the folder for the pipelines' YAML; it is not called before the first order.

    Raises:
        UsageError: on Google Cloud no audience is set.
        MissingExtra: a package that verifying needs is not installed.
    """
    settings = platform.settings
    local = settings.backend == "local"
    if local:
        settle(platform)
    return Wiring(
        identity=platform.identity,
        audience=audience_of(settings, "dispatcher"),
        pushers=told.allowed,
        pipelines=(lambda: Recording(platform)) if local else lambda: platform.pipelines,
        request=_requests(settings, config, folder),
        known=(lambda job_id: recorded(platform, job_id)) if local else lambda _: None,
        link=(lambda job_id: log_link(settings, job_id)) if local else lambda job_id: console_link(settings, job_id),
        background=local,
        drain_seconds=told.drain_seconds,
        lacking="" if local or settings.image else "The steps have no image: TELECOM_IMAGE is empty.",
    )


def _requests(
    settings: Settings, config: ChurnConfig, folder: Callable[[], Path]
) -> Callable[[Order], PipelineRequest]:
    def request(order: Order) -> PipelineRequest:
        csv = order.parameters.get("csv", "")
        if settings.backend == "local" and csv and not csv.startswith("gs://") and not Path(csv).is_absolute():
            # Whoever sends a message does not know from where this process was started.
            raise UsageError("parameters.csv is a relative path.", "Write the path from / on, or gs://BUCKET/NAME.")
        place, clock = folder() / order.job_id, Clock(order.published_at, order.job_id)
        return make_request(order.pipeline, settings, config, clock, order.parameters, place)

    return request


def recorded(platform: Platform, job_id: str) -> Standing | None:
    """What this machine remembers of a run; None where it was never started. What was broken off has failed."""
    runs = platform.pipelines
    if not isinstance(runs, Remembering) or not (run := runs.find(job_id)):
        return None
    standing = standing_of(replace(run, link=log_link(platform.settings, job_id)))
    if run.state == "submitted":
        return replace(standing, state="running", note="As last written; another process runs it.")
    return standing


def settle(platform: Platform) -> None:
    """Looks at the runs that have left something temporary, which settles those that nobody runs any more."""
    for path in (platform.settings.home / "pipelines").glob("*/tmp"):
        if JOB_ID.fullmatch(path.parent.name):
            record(platform, path.parent.name)


class Recording:
    """The pipelines of this machine; a run that breaks off, so that its own exit step cannot, is recorded."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def start(self, request: PipelineRequest, on_step: Callable[[StepRun], None] | None = None) -> PipelineRun:
        """As the platform's own."""
        try:
            return self._platform.pipelines.start(request, on_step)
        finally:
            record(self._platform, request.job_id)


def record(platform: Platform, job_id: str) -> None:
    """Settles a run that nobody runs any more, and records it if it broke off. A failure to do so is only logged."""
    runs = platform.pipelines
    if not isinstance(runs, Remembering):
        return
    try:
        broken_off.record(platform.warehouse, platform.metrics, runs.find(job_id))
    except TelecomError as error:
        log.warning("The outcome is not in pipeline_runs: %s", error, extra={"fields": {"job_id": job_id}})


def log_link(settings: Settings, job_id: str) -> str:
    """The file with all that the steps of a run on this machine say."""
    return (run_folder(settings.home, job_id) / "run.log").as_uri()


def console_link(settings: Settings, job_id: str) -> str:
    """The page of a pipeline run in Google Cloud's console."""
    return CONSOLE.format(region=settings.region, project=settings.project, job_id=job_id)


def serve(wiring: Wiring, host: str, port: int, project: str) -> None:
    """Serves until the process is told to end; then what runs is waited for, up to the bound.

    Port 0 takes a free one; the log says which.
    """
    logs.configure(project)
    # The server shuts down in order, then repeats the signal; whoever called us must get to clean up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    app = create_app(wiring)
    told = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=max(1, round(wiring.drain_seconds)),
    )
    server = _Server(told, app.state.ending)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(NOT_STARTED)


class _Server(uvicorn.Server):
    """Tells when the end begins, since open connections and running pipelines share one bound."""

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Receives the signal."""
        self._ending()
        super().handle_exit(sig, frame)
