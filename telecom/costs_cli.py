"""`telecom costs`: what the assistant's messages cost, and whether that rose."""

from datetime import UTC, datetime
from typing import Annotated

import typer


def costs(
    at: Annotated[
        str,
        typer.Option("--at", metavar="MOMENT", help="End of the 24 hours (UTC), as 2026-11-21T12:00; default: now."),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")] = False,
) -> None:
    """Compare the cost per message with a day earlier.

    Exits with 4 when it rose by more than a fifth, with 100 messages or more in both windows of 24 hours.
    """
    from telecom.session import open_session

    with open_session(json) as s:
        from llmops.operations import costs as rule
        from telecom import console
        from telecom.errors import GateRefused

        s.platform.events.flush()
        found = rule.run(s.platform.warehouse, _moment(at) or s.now)
        if json:
            console.print_json(found)
        else:
            rows = [
                (name, when, part.messages, f"{part.cost_usd:.4f}", f"{part.per_message:.6f}")
                for when, models in (("last 24 h", found.recent_by_model), ("before", found.before_by_model))
                for name, part in models.items()
            ]
            console.print_table("Cost of answers, USD", ("model", "window", "messages", "cost", "per message"), rows)
            if not found.verdict.fires:
                console.print_next(found.verdict.sentence)
        if found.verdict.fires and json:
            raise typer.Exit(GateRefused.exit_code)
        if found.verdict.fires:
            remedy = "Compare models, tokens and prompt versions of both days in telecom_monitoring.llm_usage."
            raise GateRefused("assistant_cost", found.verdict.sentence, remedy=remedy)


def _moment(text: str) -> datetime | None:
    """A moment from the text of the option, UTC unless it says otherwise.

    Raises:
        UsageError: it is none.
    """
    from telecom.errors import UsageError

    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--at {text!r} is no moment.", "Write it as 2026-11-21T12:00.") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
