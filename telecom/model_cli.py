"""`telecom features` to `telecom report`: the churn model's steps. Thin fronts; import the plane inside a command."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from telecom.cli_options import Day, Json, session
from telecom.errors import GateRefused

if TYPE_CHECKING:
    from telecom.session import Session


def features(snapshot_date: Day = None, json: Json = False) -> None:
    """Register features, serve a snapshot online."""
    with session(json) as s:
        from mlops.src import feature_store_loader

        p = s.platform
        done = feature_store_loader.run(p.warehouse, p.features, snapshot_date=s.day(snapshot_date))
        s.show("Feature store", done, "telecom train")


def train(
    up_to: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Labels up to this day; default: all.")
    ] = None,
    json: Json = False,
) -> None:
    """Tune, train, calibrate, register a challenger."""
    with session(json) as s:
        from mlops.src import train_churn
        from mlops.src.config import load_config

        p = s.platform
        trained = train_churn.run(
            p.warehouse,
            p.registry,
            p.experiments,
            p.progress,
            load_config(),
            up_to=s.day(up_to, "--up-to"),
            now=s.now,
        )
        s.show("Trained", trained, "telecom evaluate")


def evaluate(json: Json = False) -> None:
    """Compare challenger and champion; decide, change nothing."""
    with session(json) as s:
        from mlops.src import evaluate_churn
        from mlops.src.config import load_config

        p = s.platform
        found = evaluate_churn.run(p.warehouse, p.registry, p.metrics, p.progress, load_config(), now=s.now)
        show_evaluation(s, found, "telecom promote" if found.decision.promote else "telecom models")


def promote(json: Json = False) -> None:
    """Evaluate, and promote if the gate says yes.

    Exits with 4 when it says no.
    """
    with session(json) as s:
        from mlops.src import evaluate_churn
        from mlops.src.config import load_config

        p = s.platform
        found = evaluate_churn.promote(p.warehouse, p.registry, p.metrics, p.progress, load_config(), now=s.now)
        promoted = found.decision.promote or found.already_champion
        show_evaluation(s, found, "telecom score" if promoted else "telecom models")
        if not promoted:
            refuse(s, GateRefused("promotion", "Not promoted.", found.decision.reasons))


def show_evaluation(s: "Session", found: Any, next_step: str) -> None:
    """The comparison as tables: figures side by side, then the decision in words."""
    from telecom import console

    if s.as_json:
        console.print_json(found)
        return
    console.print_table("On the same test customers", ("figure", *found.models), found.table())
    console.print_table(
        "Checks", ("check", "passed", "found"), [(c.name, c.passed, c.sentence) for c in found.decision.checks]
    )
    console.print_pairs("Decision", found.summary())
    console.print_next(next_step)


def refuse(s: "Session", refusal: GateRefused) -> None:
    """Ends with the gate's exit code; as JSON the result that was printed is the one document."""
    if s.as_json:
        raise typer.Exit(refusal.exit_code)
    raise refusal


def rollback(json: Json = False) -> None:
    """Go back to the champion before.

    The last ten champions are kept.
    """
    with session(json) as s:
        from mlops.src import model_versions

        s.show("Rolled back", model_versions.rollback(s.platform.registry), "telecom score")


def models(json: Json = False) -> None:
    """List registered versions and aliases."""
    with session(json) as s:
        from mlops.src import model_versions
        from telecom import console

        listed = model_versions.listing(s.platform.registry)
        if json:
            console.print_json(listed)
            return
        rows = [
            (v.version, ", ".join(v.aliases), v.created_at.strftime("%Y-%m-%d %H:%M"), v.digest[:12]) for v in listed
        ]
        console.print_table("Registered models", ("version", "aliases", "created (UTC)", "digest"), rows)


def score(
    snapshot_date: Day = None,
    reasons: Annotated[bool, typer.Option("--reasons/--no-reasons", help="With the largest reasons.")] = True,
    json: Json = False,
) -> None:
    """Score a snapshot with the champion.

    Writes telecom_gold.telco_churn_scored in one transaction; again gives the same rows.
    """
    with session(json) as s:
        from mlops.src import batch_inference
        from mlops.src.config import load_config

        p = s.platform
        scored = batch_inference.run(
            p.warehouse,
            p.registry,
            p.progress,
            snapshot_date=s.day(snapshot_date),
            now=s.now,
            with_reasons=reasons,
            batch=p.batch,
            config=load_config(),
        )
        s.show("Scored", scored, 'telecom query "SELECT * FROM telecom_gold.telco_churn_scored LIMIT 5"')


def drift(snapshot_date: Day = None, json: Json = False) -> None:
    """Compare a snapshot with the training data.

    Exits with 4 when it drifted.
    """
    with session(json) as s:
        from mlops.src import drift_monitoring, model_versions
        from telecom import console

        p = s.platform
        champion = model_versions.champion(p.registry)
        found = drift_monitoring.check(
            p.warehouse, p.registry, p.metrics, champion, snapshot_date=s.day(snapshot_date), now=s.now
        )
        if json:
            console.print_json(found)
        else:
            console.print_table("Drift, largest first", found.HEADER, found.table())
            console.print_pairs("", found.summary())
        if found.drifted:
            refuse(s, GateRefused("drift", found.sentence(), found.reasons, "Look at: telecom report --out reports"))


def report(
    out: Annotated[Path, typer.Option(help="Folder to write index.html into.")],
    snapshot_date: Day = None,
    json: Json = False,
) -> None:
    """Write the HTML report.

    Model card, curves, reasons, slices, drift, queue: one page that needs no network.
    """
    with session(json) as s:
        from mlops.src import churn_report
        from mlops.src.config import load_config

        p = s.platform
        written = churn_report.run(
            p.warehouse,
            p.registry,
            p.objects,
            p.progress,
            load_config(),
            out=out,
            snapshot_date=s.day(snapshot_date),
            now=s.now,
        )
        s.show("Report", written, f"Open {written.page} in a browser.")
