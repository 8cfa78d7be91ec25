"""`telecom eval`: is the assistant still good? A thin front; imports the plane inside a command."""

from pathlib import Path
from typing import Annotated

import typer

from telecom.cli_options import Json, session

evaluation = typer.Typer(help="Evaluation of the assistant.", no_args_is_help=True)

HEADER = ("journey", "customers", "solved [95 %]", "turns [95 %]", "not allowed", "unneeded")

Model = Annotated[
    str, typer.Option(help="responder, configured (TELECOM_LLM as it is), or a model's id on that server.")
]
Part = Annotated[str, typer.Option(help="development, held-back, adversarial or all.")]
Out = Annotated[Path, typer.Option(help="Folder of the reports.")]


@evaluation.command()
def run(
    model: Model = "responder",
    part: Part = "all",
    out: Out = Path("reports/evaluation"),
    label: Annotated[str, typer.Option(help="A header for the reports, such as a day or a commit.")] = "",
    embedding_model: Annotated[
        str, typer.Option(help="Also compare with good answers by meaning, on TELECOM_LLM_BASE_URL.")
    ] = "",
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Keep this as what later ones are compared with.")
    ] = False,
    json: Json = False,
) -> None:
    """Play the scenarios over HTTP, grade, compare, report.

    Writes results.json, junit.xml, report.md and index.html. Ends with 4 where a metric became worse than the stored
    baseline of that model (without one: where safety or replies fail in any scenario), or the responder fails a
    development scenario without a stated limit.
    """
    with session(json) as s:
        from llmops.evaluations import regression_tests_llm, scenarios
        from llmops.evaluations.similarity import Similarity
        from telecom import console

        p = s.platform
        every = scenarios.load()
        similar = Similarity(p.settings, embedding_model) if embedding_model else None
        found = regression_tests_llm.run(
            p.settings, every, model=model, part=part, label=label, similar=similar, progress=p.progress
        )
        files = regression_tests_llm.report(found, out)
        if update_baseline:
            files = (*files, regression_tests_llm.update_baseline(found))
        if json:
            console.print_json(regression_tests_llm.summary(found, files))
        else:
            console.print_table(f"{found.model}, {part}", *regression_tests_llm.table(found))
            if found.remark:
                console.print_next(f"{found.remark} Keep one: telecom eval run --model {found.model} --update-baseline")
            console.print_next(f"Open {out / 'index.html'} in a browser.")
        if not update_baseline:
            _pass(found, as_json=json)


def _pass(found: object, *, as_json: bool) -> None:
    """Ends with the exit code of a refused gate; with --json the document has already told why."""
    from llmops.evaluations import regression_tests_llm
    from telecom.errors import GateRefused

    try:
        regression_tests_llm.check(found)  # type: ignore[arg-type]
    except GateRefused as refused:
        if as_json:
            raise typer.Exit(refused.exit_code) from refused
        raise


@evaluation.command()
def simulate(
    customers: Annotated[int, typer.Option(min=1, max=2_000, help="How many.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same customers.")] = 7,
    model: Model = "responder",
    out: Annotated[Path | None, typer.Option(help="JSON file for the conversations.")] = None,
    json: Json = False,
) -> None:
    """Let scripted customers with problems at home do what the replies say.

    Ends with 4 where something was proposed that the state of the line or the role forbids.
    """
    with session(json) as s:
        from llmops.evaluations import arena, scenarios, scripted_customer, simulation_figures
        from telecom import console
        from telecom.errors import GateRefused

        with arena.opened(s.platform.settings, model, s.platform.progress) as service:
            visits = scripted_customer.run(service, scenarios.load().customers, customers, seed)
        found = simulation_figures.figures(visits)
        if out:
            simulation_figures.write(out, visits)
        if json:
            console.print_json(found)
        else:
            rows = [tuple(vars(each).values()) for each in found]
            console.print_table(f"{customers} scripted customers", HEADER, rows)
        if found[-1].illegal:
            if json:
                raise typer.Exit(GateRefused.exit_code)
            raise GateRefused("simulation", f"{found[-1].illegal} proposals were not allowed.")


@evaluation.command()
def vertex(
    model: Model = "configured",
    part: Part = "development",
    most: Annotated[int, typer.Option(min=0, help="At most so many scenarios; 0: all of the part.")] = 0,
    out: Annotated[Path, typer.Option(help="JSON file of the verdicts.")] = Path("reports/evaluation/vertex.json"),
    json: Json = False,
) -> None:
    """Have Google's evaluation service judge the answers.

    Groundedness, safety, use of tools and rubrics of ours, over the same scenarios; each verdict is billed.
    """
    with session(json) as s:
        from llmops.evaluations import run_vertex_evaluation, scenarios
        from telecom import console
        from telecom.errors import UsageError

        p = s.platform
        judge = p.judge if p.settings.backend == "gcp" else None
        if judge is None:
            raise UsageError(
                "The Gen AI evaluation service is Google Cloud's; nothing here judges answers.",
                "Set TELECOM_BACKEND=gcp and TELECOM_PROJECT, or use: telecom eval run",
            )
        found = run_vertex_evaluation.run(
            p.settings, judge, scenarios.load(), model=model, part=part, most=most, progress=p.progress
        )
        run_vertex_evaluation.write(out, found)
        if json:
            console.print_json(found)
            return
        rows = [tuple(vars(each).values()) for each in found.figures]
        console.print_table(f"Judged: {model}, {part}", ("metric", "score [95 %]", "verdicts", "errors"), rows)
        console.print_next(f"Every verdict is in {out}.")
