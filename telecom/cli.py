"""The `telecom` command: a thin front over the jobs' run() functions. The one kernel module that imports the planes,
and only inside a command, so that `telecom --help` is quick.
"""

import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from telecom.cards_cli import cards
from telecom.chat_cli import chat
from telecom.costs_cli import costs
from telecom.errors import GateRefused
from telecom.eval_cli import evaluation
from telecom.pipeline_cli import pipeline
from telecom.privacy_cli import privacy
from telecom.prompts_cli import prompts
from telecom.rag_cli import knowledge_index, rag
from telecom.release_cli import release
from telecom.review_cli import review
from telecom.serve_cli import serve
from telecom.token_cli import token

if TYPE_CHECKING:
    from telecom.session import Session

app = typer.Typer(
    help="The churn loop and its data, on one laptop or on Google Cloud.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
data = typer.Typer(help="Public data.", no_args_is_help=True)
app.add_typer(data, name="data")
app.add_typer(pipeline, name="pipeline")
app.add_typer(serve, name="serve")
app.add_typer(release, name="release")
app.add_typer(rag, name="rag")
app.add_typer(evaluation, name="eval")
app.add_typer(prompts, name="prompts")
app.add_typer(privacy, name="privacy")
app.add_typer(review, name="review")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
Day = Annotated[
    str | None, typer.Option("--snapshot-date", metavar="YYYY-MM-DD", help="Snapshot; default: the newest.")
]


def session(as_json: bool) -> "AbstractContextManager[Session]":
    """The command's world, imported only when a command runs: `--help` needs none of it."""
    from telecom.session import open_session

    return open_session(as_json)


@app.command()
def demo(
    csv: Annotated[Path | None, typer.Option(help="Telco CSV; without one, generated customers.")] = None,
    customers: Annotated[int, typer.Option(min=1_500, help="How many to generate when no CSV is given.")] = 7_000,
    snapshot_date: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Day that the CSV describes; default: today (UTC).")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("reports"),
    json: Json = False,
) -> None:
    """Run the whole loop, from CSV to report and knowledge index."""
    with session(json) as s:
        from mlops.src import demo_data
        from mlops.src.churn_loop import Loop, timed
        from mlops.src.config import load_config
        from telecom import console

        config = load_config()
        source = csv or demo_data.generate(s.platform.settings.home / "generated", customers, config.seed)
        if csv is None:
            console.print_next(f"No CSV was given: {customers:,} generated customers ({source}).")
        day = s.day(snapshot_date) or s.now.date()
        loop = Loop(s.platform, config, str(source), day, s.now, out)
        for step in loop.steps():
            console.print_step(step.name, step.seconds, step.outcome)
        knowledge = timed("knowledge", lambda: knowledge_index(s.platform))
        console.print_step(knowledge.name, knowledge.seconds, knowledge.outcome)
        done = [*loop.done, knowledge]
        if json:
            console.print_json({"snapshot_date": day, "steps": done, "report": loop.page})
            return
        rows = [(step.name, step.rows, f"{step.seconds:.1f}", step.outcome) for step in done]
        console.print_table("The churn loop", ("step", "rows", "seconds", "outcome"), rows)
        console.print_next(f"Open {loop.page} in a browser.")
        command = sys.argv[0] if Path(sys.argv[0]).name == "telecom" else "telecom"
        console.print_next(f"{command} query 'SELECT * FROM telecom_gold.telco_churn_scored LIMIT 5'")
        console.print_next("make serve: the assistant over these customers.")


@app.command()
def synth(
    customers: Annotated[int, typer.Option(min=1, help="How many.")],
    out: Annotated[Path, typer.Option(help="CSV to write.")],
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same file.")] = 7,
    drift: Annotated[str, typer.Option(help="none, price_rise, new_plan, unit_change or null_burst.")] = "none",
    without_churn: Annotated[bool, typer.Option("--without-churn", help="Leave the Churn column out.")] = False,
    json: Json = False,
) -> None:
    """Write a generated Telco CSV in the public schema."""
    with session(json) as s:
        from telecom.synthetic import customers as generator

        rows = generator.write_csv(out, customers, seed, drift, with_churn=not without_churn)
        s.show("Generated", Written(str(out), rows, drift, seed), f"telecom ingest --csv {out}")


@dataclass(frozen=True)
class Written:
    """A generated file."""

    file: str
    customers: int
    drift: str
    seed: int


@data.command()
def fetch(
    out: Annotated[Path, typer.Option(help="Where to put it.")] = Path("data/Telco-Customer-Churn.csv"),
    json: Json = False,
) -> None:
    """Download the public Telco CSV, check its digest."""
    with session(json) as s:
        from mlops.src import public_data

        s.show("Public Telco data", public_data.fetch(out), f"make demo CSV={out}")


@app.command()
def ingest(
    csv: Annotated[str, typer.Option(help="Telco CSV; the Churn column may be absent.")],
    snapshot_date: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="Day that the file describes; default: today (UTC)."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Drop the snapshot's other files.")] = False,
    json: Json = False,
) -> None:
    """Take a CSV into the lake and the bronze table."""
    with session(json) as s:
        from mlops.src import data_ingestion

        p = s.platform
        day = s.day(snapshot_date) or s.now.date()
        taken = data_ingestion.run(
            p.warehouse,
            p.objects,
            p.progress,
            csv=csv,
            snapshot_date=day,
            now=s.now,
            replace=replace,
            documents=p.documents,
        )
        s.show("Ingested", taken, "telecom prepare")


@app.command()
def world(snapshot_date: Day = None, seed: Annotated[int, typer.Option(min=0)] = 7, json: Json = False) -> None:
    """Generate CRM, invoices, tickets, network lines."""
    with session(json) as s:
        from mlops.src import world_loader

        made = world_loader.run(
            s.platform.warehouse, s.platform.progress, snapshot_date=s.day(snapshot_date), seed=seed
        )
        s.show("Generated world", made, 'telecom query "SELECT * FROM telecom_bronze.billing_invoices LIMIT 5"')


@app.command()
def prepare(
    snapshot_date: Day = None,
    every: Annotated[bool, typer.Option("--all", help="Every snapshot, not only those with a new file.")] = False,
    json: Json = False,
) -> None:
    """Bronze to silver to gold, with quality checks."""
    with session(json) as s:
        from mlops.src import data_prep_churn

        p = s.platform
        done = data_prep_churn.run(p.warehouse, p.progress, now=s.now, snapshot_date=s.day(snapshot_date), every=every)
        s.show("Prepared", done, "telecom features")


@app.command()
def features(snapshot_date: Day = None, json: Json = False) -> None:
    """Register features, serve a snapshot online."""
    with session(json) as s:
        from mlops.src import feature_store_loader

        p = s.platform
        done = feature_store_loader.run(p.warehouse, p.features, snapshot_date=s.day(snapshot_date))
        s.show("Feature store", done, "telecom train")


@app.command()
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


@app.command()
def evaluate(json: Json = False) -> None:
    """Compare challenger and champion; decide, change nothing."""
    with session(json) as s:
        from mlops.src import evaluate_churn
        from mlops.src.config import load_config

        p = s.platform
        found = evaluate_churn.run(p.warehouse, p.registry, p.metrics, p.progress, load_config(), now=s.now)
        show_evaluation(s, found, "telecom promote" if found.decision.promote else "telecom models")


@app.command()
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


@app.command()
def rollback(json: Json = False) -> None:
    """Go back to the champion before.

    The last ten champions are kept.
    """
    with session(json) as s:
        from mlops.src import model_versions

        s.show("Rolled back", model_versions.rollback(s.platform.registry), "telecom score")


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT in BigQuery's dialect.")],
    output: Annotated[Literal["table", "csv", "json"], typer.Option("--format", help="How to print rows.")] = "table",
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many rows; default: all.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many bytes it would read.")] = False,
    json: Json = False,
) -> None:
    """Run read-only SQL on the warehouse."""
    with session(json) as s:
        from telecom import query_output

        if dry_run:
            s.show("Not run", query_output.Estimate(s.platform.warehouse.estimate(sql)))
            return
        query_output.run(s.platform.warehouse, sql, "json" if json else output, limit)


@app.command()
def doctor(
    gcp: Annotated[bool, typer.Option("--gcp", help="Look at the Google Cloud project instead.")] = False,
    repository: Annotated[
        str,
        typer.Option(metavar="OWNER/NAME", help="With --gcp: the repository that federation must name, or its number."),
    ] = "",
    json: Json = False,
) -> None:
    """Say what is missing, and how to mend it.

    Exits with 5 when something is.
    """
    with session(json) as s:
        from telecom import console
        from telecom import doctor as clinic

        settings = s.platform.settings
        found = clinic.examine_gcp(settings, repository) if gcp else clinic.examine(settings)
        if json:
            console.print_json(found)
        elif gcp:
            console.print_table(
                f"Doctor: {settings.project}", ("check", "ok", "found"), [(c.name, c.ok, c.found) for c in found]
            )
            for mend in dict.fromkeys(check.mend for check in found if not check.ok):
                console.print_next(f"{', '.join(check.name for check in found if check.mend == mend)}: {mend}")
        else:
            console.print_table(
                "Doctor",
                ("check", "ok", "found", "mend with"),
                [(c.name, c.ok, c.found, c.mend) for c in found],
            )
        if not all(check.ok for check in found):
            raise typer.Exit(5)


app.command()(cards)
app.command()(chat)
app.command()(costs)
app.command()(token)


def main() -> None:
    """Entry point of the `telecom` command."""
    app(prog_name="telecom")
