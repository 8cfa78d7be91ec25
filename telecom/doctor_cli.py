"""`telecom doctor`: what a machine or a project lacks. A thin front."""

from typing import Annotated

import typer

from telecom.cli_options import Json, session


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
