"""`telecom review`: people look at the assistant's answers, week by week. Imports the plane inside a command."""

from pathlib import Path
from typing import Annotated

import typer

from telecom.cli_options import Json, session

review = typer.Typer(help="Human review of the assistant's answers.", no_args_is_help=True)

Week = Annotated[str, typer.Option(metavar="YYYY-Www", help="ISO week, as 2026-W47; default: this week (UTC).")]


@review.command()
def sample(
    week: Week = "",
    size: Annotated[int, typer.Option(min=1, max=500, help="How many conversations.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Same seed and conversations, same sample.")] = 7,
    json: Json = False,
) -> None:
    """Gather and draw a week's conversations.

    More of those with negative feedback, guardrail hits or a guessed intent, the rest over all intents. Sessions live
    for a day: run it every day. What is graded stays in the sample.
    """
    with session(json) as s:
        from llmops.operations import reviews

        p = s.platform
        p.events.flush()
        chosen = week or reviews.week_of(s.now.date())
        found = reviews.sample(p.warehouse, p.records, chosen, size=size, seed=seed, now=s.now)
        s.show("Drawn", found, "Grade at /#/review with a token: telecom token --agent NAME --scopes review:answers")


@review.command()
def report(week: Week = "", json: Json = False) -> None:
    """Say what a week's grades come to.

    Means, agreement of two reviewers (Cohen's kappa), what they dispute, and what was corrected.
    """
    with session(json) as s:
        from llmops.operations import reviews, rubric
        from telecom import console

        chosen = week or reviews.week_of(s.now.date())
        found = rubric.report(chosen, reviews.drawn_of(s.platform.records, chosen))
        if json:
            console.print_json(found)
            return
        rows = [(item.question, item.grades, item.mean, item.kappa) for item in found.items]
        console.print_table(f"Review of {found.week}", ("question", "grades", "mean", "kappa"), rows)
        told = (("drawn", found.drawn), ("graded", found.graded), ("by both", found.together))
        console.print_pairs("Reviewers: " + (" and ".join(found.reviewers) or "no two graded the same"), told)
        for name, ids in (("disputed", found.disputed), ("corrected", found.corrections)):
            if ids:
                console.print_next(f"{name}: {', '.join(ids)}")


@review.command()
def accept(
    name: Annotated[str, typer.Argument(metavar="ID", help="A corrected conversation, from telecom review report.")],
    reviewer: Annotated[str, typer.Option(metavar="NAME", help="Whose correction, where there are several.")] = "",
    customer: Annotated[
        str, typer.Option(metavar="NAME", help="Who of the evaluation world stands in, such as fibre_good.")
    ] = "",
    file: Annotated[Path | None, typer.Option(help="Default: llmops/evaluations/reviewed_scenarios.json.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="The texts were looked over: no names, no addresses.")] = False,
    json: Json = False,
) -> None:
    """Turn a correction into a scenario.

    Shows the texts first: names and addresses are not masked, and a file of scenarios is not erased with a customer.
    """
    with session(json) as s:
        from llmops.operations import accepting, reviews
        from telecom import console
        from telecom.errors import NotFound, UsageError

        found = reviews.read(s.platform.records, name)
        if found is None:
            raise NotFound(f"There is no drawn conversation {name!r}.", "See: telecom review report")
        scenario = accepting.scenario_of(found, reviewer, customer)
        if not yes:
            if json:
                raise UsageError("Somebody must look over the texts.", "Add --yes once that is done.")
            console.print_table("To be kept", ("text",), [(text,) for text in accepting.texts_of(scenario)])
            typer.confirm("Are they free of names and addresses?", abort=True)
        done = accepting.accept(scenario, file or accepting.FILE)
        s.show("Accepted", done, "telecom eval run")
