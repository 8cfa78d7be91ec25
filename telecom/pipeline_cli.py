"""`telecom pipeline`: compiles, runs and submits the pipelines. A thin front; imports the plane inside a command."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from telecom.ports import PipelineRequest, PipelineRun, StepRun
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
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


def session(as_json: bool) -> "AbstractContextManager[Session]":
    """The command's world, imported only when a command runs."""
    from telecom.session import open_session

    return open_session(as_json)


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

        image = image or s.platform.settings.image or compiling.NO_IMAGE
        written = compiling.compile_pipeline(name, image, out or Path(f"{name}.yaml"))
        spec = validation.check_spec(written)
        steps = len(spec["deploymentSpec"]["executors"])
        s.show("Compiled", Compiled(name, str(written), image, steps), f"telecom pipeline run {name}")


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
        from telecom import console
        from telecom.errors import UsageError

        if s.platform.settings.backend != "local":
            raise UsageError("TELECOM_BACKEND=gcp does not run pipelines here.", f"Use: telecom pipeline submit {name}")
        request = prepared(s, name, parameters(s, csv, snapshot_date, deploy, param), job_id, Path(folder))
        done = s.platform.pipelines.start(request, None if json else tell)
        if json:
            console.print_json(done)
        else:
            show(done)
        end(done, as_json=json)


@pipeline.command()
def submit(
    name: Name,
    csv: Csv = "",
    snapshot_date: Day = "",
    deploy: Deploy = "",
    param: Param = None,
    job_id: JobId = "",
    json: Json = False,
) -> None:
    """Start a pipeline on Vertex AI; prints where to look."""
    with session(json) as s, TemporaryDirectory(prefix="telecom-pipeline-") as folder:
        from telecom import console
        from telecom.errors import UsageError

        if s.platform.settings.backend != "gcp":
            remedy = f"Use: telecom pipeline run {name}; or set TELECOM_BACKEND=gcp and TELECOM_PROJECT."
            raise UsageError("The local backend has nowhere to submit a pipeline to.", remedy)
        request = prepared(s, name, parameters(s, csv, snapshot_date, deploy, param), job_id, Path(folder))
        sent = s.platform.pipelines.start(request)
        if json:
            console.print_json(sent)
            return
        state = "was submitted before" if sent.already else sent.state
        console.print_pairs("Pipeline", [("job", sent.job_id), ("state", state)])
        console.print_next(f"Watch it at {sent.link}")


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
    own = {"csv": str(Path(csv).expanduser().absolute()) if here else csv}
    named = {name: value for name, value in {**own, "snapshot_date": snapshot_date, "deploy": deploy}.items() if value}
    for text in more or ():
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise UsageError(f"--param {text!r} is not KEY=VALUE.", "Write for example --param minutes=5.")
        named[key] = value
    return named


def tell(step: "StepRun") -> None:
    """One line when a step is done; while it runs, nothing."""
    from telecom import console

    if step.state == "succeeded":
        console.print_step(f"{step.name:<16}", step.seconds or 0.0, figures(step))
    elif step.state == "failed":
        console.stderr().print(f"[red]✗[/red] {step.name:<16} {step.seconds or 0.0:5.1f} s", soft_wrap=True)


def figures(step: "StepRun") -> str:
    """The step's numbers in one line."""
    from telecom import console

    whole = {name: int(value) if float(value).is_integer() else value for name, value in step.metrics.items()}
    return ", ".join(f"{name.replace('_', ' ')} {console.text(value)}" for name, value in sorted(whole.items()))


def show(done: "PipelineRun") -> None:
    """The run as a table, and where to read what the steps said."""
    from telecom import console

    rows = [
        (step.name, step.state, console.NOTHING if step.seconds is None else f"{step.seconds:.1f}", figures(step))
        for step in done.steps
    ]
    console.print_table(f"Pipeline {done.job_id}: {done.state}", ("step", "state", "seconds", "figures"), rows)
    if done.already:
        console.print_next("This job id was started before; nothing was run again.")
    console.print_next(f"All that the steps said: {done.link}")


def end(done: "PipelineRun", *, as_json: bool) -> None:
    """Ends the process with the failed step's exit code, after saying what it said."""
    from telecom import console
    from telecom.pipeline_runs import FailedStep

    broken_off = FailedStep("pipeline", "failed", message=f"It broke off; read {done.link}.")
    if done.state != "failed":
        return
    failed = next((step for step in done.steps if isinstance(step, FailedStep)), broken_off)
    if not as_json:
        console.stderr().print(f"The step {failed.name} failed.", style="bold red", markup=False)
        console.stderr().print(failed.message, markup=False, soft_wrap=True)
    raise typer.Exit(failed.exit_code if failed.exit_code in OURS else 1)
