"""`telecom pipeline`: compiles, runs and submits the pipelines. A thin front; imports the plane inside a command."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from telecom.cli_options import Json, session

if TYPE_CHECKING:
    from telecom.pipeline_output import Follower
    from telecom.pipeline_runs import KeptRun
    from telecom.ports import PipelineRequest, PipelineRun
    from telecom.session import Session

OURS = range(2, 6)
"""Exit codes that the error tree gives a meaning."""

pipeline = typer.Typer(help="The same jobs as pipelines: here, or on Vertex AI.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="churn, churn-retraining or churn-automl.")]
Csv = Annotated[str, typer.Option(help="Telco CSV to ingest (churn); default: none, what was ingested is used.")]
Day = Annotated[str, typer.Option("--snapshot-date", metavar="YYYY-MM-DD", help="Snapshot; default: the newest.")]
Deploy = Annotated[str, typer.Option(metavar="batch|online", help="What a promoted model serves.")]
Param = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="Any parameter of the pipeline.")]
JobId = Annotated[str, typer.Option(help="Repeat safely: an id is never started twice; default: name and time.")]


@pipeline.command("compile")
def compile_(
    name: Name,
    image: Annotated[str, typer.Option(help="Image of the steps, by digest; default: TELECOM_IMAGE, or none.")] = "",
    out: Annotated[Path | None, typer.Option(help="YAML to write; default: NAME.yaml.")] = None,
    json: Json = False,
) -> None:
    """Write a pipeline as YAML, and check it.

    The same code gives the same bytes. Without an image the file runs on this machine only.
    """
    with session(json) as s:
        from mlops.src.pipelines import compiling, validation

        named = image or s.platform.settings.image
        written = compiling.compile_pipeline(name, named or compiling.NO_IMAGE, out or Path(f"{name}.yaml"))
        steps = len(validation.read_spec(written)["deploymentSpec"]["executors"])
        told = Compiled(name, str(written), named or "none; runs on this machine only", steps)
        s.show("Compiled", told, f"telecom pipeline run {name}")


@pipeline.command()
def run(
    name: Name,
    csv: Csv = "",
    snapshot_date: Day = "",
    deploy: Deploy = "",
    param: Param = None,
    job_id: JobId = "",
    json: Json = False,
) -> None:
    """Run a pipeline on this machine, step by step.

    Exits with the failed step's own code, such as 4 when a gate said no.
    """
    with session(json) as s, TemporaryDirectory(prefix="telecom-pipeline-") as folder:
        from telecom import console, pipeline_output
        from telecom.errors import UsageError

        if s.platform.settings.backend != "local":
            raise UsageError("TELECOM_BACKEND=gcp does not run pipelines here.", f"Use: telecom pipeline submit {name}")
        request = prepared(s, name, parameters(s, csv, snapshot_date, deploy, param), job_id, Path(folder))
        follower = pipeline_output.Follower()
        done = started(s, request, follower)
        if json:
            console.print_json(done)
        else:
            pipeline_output.show(done, follower)
        end(done)


@pipeline.command()
def submit(
    name: Name,
    csv: Csv = "",
    snapshot_date: Day = "",
    deploy: Deploy = "",
    param: Param = None,
    job_id: JobId = "",
    wait: Annotated[
        float, typer.Option(min=0, metavar="MINUTES", help="Stay until it has ended, at most so long; 0: do not.")
    ] = 0,
    json: Json = False,
) -> None:
    """Start a pipeline on Vertex AI; prints where to look.

    With --wait it exits with 1 where the pipeline failed, with 5 where it has not ended in time.
    """
    with session(json) as s, TemporaryDirectory(prefix="telecom-pipeline-") as folder:
        from telecom import console
        from telecom.errors import UsageError

        if s.platform.settings.backend != "gcp":
            remedy = f"Use: telecom pipeline run {name}; or set TELECOM_BACKEND=gcp and TELECOM_PROJECT."
            raise UsageError("The local backend has nowhere to submit a pipeline to.", remedy)
        request = prepared(s, name, parameters(s, csv, snapshot_date, deploy, param), job_id, Path(folder))
        sent = s.platform.pipelines.start(request)
        if not json:
            state = "was submitted before" if sent.already else sent.state
            console.print_pairs("Pipeline", [("job", sent.job_id), ("state", state)])
            console.print_next(f"Watch it at {sent.link}")
        done = waited(s, sent.job_id, wait) if wait else sent
        if json:
            console.print_json(done)
    end(done)


def waited(s: "Session", job_id: str, minutes: float) -> "PipelineRun":
    """The run once it has ended; says how.

    Raises:
        DependencyUnavailable: it has not ended in time, or this backend does not tell.
    """
    from telecom import console
    from telecom.errors import DependencyUnavailable
    from telecom.pipeline_runs import Watched
    from telecom.pipeline_runs import wait as until_ended

    pipelines = s.platform.pipelines
    if not isinstance(pipelines, Watched):
        raise DependencyUnavailable("This backend does not tell how a pipeline stands.", "Leave --wait out.")
    done = until_ended(pipelines, job_id, minutes)
    if not s.as_json:
        told = [(step.name, step.note or "failed") for step in done.steps]
        console.print_pairs("Ended", [("state", done.state), *([("note", done.note)] if done.note else []), *told])
    return done


@dataclass(frozen=True)
class Compiled:
    """A written pipeline."""

    pipeline: str
    file: str
    image: str
    steps: int


def prepared(s: "Session", name: str, given: Mapping[str, str], job_id: str, folder: Path) -> "PipelineRequest":
    """The checked request; the YAML that runs is the one that was compiled, golden-filed and validated."""
    from mlops.src.config import load_config
    from mlops.src.pipelines.requests import Clock, make_request

    return make_request(name, s.platform.settings, load_config(), Clock(s.now, job_id), given, folder)


def parameters(s: "Session", csv: str, snapshot_date: str, deploy: str, more: Sequence[str] | None) -> dict[str, str]:
    """The pipeline's parameters from the options; those not given are left to the pipeline.

    Raises:
        UsageError: one is not KEY=VALUE, or the snapshot is not a day.
    """
    from telecom.errors import UsageError

    s.day(snapshot_date)
    here = s.platform.settings.backend == "local" and csv and "://" not in csv
    own = {"csv": absolute(csv) if here else csv, "snapshot_date": snapshot_date, "deploy": deploy}
    named = {name: value for name, value in own.items() if value}
    for text in more or ():
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise UsageError(f"--param {text!r} is not KEY=VALUE.", "Write for example --param minutes=5.")
        named[key] = value
    return named


def absolute(csv: str) -> str:
    """The file's whole path: the steps work elsewhere.

    Raises:
        UsageError: the path begins with `~` and the name of nobody.
    """
    from telecom.errors import UsageError

    try:
        return str(Path(csv).expanduser().absolute())
    except RuntimeError as error:
        raise UsageError(f"--csv {csv!r} is in nobody's home directory.", "Write the whole path.") from error


def started(s: "Session", request: "PipelineRequest", follower: "Follower") -> "PipelineRun":
    """Runs it to its end, and records the outcome if it broke off."""
    from telecom import pipeline_output
    from telecom.pipeline_runs import run_folder

    if not s.as_json:
        log = run_folder(s.platform.settings.home, request.job_id) / "run.log"
        pipeline_output.print_begin(request.job_id, log)
    try:
        done = s.platform.pipelines.start(request, None if s.as_json else follower)
    except BaseException as error:
        follower.close()
        left = recorded(s, request.job_id)
        if isinstance(error, KeyboardInterrupt):
            pipeline_output.print_interrupted(left, follower)
        raise
    recorded(s, request.job_id)
    return done


def recorded(s: "Session", job_id: str) -> "KeptRun | None":
    """What is remembered of the run; it is recorded if it broke off and could not do so itself."""
    from mlops.src.pipelines import broken_off
    from telecom import console
    from telecom.errors import TelecomError
    from telecom.pipeline_runs import JOB_ID, Remembering

    p = s.platform
    if not isinstance(p.pipelines, Remembering) or not JOB_ID.fullmatch(job_id):
        return None
    run = p.pipelines.find(job_id)
    try:
        broken_off.record(p.warehouse, p.metrics, run)
    except TelecomError as error:
        console.print_next(f"The outcome is not in telecom_monitoring.pipeline_runs: {error}")
    return run


def end(done: "PipelineRun") -> None:
    """Ends the process with the failed step's exit code."""
    from telecom.pipeline_runs import FailedStep

    if done.state != "failed":
        return
    code = next((step.exit_code for step in done.steps if isinstance(step, FailedStep)), 1)
    raise typer.Exit(code if code in OURS else 1)
