"""`telecom synth`, `data`, `ingest`, `world`, `prepare`, `query`: data in, and out to analysts. Thin fronts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from telecom.cli_options import Day, Json, session

data = typer.Typer(help="Public data.", no_args_is_help=True)


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


def world(snapshot_date: Day = None, seed: Annotated[int, typer.Option(min=0)] = 7, json: Json = False) -> None:
    """Generate CRM, invoices, tickets, network lines."""
    with session(json) as s:
        from mlops.src import world_loader

        made = world_loader.run(
            s.platform.warehouse, s.platform.progress, snapshot_date=s.day(snapshot_date), seed=seed
        )
        s.show("Generated world", made, 'telecom query "SELECT * FROM telecom_bronze.billing_invoices LIMIT 5"')


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
