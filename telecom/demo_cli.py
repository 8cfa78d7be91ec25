"""`telecom demo`: the whole loop. A thin front; imports the planes inside the command."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from telecom.cli_options import Json, session
from telecom.rag_cli import knowledge_index


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
