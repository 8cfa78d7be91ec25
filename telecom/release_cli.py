"""`telecom release`: canary, check, rollback, status, evaluation. A thin front; imports the plane inside a command."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from telecom.cli_options import Json, session
from telecom.release_local_cli import add, front

if TYPE_CHECKING:
    from mlops.src.release.judge import Look
    from mlops.src.release.post_deploy_check import Ask, Checked
    from telecom.session import Session

STEPS = ("% of the requests", "answered by it", "seconds")

release = typer.Typer(help="New revisions of a service, step by step and back.", no_args_is_help=True)

Service = Annotated[str, typer.Option(help="Whose revisions.")]
Requests = Annotated[int, typer.Option(min=1, max=10_000, help="Check requests; 500 is thorough.")]


@release.command()
def canary(  # noqa: PLR0913 - each is an option
    candidate: Annotated[str, typer.Option(help="Revision; default: the newest that gets no requests.")] = "",
    service: Service = "churn",
    requests: Requests = 50,
    skip_check: Annotated[bool, typer.Option("--skip-check", help="Checked already, elsewhere.")] = False,
    without_scores: Annotated[
        bool, typer.Option("--without-scores", help="It tells none, or they are meant to move.")
    ] = False,
    at_once: Annotated[bool, typer.Option("--at-once", help="No steps: too few call it to judge them.")] = False,
    look_seconds: Annotated[float, typer.Option(min=0.05, help="Between two looks.")] = 5.0,
    step_minutes: Annotated[float, typer.Option(min=0.01, help="Longest wait for enough requests.")] = 60.0,
    json: Json = False,
) -> None:
    """Lead a revision to 10, 50 and 100 % of the requests.

    Each step is held until error rate, latency and scores can be judged. Exits with 4 when the check, the promotion
    gate or a step says no; what served before then serves again, its model included. With --at-once it gets all
    requests after gate and check.
    """
    with session(json) as s:
        from mlops.src.release.policy import Policy
        from mlops.src.release.rollout import Canary, Pace
        from telecom import console

        p, pace = s.platform, Pace(look_seconds, look_seconds, step_minutes * 60)
        policy = Policy(steps=() if at_once else Policy.steps, with_scores=not without_scores)
        rollout = Canary(p.traffic, p.registry, p.documents, service, policy, pace, teller(json))
        done = rollout.run(
            candidate,
            approve=lambda version: approve(s, version),
            check=lambda revision: None if skip_check else checked(s, service, revision.name, requests).require(),
        )
        if json:
            console.print_json(done)
            return
        rows = [(step.share, step.requests, f"{step.seconds:.1f}") for step in done.steps]
        console.print_table(f"{done.revision} serves model version {done.model_version}", STEPS, rows)
        console.print_next("telecom release status")


@release.command()
def rollback(
    to: Annotated[int | None, typer.Option(min=1, help="Number of a release; default: the one before.")] = None,
    service: Service = "churn",
    if_under_way: Annotated[
        bool, typer.Option("--if-under-way", help="Only take back or finish what is under way.")
    ] = False,
    json: Json = False,
) -> None:
    """Go back to the release before, model and revision.

    Takes a canary back that is under way. The same again changes nothing, and finishes what broke off.
    """
    with session(json) as s:
        from mlops.src.release import rollback as job

        p = s.platform
        done = job.run(p.traffic, p.registry, p.documents, service=service, now=s.now, to=to, if_under_way=if_under_way)
        s.show("Rolled back", done, "telecom release status")


@release.command()
def check(
    revision: Annotated[str, typer.Option(help="Revision; default: the newest that gets no requests.")] = "",
    url: Annotated[str, typer.Option(help="Address of a service instead, such as http://127.0.0.1:8081.")] = "",
    token: Annotated[str, typer.Option(envvar="TELECOM_CHECK_TOKEN", help="Bearer token to show at --url.")] = "",
    service: Service = "churn",
    requests: Requests = 50,
    json: Json = False,
) -> None:
    """Send extreme requests, valid and not.

    Exits with 4 when one is not answered as it should be.
    """
    with session(json) as s:
        from mlops.src.release.address import asker
        from telecom import console

        found = asked(service, asker(url, token), requests) if url else checked(s, service, revision, requests)
        if json:
            console.print_json(found)
        else:
            pairs = [("requests", found.requests), ("answered", found.answered), ("refused", found.refused)]
            console.print_pairs("Checked", [*pairs, ("not as they should be", len(found.failures))])
            if found.failures:
                rows = [(failure.case, failure.sentence) for failure in found.failures]
                console.print_table("Not as they should be", ("request", "answer"), rows)
        if not found.passed:
            end(json, found.require)


@release.command()
def status(service: Service = "churn", json: Json = False) -> None:
    """Show revisions, shares and the last releases."""
    with session(json) as s:
        from mlops.src.release import status as job
        from telecom import console

        p = s.platform
        found = job.run(p.traffic, p.registry, p.documents, service=service)
        if json:
            console.print_json(found)
            return
        console.print_table(
            f"Revisions of {service}", ("revision", "%", "ready", "model version"), found.revision_rows()
        )
        header = ("release", "began (UTC)", "kind", "revision", "model", "state", "note")
        console.print_table("Releases", header, found.release_rows())
        for remark in found.remarks:
            console.print_next(remark)


@release.command()
def evaluate(
    service: Service = "churn",
    batch_only: Annotated[bool, typer.Option("--batch-only", help="There is no online service.")] = False,
    json: Json = False,
) -> None:
    """Compare the last 24 h with the baseline.

    Scores, and weekly AUC once outcomes are known. Exits with 4 when one is proven to be bad.
    """
    with session(json) as s:
        from mlops.src import online_evaluation
        from mlops.src.config import load_config
        from telecom import console
        from telecom.errors import GateRefused

        p = s.platform
        traffic = None if batch_only else p.traffic
        found = online_evaluation.run(
            p.warehouse, p.registry, p.metrics, load_config(), now=s.now, traffic=traffic, service=service
        )
        if json:
            console.print_json(found)
        else:
            header = ("figure", "part", "value", "95 % interval", "bound", "observations", "verdict")
            console.print_table(f"Model version {found.model_version}", header, found.table())
            for figure in found.figures:
                console.print_next(figure.sentence)
        if found.reasons:
            refusal = GateRefused("online_evaluation", "The model in service is not what it was.", found.reasons)
            end(json, lambda: raise_(refusal))


release.command()(add)
release.command()(front)


def approve(s: "Session", version: str) -> None:
    """Lets a model version become champion if the promotion gate does.

    Raises:
        GateRefused: it does not.
    """
    from mlops.src.config import load_config
    from mlops.src.release import promotable

    p = s.platform
    promotable.require(p.warehouse, p.registry, p.metrics, p.progress, load_config(), version=version, now=s.now)


def checked(s: "Session", service: str, revision: str, requests: int) -> "Checked":
    """What the post-deploy check finds of a revision; by default the newest without requests, else that in service."""
    from mlops.src.release.service_state import newest_waiting

    traffic = s.platform.traffic
    name = revision or newest_waiting(traffic.revisions(service)).name
    return asked(service, lambda path, body: traffic.ask(service, name, path, body), requests)


def asked(service: str, ask: "Ask", requests: int) -> "Checked":
    """What the check of that service finds."""
    from mlops.src.release import assistant_check, post_deploy_check

    check = assistant_check.run if service == "assistant" else post_deploy_check.run
    return check(ask, requests=requests)


def teller(as_json: bool) -> "Callable[[int, Look], None]":
    """Says after each look how far the step is."""

    def tell(share: int, found: "Look") -> None:
        from telecom import console

        if not as_json and (found.findings or found.verdict != "wait"):
            console.print_next(f"{share} %: {found.seen:.0%} of the needed requests; {found.verdict}")

    return tell


def end(as_json: bool, refuse: Callable[[], None]) -> None:
    """Ends with the gate's exit code; as JSON the result that was printed is the one document."""
    from telecom.errors import GateRefused

    try:
        refuse()
    except GateRefused as refusal:
        if as_json:
            raise typer.Exit(refusal.exit_code) from refusal
        raise


def raise_(error: Exception) -> Any:
    """Raises it."""
    raise error
